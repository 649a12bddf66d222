"""Errors read as Spark's own: texts recorded from Spark 4.3."""

from __future__ import annotations

from typing import Any

import pytest

from pyflare.codegen.ir.expr import Origin
from pyflare.engine import errors


def origin(sql: str, part: str) -> Origin:
    start = sql.index(part)
    line = sql.count("\n", 0, start) + 1
    column = start - (sql.rfind("\n", 0, start) + 1)
    return Origin(sql, start, start + len(part), line, column, fragment=part)


ZERO = (
    "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return "
    'NULL instead. If necessary set "spark.sql.ansi.enabled" to "false" to bypass this error. '
    "SQLSTATE: 22012"
)
LONG = (
    "select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1/0, "
    "'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'"
)


@pytest.mark.parametrize(
    ("sql", "part", "shown"),
    [
        ("select 1/0", "1/0", "== SQL (line 1, position 8) ==\nselect 1/0\n       ^^^\n"),
        (
            "select id,\n  1 / (id-id) as x from range(1)",
            "1 / (id-id)",
            "== SQL (line 2, position 3) ==\n  1 / (id-id) as x from range(1)\n  ^^^^^^^^^^^\n",
        ),
        (
            LONG,
            "1/0",
            "== SQL (line 1, position 79) ==\n"
            "...aaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1/0, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbb...\n"
            "                                   ^^^\n",
        ),
    ],
)
def test_runtime_errors_underline_the_users_sql(sql: str, part: str, shown: str) -> None:
    """A run-time error shows the fragment, cut to 32 characters around it, underlined."""
    config = {"config": '"spark.sql.ansi.enabled"'}
    error = errors.runtime_error("DIVIDE_BY_ZERO", config, origin(sql, part))
    assert type(error).__name__ == "ArithmeticException"
    assert str(error) == ZERO + "\n" + shown


def test_dataframe_errors_name_the_call_site() -> None:
    """An error of DataFrame code names the method and the line that called it."""
    place = Origin(call_site="/tmp/probe.py:20", fragment="__truediv__")
    error: Any = errors.runtime_error(
        "DIVIDE_BY_ZERO", {"config": '"spark.sql.ansi.enabled"'}, place
    )
    tail = '\n== DataFrame ==\n"__truediv__" was called from\n/tmp/probe.py:20\n'
    assert str(error) == ZERO + tail
    assert error.getQueryContext()[0].callSite() == "/tmp/probe.py:20"


def test_syntax_errors_point_into_the_text() -> None:
    """A syntax error repeats the text with a pointer under the line, as Spark does."""
    sql = "select * form x\nwhere 1"
    error = errors.parse_error("PARSE_SYNTAX_ERROR", {"error": "'x'", "hint": ""}, origin(sql, "x"))
    assert type(error).__name__ == "ParseException"
    assert str(error) == (
        "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'. SQLSTATE: 42601 (line 1, pos 14)\n\n"
        "== SQL ==\nselect * form x\n--------------^^^\nwhere 1\n"
    )


def test_unknown_columns_come_with_proposals() -> None:
    """UNRESOLVED_COLUMN proposes the nearest names and gives the position."""
    where = origin("select idd from range(1) id1", "idd")
    error: Any = errors.unresolved_column(["idd"], [["id1", "id"]], where)
    assert str(error) == (
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name "
        "`idd` cannot be resolved. Did you mean one of the following? [`id`]. SQLSTATE: 42703; "
        "line 1 pos 7"
    )
    assert error.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert error.getSqlState() == "42703"
    assert error.getMessageParameters() == {"objectName": "`idd`", "proposal": "`id`"}
    assert error.getQueryContext()[0].fragment() == "idd"


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("INT", "NumberFormatException"),
        ("DECIMAL(10,2)", "NumberFormatException"),
        ("DATE", "DateTimeException"),
        ("TIMESTAMP", "DateTimeException"),
        ("BOOLEAN", "SparkRuntimeException"),
    ],
)
def test_bad_casts_raise_the_class_of_their_target(target: str, kind: str) -> None:
    """CAST_INVALID_INPUT is a different Python class per target type."""
    parameters = {
        "expression": "'a'",
        "sourceType": '"STRING"',
        "targetType": f'"{target}"',
        "ansiConfig": "",
    }
    error = errors.runtime_error("CAST_INVALID_INPUT", parameters)
    assert type(error).__name__ == kind
    assert str(error).startswith("[CAST_INVALID_INPUT] The value 'a' of the type \"STRING\"")


def test_errors_do_not_print(capfd: pytest.CaptureFixture[str]) -> None:
    """Making an exception writes nothing: PySpark's constructor would log a JSON line."""
    errors.analysis_error("AMBIGUOUS_REFERENCE", {"name": "`a`"}, origin("select a", "a"))
    assert capfd.readouterr() == ("", "")


def test_unsupported_names_the_construct() -> None:
    """What PyFlare cannot do is said in the user's words."""
    error = errors.unsupported("PIVOT without values", "name the values")
    assert type(error).__name__ == "UnsupportedOperationException"
    assert "PyFlare does not support PIVOT without values. name the values." in str(error)
