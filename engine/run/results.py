"""Batches on their way from workers to the reader: in the order of morsels, a bounded number."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

import pyarrow as pa

PENDING_ROWS = 1 << 21
SMALL_ROWS = 1 << 13
Sequence = tuple[int, int]


class Results:
    """Morsels are begun in ascending order; their batches leave in that order."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled
        self._morsels: dict[Sequence, deque[pa.RecordBatch]] = {}
        self._open: set[Sequence] = set()
        self._order: deque[Sequence] = deque()
        self._pending = 0
        self._changed = threading.Condition()
        self._ended = False

    def begin(self, morsel: Sequence) -> None:
        with self._changed:
            self._morsels[morsel] = deque()
            self._open.add(morsel)
            self._order.append(morsel)

    def put(self, morsel: Sequence, batch: pa.RecordBatch) -> None:
        """Hands over a batch; waits while too many rows are pending, unless they wait for it."""
        with self._changed:
            self._morsels[morsel].append(batch)
            self._pending += batch.num_rows
            self._changed.notify_all()
            while self._pending > PENDING_ROWS and not self._cancelled():
                head = self._head()
                if head == morsel and not self._morsels[morsel]:
                    break
                starved = head is not None and head != morsel and not self._morsels[head]
                if starved and self._pending <= 4 * PENDING_ROWS:
                    # the reader waits for the head, which is not us: memory is the price
                    break
                self._changed.wait(0.05)

    def _head(self) -> Sequence | None:
        return min(self._morsels) if self._morsels else None

    def finish(self, morsel: Sequence) -> None:
        with self._changed:
            self._open.discard(morsel)
            self._changed.notify_all()

    def clear(self) -> None:
        """Drops what nobody will read."""
        with self._changed:
            self._morsels.clear()
            self._ended = True
            self._cancelled = _always

    def end(self) -> None:
        """No morsel will begin any more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def read(self, alive: Callable[[], None]) -> Iterator[pa.RecordBatch]:
        """Batches in order, small neighbours joined; `alive` is called while waiting."""
        held: list[pa.RecordBatch] = []
        rows = 0
        while True:
            batch = self._next(alive)
            if batch is not None and batch.num_rows < SMALL_ROWS and rows < SMALL_ROWS:
                held.append(batch)
                rows += batch.num_rows
                continue
            if held:
                yield _joined(held)
                held, rows = [], 0
            if batch is None:
                return
            yield batch

    def _next(self, alive: Callable[[], None]) -> pa.RecordBatch | None:
        with self._changed:
            while True:
                head = self._head()
                if head is not None and self._morsels[head]:
                    batch = self._morsels[head].popleft()
                    self._pending -= batch.num_rows
                    self._changed.notify_all()
                    return batch
                if head is not None and head not in self._open:
                    del self._morsels[head]
                    self._changed.notify_all()
                    continue
                if head is None and self._ended:
                    return None
                self._changed.wait(0.1)
                alive()


def _always() -> bool:
    return True


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    (joined,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
    return joined
