"""Persistent worker threads. Native code runs in them without the GIL; the caller waits in
Python, so that Ctrl-C reaches it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

Task = Callable[[int], None]


class Gang:
    """One task run by several workers; `wait` raises what any of them raised first."""

    def __init__(self, task: Task, workers: int) -> None:
        self._task = task
        self._left = workers
        self._lock = threading.Lock()
        self._done = threading.Event()
        if not workers:
            self._done.set()
        self.error: BaseException | None = None

    def run(self, worker: int) -> None:
        try:
            self._task(worker)
        except BaseException as error:  # re-raised by wait
            with self._lock:
                self.error = self.error or error
        finally:
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    self._done.set()

    def join(self) -> None:
        """Waits for all workers, whatever happens: they use memory that goes afterwards. An
        interruption meanwhile is raised when they are done; their own errors are left to `wait`."""
        interruption: BaseException | None = None
        while not self._done.is_set():
            try:
                self._done.wait(0.1)
            except BaseException as error:
                interruption = error
        if interruption is not None:
            try:
                raise interruption
            finally:
                del interruption

    def wait(self, seconds: float | None = None) -> bool:
        """True once all workers are done; False when the time is over before."""
        # a wait without timeout could not be interrupted
        while not self._done.wait(0.1 if seconds is None else seconds):
            if seconds is not None:
                return False
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # or its traceback would keep itself, and all memory, alive
        return True


class Pool:
    """Threads that live as long as the process and are started when first needed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """As new: a forked child has none of its parent's threads."""
        self._queue: SimpleQueue[tuple[Gang, int]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._lock = threading.Lock()

    def start(self, task: Task, workers: int) -> Gang:
        """Runs `task(worker)` for each worker, all at the same time."""
        gang = Gang(task, workers)
        with self._lock:
            self._busy += workers
            # a gang may wait for its own consumer, so every task has a thread of its own
            while len(self._threads) < self._busy:
                name = f"pyflare-{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        for worker in range(workers):
            self._queue.put((gang, worker))
        return gang

    def _serve(self) -> None:
        while True:
            gang, worker = self._queue.get()
            with self._lock:
                pass
            try:
                gang.run(worker)
            finally:
                with self._lock:
                    self._busy -= 1
            del gang


POOL = Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.forget)
