"""Functions are told apart by what they have captured, as pickling tells them apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyflare.codegen.ir.types import BIGINT
from pyflare.udf.captured import captured, identity, is_closed
from pyflare.udf.numba_bitcode import Bitcode
from pyflare.udf.python import form

FACTOR = 2


def scaled(x: int) -> int:
    return x * FACTOR


def outer(x: int) -> int:
    return scaled(x) + 1


def counted(x: int) -> int:
    total = 0
    for _ in range(x):
        total += FACTOR
    return total


def adder(n: Any) -> Callable[[int], int]:
    return lambda x: x + n


def test_globals_count_as_they_are_now(monkeypatch: Any) -> None:
    """Another value of a global, even one of a called function, is another function."""
    before, above = captured(scaled), captured(outer)
    monkeypatch.setitem(scaled.__globals__, "FACTOR", 3)
    assert captured(scaled) != before and captured(outer) != above
    monkeypatch.setitem(scaled.__globals__, "FACTOR", 2)
    assert captured(scaled) == before and captured(outer) == above


def test_closures_and_containers_count_by_content() -> None:
    """Two closures over equal values are one identity; a list that grew is another."""
    assert identity(adder(1)) == identity(adder(1)) != identity(adder(2))
    held = [1]
    function = adder(held)
    before = captured(function)
    held.append(2)
    assert captured(function) != before


def test_what_cannot_change_needs_no_copy() -> None:
    """A function of its arguments alone is closed; one that reads a value is not."""
    assert is_closed(lambda x: abs(x) + 1)
    assert not is_closed(scaled) and not is_closed(outer) and not is_closed(adder(1))


def test_compiled_forms_follow_a_changed_global(monkeypatch: Any) -> None:
    """numba freezes globals into the code, so a new value means new code."""
    first = form(counted, BIGINT, (BIGINT,))
    assert isinstance(first, Bitcode) and form(counted, BIGINT, (BIGINT,)) is first
    monkeypatch.setitem(counted.__globals__, "FACTOR", 3)
    second = form(counted, BIGINT, (BIGINT,))
    assert isinstance(second, Bitcode) and second.bitcode != first.bitcode
