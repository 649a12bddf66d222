"""Data types and schemas written in Spark's DDL: "array<int>", "a long, b string NOT NULL"."""

from __future__ import annotations

import json

from pyflare.codegen.ir.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    MAX_PRECISION,
    NULL,
    SMALLINT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    TINYINT,
    Array,
    CalendarInterval,
    DayTimeInterval,
    Decimal,
    Field,
    Map,
    Struct,
    Type,
    YearMonthInterval,
)
from pyflare.engine.errors import analysis_error, parse_error, runtime_error, unsupported
from pyflare.engine.sql.errors import empty_statement, origin
from pyflare.engine.sql.tokens import Cursor, Token

_SIMPLE: dict[str, Type] = {
    "BOOLEAN": BOOLEAN,
    "TINYINT": TINYINT,
    "BYTE": TINYINT,
    "SMALLINT": SMALLINT,
    "SHORT": SMALLINT,
    "INT": INT,
    "INTEGER": INT,
    "BIGINT": BIGINT,
    "LONG": BIGINT,
    "FLOAT": FLOAT,
    "REAL": FLOAT,
    "DOUBLE": DOUBLE,
    "DATE": DATE,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_LTZ": TIMESTAMP,
    "TIMESTAMP_NTZ": TIMESTAMP_NTZ,
    "BINARY": BINARY,
    "VOID": NULL,
}
_SPARK_ONLY = ("VARIANT", "TIME", "GEOMETRY", "GEOGRAPHY", "OBJECT")
_YEAR_MONTH = {"YEAR": 0, "MONTH": 1}
_DAY_TIME = {"DAY": 0, "HOUR": 1, "MINUTE": 2, "SECOND": 3}


def parse_type(text: str) -> Type:
    """The type that `text` names, as in CAST(x AS text)."""
    cursor = _open(text)
    result = read_type(cursor)
    if not cursor.done:
        raise cursor.error()
    return result


def parse_schema(text: str) -> Struct:
    """A schema: "a long, b: string NOT NULL COMMENT 'why'", or a struct<...> type."""
    cursor = _open(text)
    if cursor.peek("STRUCT", "<") or cursor.peek("STRUCT", "<>"):
        result = read_type(cursor)
        assert isinstance(result, Struct)
    else:
        result = read_schema(cursor)
    if not cursor.done:
        raise cursor.error()
    return result


def parse_ddl(text: str) -> Type:
    """A schema, or else a type: what createDataFrame and a UDF's return type accept."""
    from pyspark.errors import ParseException

    try:
        return parse_schema(text)
    except ParseException:
        return parse_type(text)


def read_type(cursor: Cursor) -> Type:
    """One type at the cursor."""
    token = cursor.token
    if token.kind not in ("word", "quoted"):
        raise cursor.error()
    cursor.next()
    match token.upper:
        case "DECIMAL" | "DEC" | "NUMERIC":
            return _decimal(cursor)
        case "STRING":
            return _string(cursor)
        case "CHAR" | "CHARACTER" | "VARCHAR":
            return _sized_string(cursor, token)
        case "INTERVAL":
            return _interval(cursor)
        case "ARRAY":
            return _array(cursor, token)
        case "MAP":
            return _map(cursor, token)
        case "STRUCT":
            return _struct(cursor, token)
        case "TIMESTAMP" if cursor.take("WITHOUT"):
            cursor.need("TIME", "ZONE")
            return TIMESTAMP_NTZ
        case word if word in _SIMPLE:
            return _SIMPLE[word]
        case word if word in _SPARK_ONLY:
            raise unsupported(f"the type {word}")
    where = origin(cursor.sql, token.start, token.start + len(token.text))
    raise parse_error("UNSUPPORTED_DATATYPE", {"typeName": f'"{token.value.upper()}"'}, where)


def read_schema(cursor: Cursor) -> Struct:
    """Fields with their types, separated by commas, at the cursor."""
    return Struct(_fields(cursor))


