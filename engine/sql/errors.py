"""Syntax errors of SQL text, with Spark's classes, parameters and positions."""

from __future__ import annotations

from pyflare.codegen.ir.expr import Origin
from pyflare.engine.errors import parse_error

END_OF_INPUT = "end of input"


def origin(sql: str, start: int, stop: int) -> Origin:
    """Where sql[start:stop] stands: 1-based line, 0-based column, the fragment itself."""
    before = sql.rfind("\n", 0, start)
    return Origin(
        sql=sql,
        start=start,
        stop=stop,
        line=sql.count("\n", 0, start) + 1,
        column=start - before - 1,
        fragment=sql[start:stop],
    )


def syntax_error(sql: str, offending: str, start: int) -> Exception:
    """PARSE_SYNTAX_ERROR at `offending`, which begins at `start`; at the end if it is empty."""
    where = origin(sql, start, start + len(offending))
    error = f"'{offending}'" if offending else END_OF_INPUT
    return parse_error("PARSE_SYNTAX_ERROR", {"error": error, "hint": ""}, where)


def empty_statement(sql: str) -> Exception:
    """PARSE_EMPTY_STATEMENT: nothing but space and comments."""
    return parse_error("PARSE_EMPTY_STATEMENT", {}, origin(sql, 0, len(sql)))
