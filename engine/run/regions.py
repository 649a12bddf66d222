"""Contiguous memory that grows in place: reserved addresses, counted as they are used.

A mapping's pages cost more to get from the system than to fill, so a few released mappings are
kept, with their pages, for the next query.
"""

from __future__ import annotations

import mmap
import threading

import numpy as np

from pyflare.engine.storage.memory import Memory

NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)
RESERVED = 1 << 36
LEAST = 1 << 24
KEPT_EACH = 1 << 27  # bytes of a spare mapping that stay in memory
KEPT_ALL = 1 << 29


class Mapping:
    """Reserved addresses; the first `touched` bytes may have pages behind them."""

    def __init__(self, size: int) -> None:
        self.size = size
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE
        self.map = mmap.mmap(-1, size, flags=flags)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self.map.madvise(mmap.MADV_HUGEPAGE)
        self.bytes = np.frombuffer(self.map, np.uint8)
        self.base = int(self.bytes.ctypes.data)
        self.touched = 0

    def trim(self) -> None:
        """Gives back the pages beyond KEPT_EACH."""
        if self.touched > KEPT_EACH and hasattr(mmap, "MADV_DONTNEED"):
            self.map.madvise(mmap.MADV_DONTNEED, KEPT_EACH, self.size - KEPT_EACH)
            self.touched = KEPT_EACH


class Spare:
    """Mappings that nobody uses, the last released on top."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[Mapping] = []

    def take(self, size: int) -> Mapping:
        with self._lock:
            for i in range(len(self._free) - 1, -1, -1):
                if self._free[i].size >= size:
                    return self._free.pop(i)
        return Mapping(size)

    def give(self, mapping: Mapping) -> None:
        mapping.trim()
        with self._lock:
            self._free.append(mapping)
            while sum(m.touched for m in self._free) > KEPT_ALL or len(self._free) > 64:
                self._free.pop(0)


SPARE = Spare()


class Region:
    """`take` hands out bytes one after the other; addresses never move. Fresh bytes hold what an
    earlier query left there."""

    def __init__(self, memory: Memory, owner: str, most: int) -> None:
        self.memory = memory
        self.owner = owner
        self.size = max(LEAST, min(memory.budget, most))
        self._mapping = SPARE.take(min(max(RESERVED, LEAST), max(self.size, RESERVED)))
        self.base = self._mapping.base
        self.used = 0
        self._lock = threading.Lock()

    def take(self, nbytes: int) -> int:
        """The address of `nbytes`; raises when the budget is exhausted."""
        with self._lock:
            if self.used + nbytes > min(self.size, self._mapping.size):
                self.memory.charge(self.memory.budget, self.owner)  # raises: the region is full
            self.memory.charge(nbytes, self.owner)
            start = self.base + self.used
            self.used += nbytes
            self._mapping.touched = max(self._mapping.touched, self.used)
            return start

    def clear(self, start: int, nbytes: int) -> None:
        """Zeros."""
        offset = start - self.base
        self._mapping.bytes[offset : offset + nbytes] = 0

    def release(self) -> None:
        """Gives the memory back; nothing may use its addresses any more."""
        self.memory.discharge(self.used)
        self.used = 0
        SPARE.give(self._mapping)
