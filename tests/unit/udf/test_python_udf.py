"""Compiled Python functions give CPython's results, and leave to CPython what they cannot."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pyflare.codegen.ir import types as t
from pyflare.udf.numba_bitcode import Bitcode
from pyflare.udf.python import Interpreted, PythonUdf, Translated, python_udf
from tests.support import staged

RATE = 1.25


def mix(a: Any, b: Any) -> Any:
    return a * 2 + b if a % 3 == 0 else b - a


def banded(x: Any, low: float = 10.0) -> Any:
    """A docstring, a default, a chain, an early return."""
    if x < low:
        return 0.0
    y = x - low
    if low <= y < 50 or y > 90:
        y += math.sqrt(y) * RATE
    else:
        y = -y
    return y


def collatz(n: Any) -> Any:
    steps = 0.0
    x = float(n)
    while x > 1.0:
        x = x / 2.0 if x % 2.0 == 0.0 else 3.0 * x + 1.0
        steps = steps + 1.0
    return steps


def compiled(function: Callable[..., Any], result: t.Type, *arguments: t.Type) -> PythonUdf:
    return python_udf(function, function.__name__, result, arguments)


INTS = np.array([0, 1, -1, 2, -2, 3, -7, 7, 1 << 40, -(1 << 40), (1 << 53) - 1], np.int64)
FLOATS = np.array([0.0, -0.0, 1.5, -2.5, 10.0, 60.0, 101.0, 1e300, -1e-300, 3.0])


@pytest.mark.parametrize(
    "function",
    [
        mix,
        lambda a, b: a // b if b else a,
        lambda a, b: a % b if b != 0 else -1,
        lambda a, b: abs(a) + min(a, b) - max(a, b),
        lambda a, b: int(a / 3) if a > b else round(b / 7),
        lambda a, b: 1 if 0 < a <= b < 100 and b != 5 else 0,
    ],
)
def test_integer_functions_equal_cpython(function: Callable[..., int]) -> None:
    """Signs, floor division and modulo are Python's; unproved rows leave, none is wrong."""
    udf = compiled(function, t.BIGINT, t.BIGINT, t.BIGINT)
    assert udf.form == Translated()
    a, b = (np.ascontiguousarray(g.ravel()) for g in np.meshgrid(INTS, INTS))
    result, left = staged.run_leaving(udf, [a, b])
    for i, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        if not left[i]:
            assert result[i] == function(x, y), (x, y)
    assert np.mean(left) < 0.5


def test_float_functions_equal_cpython() -> None:
    """Early returns, locals, defaults and captured globals."""
    udf = compiled(banded, t.DOUBLE, t.DOUBLE)
    assert udf.form == Translated()
    result, left = staged.run_leaving(udf, [FLOATS])
    assert not left.any()
    assert result.tolist() == [banded(x) for x in FLOATS.tolist()]


def test_overflow_of_64_bits_leaves_for_cpython() -> None:
    """3000000 ** 3 grows in CPython: the compiled code gives the row up instead of wrapping."""
    udf = compiled(lambda x: x**3, t.BIGINT, t.BIGINT)
    xs = np.array([2, 3_000_000, -3_000_000, 2_097_151], np.int64)
    result, left = staged.run_leaving(udf, [xs])
    assert left.tolist() == [False, True, True, False]
    assert result[0] == 8 and result[3] == 2_097_151**3


def test_division_by_zero_leaves_for_cpython() -> None:
    """The row that would raise is CPython's to raise."""
    udf = compiled(lambda x: 1 / x, t.DOUBLE, t.DOUBLE)
    _, left = staged.run_leaving(udf, [np.array([1.0, 0.0, -0.0])])
    assert left.tolist() == [False, True, True]


def test_loops_are_compiled_by_numba_and_linked() -> None:
    """What has no translation goes through numba's bitcode, inlined into the loop."""
    udf = compiled(collatz, t.DOUBLE, t.DOUBLE)
    assert isinstance(udf.form, Bitcode)
    xs = np.array([1.0, 6.0, 27.0])
    result, left = staged.run_leaving(udf, [xs])
    assert not left.any()
    assert result.tolist() == [collatz(x) for x in xs.tolist()]


def test_wrapping_integer_loops_are_not_given_to_numba() -> None:
    """numba would wrap at 64 bits where CPython grows; the reason says so."""

    def factorial(n: int) -> int:
        product = 1
        for i in range(1, n + 1):
            product = product * i
        return product

    udf = compiled(factorial, t.BIGINT, t.BIGINT)
    assert isinstance(udf.form, Interpreted)
    assert "could exceed 64 bits" in udf.describe()


def test_strings_run_in_python_with_the_reason() -> None:
    """Nothing fails for being uncompilable."""
    udf = compiled(lambda s: s.upper(), t.STRING, t.STRING)
    assert isinstance(udf.form, Interpreted)
    assert udf.call("abc") == "ABC"
