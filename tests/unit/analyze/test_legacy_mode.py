"""spark.sql.ansi.enabled=false: what raises under ANSI wraps or becomes NULL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pyflare.codegen.ir.expr import Call, Cast, Expr
from pyflare.engine.analyze import analyze
from pyflare.engine.plan import nodes as p
from pyflare.engine.sql import parse


def value(text: str, session: Any) -> Expr:
    relation: Any = parse(f"select {text} as x from t")
    off = replace(session, settings={"spark.sql.ansi.enabled": "false"})
    plan = analyze(relation, off)
    assert isinstance(plan, p.Project)
    return plan.columns[0][1]


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("i + 1", "wrap_add"),
        ("i / 2", "null_div"),
        ("i % 2", "null_mod"),
        ("i div 2", "null_intdiv"),
        ("-i", "wrap_neg"),
        ("dec + dec", "try_add"),
        ("d + d", "add"),
    ],
)
def test_operations_do_not_raise(text: str, function: str, recorded_tables: Any) -> None:
    """Integers wrap, decimals and divisions by zero become NULL."""
    made = value(text, recorded_tables)
    assert isinstance(made, Call)
    assert made.function == function


def test_casts_give_null_or_wrap(recorded_tables: Any) -> None:
    """cast(s as int) is NULL for text that is no number."""
    made = value("cast(s as int)", recorded_tables)
    assert isinstance(made, Cast)
    assert (made.mode, made.nullable) == ("legacy", True)


def test_text_beside_numbers_is_refused(recorded_tables: Any) -> None:
    """Its rules differ from ANSI's: rather no answer than another one."""
    with pytest.raises(Exception, match="ansi"):
        value("s + 1", recorded_tables)
