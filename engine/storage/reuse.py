"""Tables of files already opened: their footers, samples and proofs serve the next query too."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from pyflare.engine.storage.table import Table

MOST_TABLES = 128
_tables: OrderedDict[Hashable, Table] = OrderedDict()
_lock = threading.Lock()


def reused(key: Hashable, make: Callable[[], Table]) -> Table:
    """The table made before for an equal `key`, else `make()`. The key must name the files with
    their sizes and times of change, so that a changed file is another table."""
    with _lock:
        found = _tables.get(key)
        if found is not None:
            _tables.move_to_end(key)
            return found
    table = make()
    with _lock:
        _tables[key] = table
        while len(_tables) > MOST_TABLES:
            _tables.popitem(last=False)
    return table
