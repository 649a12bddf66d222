"""Facts of a column completed: estimates from a sample, proofs of uniqueness from its values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.column import Column
from pyflare.engine.storage.sample import Sample
from pyflare.engine.storage.table import ColumnFacts


def with_sample(facts: ColumnFacts, sample: Sample | None) -> ColumnFacts:
    """`facts`, completed by estimates; a range of integers also limits the distinct values."""
    distinct = facts.distinct
    if distinct is None and sample is not None:
        distinct = sample.distinct
    if distinct is not None and isinstance(facts.lo, int) and isinstance(facts.hi, int):
        distinct = min(distinct, facts.hi - facts.lo + 1)
    width = facts.width if facts.width is not None or sample is None else sample.width
    return replace(facts, distinct=distinct, width=width)


def with_uniqueness(column: Column, type: t.Type) -> Column:
    """`column`, with the proof that its integers are pairwise different, if they are."""
    facts = column.facts
    if (
        not isinstance(type, t.Integer)
        or column.storage.nulls
        or not isinstance(facts.lo, int)
        or not isinstance(facts.hi, int)
        or facts.hi - facts.lo + 1 < column.rows
        or len(column.parts) != 1
    ):
        return column
    values = _integers(column)
    if values is None or not _proves_unique(values, facts.lo, facts.hi):
        return column
    return replace(column, facts=replace(facts, unique=True, distinct=column.rows))


def _integers(column: Column) -> np.ndarray[Any, Any] | None:
    owner = column.owners[0]
    if isinstance(owner, np.ndarray):
        return owner
    buffer = owner.buffers()[1]  # type: ignore[attr-defined]
    dtype = np.dtype(f"<i{column.storage.bits // 8}")
    first = owner.offset * dtype.itemsize  # type: ignore[attr-defined]
    return np.frombuffer(buffer, dtype, column.rows, first) if buffer else None


def _proves_unique(values: np.ndarray[Any, Any], lo: int, hi: int) -> bool:
    """Whether integers without NULLs are pairwise different, if that is cheap to see."""
    if len(values) < 2 or bool(np.all(values[1:] > values[:-1])):
        return True
    span = hi - lo + 1
    head = values[: 1 << 12]
    if span < len(values) or span > 8 * len(values) or len(np.unique(head)) < len(head):
        return False
    seen = np.zeros(span, np.bool_)
    seen[values.astype(np.int64) - lo] = True
    return int(np.count_nonzero(seen)) == len(values)
