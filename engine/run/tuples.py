"""Rows of bytes appended by workers: chunks of one region, numbered through."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pyflare.codegen.program import Tuples
from pyflare.engine.run.regions import Region
from pyflare.engine.storage.memory import Memory

FIRST_CHUNK = 1 << 12
LARGEST_CHUNK = 1 << 20
LARGEST_PART = 1 << 17  # of a partitioned buffer
MOST_ROWS = (1 << 32) - 1
Range = tuple[int, int]  # first row, rows


class TupleMemory:
    """Row 0 is zeros. `marks` keeps which rows each morsel appended, so that order survives."""

    def __init__(self, spec: Tuples, workers: int, memory: Memory) -> None:
        self.spec = spec
        self.width = spec.width
        self.workers = workers
        self.region = Region(memory, spec.name, spec.width * MOST_ROWS)
        self.base = self.region.take(spec.width)
        self.region.clear(self.base, spec.width)
        self.next = 1
        self.locals = np.zeros((workers, 2 * spec.partitions), np.uint64)
        self.chunks: list[list[list[Range]]] = [
            [[] for _ in range(spec.partitions)] for _ in range(workers)
        ]
        self.marks: dict[tuple[int, int], list[Range]] = {}
        self._marked: list[tuple[int, int]] = [(0, 0)] * workers  # chunk, row within
        self._shared: npt.NDArray[np.uint64] | None = None
        self._keep: list[npt.NDArray[np.uint64]] = []

    def local(self, worker: int) -> int:
        return int(self.locals[worker].ctypes.data)

    def grow(self, worker: int, partition: int) -> None:
        """A new chunk for the worker's partition."""
        chunks = self.chunks[worker][partition]
        if self.spec.fixed is not None:
            rows = self.spec.fixed
        else:
            largest = LARGEST_CHUNK if self.spec.partitions == 1 else LARGEST_PART
            rows = max(1, min(FIRST_CHUNK << len(chunks), largest) // self.width)
        address = self.region.take(rows * self.width)
        first = (address - self.base) // self.width
        assert first + rows <= MOST_ROWS, "too many rows in one buffer"
        chunks.append((first, rows))
        self.locals[worker, 2 * partition] = address
        self.locals[worker, 2 * partition + 1] = address + rows * self.width

    def rewind(self, worker: int, partition: int) -> None:
        """After a failure: the same chunk again, or one aside, whose rows nobody will read."""
        chunks = self.chunks[worker][partition]
        if chunks:
            first, rows = chunks[-1]
            address = self.base + first * self.width
        else:
            rows = max(1, FIRST_CHUNK // self.width, self.spec.fixed or 0)
            aside = np.zeros(rows * self.width // 8 + 1, np.uint64)
            self._keep.append(aside)
            address = int(aside.ctypes.data)
        self.locals[worker, 2 * partition] = address
        self.locals[worker, 2 * partition + 1] = address + rows * self.width

    # ------------------------------------------------------------ what was appended

    def used(self, worker: int, partition: int) -> list[Range]:
        """The filled part of each chunk."""
        chunks = self.chunks[worker][partition]
        if not chunks:
            return []
        first, _ = chunks[-1]
        free = int(self.locals[worker, 2 * partition])
        filled = (free - self.base) // self.width - first
        return [*chunks[:-1], (first, filled)]

    def rows(self) -> int:
        return sum(
            rows
            for worker in range(self.workers)
            for partition in range(self.spec.partitions)
            for _, rows in self.used(worker, partition)
        )

    def mark(self, worker: int, morsel: tuple[int, int]) -> None:
        """The rows appended since the worker's last mark are those of `morsel`."""
        chunks = self.used(worker, 0)
        chunk, row = self._marked[worker]
        ranges = []
        for index in range(chunk, len(chunks)):
            first, rows = chunks[index]
            skip = row if index == chunk else 0
            if rows > skip:
                ranges.append((first + skip, rows - skip))
        if chunks:
            self._marked[worker] = (len(chunks) - 1, chunks[-1][1])
        if ranges:
            self.marks[morsel] = ranges

    def ranges(self, limit: int | None = None, offset: int = 0) -> list[Range]:
        """Rows in the order of their morsels, cut, neighbours joined."""
        if self.spec.fixed is not None:
            found = [r for w in range(self.workers) for r in self.used(w, 0) if r[1]]
        else:
            found = [r for _, ranges in sorted(self.marks.items()) for r in ranges]
        return list(_joined(_cut(found, limit, offset)))

    # ------------------------------------------------------------ partitions

    def largest_bits(self) -> int:
        """log2 of the directory that the largest partition wants."""
        return max(directory_bits(rows) for rows in self._partition_rows())

    def _partition_rows(self) -> list[int]:
        return [
            sum(rows for w in range(self.workers) for _, rows in self.used(w, p))
            for p in range(self.spec.partitions)
        ]

    def shared(self) -> int:
        """(base, segments, starts, shifts); what was appended must be complete by now, except
        for the base."""
        segments: list[int] = []
        starts = [0]
        for partition in range(self.spec.partitions):
            for worker in range(self.workers):
                for first, rows in self.used(worker, partition):
                    segments += (self.base + first * self.width, rows)
            starts.append(len(segments) // 2)
        shifts = [64 - directory_bits(rows) for rows in self._partition_rows()]
        arrays = [np.array(x or [0], np.uint64) for x in (segments, starts, shifts)]
        shared = np.array([self.base, *(a.ctypes.data for a in arrays)], np.uint64)
        self._keep += [*arrays, shared]
        return int(shared.ctypes.data)

    def release(self) -> None:
        self.region.release()


def directory_bits(rows: int) -> int:
    """A power of two of at least twice the rows."""
    return max(1, (2 * rows - 1).bit_length()) if rows else 1


def _cut(ranges: Iterable[Range], limit: int | None, offset: int) -> Iterable[Range]:
    left = limit
    for first, rows in ranges:
        skipped = min(offset, rows)
        offset -= skipped
        first, rows = first + skipped, rows - skipped
        if left is not None:
            rows = min(rows, left)
            left -= rows
        if rows:
            yield first, rows


def _joined(ranges: Iterable[Range]) -> Iterable[Range]:
    held: Range | None = None
    for first, rows in ranges:
        if held is not None and held[0] + held[1] == first:
            held = (held[0], held[1] + rows)
            continue
        if held is not None:
            yield held
        held = (first, rows)
    if held is not None:
        yield held
