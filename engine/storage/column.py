"""A column in memory, in one or several contiguous parts, and the binding of several of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import assert_never

import numpy as np
import pyarrow as pa

from pyflare.codegen.bindings import Binding, BoundDictionary, Chunk, ChunkColumn
from pyflare.codegen.ir.operators import Storage
from pyflare.engine.storage.table import ColumnFacts, Loaded

Runs = Sequence[tuple[int, int]]

_UNKNOWN = ColumnFacts()
_NOTHING = np.zeros(256, np.uint8)  # what an empty column points to: never read, never NULL


@dataclass(frozen=True, slots=True)
class Part:
    """`rows` contiguous values of a column and where they lie."""

    rows: int
    at: ChunkColumn


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """All values of a column: `parts` in order, every one laid out by the same `storage`.

    `owners` keeps the memory alive. `array` holds the values themselves where storage is
    "opaque"; `nbytes` is what the column itself allocated (0 when it borrows a user's memory).
    """

    storage: Storage
    parts: tuple[Part, ...]
    owners: tuple[object, ...] = ()
    dictionary: BoundDictionary | None = None
    array: pa.ChunkedArray | None = None
    facts: ColumnFacts = _UNKNOWN
    nbytes: int = 0

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def address(buffer: np.ndarray | pa.Buffer | None) -> int:
    """Where a buffer lies; an absent or empty one lies at a harmless address."""
    match buffer:
        case None:
            return int(_NOTHING.ctypes.data)
        case np.ndarray():
            return int(buffer.ctypes.data) if buffer.nbytes else int(_NOTHING.ctypes.data)
        case _:
            return int(buffer.address) or int(_NOTHING.ctypes.data)


def advance(at: ChunkColumn, storage: Storage, rows: int) -> ChunkColumn:
    """The place of row `rows` of a part that lies at `at`."""
    if rows == 0:
        return at
    if at.validity:
        bit = at.validity_bit + rows
        at = replace(at, validity=at.validity + bit // 8, validity_bit=bit % 8)
    match storage.kind:
        case "fixed" | "dictionary":
            return replace(at, data=at.data + rows * storage.bits // 8)
        case "vector":
            return replace(at, data=at.data + rows * storage.size * storage.bits // 8)
        case "string":
            return replace(at, offsets=at.offsets + rows * storage.bits // 8)
        case "bits":
            bit = at.data_bit + rows
            return replace(at, data=at.data + bit // 8, data_bit=bit % 8)
        case "opaque":
            return at
        case _:
            assert_never(storage.kind)


def select(column: Column, runs: Runs) -> Column:
    """The rows of `column` in these runs [start, stop), in order; nothing is copied."""
    parts = tuple(part for start, stop in runs for part in _between(column, start, stop))
    array = column.array
    if array is not None:
        slices = [array.slice(start, stop - start) for start, stop in runs]
        array = pa.chunked_array([c for s in slices for c in s.chunks], type=array.type)
    return replace(column, parts=parts, array=array)


def _between(column: Column, start: int, stop: int) -> Iterable[Part]:
    first = 0
    for part in column.parts:
        low, high = max(start, first), min(stop, first + part.rows)
        if low < high:
            yield Part(high - low, advance(part.at, column.storage, low - first))
        first += part.rows


def bind(columns: Sequence[Column], rows: int) -> Binding:
    """Chunks that end wherever a part of some column ends, so that each is contiguous."""
    borders = {0, rows}
    for column in columns:
        assert column.rows == rows, (column.rows, rows)
        end = 0
        for part in column.parts:
            end += part.rows
            borders.add(end)
    cursors = [_Cursor(column) for column in columns]
    ends = sorted(borders)
    chunks = tuple(
        Chunk(stop - start, tuple(cursor.take(stop - start) for cursor in cursors), start)
        for start, stop in pairwise(ends)
    )
    return Binding(
        chunks,
        tuple(column.dictionary for column in columns),
        tuple(column.array for column in columns),
        tuple(columns),
    )


class _Cursor:
    """Walks the parts of a column in steps that never cross a border of parts."""

    def __init__(self, column: Column) -> None:
        self._storage = column.storage
        self._parts = iter([part for part in column.parts if part.rows])
        self._part: Part | None = None
        self._done = 0

    def take(self, rows: int) -> ChunkColumn:
        if self._part is None or self._done == self._part.rows:
            self._part, self._done = next(self._parts), 0
        place = advance(self._part.at, self._storage, self._done)
        self._done += rows
        assert self._done <= self._part.rows
        return place


def loaded(columns: Sequence[Column], rows: int) -> Loaded:
    """What a table's load answers for these columns."""
    return Loaded(tuple(column.storage for column in columns), bind(columns, rows), rows)
