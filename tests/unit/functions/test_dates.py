"""Dates: parts and arithmetic over the whole 32-bit range."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyflare.codegen.functions.calendar import py_civil, py_days
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Column
from tests.unit.functions.harness import Input, check

D, N = Column(0, "d", t.DATE), Column(1, "n", t.INT)
MIN, MAX = -(1 << 31), (1 << 31) - 1
DAYS: list[int | None] = [
    0, -1, 1, 59, 58, 60, 8766, 10000, -719468, -719469, -719528, 11016, 10957, 19782, 19783,
    -141427, MIN, MAX, MIN + 1, 400 * 10**6, -400 * 10**6, None,
]  # fmt: skip
PARTS = [
    "year",
    "month",
    "day",
    "quarter",
    "dayofyear",
    "dayofweek",
    "weekday",
    "weekofyear",
    "last_day",
]


def test_calendar_is_pythons() -> None:
    """The Python definition agrees with datetime where that reaches."""
    epoch = datetime.date(1970, 1, 1)
    for days in range(-719162, 2932896, 997):
        date = epoch + datetime.timedelta(days)
        assert py_civil(days) == (date.year, date.month, date.day)
        assert py_days(date.year, date.month, date.day) == days


@pytest.mark.parametrize("name", PARTS)
def test_parts(name: str) -> None:
    """Every part at extremes and in a proved narrow range."""
    type_ = t.DATE if name == "last_day" else t.INT
    days = DAYS if name != "last_day" else [d for d in DAYS if d != MAX]
    check(Call(name, (D,), type_), Input(D, days))
    narrow = list(range(8000, 11000, 13))
    check(Call(name, (D,), type_), Input(D, narrow, (8000, 11000)))


@pytest.mark.parametrize("name", ["date_add", "add_months", "date_diff"])
def test_arithmetic(name: str) -> None:
    """Days wrap as Java's int does; months beyond the range fail."""
    other = Column(1, "n", t.DATE if name == "date_diff" else t.INT)
    counts = [0, 1, -1, 12, -13, 1000, MIN, MAX, None]
    rows = [(d, n) for d in DAYS for n in counts]
    inputs = [Input(D, [d for d, _ in rows]), Input(other, [n for _, n in rows])]
    check(Call(name, (D, other), t.INT if name == "date_diff" else t.DATE), *inputs)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(MIN, MAX), st.integers(-5000, 5000)), min_size=1))
def test_random(rows: list[tuple[int, int]]) -> None:
    """Any day, any number of months."""
    inputs = [Input(D, [d for d, _ in rows]), Input(N, [n for _, n in rows], (-5000, 5000))]
    check(Call("add_months", (D, N), t.DATE), *inputs)
    for name in ("year", "month", "day"):
        check(Call(name, (D,), t.INT), inputs[0])
