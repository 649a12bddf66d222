"""Integer and float arithmetic: compiled code agrees with the Python definitions."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Column
from tests.unit.functions.harness import Input, check


def edges(bits: int) -> list[int | None]:
    top = (1 << bits - 1) - 1
    return [0, 1, -1, 2, -2, 7, -7, top, top - 1, -top, -top - 1, None]


FLOATS = [0.0, -0.0, 1.0, -1.5, 2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan, None]


def pairs(values: list[Any]) -> tuple[list[Any], list[Any]]:
    both = list(itertools.product(values, values))
    return [p for p, _ in both], [q for _, q in both]


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "intdiv", "mod", "pmod"])
def test_integers(name: str, bits: int) -> None:
    """Exact within the type, ARITHMETIC_OVERFLOW and division by zero beyond, NULL with NULL."""
    type_ = t.Integer(bits)
    x, y = Column(0, "x", type_), Column(1, "y", type_)
    left, right = pairs(edges(bits))
    result = t.BIGINT if name == "intdiv" else type_
    check(Call(name, (x, y), result), Input(x, left), Input(y, right))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "intdiv", "mod", "pmod"])
@pytest.mark.parametrize("low", [-3, 1, 0])
def test_integers_with_proved_ranges(name: str, low: int) -> None:
    """Narrow storage and dropped checks change no result."""
    x, y = Column(0, "x", t.BIGINT), Column(1, "y", t.BIGINT)
    left, right = pairs([low, 5, 100, 127, None])
    check(
        Call(name, (x, y), t.BIGINT),
        Input(x, left, (low, 127)),
        Input(y, right, (low, 127)),
    )


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "mod", "pmod"])
def test_floats(name: str, width: int) -> None:
    """IEEE, but a zero divisor is an error."""
    values = FLOATS if width == 64 else [0.0, -0.0, 1.5, -2.5, 1e38, math.inf, math.nan, None]
    values = [v if v is None or width == 64 or v != 1e38 else 9.999999680285692e37 for v in values]
    type_ = t.Float(width)
    x, y = Column(0, "x", type_), Column(1, "y", type_)
    left, right = pairs(values)
    check(Call(name, (x, y), type_), Input(x, left), Input(y, right))


@pytest.mark.parametrize("name", ["neg", "abs", "sign"])
def test_unary(name: str) -> None:
    """The smallest integer has no negation and no absolute value."""
    for bits in (8, 32, 64):
        x = Column(0, "x", t.Integer(bits))
        check(Call(name, (x,), x.type), Input(x, edges(bits)))
        check(Call(name, (x,), x.type), Input(x, [-3, 0, 4, None], (-3, 4)))
    x = Column(0, "x", t.DOUBLE)
    check(Call(name, (x,), t.DOUBLE), Input(x, FLOATS))
    x = Column(0, "x", t.Decimal(5, 2))
    check(Call(name, (x,), x.type), Input(x, [-99999, 0, 99999, None]))
