"""Deep trees: a withColumn loop of hundreds of steps nests deeper than Python's stack allows."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from pyflare.engine.errors import unsupported

Result = TypeVar("Result")

_STACK = 512 << 20  # address space, not memory: pages are taken as they are used
_FRAMES = 200_000
_lock = threading.Lock()
_here = threading.local()


def deep(work: Callable[[], Result]) -> Result:
    """The result of `work`, which starts over on a thread with a large stack if it needs one.

    Work that may start over must have no effect before it ends. Shallow work costs nothing.
    """
    try:
        return work()
    except RecursionError:
        if getattr(_here, "deep", False):
            raise
    try:
        return _on_large_stack(work)
    except RecursionError:
        raise unsupported("a query that is nested this deeply", "cache a part of it") from None


def _on_large_stack(work: Callable[[], Result]) -> Result:
    results: list[Result] = []
    errors: list[BaseException] = []
    context = contextvars.copy_context()

    def run() -> None:
        _here.deep = True
        try:
            results.append(context.run(work))
        except BaseException as error:  # it is raised again, in the thread that waits
            errors.append(error)

    # the limit counts for all threads, so that only one deep tree at a time may raise it
    with _lock:
        frames, stack = sys.getrecursionlimit(), threading.stack_size(_STACK)
        sys.setrecursionlimit(max(frames, _FRAMES))
        try:
            thread = threading.Thread(target=run, name="pyflare-deep", daemon=True)
            thread.start()
            threading.stack_size(stack)
            thread.join()
        finally:
            threading.stack_size(stack)
            sys.setrecursionlimit(frames)
    if errors:
        raise errors[0]
    return results[0]
