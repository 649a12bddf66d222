"""How Spark writes types: in lower case for users to read, in upper case in SQL and in errors."""

from __future__ import annotations

import json
import re
from typing import assert_never

from pyflare.codegen.ir import types as t

_YEAR_MONTH = ("year", "month")
_DAY_TIME = ("day", "hour", "minute", "second")
_INTEGERS = {8: "tinyint", 16: "smallint", 32: "int", 64: "bigint"}


def simple_string(type: t.Type) -> str:
    """Spark's short name, as in df.dtypes: bigint, decimal(15,2), struct<a:int>."""
    match type:
        case t.Array():
            return f"array<{simple_string(type.element)}>"
        case t.Map(key, value):
            return f"map<{simple_string(key)},{simple_string(value)}>"
        case t.Struct(fields):
            return f"struct<{','.join(f'{f.name}:{simple_string(f.type)}' for f in fields)}>"
        case _:
            return _atomic(type)


def sql_name(type: t.Type) -> str:
    """The type in SQL, as error messages show it: BIGINT, STRUCT<a: INT NOT NULL>."""
    match type:
        case t.Array():
            return f"ARRAY<{sql_name(type.element)}>"
        case t.Map(key, value):
            return f"MAP<{sql_name(key)}, {sql_name(value)}>"
        case t.Struct(fields):
            return f"STRUCT<{', '.join(_member(f, ': ') for f in fields)}>"
        case _:
            return _atomic(type).upper()


def schema_ddl(schema: t.Struct) -> str:
    """The schema as DDL that can be parsed again: `a BIGINT NOT NULL,b STRING COMMENT 'x'`."""
    return ",".join(_member(field, " ") for field in schema.fields)


def quote_if_needed(name: str) -> str:
    """Backquotes around a name that is not a plain identifier."""
    if re.fullmatch(r"[a-zA-Z0-9_]+", name) and not name.isdigit():
        return name
    return "`" + name.replace("`", "``") + "`"


def _member(field: t.Field, separator: str) -> str:
    suffix = "" if field.nullable else " NOT NULL"
    comment = json.loads(field.metadata).get("comment") if field.metadata else None
    if comment is not None:
        escaped = comment.replace("\\", "\\\\").replace("'", "\\'")
        suffix += f" COMMENT '{escaped}'"
    return f"{quote_if_needed(field.name)}{separator}{sql_name(field.type)}{suffix}"


def _atomic(type: t.Type) -> str:
    match type:
        case t.Null():
            return "void"
        case t.Boolean():
            return "boolean"
        case t.Integer(bits):
            return _INTEGERS[bits]
        case t.Float(bits):
            return "float" if bits == 32 else "double"
        case t.Decimal(precision, scale):
            return f"decimal({precision},{scale})"
        case t.String():
            return "string"
        case t.Binary():
            return "binary"
        case t.Date():
            return "date"
        case t.Timestamp():
            return "timestamp"
        case t.TimestampNTZ():
            return "timestamp_ntz"
        case t.YearMonthInterval(start, end):
            return _interval(_YEAR_MONTH[start], _YEAR_MONTH[end])
        case t.DayTimeInterval(start, end):
            return _interval(_DAY_TIME[start], _DAY_TIME[end])
        case t.CalendarInterval():
            return "interval"
        case t.Array() | t.Map() | t.Struct():
            raise AssertionError(f"{type} is nested")
        case _:
            assert_never(type)


def _interval(start: str, end: str) -> str:
    return f"interval {start}" if start == end else f"interval {start} to {end}"
