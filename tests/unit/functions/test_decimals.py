"""Decimals: exact with one HALF_UP rounding, in whatever width the ranges prove."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Column
from tests.unit.functions.harness import Input, check


def values(type_: t.Decimal) -> list[int | None]:
    top = 10**type_.precision - 1
    one = 10**type_.scale
    picks = [0, 1, -1, one, -one, one // 2, one + one // 2, top, -top, top // 3, 7 * one]
    return [v for v in dict.fromkeys(picks) if abs(v) <= top] + [None]


def both(x: t.Decimal, y: t.Decimal) -> tuple[list[Any], list[Any]]:
    pairs = list(itertools.product(values(x), values(y)))
    return [p for p, _ in pairs], [q for _, q in pairs]


CASES = [
    ("add", (15, 2), (15, 2), (16, 2)),
    ("add", (38, 10), (38, 2), (38, 9)),
    ("add", (38, 0), (38, 38), (38, 6)),
    ("sub", (1, 0), (15, 2), (16, 2)),
    ("sub", (38, 0), (38, 0), (38, 0)),
    ("mul", (15, 2), (16, 2), (32, 4)),
    ("mul", (38, 18), (38, 18), (38, 6)),
    ("mul", (38, 0), (38, 0), (38, 0)),
    ("div", (15, 2), (15, 2), (33, 18)),
    ("div", (38, 4), (38, 4), (38, 6)),
    ("div", (38, 0), (38, 38), (38, 6)),
    ("div", (3, 1), (2, 0), (7, 6)),
    ("mod", (15, 2), (10, 4), (10, 4)),
    ("pmod", (15, 2), (10, 4), (10, 4)),
    ("mod", (38, 0), (38, 10), (38, 10)),
]


@pytest.mark.parametrize(("name", "left", "right", "result"), CASES)
def test_arithmetic(name: str, left: Any, right: Any, result: Any) -> None:
    """Extremes, halves, zero divisors and NULLs of every pair."""
    x, y = t.Decimal(*left), t.Decimal(*right)
    one, two = both(x, y)
    columns = (Column(0, "x", x), Column(1, "y", y))
    call = Call(name, columns, t.Decimal(*result))
    check(call, Input(columns[0], one), Input(columns[1], two))


def test_proved_ranges() -> None:
    """Discounted prices in 32 bits are what they are in 64."""
    price, discount = Column(0, "p", t.Decimal(15, 2)), Column(1, "d", t.Decimal(16, 2))
    call = Call("mul", (price, discount), t.Decimal(32, 4))
    check(
        call,
        Input(price, [90000, 10494950, 101010, None], (90000, 10494950)),
        Input(discount, [100, 90, 94, 95], (90, 100)),
    )


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(CASES),
    st.lists(st.tuples(st.integers(), st.integers()), min_size=1, max_size=40),
    st.data(),
)
def test_random(case: Any, seeds: Any, data: Any) -> None:
    """Any digits: compiled and Python agree."""
    name, left, right, result = case
    x, y = t.Decimal(*left), t.Decimal(*right)

    def draw(d: t.Decimal) -> int:
        digits: int = data.draw(st.integers(1 - 10**d.precision, 10**d.precision - 1))
        return digits

    rows = [(draw(x), draw(y)) for _ in seeds]
    columns = (Column(0, "x", x), Column(1, "y", y))
    call = Call(name, columns, t.Decimal(*result))
    check(call, Input(columns[0], [a for a, _ in rows]), Input(columns[1], [b for _, b in rows]))
