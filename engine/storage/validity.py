"""The NULLs of a column under construction: bytes while it is filled, a bitmap at the end."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from pyflare.engine.storage.memory import Memory

Valid = npt.NDArray[np.bool_]


class Validity:
    """Which of `rows` rows are NULL; threads may fill in disjoint rows at the same time."""

    def __init__(self, rows: int, memory: Memory, owner: str) -> None:
        self._rows, self._memory, self._owner = rows, memory, owner
        self._valid: Valid | None = None
        self._lock = threading.Lock()

    def set(self, start: int, valid: Valid | None) -> None:
        """Rows from `start` on are NULL where `valid` is false (nowhere, if None)."""
        if valid is None:
            return
        with self._lock:
            if self._valid is None:
                self._valid = self._memory.allocate(self._rows, self._owner).view(np.bool_)
                self._valid.fill(True)
        self._valid[start : start + len(valid)] = valid

    def finish(self) -> tuple[npt.NDArray[np.uint8] | None, int]:
        """The bitmap in Arrow's bit order, None without NULLs; and the number of NULLs."""
        if self._valid is None:
            return None, 0
        nulls = self._rows - int(np.count_nonzero(self._valid))
        packed = self._memory.allocate((self._rows + 7) // 8, self._owner)
        packed[:] = np.packbits(self._valid, bitorder="little")
        self._valid = None
        return packed, nulls
