"""Comparison and three-valued logic."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Case, Column, Expr, Literal
from tests.unit.functions.harness import Input, check

COMPARISONS = ["eq", "lt", "le", "gt", "ge", "eq_null_safe", "greatest", "least"]
VALUES: list[tuple[t.Type, list[Any]]] = [
    (t.INT, [0, -1, 1, (1 << 31) - 1, -(1 << 31), None]),
    (t.DOUBLE, [0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, None]),
    (t.BOOLEAN, [True, False, None]),
    (t.STRING, ["", "a", "b", "ab", "aé", "z" * 100, "z" * 99 + "a", "日本", None]),
    (t.Decimal(38, 2), [0, 10**38 - 1, 1 - 10**38, None]),
    (t.BINARY, [b"", b"\x00", b"\xff", b"a\xff", None]),
]


def pairs(values: list[Any]) -> tuple[list[Any], list[Any]]:
    both = list(itertools.product(values, values))
    return [p for p, _ in both], [q for _, q in both]


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("index", range(len(VALUES)))
def test_compare(name: str, index: int) -> None:
    """Spark's order: NaN is largest and equals NaN, -0.0 equals 0.0, strings compare by bytes."""
    type_, values = VALUES[index]
    x, y = Column(0, "x", type_), Column(1, "y", type_)
    left, right = pairs(values)
    result = type_ if name in ("greatest", "least") else t.BOOLEAN
    check(Call(name, (x, y), result), Input(x, left), Input(y, right))


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 200])
def test_literal_strings(length: int) -> None:
    """Equality with a literal of any length class."""
    x = Column(0, "x", t.STRING)
    text = ("abcdefghij" * 20)[:length]
    others = [text, text + "x", text[:-1], text[:-1] + "?", "?" + text[1:], "", None]
    check(Call("eq", (x, Literal(text, t.STRING)), t.BOOLEAN), Input(x, others))


@pytest.mark.parametrize("name", ["and", "or"])
def test_kleene(name: str) -> None:
    """Three values in three arguments, with and without NULLs in the columns."""
    three = list(itertools.product([True, False, None], repeat=3))
    columns = [Column(i, "abc"[i], t.BOOLEAN) for i in range(3)]
    call = Call(name, tuple(columns), t.BOOLEAN)
    check(call, *[Input(c, [row[i] for row in three]) for i, c in enumerate(columns)])
    two = list(itertools.product([True, False], repeat=3))
    check(call, *[Input(c, [row[i] for row in two]) for i, c in enumerate(columns)])


def test_left_side_protects() -> None:
    """The right side of AND fails only for rows whose left side is not false."""
    x, y = Column(0, "x", t.INT), Column(1, "y", t.INT)
    zero = Literal(0, t.INT)
    nonzero = Call("not", (Call("eq", (y, zero), t.BOOLEAN),), t.BOOLEAN)
    ratio = Call("gt", (Call("mod", (x, y), t.INT), zero), t.BOOLEAN)
    values = [(7, 2), (7, 0), (None, 0), (7, None), (4, 2)]
    inputs = [Input(x, [a for a, _ in values]), Input(y, [b for _, b in values])]
    rows = check(Call("and", (nonzero, ratio), t.BOOLEAN), *inputs)
    assert rows == [True, False, False, None, False]
    rows = check(Call("and", (ratio, nonzero), t.BOOLEAN), *inputs)
    assert rows[1] == {"REMAINDER_BY_ZERO"}


def test_case_protects_and_widens() -> None:
    """Only the branch taken can fail; branches of different widths join."""
    x, y = Column(0, "x", t.BIGINT), Column(1, "y", t.BIGINT)
    inputs = [
        Input(x, [100, 7, None, 9], (0, 127)),
        Input(y, [0, 2, 3, None], (-(1 << 40), 1 << 40)),
    ]
    test = Call("eq", (y, Literal(0, t.BIGINT)), t.BOOLEAN)
    ratio = Call("mod", (y, x), t.BIGINT)
    check(Case(((test, x),), ratio, t.BIGINT), *inputs)
    check(Case(((test, x),), None, t.BIGINT), *inputs)
    cheap: Expr = Case(((test, x), (Call("is_null", (x,), t.BOOLEAN), y)), x, t.BIGINT)
    check(cheap, *inputs)
    check(Call("coalesce", (x, y, Literal(5, t.BIGINT)), t.BIGINT), *inputs)
    check(Call("coalesce", (y, ratio, x), t.BIGINT), *inputs)


def test_case_of_strings() -> None:
    """Strings and NULL join as pointer and length."""
    x = Column(0, "x", t.STRING)
    test = Call("eq", (x, Literal("é", t.STRING)), t.BOOLEAN)
    check(Case(((test, Literal("yes", t.STRING)),), None, t.STRING), Input(x, ["é", "e", None]))


def test_in() -> None:
    """True, or NULL where x or an item is NULL, or false; small lists, large lists, strings."""
    x = Column(0, "x", t.INT)
    values = [0, 1, 2, 50, 51, 99, 100, -5, None]
    for size in (1, 3, 40, 64, 65):
        items = tuple(Literal(2 * i, t.INT) for i in range(size))
        check(Call("in", (x, *items), t.BOOLEAN), Input(x, values))
        with_null = (*items, Literal(None, t.INT))
        check(Call("in", (x, *with_null), t.BOOLEAN), Input(x, values))
    s = Column(0, "s", t.STRING)
    strings = tuple(Literal(text, t.STRING) for text in ("13", "31", "MAIL", "é"))
    check(Call("in", (s, *strings), t.BOOLEAN), Input(s, ["13", "é", "", "MAI", None]))
    d = Column(0, "d", t.DOUBLE)
    doubles = tuple(Literal(v, t.DOUBLE) for v in (0.0, math.nan))
    check(Call("in", (d, *doubles), t.BOOLEAN), Input(d, [-0.0, math.nan, 1.0, None]))
