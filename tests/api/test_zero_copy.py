"""Arrow in, Arrow out: the buffers keep their addresses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

COLUMNS = {
    "bigint": pa.array(range(1000), pa.int64()),
    "int": pa.array(range(1000), pa.int32()),
    "double": pa.array([i / 7 for i in range(1000)], pa.float64()),
    "nullable double": pa.array([None if i % 3 else i / 7 for i in range(1000)], pa.float64()),
    "string": pa.array([f"text {i}" for i in range(1000)]),
    "date": pa.array([date(2024, 1, 1 + i % 28) for i in range(1000)]),
    "timestamp": pa.array(
        [datetime(2024, 1, 1, i % 24) for i in range(1000)], pa.timestamp("us", "UTC")
    ),
    "decimal": pa.array([i * 100 for i in range(1000)], pa.int64()).cast(pa.decimal128(25, 2)),
}


def addresses(table: pa.Table) -> list[int]:
    """Where the buffers of the only chunk of the only column lie."""
    (chunk,) = table.column(0).chunks
    return [buffer.address for buffer in chunk.buffers() if buffer is not None]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_created_table_comes_back_in_the_same_memory(spark: Any, name: str) -> None:
    """createDataFrame(table).toArrow() copies no buffer."""
    given = pa.table({"x": COLUMNS[name]})
    assert addresses(spark.createDataFrame(given).toArrow()) == addresses(given)


@pytest.mark.parametrize("name", ["bigint", "double", "string", "date", "timestamp"])
def test_results_are_handed_over_as_the_engine_made_them(spark: Any, name: str) -> None:
    """toArrow of a computed result shares the memory of the engine's own batches."""
    given = pa.table({"x": COLUMNS[name]})
    frame = spark.createDataFrame(given).filter("x is not null")
    made: list[pa.RecordBatch] = []
    client = spark.client
    fetch = client._execute_and_fetch_as_iterator

    def watched(*args: Any, **kwargs: Any) -> Any:
        for item in fetch(*args, **kwargs):
            if isinstance(item, pa.RecordBatch):
                made.append(item)
            yield item

    client._execute_and_fetch_as_iterator = watched
    try:
        out = frame.toArrow()
    finally:
        del client._execute_and_fetch_as_iterator
    expected = [b.address for batch in made for b in batch.column(0).buffers() if b is not None]
    found = [b.address for chunk in out.column(0).chunks for b in chunk.buffers() if b is not None]
    assert found == expected
    assert out.column(0).to_pylist() == given.column(0).to_pylist()
