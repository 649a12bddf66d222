"""Statements that are not queries: views, caching, listings, settings, EXPLAIN.

They are read by hand: sqlglot keeps most of them as unparsed text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal as OneOf

from pyflare.engine.errors import parse_error, unsupported
from pyflare.engine.plan.syntax import (
    CacheTable,
    Command,
    CreateView,
    DataSource,
    DropView,
    ExplainQuery,
    SetConfig,
    Show,
)
from pyflare.engine.sql.errors import origin
from pyflare.engine.sql.saved_tables import Query, create_table, insert, options
from pyflare.engine.sql.tokens import Cursor
from pyflare.engine.sql.types import read_schema

_QUERIES = frozenset({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "("})
_REFUSED = frozenset(
    {
        "ADD", "ALTER", "ANALYZE", "BEGIN", "CALL", "COMMENT", "COMMIT", "DECLARE", "DELETE", "DFS",
        "EXECUTE", "EXPORT", "FETCH", "GRANT", "IMPORT", "LIST", "LOAD", "LOCK", "MAP", "MERGE",
        "MSCK", "OPEN", "REDUCE", "REPAIR", "REVOKE", "ROLLBACK", "START", "TRUNCATE", "UNCACHE",
        "UNLOCK", "UNSET", "UPDATE",
    }
)  # fmt: skip
_OBJECTS = frozenset({"TABLE", "VIEW", "DATABASE", "SCHEMA", "FUNCTION", "CATALOG", "INTO", "JAR"})
_MODES: dict[str, OneOf["extended", "codegen", "cost", "formatted"]] = {
    "EXTENDED": "extended",
    "CODEGEN": "codegen",
    "COST": "cost",
    "FORMATTED": "formatted",
}
_SET = re.compile(r"\s*SET\b\s*(?:(`(?:[^`]|``)+`|[^=;]+?)\s*(?:=\s*(.*?))?)?\s*;*\s*", re.I | re.S)


def statement(p: Cursor, query: Query) -> Command | None:
    """The command at `p`; None if it is a query. `query` parses the text from an offset on."""
    if p.token.upper in _QUERIES:
        return None
    reader = _READERS.get(p.token.upper)
    if reader is not None:
        p.next()
        return reader(p, query)
    if p.token.upper in _REFUSED:
        raise _refused(p)
    raise p.error()


def _refused(p: Cursor) -> Exception:
    """Names the statement by its keywords."""
    words = [p.next().upper]
    if p.token.upper in _OBJECTS:
        words.append(p.token.upper)
    return unsupported(f"the statement {' '.join(words)}")


def _create(p: Cursor, query: Query) -> Command:
    replace = p.take("OR", "REPLACE")
    if p.take("TABLE"):
        return create_table(p, query, replace)
    is_global = p.take("GLOBAL")
    if not (p.take("TEMPORARY") or p.take("TEMP")) or not p.take("VIEW"):
        raise unsupported(
            f"the statement CREATE {p.token.text.upper()}", "create a temporary view instead"
        )
    if p.take("IF", "NOT", "EXISTS"):
        raise p.error()
    name = p.names()
    if p.peek("USING") or (p.peek("(") and _closes_before_using(p)):
        return _create_using(p, name, replace, is_global)
    columns = _view_columns(p) if p.peek("(") else ()
    while True:
        if p.take("COMMENT"):
            p.string()
        elif p.take("TBLPROPERTIES"):
            options(p)
        else:
            break
    p.need("AS")
    return CreateView(name, query(p.token.start), replace, is_global, columns)


def _closes_before_using(p: Cursor) -> bool:
    """Whether the parenthesis here holds a schema, as USING shows that follows it."""
    depth, at = 0, p.at
    try:
        while not p.done:
            token = p.next()
            depth += (token.upper == "(") - (token.upper == ")")
            if depth == 0:
                return p.peek("USING")
        return False
    finally:
        p.at = at


def _create_using(p: Cursor, name: tuple[str, ...], replace: bool, is_global: bool) -> Command:
    schema = None
    if p.take("("):
        schema = read_schema(p)
        p.need(")")
    p.need("USING")
    format_ = ".".join(p.names())
    given = options(p) if p.take("OPTIONS") else ()
    p.end()
    paths = tuple(v for k, v in given if k.lower() == "path")
    others = tuple((k, v) for k, v in given if k.lower() != "path")
    return CreateView(name, DataSource(format_, paths, schema, others), replace, is_global)


def _view_columns(p: Cursor) -> tuple[str, ...]:
    p.need("(")
    names: list[str] = []
    while True:
        names.append(p.name())
        if p.take("COMMENT"):
            p.string()
        if not p.take(","):
            break
    p.need(")")
    return tuple(names)


def _drop(p: Cursor, query: Query) -> Command:
    if p.done:
        raise p.error()
    if not (p.take("VIEW") or p.take("TABLE")):
        raise unsupported(f"the statement DROP {p.token.text.upper()}")
    if_exists = p.take("IF", "EXISTS")
    name = p.names()
    p.take("PURGE")
    p.end()
    return DropView(name, if_exists)


def _show(p: Cursor, query: Query) -> Command:
    kind = p.token.upper
    if p.done:
        raise p.error()
    match kind:
        case "TABLES" | "VIEWS":
            p.next()
            name = p.names() if p.take("FROM") or p.take("IN") else None
            return _ended(p, Show(kind.lower(), name, _pattern(p)))
        case "DATABASES" | "SCHEMAS" | "NAMESPACES":
            p.next()
            name = p.names() if p.take("FROM") or p.take("IN") else None
            return _ended(p, Show("databases", name, _pattern(p)))
        case "CATALOGS":
            p.next()
            return _ended(p, Show("catalogs", None, _pattern(p)))
        case "COLUMNS":
            return _show_columns(p)
        case "FUNCTIONS" | "USER" | "SYSTEM" | "ALL" if p.peek("FUNCTIONS") or p.peek(
            kind, "FUNCTIONS"
        ):
            return _show_functions(p)
    raise unsupported(f"the statement SHOW {p.token.text.upper()}".rstrip())


def _show_columns(p: Cursor) -> Command:
    p.next()
    if not (p.take("FROM") or p.take("IN")):
        raise p.error()
    name = p.names()
    if p.take("FROM") or p.take("IN"):
        name = (*p.names(), *name)
    return _ended(p, Show("columns", name))


def _show_functions(p: Cursor) -> Command:
    what = "functions"
    if not p.peek("FUNCTIONS"):
        scope = p.next().upper.lower()
        what = "functions" if scope == "all" else f"{scope} functions"
    p.next()
    if p.take("FROM") or p.take("IN"):
        p.names()
    if p.token.kind in ("word", "quoted") and not p.peek("LIKE"):
        return _ended(p, Show(what, None, ".".join(p.names())))
    return _ended(p, Show(what, None, _pattern(p)))


def _pattern(p: Cursor) -> str | None:
    if p.take("LIKE") or p.token.kind == "string":
        return p.string()
    return None


def _ended(p: Cursor, command: Command) -> Command:
    p.end()
    return command


def _describe(p: Cursor, query: Query) -> Command:
    p.take("TABLE")
    if p.token.upper in ("FUNCTION", "DATABASE", "SCHEMA", "NAMESPACE", "QUERY") or (
        p.token.upper in ("EXTENDED", "FORMATTED", "SELECT", "WITH", "VALUES", "(")
    ):
        raise unsupported(f"the statement DESCRIBE {p.token.upper}")
    return _ended(p, Show("describe", p.names()))


def _use(p: Cursor, query: Query) -> Command:
    """USE [DATABASE | SCHEMA | NAMESPACE] name: there is one database."""
    for word in ("DATABASE", "SCHEMA", "NAMESPACE"):
        if p.peek(word) and not p.done:
            p.next()
            break
    return _ended(p, Show("use", p.names()))


def _set(p: Cursor, query: Query) -> Command:
    """SET key = value: the value is the rest of the text as it stands."""
    if p.peek("TIME", "ZONE"):
        p.need("TIME", "ZONE")
        if p.take("LOCAL"):
            return _ended(p, SetConfig("spark.sql.session.timeZone", reset=True))
        if p.token.kind != "string":
            raise unsupported("SET TIME ZONE INTERVAL", "name the zone in quotes")
        return _ended(p, SetConfig("spark.sql.session.timeZone", p.string()))
    if p.token.upper in ("ROLE", "VARIABLE", "VAR", "CATALOG", "PATH") and not p.done:
        raise unsupported(f"the statement SET {p.token.upper}")
    match = _SET.fullmatch(p.sql, p.tokens[0].start)
    if match is None:
        raise p.error()
    key, value = match.groups()
    if key is None or key.strip() == "-v":
        return SetConfig(None)
    if value is None and len(key.split()) > 1 and not key.startswith("`"):
        raise parse_error("INVALID_SET_SYNTAX", {}, origin(p.sql, 0, len(p.sql)))
    return SetConfig(_plain_key(key), value)


def _plain_key(key: str) -> str:
    key = key.strip()
    return key[1:-1].replace("``", "`") if key.startswith("`") else key


def _reset(p: Cursor, query: Query) -> Command:
    if p.done or p.peek(";"):
        return _ended(p, SetConfig(None, reset=True))
    return _ended(p, SetConfig(".".join(p.names()), reset=True))


def _explain(p: Cursor, query: Query) -> Command:
    mode = _MODES.get(p.token.upper)
    if mode is not None:
        p.next()
    if p.token.upper not in _QUERIES:
        if p.token.upper not in _REFUSED and p.token.upper not in _READERS:
            raise p.error()
        raise unsupported(f"EXPLAIN {p.token.upper or p.token.text}", "explain a query")
    return ExplainQuery(query(p.token.start), mode or "simple")


def _cache(p: Cursor, query: Query) -> Command:
    lazy = p.take("LAZY")
    p.need("TABLE")
    name = p.names()
    if p.take("OPTIONS"):
        options(p)
    p.take("AS")
    if p.done or p.peek(";"):
        return _ended(p, CacheTable(name, lazy=lazy))
    return CacheTable(name, query(p.token.start), lazy=lazy)


def _uncache(p: Cursor, query: Query) -> Command:
    p.need("TABLE")
    if_exists = p.take("IF", "EXISTS")
    return _ended(p, CacheTable(p.names(), uncache=True, if_exists=if_exists))


def _clear(p: Cursor, query: Query) -> Command:
    p.need("CACHE")
    return _ended(p, CacheTable(None, uncache=True))


def _refresh(p: Cursor, query: Query) -> Command:
    if p.peek("FUNCTION"):
        raise unsupported("the statement REFRESH FUNCTION")
    if p.token.kind == "string":
        return _ended(p, Show("refresh", None, p.string()))
    p.take("TABLE")
    return _ended(p, Show("refresh", p.names()))


_READERS: dict[str, Callable[[Cursor, Query], Command]] = {
    "CREATE": _create,
    "REPLACE": _create,
    "DROP": _drop,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "SET": _set,
    "RESET": _reset,
    "EXPLAIN": _explain,
    "CACHE": _cache,
    "UNCACHE": _uncache,
    "CLEAR": _clear,
    "REFRESH": _refresh,
    "USE": _use,
    "INSERT": insert,
}
