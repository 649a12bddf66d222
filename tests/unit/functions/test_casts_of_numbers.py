"""Casts between integers, decimals, floats and booleans."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast, Column
from tests.unit.functions.harness import Input, check

NUMBERS: list[tuple[t.Type, list[Any]]] = [
    (t.TINYINT, [0, 1, -1, 127, -128, None]),
    (t.INT, [0, 1, -1, 100, 16777217, 2147483647, -2147483648, None]),
    (t.BIGINT, [0, 1, -1, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63), None]),
    (t.Decimal(15, 2), [0, 50, 49, 150, -150, 12345, 10**15 - 1, 1 - 10**15, None]),
    (t.Decimal(38, 10), [0, 5 * 10**9, 10**38 - 1, 1 - 10**38, 123456789 * 10**15 + 1, None]),
    (t.Decimal(38, 38), [0, 1, 10**38 - 1, -5 * 10**37, None]),
    (t.BOOLEAN, [True, False, None]),
    (t.FLOAT, [0.0, -0.0, 1.5, -1.5, 3e38 and 2.0**127, math.inf, math.nan, None]),
    (t.DOUBLE, [0.0, -0.0, 0.9, 127.9, -128.9, 128.0, 2147483647.5, 9.3e18, 2.0**63, -(2.0**63),
                1e300, math.inf, -math.inf, math.nan, None]),
]  # fmt: skip
TARGETS: list[t.Type] = [
    t.TINYINT, t.SMALLINT, t.INT, t.BIGINT, t.FLOAT, t.DOUBLE, t.BOOLEAN, t.Decimal(5, 2),
    t.Decimal(12, 2), t.Decimal(25, 5), t.Decimal(38, 0), t.Decimal(38, 20),
]  # fmt: skip
Mode = Literal["ansi", "try", "legacy"]


@pytest.mark.parametrize("mode", ["ansi", "try"])
@pytest.mark.parametrize("index", range(len(NUMBERS)))
def test_numbers(index: int, mode: Mode) -> None:
    """Out of range fails (ansi) or is NULL (try); decimals round HALF_UP, integers truncate."""
    source, values = NUMBERS[index]
    for target in TARGETS:
        if isinstance(source, t.Float) and isinstance(target, t.Decimal):
            continue
        x = Column(0, "x", source)
        check(Cast(x, target, mode), Input(x, values))


def test_legacy_integers_wrap() -> None:
    """With ANSI off integers keep their low bits and floats saturate first."""
    for source, values in NUMBERS[1:3] + NUMBERS[-2:]:
        for target in (t.TINYINT, t.INT, t.BIGINT):
            x = Column(0, "x", source)
            check(Cast(x, target, "legacy"), Input(x, values))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1 - 10**38, 10**38 - 1), min_size=1, max_size=100), st.integers(0, 38))
def test_decimal_to_double_is_correctly_rounded(values: list[int], scale: int) -> None:
    """The nearest double, whatever the number of digits."""
    x = Column(0, "x", t.Decimal(38, scale))
    check(Cast(x, t.DOUBLE), Input(x, values))
