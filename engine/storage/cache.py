"""The resident column store: decoded columns of files, kept between queries while memory allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass

from pyflare.engine.storage.column import Column
from pyflare.engine.storage.memory import Memory, default_memory


@dataclass(slots=True)
class _Entry:
    column: Column
    seconds: float  # what decoding it again would take
    used: float


class Store:
    """Columns by (file identity, column, part); the cheapest to lose go first under pressure.

    A query that reads a column holds it by reference: evicting it then only means that the next
    query decodes it again, and its bytes count until the reader has finished. `version` grows with
    each change of what is resident.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._entries: dict[Hashable, _Entry] = {}
        self._lock = threading.RLock()
        self.version = 0
        memory.on_pressure(self.reclaim)

    def get(self, key: Hashable) -> Column | None:
        """The column, if it is resident."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            entry.used = time.monotonic()
            return entry.column

    def peek(self, key: Hashable) -> Column | None:
        """The column, if it is resident, without counting as a use."""
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None else entry.column

    def put(self, key: Hashable, column: Column, seconds: float) -> None:
        """Keeps `column`, which took `seconds` to decode."""
        with self._lock:
            self._entries[key] = _Entry(column, seconds, time.monotonic())
            self.version += 1

    def reclaim(self, nbytes: int) -> None:
        """Drops columns worth `nbytes`, by bytes x age / decode cost, greatest first."""
        now = time.monotonic()

        def loss(item: tuple[Hashable, _Entry]) -> float:
            entry = item[1]
            return entry.column.nbytes * (now - entry.used) / max(entry.seconds, 1e-6)

        with self._lock:
            for key, entry in sorted(self._entries.items(), key=loss, reverse=True):
                if nbytes <= 0:
                    return
                self.version += 1
                nbytes -= entry.column.nbytes
                del self._entries[key]

    def clear(self) -> None:
        """Forgets every column."""
        with self._lock:
            self._entries.clear()
            self.version += 1

    @property
    def nbytes(self) -> int:
        """The bytes of all resident columns."""
        with self._lock:
            return sum(entry.column.nbytes for entry in self._entries.values())


_default: Store | None = None
_default_lock = threading.Lock()


def default_store() -> Store:
    """The columns shared by all sessions of this process."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Store(default_memory())
        return _default
