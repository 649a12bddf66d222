"""Row groups of Parquet files as parts of a table: where they are and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyflare.engine.storage.footer import Bounds
from pyflare.engine.storage.table import ColumnFacts


@dataclass(frozen=True, slots=True)
class Group:
    """Row group `number` of file `file`; its rows begin at `first` in the table."""

    file: int
    number: int
    rows: int
    first: int


def overall(bounds: Sequence[Bounds], groups: Sequence[Group]) -> ColumnFacts:
    """Facts of a whole column from those of its row groups."""
    nulls = None
    if all(b.nulls is not None for b in bounds):
        nulls = sum(b.nulls or 0 for b in bounds)
    filled = [b for b in bounds if b.lo is not None and b.hi is not None]
    unknown = any(
        (b.lo is None or b.hi is None) and b.nulls != group.rows
        for b, group in zip(bounds, groups, strict=True)
    )
    if not filled or unknown:
        return ColumnFacts(nulls=nulls)
    return ColumnFacts(min(b.lo for b in filled), max(b.hi for b in filled), True, nulls)


def runs(groups: Sequence[Group]) -> list[tuple[int, int]]:
    """The rows of these row groups as few ranges."""
    found: list[tuple[int, int]] = []
    for group in groups:
        if found and found[-1][1] == group.first:
            found[-1] = found[-1][0], group.first + group.rows
        else:
            found.append((group.first, group.first + group.rows))
    return found
