"""The accounting allocator: every large buffer of the engine is counted against one budget."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyflare.engine.errors import runtime_error

Bytes = npt.NDArray[np.uint8]

ALIGNMENT = 64
SLACK = 128  # vector loads of the last rows may reach this far beyond them
_SHARE = 0.8  # of the machine's memory; the rest is Python's and Arrow's


class Memory:
    """Hands out aligned buffers until `budget` bytes are in use, then asks caches to give way.

    A buffer counts until it is released or nothing refers to it any more, whichever is first.
    """

    def __init__(self, budget: int | None = None) -> None:
        self.budget = machine_memory() if budget is None else budget
        self.used = 0
        self.peak = 0
        self._lock = threading.RLock()  # a finalizer may run inside allocate
        self._finalizers: dict[int, weakref.finalize[..., Bytes]] = {}
        self._reclaimers: list[Callable[[int], None]] = []

    def allocate(self, nbytes: int, owner: str) -> Bytes:
        """An uninitialised buffer of `nbytes`, aligned to 64, readable 128 bytes beyond its end."""
        total = nbytes + ALIGNMENT + SLACK
        self._reserve(total, owner)
        try:
            raw = np.empty(total, np.uint8)
        except MemoryError:
            self._give(total)
            raise _exhausted(owner, total, 0) from None
        with self._lock:
            key = raw.ctypes.data
            self._finalizers[key] = weakref.finalize(raw, self._forget, key, total)
            self._finalizers[key].atexit = False
        start = -key % ALIGNMENT
        return raw[start : start + nbytes]

    def release(self, buffer: Bytes) -> None:
        """Stops counting `buffer` now; its memory goes when the last reference does."""
        base = buffer if buffer.base is None else buffer.base
        assert isinstance(base, np.ndarray)
        with self._lock:
            finalizer = self._finalizers.get(base.ctypes.data)
        if finalizer is not None:
            finalizer()

    def charge(self, nbytes: int, owner: str) -> None:
        """Counts memory that was not allocated here; raises when the budget is exhausted."""
        self._reserve(nbytes, owner)

    def discharge(self, nbytes: int) -> None:
        """Stops counting it."""
        self._give(nbytes)

    def on_pressure(self, reclaim: Callable[[int], None]) -> None:
        """`reclaim(n)` is called to free n bytes, if it can, before an allocation is refused."""
        self._reclaimers.append(reclaim)

    def _reserve(self, total: int, owner: str) -> None:
        for reclaim in [*self._reclaimers, None]:
            with self._lock:
                missing = self.used + total - self.budget
                if missing <= 0:
                    self.used += total
                    self.peak = max(self.peak, self.used)
                    return
            if reclaim is None:
                raise _exhausted(owner, total, max(total - missing, 0))
            reclaim(missing)

    def _forget(self, key: int, total: int) -> None:
        with self._lock:
            self._finalizers.pop(key, None)
            self.used -= total

    def _give(self, total: int) -> None:
        with self._lock:
            self.used -= total


def _exhausted(owner: str, requested: int, received: int) -> Exception:
    return runtime_error(
        "UNABLE_TO_ACQUIRE_MEMORY",
        {"requestedBytes": f"{requested} (for {owner})", "receivedBytes": str(received)},
    )


def machine_memory() -> int:
    """The bytes this process may use by default: a share of the container's or machine's memory."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (
        Path("/sys/fs/cgroup/memory.max"),
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ):
        try:
            text = limit.read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return int(total * _SHARE)


_default: Memory | None = None
_default_lock = threading.Lock()


def default_memory() -> Memory:
    """The budget shared by all sessions of this process."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Memory()
        return _default
