"""Expressions are made smaller only where every row keeps its value, or its error."""

from __future__ import annotations

import pytest

from pyflare.codegen.ir.show import Names, show_expr
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.plan.fallible import infallible
from pyflare.engine.plan.nodes import Filter, Plan, Project
from pyflare.engine.rules.simplify import simplify
from pyflare.engine.sql.parse import parse_query
from tests.unit.rules.test_rules_keep_answers import SESSION


def predicate(text: str) -> str:
    """The simplified predicate as text."""
    plan: Plan = analyze(parse_query(f"select * from r where {text}"), SESSION)
    while isinstance(plan, Project):
        plan = plan.child
    assert isinstance(plan, Filter)
    return show_expr(simplify(plan.predicate), Names())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1 + 1", "(a = 2)"),
        ("5 < a", "(a > 5)"),
        ("true and a = 1", "(a = 1)"),
        ("a = 1 and 1 = 2", "false"),
        ("a = 1 or 1 = 1", "true"),
        ("a = 1 or a = 2 or a = 2", "a IN (1, 2)"),
        ("(a = 1 and b = 2) or (a = 1 and b = 3)", "((a = 1) AND b IN (2, 3))"),
        ("(a = 1 and b = 2) or a = 1", "(a = 1)"),
        ("not (a < 1)", "(a >= 1)"),
        ("not (a is null)", "(a IS NOT NULL)"),
        ("not (b is null)", "(b IS NOT NULL)"),
        ("not (a < 1 or b > 2)", "((a >= 1) AND (b <= 2))"),
        ("cast(a as bigint) < 5", "(a < 5)"),
        ("a < 5000000000", "(cast(a as bigint) < 5000000000)"),
        ("a = 1.0", "(a = 1)"),
        ("a = 1.5", "(cast(a as decimal(11,1)) = 1.5)"),
        ("a in (3)", "(a = 3)"),
        ("case when false then a = 1 else a = 2 end", "(a = 2)"),
        ("a = cast('7' as int)", "(a = 7)"),
        ("a = null", "NULL"),
    ],
)
def test_simplification(before: str, after: str) -> None:
    """before -> after"""
    assert predicate(before) == after


def test_what_raises_is_not_folded() -> None:
    """1 / 0 raises when a row is there to be tested, not when the query is planned."""
    assert predicate("a = 1 div 0") != "false"
    assert "div" in predicate("a = 1 div 0")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a < b", True),
        ("a + 1 < b", False),
        ("a / 2 > 1", True),
        ("a / b > 1", False),
        ("cast(s as int) = 1", False),
        ("cast(a as string) = s", True),
        ("substring(s, 1, 2) = 'x'", True),
        ("try_cast(s as int) = 1", True),
        ("cast(a as double) * 2.0D > 1", True),
    ],
)
def test_what_can_raise(text: str, safe: bool) -> None:
    """Only what raises on no row whatever may be evaluated early."""
    plan = analyze(parse_query(f"select * from r where {text}"), SESSION)
    while isinstance(plan, Project):
        plan = plan.child
    assert isinstance(plan, Filter)
    assert infallible(plan.predicate) is safe
