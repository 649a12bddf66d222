"""Contiguous memory that grows in place: reserved addresses, counted as they are used."""

from __future__ import annotations

import mmap
import threading

import numpy as np

from pyflare.engine.storage.memory import Memory

NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)
LEAST = 1 << 24


class Region:
    """`take` hands out bytes one after the other; addresses never move."""

    def __init__(self, memory: Memory, owner: str, most: int) -> None:
        self.memory = memory
        self.owner = owner
        self.size = max(LEAST, min(memory.budget, most))
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE
        self._map = mmap.mmap(-1, self.size, flags=flags)
        self.bytes = np.frombuffer(self._map, np.uint8)
        self.base = int(self.bytes.ctypes.data)
        self.used = 0
        self._lock = threading.Lock()

    def take(self, nbytes: int) -> int:
        """The address of `nbytes` fresh zeroed bytes; raises when the budget is exhausted."""
        with self._lock:
            if self.used + nbytes > self.size:
                self.memory.charge(self.memory.budget, self.owner)  # raises: the region is full
            self.memory.charge(nbytes, self.owner)
            start = self.base + self.used
            self.used += nbytes
            return start

    def release(self) -> None:
        """Gives the memory back; nothing may use its addresses any more."""
        self.memory.discharge(self.used)
        self.used = 0
        del self.bytes
        self._map.close()