def _open(text: str) -> Cursor:
    cursor = Cursor(text)
    if cursor.done:
        raise empty_statement(text)
    return cursor


def _decimal(cursor: Cursor) -> Decimal:
    precision, scale = 10, 0
    if cursor.take("("):
        precision = cursor.integer()
        if cursor.take(","):
            scale = cursor.integer()
        cursor.need(")")
    if scale > precision:
        parameters = {"scale": str(scale), "precision": str(precision)}
        raise analysis_error("DECIMAL_SCALE_EXCEEDS_PRECISION", parameters)
    if precision > MAX_PRECISION:
        parameters = {"precision": str(precision), "maxPrecision": str(MAX_PRECISION)}
        raise runtime_error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", parameters)
    return Decimal(precision, scale)


def _string(cursor: Cursor) -> Type:
    if cursor.take("COLLATE"):
        collation = cursor.name()
        if collation.upper() != "UTF8_BINARY":
            raise unsupported(f"the collation {collation}", "use UTF8_BINARY")
    return STRING


def _sized_string(cursor: Cursor, token: Token) -> Type:
    """Spark reads char(n) and varchar(n) as string outside of stored tables."""
    if not cursor.take("("):
        raise parse_error(
            "DATATYPE_MISSING_SIZE",
            {"type": f'"{token.upper}"'},
            origin(cursor.sql, token.start, token.start + len(token.text)),
        )
    cursor.integer()
    cursor.need(")")
    return STRING


def _interval(cursor: Cursor) -> Type:
    start = cursor.token
    if start.upper in _YEAR_MONTH:
        return YearMonthInterval(*_interval_fields(cursor, _YEAR_MONTH))
    if start.upper in _DAY_TIME:
        return DayTimeInterval(*_interval_fields(cursor, _DAY_TIME))
    return CalendarInterval()


def _interval_fields(cursor: Cursor, fields: dict[str, int]) -> tuple[int, int]:
    first = cursor.next()
    start = end = fields[first.upper]
    if cursor.take("TO"):
        if cursor.token.upper not in fields or fields[cursor.token.upper] <= start:
            raise cursor.error()
        end = fields[cursor.next().upper]
    return start, end


def _array(cursor: Cursor, token: Token) -> Type:
    _complex(cursor, token, {"elementType": "<elementType>"})
    element = read_type(cursor)
    cursor.need(">")
    return Array(element)


def _map(cursor: Cursor, token: Token) -> Type:
    _complex(cursor, token, {})
    key = read_type(cursor)
    cursor.need(",")
    value = read_type(cursor)
    cursor.need(">")
    return Map(key, value)


def _struct(cursor: Cursor, token: Token) -> Type:
    if cursor.take("<>"):
        return Struct(())
    _complex(cursor, token, {})
    if cursor.take(">"):
        return Struct(())
    fields = _fields(cursor)
    cursor.need(">")
    return Struct(fields)


def _complex(cursor: Cursor, token: Token, parameters: dict[str, str]) -> None:
    if not cursor.take("<"):
        raise parse_error(
            f"INCOMPLETE_TYPE_DEFINITION.{token.upper}",
            parameters,
            origin(cursor.sql, token.start, token.start + len(token.text)),
        )


def _fields(cursor: Cursor) -> tuple[Field, ...]:
    fields = [_field(cursor)]
    while cursor.take(","):
        fields.append(_field(cursor))
    return tuple(fields)


def _field(cursor: Cursor) -> Field:
    name = cursor.name()
    cursor.take(":")
    type_ = read_type(cursor)
    nullable, comment = True, None
    while True:
        if nullable and cursor.take("NOT"):
            cursor.need("NULL")
            nullable = False
        elif comment is None and cursor.take("COMMENT"):
            comment = cursor.string()
        elif cursor.token.upper in ("DEFAULT", "GENERATED"):
            raise unsupported(f"{cursor.token.upper} of a column")
        else:
            break
    metadata = None if comment is None else json.dumps({"comment": comment}, ensure_ascii=False)
    return Field(name, type_, nullable, metadata)
