"""Memory is counted, caches give way under pressure, and the error says who asked for how much."""

from __future__ import annotations

import gc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyflare.engine.storage.cache import Store
from pyflare.engine.storage.files import list_files
from pyflare.engine.storage.memory import SLACK, Memory
from pyflare.engine.storage.parquet import ParquetTable


def test_buffers_are_aligned_and_counted_until_nothing_refers_to_them() -> None:
    """A view keeps its buffer counted; release stops counting at once."""
    memory = Memory(1 << 20)
    buffer = memory.allocate(1000, "test")
    assert buffer.ctypes.data % 64 == 0 and len(buffer) == 1000
    assert memory.used >= 1000 + SLACK
    view = buffer[10:20].view("i2")
    del buffer
    gc.collect()
    assert memory.used > 0
    del view
    gc.collect()
    assert memory.used == 0
    other = memory.allocate(10, "test")
    memory.release(other)
    memory.release(other)
    assert memory.used == 0 and memory.peak > 1000


def test_over_budget_names_the_operator_and_the_bytes() -> None:
    """Nothing is counted for a refused allocation."""
    memory = Memory(1 << 16)
    with pytest.raises(Exception, match=r"for sort of orders") as caught:
        memory.allocate(1 << 17, "sort of orders")
    assert str((1 << 17) + SLACK + 64) in str(caught.value)
    assert caught.value.getCondition() == "UNABLE_TO_ACQUIRE_MEMORY"  # type: ignore[attr-defined]
    assert memory.used == 0


def test_resident_columns_give_way_and_are_decoded_again(tmp_path: Path) -> None:
    """Under pressure the store forgets columns that no query holds."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": range(100_000, 200_000)}), path)
    memory = Memory(1 << 20)
    store = Store(memory)
    table = ParquetTable("t", list_files([str(path)], {}), None, {}, store=store)
    assert table.load([0], [], 1).rows == 100_000
    assert store.nbytes == 400_000
    kept = memory.allocate(700_000, "join")
    assert store.nbytes == 0
    del kept
    gc.collect()
    assert table.load([0], [], 1).rows == 100_000
