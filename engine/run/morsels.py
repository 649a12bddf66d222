"""A pipeline's rows cut into morsels, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from pyflare.codegen.bindings import Chunk
from pyflare.codegen.program import (
    BoundRows,
    Cut,
    DictionaryRows,
    Merges,
    Numbers,
    Ordered,
    Partitions,
    Runs,
    Source,
    TupleRows,
)
from pyflare.engine.run.structures import Structures

MOST = 1 << 17
LEAST = 1 << 13
RUN = 1 << 16


@dataclass(frozen=True, slots=True)
class Morsel:
    """Rows [begin, end) of `chunk`, if the source has chunks; `offset` is the position of `begin`
    in the whole source."""

    begin: int
    end: int
    chunk: Chunk | None = None
    offset: int = 0

    @property
    def rows(self) -> int:
        return self.end - self.begin


def morsels(
    source: Source, structures: Structures, workers: int, heavy: bool, most: int = MOST
) -> list[Morsel]:
    """All morsels of a source that is complete."""
    match source:
        case BoundRows(name):
            chunks = structures.bindings[name].chunks
            size = morsel_size(sum(c.rows for c in chunks), workers, heavy, most)
            return [
                Morsel(begin, end, chunk, chunk.first + begin)
                for chunk in chunks
                for begin, end in pieces(0, chunk.rows, size)
            ]
        case Numbers(count):
            return _plain(0, count, workers, heavy, most)
        case DictionaryRows(name, column):
            bound = structures.bindings[name].dictionaries[column]
            return _plain(0, bound.entries if bound else 0, workers, heavy, most)
        case TupleRows(tuples, cut):
            limit, offset = None, 0
            if cut is not None:
                spec = structures.program.structures[cut]
                assert isinstance(spec, Cut)
                limit, offset = spec.limit, spec.offset
            ranges = structures.get(tuples).ranges(limit, offset)
            size = morsel_size(sum(rows for _, rows in ranges), workers, heavy, most)
            return _of_ranges(ranges, size)
        case Partitions(tuples):
            count = structures.get(tuples).spec.partitions
            return [Morsel(p, p + 1) for p in range(count)]
        case Runs(order):
            return _of_ranges(structures.get(order).tuples.ranges(), RUN)
        case Ordered(order):
            begin, end = structures.get(order).window()
            return [Morsel(a, b) for a, b in pieces(begin, end, min(MOST, most))]
        case Merges():
            raise AssertionError("merges come in rounds")
        case _:
            assert_never(source)


def _plain(begin: int, end: int, workers: int, heavy: bool, most: int) -> list[Morsel]:
    size = morsel_size(end - begin, workers, heavy, most)
    return [Morsel(a, b) for a, b in pieces(begin, end, size)]


def _of_ranges(ranges: list[tuple[int, int]], size: int) -> list[Morsel]:
    found: list[Morsel] = []
    offset = 0
    for first, rows in ranges:
        for begin, end in pieces(first, first + rows, size):
            found.append(Morsel(begin, end, None, offset + begin - first))
        offset += rows
    return found


def morsel_size(rows: int, workers: int, heavy: bool, most: int) -> int:
    """Large enough to cost nothing, small enough that all workers are busy to the end."""
    if heavy:
        return max(1, min(1 << 10, rows // (workers * 8), most))
    return max(1, min(max(LEAST, rows // (workers * 8)), most))


def pieces(begin: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """[begin, end) in equal pieces of at most `size`."""
    if end <= begin:
        return
    count = -(-(end - begin) // size)
    step = -(-(end - begin) // count)
    for start in range(begin, end, step):
        yield start, min(start + step, end)
