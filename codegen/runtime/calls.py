"""Every request that generated code makes of the runner: rare, through one C entry.

`i64 entry(i64 request, i64 name, i64 worker, i64 a, i64 b)`; `name` is the address of the
structure's (or call's) name, NUL-terminated. The runner answers by changing the worker's local
block. It never raises: after a failure it still gives memory that may be written, sets the
cancel word, and the run ends with the error.
"""

from __future__ import annotations

from enum import IntEnum


class Request(IntEnum):
    """What the runner is asked for."""

    GROW = 0  # structure, worker, a = partition: a chunk for at least one more row
    HEAP = 1  # structure, worker, a = bytes: at least that many
    FLUSH = 2  # output, worker: takes the rows of the chunk; needs are in the local block
    CALL = 3  # call, worker, a = address of boxed arguments, b = address for the result
