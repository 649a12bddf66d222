"""Work that nests deeper than the interpreter's limit runs on a larger stack."""

from __future__ import annotations

import sys
import threading

import pytest

from pyflare.engine.deep import deep


def depth(levels: int) -> int:
    return 0 if levels == 0 else 1 + depth(levels - 1)


def test_shallow_work_stays_on_its_thread() -> None:
    """Nothing changes for ordinary queries."""
    assert deep(threading.get_ident) == threading.get_ident()


def test_deep_work_starts_over_on_a_larger_stack() -> None:
    """The result is the same, and the limit is put back."""
    limit, stack = sys.getrecursionlimit(), threading.stack_size()
    assert deep(lambda: depth(20_000)) == 20_000
    assert (sys.getrecursionlimit(), threading.stack_size()) == (limit, stack)


def test_nested_calls_share_the_large_stack() -> None:
    """A deep stage inside a deep stage must not wait for itself."""
    assert deep(lambda: depth(3_000) + deep(lambda: depth(3_000))) == 6_000


def test_errors_come_back() -> None:
    """The exception of the work itself, wherever it ran."""

    def work() -> None:
        depth(3_000)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        deep(work)


def test_endless_recursion_is_an_error() -> None:
    """Beyond any stack the user is told, and the interpreter survives."""
    with pytest.raises(Exception, match="nested"):
        deep(lambda: depth(1_000_000))
