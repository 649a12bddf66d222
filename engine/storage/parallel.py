"""Independent tasks on a few threads, whose failures are never dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def parallel(function: Callable[[T], R], items: Iterable[T], threads: int) -> list[R]:
    """[function(item) for item in items], on at most `threads` threads; the first error wins."""
    work = list(items)
    if threads <= 1 or len(work) <= 1:
        return [function(item) for item in work]
    executor = ThreadPoolExecutor(min(threads, len(work)), "pyflare-load")
    try:
        return list(executor.map(function, work))
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
