"""Statements about saved tables: CREATE TABLE, INSERT INTO; and OPTIONS, which they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal as OneOf
from typing import TypeAlias

from pyflare.codegen.ir.types import Struct
from pyflare.engine.errors import unsupported
from pyflare.engine.plan.syntax import Command, LocalTable, Relation, Write
from pyflare.engine.sql.tokens import Cursor
from pyflare.engine.sql.types import read_schema
from pyflare.engine.types import schema_to_arrow

Query: TypeAlias = Callable[[int], Relation]
Options: TypeAlias = tuple[tuple[str, str], ...]


def create_table(p: Cursor, query: Query, replace: bool) -> Command:
    """[OR REPLACE] TABLE [IF NOT EXISTS] name [(columns)] [USING format] … [AS query]"""
    mode: OneOf["overwrite", "ignore", "error"] = "overwrite" if replace else "error"
    if p.take("IF", "NOT", "EXISTS"):
        mode = "ignore"
    name = p.names()
    schema = None
    if p.take("("):
        schema = read_schema(p)
        p.need(")")
    format_, path = "parquet", None
    given: Options = ()
    keys: tuple[str, ...] = ()
    while True:
        if p.take("USING"):
            format_ = ".".join(p.names())
        elif p.take("OPTIONS"):
            given = options(p)
        elif p.take("PARTITIONED", "BY"):
            keys = _names(p)
        elif p.take("LOCATION"):
            path = p.string()
        elif p.take("COMMENT"):
            p.string()
        elif p.take("TBLPROPERTIES"):
            options(p)
        else:
            break
    if p.take("AS") or (schema is None and not p.done):
        if schema is not None:
            raise unsupported("CREATE TABLE with columns and AS", "name the columns in the query")
        child = query(p.token.start)
    else:
        p.end()
        child = LocalTable(schema_to_arrow(schema or Struct(())).empty_table(), schema)
    path = path or next((v for k, v in given if k.lower() == "path"), None)
    others = tuple((k, v) for k, v in given if k.lower() != "path")
    return Write(child, format_, path, name, mode, keys, others)


def insert(p: Cursor, query: Query) -> Command:
    """INSERT INTO | OVERWRITE [TABLE] name query; INSERT OVERWRITE DIRECTORY."""
    overwrite = p.take("OVERWRITE")
    if overwrite and (p.peek("DIRECTORY") or p.peek("LOCAL", "DIRECTORY")):
        p.take("LOCAL")
        p.need("DIRECTORY")
        return _into_directory(p, query)
    if not overwrite:
        p.need("INTO")
    p.take("TABLE")
    name = p.names()
    if p.peek("PARTITION") or p.peek("REPLACE") or p.peek("BY"):
        raise unsupported(f"INSERT … {p.token.upper}", "use DataFrame.write")
    if p.peek("("):
        raise unsupported("a list of columns in INSERT", "give all columns in the table's order")
    mode: OneOf["overwrite", "append"] = "overwrite" if overwrite else "append"
    return Write(query(p.token.start), "parquet", None, name, mode, insert=True)


def _into_directory(p: Cursor, query: Query) -> Command:
    path = p.string() if p.token.kind == "string" else None
    p.need("USING")
    format_ = ".".join(p.names())
    given = options(p) if p.take("OPTIONS") else ()
    if path is None:
        path = next((v for k, v in given if k.lower() == "path"), None)
    others = tuple((k, v) for k, v in given if k.lower() != "path")
    return Write(query(p.token.start), format_, path, None, "overwrite", options=others)


def options(p: Cursor) -> Options:
    """(key 'value', key.part = 3, 'key' true)"""
    p.need("(")
    found: list[tuple[str, str]] = []
    while True:
        key = p.string() if p.token.kind == "string" else ".".join(p.names())
        p.take("=")
        sign = "-" if p.take("-") else ""
        if p.token.kind == "string":
            value = p.string()
        elif p.token.kind == "number" or p.token.upper in ("TRUE", "FALSE"):
            value = sign + p.next().text
        else:
            raise p.error()
        found.append((key, value))
        if not p.take(","):
            break
    p.need(")")
    return tuple(found)


def _names(p: Cursor) -> tuple[str, ...]:
    p.need("(")
    names = [p.name()]
    while p.take(","):
        names.append(p.name())
    p.need(")")
    return tuple(names)
