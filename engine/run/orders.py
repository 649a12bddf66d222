"""Sorting: entries for the rows of a buffer, runs and the rounds that merge them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyflare.engine.run.tuples import TupleMemory
from pyflare.engine.storage.memory import Memory

ENTRY = 16


class OrderMemory:
    """shared: entries, spare entries, borders of a round. A round of merges swaps the first two;
    `runs` are the borders of the runs."""

    def __init__(
        self,
        name: str,
        tuples: TupleMemory,
        limit: int | None,
        offset: int,
        memory: Memory,
    ) -> None:
        self.tuples = tuples
        self.limit, self.offset = limit, offset
        self.rows = tuples.rows()
        size = max(1, self.rows) * ENTRY
        self.buffers = [memory.allocate(size, name), memory.allocate(size, name)]
        self.runs: list[int] = [0]
        self.words = np.zeros(3, np.uint64)
        self.borders: npt.NDArray[np.uint64] = np.zeros(1, np.uint64)
        self._point()

    def _point(self) -> None:
        self.words[:2] = [buffer.ctypes.data for buffer in self.buffers]

    def point(self, borders: npt.NDArray[np.uint64]) -> None:
        """Pair i of the next round is borders[2 i] … borders[2 i + 2]."""
        self.borders = borders
        self.words[2] = borders.ctypes.data

    def swap(self, runs: list[int]) -> None:
        """The spare entries, with these borders, become the entries."""
        self.buffers.reverse()
        self.runs = runs
        self._point()

    def local(self, worker: int) -> int:
        raise AssertionError("it is shared")

    def shared(self) -> int:
        return int(self.words.ctypes.data)

    def window(self) -> tuple[int, int]:
        """Positions of the result."""
        end = self.rows if self.limit is None else min(self.rows, self.offset + self.limit)
        return min(self.offset, end), end

    def release(self) -> None:
        self.buffers = []
