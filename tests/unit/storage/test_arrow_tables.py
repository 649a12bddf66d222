"""User-owned Arrow tables are read where they lie, whatever their slices, chunks and types."""

from __future__ import annotations

import ctypes
import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyflare.engine.storage.arrow import ArrowTable
from pyflare.engine.storage.resident import resident
from pyflare.engine.storage.table import Table

Rows = Callable[[Table], list[list[Any]]]


def storage_form(array: pa.ChunkedArray) -> list[Any]:
    """What a load should give for this column."""
    kind = array.type
    if pa.types.is_decimal(kind):
        return [None if v is None else int(v.scaleb(kind.scale)) for v in array.to_pylist()]
    if pa.types.is_date32(kind):
        return list(array.cast(pa.int32()).to_pylist())
    if pa.types.is_timestamp(kind):
        return list(array.cast(pa.int64()).to_pylist())
    if pa.types.is_dictionary(kind):
        array = array.cast(pa.string())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return [None if v is None else v.encode() for v in array.to_pylist()]
    return list(array.to_pylist())


TABLE = pa.table(
    {
        "i8": pa.array([1, None, -128, 127, 0, 5], pa.int8()),
        "i64": pa.array([1 << 62, -5, None, 0, 1, 2], pa.int64()),
        "f": pa.array([1.5, float("inf"), None, -0.0, 2.0, 3.0]),
        "b": pa.array([True, None, False, True, True, False]),
        "s": pa.array(["", "é", None, "abc", "x", "y"]),
        "ls": pa.array(["", "é", None, "abc", "x", "y"], pa.large_string()),
        "bin": pa.array([b"", b"\xff", None, b"abc", b"x", b"y"]),
        "d": pa.array([0, -1, None, 20000, 1, 2], pa.int32()).cast(pa.date32()),
        "ts": pa.array([0, -1, None, 20000, 1, 2], pa.int64()).cast(pa.timestamp("us", "UTC")),
        "dec": pa.array([Decimal("1.23"), Decimal("-9.99"), None, *[Decimal(0)] * 3]).cast(
            pa.decimal128(15, 2)
        ),
        "wide": pa.array([10**30, -(10**30), None, 0, 1, 2], pa.decimal128(38, 0)),
        "dict": pa.array(["a", "b", None, "a", "c", "b"]).dictionary_encode(),
        "list": pa.array([[1], None, [], [2, 3], [4], [5]]),
    }
)


@pytest.mark.parametrize("start", range(4))
def test_every_type_survives_slices_and_chunks(start: int, rows_of: Rows) -> None:
    """Offsets within bytes, bitmaps and offset buffers are honoured; chunks join in order."""
    table = pa.concat_tables([TABLE.slice(start), TABLE.slice(1, 3), TABLE.slice(0, 0), TABLE])
    assert rows_of(ArrowTable("t", table)) == [storage_form(c) for c in table.columns]


def test_resident_columns_hold_the_same_rows(rows_of: Rows) -> None:
    """df.cache narrows and encodes, but the values stay."""
    table = pa.concat_tables([TABLE.slice(2), TABLE, TABLE.slice(1, 3)])
    local = ArrowTable("t", table)
    cached = resident("t", local.schema, table.combine_chunks().to_batches(), 2)
    assert rows_of(cached) == [storage_form(c) for c in table.columns]
    kinds = {f.name: s.kind for f, s in zip(cached.schema.fields, _storage(cached), strict=True)}
    assert kinds["s"] == kinds["dict"] == "dictionary"
    assert kinds["list"] == "opaque"


def _storage(table: Table) -> Any:
    return table.load(range(len(table.schema.fields)), [], 1).storage


def test_columns_with_different_chunks_are_cut_at_every_border(rows_of: Rows) -> None:
    """A chunk of the binding is contiguous in all columns; nothing is copied."""
    a = pa.chunked_array([[1, 2, 3], [4, 5]])
    b = pa.chunked_array([[1.0], [2.0, 3.0, 4.0, 5.0]])
    table = ArrowTable("t", pa.table({"a": a, "b": b}))
    loaded = table.load([0, 1], [], 1)
    assert [chunk.rows for chunk in loaded.binding.chunks] == [1, 2, 2]
    assert loaded.binding.chunks[0].columns[0].data == a.chunk(0).buffers()[1].address
    assert rows_of(table) == [[1, 2, 3, 4, 5], [1.0, 2.0, 3.0, 4.0, 5.0]]


def test_a_chunk_without_bitmap_is_valid_beside_one_with_nulls(rows_of: Rows) -> None:
    """Arrow omits the bitmap of a chunk without NULLs; the loop still may read one."""
    column = pa.chunked_array([pa.array([1, 2, 3]), pa.array([None, 5])])
    table = ArrowTable("t", pa.table({"a": column}))
    assert table.load([0], [], 1).storage[0].nulls
    assert rows_of(table) == [[1, 2, 3, None, 5]]


def test_dictionaries_that_differ_by_chunk_are_unified(rows_of: Rows) -> None:
    """Equal codes mean equal strings in the whole column."""
    chunks = [pa.array(v).dictionary_encode() for v in (["a", "b"], ["b", "a", None], ["c"])]
    table = ArrowTable("t", pa.table({"a": pa.chunked_array(chunks)}))
    assert rows_of(table) == [[b"a", b"b", b"b", b"a", None, b"c"]]
    assert table.load([0], [], 1).storage[0].entries == 3


def test_fixed_size_lists_are_vectors(rows_of: Rows) -> None:
    """A slice of a vector column begins inside its child array."""
    flat = pa.array(np.arange(12.0))
    vectors = pa.FixedSizeListArray.from_arrays(flat, 3)
    table = ArrowTable("t", pa.table({"v": vectors.slice(1, 2)}))
    assert table.load([0], [], 1).storage[0].kind == "vector"
    assert rows_of(table) == [[[3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]]


def test_nanoseconds_are_floored_as_spark_does(rows_of: Rows) -> None:
    """One nanosecond before 1970 belongs to the microsecond before it."""
    table = ArrowTable("t", pa.table({"t": pa.array([-1, 1999, None], pa.timestamp("ns"))}))
    assert rows_of(table) == [[-1, 1, None]]


def test_a_decimal_column_is_narrowed_once_for_all_queries() -> None:
    """Two tables over the same Arrow data share the narrowed copy."""
    data = pa.table({"d": pa.array([Decimal("1.00")] * 3, pa.decimal128(15, 2))})
    first = ArrowTable("a", data).load([0], [], 1)
    second = ArrowTable("b", data).load([0], [], 1)
    assert first.storage[0].bits == 8
    assert first.binding.chunks[0].columns == second.binding.chunks[0].columns


def test_statistics_prove_what_the_values_show() -> None:
    """Bounds and NULLs are exact; an ascending integer column is unique."""
    data = pa.table({"k": [3, 5, 9], "v": [1, None, 1], "s": ["a", "b", "b"]})
    facts = ArrowTable("t", data).statistics()
    assert (facts.rows, facts.exact) == (3, True)
    assert (facts.columns[0].lo, facts.columns[0].hi, facts.columns[0].unique) == (3, 9, True)
    assert (facts.columns[1].nulls, facts.columns[1].unique) == (1, False)
    assert facts.columns[2].distinct == 2


def test_empty_and_all_null_columns(rows_of: Rows) -> None:
    """No rows, or no values, are ordinary cases of every type."""
    assert rows_of(ArrowTable("t", TABLE.slice(0, 0))) == [[] for _ in TABLE.columns]
    nothing = pa.table({f.name: pa.nulls(3, f.type) for f in TABLE.schema} | {"n": pa.nulls(3)})
    assert rows_of(ArrowTable("t", nothing)) == [[None] * 3 for _ in nothing.columns]
    schema = ArrowTable("t", nothing).schema
    assert rows_of(resident("t", schema, nothing.to_batches(), 1)) == [[None] * 3] * 14
    empty = resident("t", schema, [], 1)
    assert rows_of(empty) == [[]] * 14


@given(
    values=st.lists(st.one_of(st.none(), st.integers(-(1 << 63), (1 << 63) - 1))),
    bits=st.sampled_from([7, 8, 15, 16, 31, 32, 63]),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_integers_take_the_narrowest_type_that_holds_them(
    values: list[int | None], bits: int, rows_of: Rows
) -> None:
    """At each power of two and beside it, the chosen width is the least possible."""
    edge = [v for v in ((1 << bits) - 1, -(1 << bits)) if -(1 << 63) <= v < 1 << 63]
    for column in ([*edge, None], values):
        data = pa.table({"a": pa.array(column, pa.int64())})
        table = resident("t", ArrowTable("t", data).schema, data.to_batches(), 1)
        assert rows_of(table) == [column]
        known = [v for v in column if v is not None]
        least = next(
            w for w in (8, 16, 32, 64) if all(-(1 << (w - 1)) <= v < 1 << (w - 1) for v in known)
        )
        assert table.load([0], [], 1).storage[0].bits == least


def test_frequent_strings_become_sorted_codes_and_rare_ones_stay_text(rows_of: Rows) -> None:
    """Codes are in the order of the strings; a column that hardly repeats is plain."""
    few = [f"é{i % 300}" for i in range(5000)]
    many = [f"value {i}" for i in range(5000)]
    data = pa.table({"few": few, "many": many})
    table = resident("t", ArrowTable("t", data).schema, data.to_batches(max_chunksize=700), 2)
    coded, plain = table.load([0, 1], [], 2).storage
    assert (coded.kind, coded.bits, coded.entries, coded.sorted) == ("dictionary", 16, 300, True)
    assert (plain.kind, plain.bits, plain.ascii, coded.ascii) == ("string", 32, True, False)
    assert rows_of(table) == [[v.encode() for v in few], [v.encode() for v in many]]
    dictionary = table.load([0], [], 2).binding.dictionaries[0]
    assert dictionary is not None and dictionary.entries == 300


def test_float_columns_tell_whether_they_hold_nan() -> None:
    """Without NaN, comparisons may be the machine's."""
    data = pa.table({"a": [1.0, float("inf")], "b": [1.0, float("nan")]})
    assert [s.finite for s in ArrowTable("t", data).load([0, 1], [], 1).storage] == [True, False]
    cached = resident("t", ArrowTable("t", data).schema, data.to_batches(), 1)
    assert [s.finite for s in cached.load([0, 1], [], 1).storage] == [True, False]


def test_a_column_of_dates_before_1970() -> None:
    """Narrowed dates are signed."""
    days = [datetime.date(1900, 1, 1), datetime.date(2000, 1, 1)]
    data = pa.table({"d": days})
    cached = resident("t", ArrowTable("t", data).schema, data.to_batches(), 1)
    storage = cached.load([0], [], 1).storage[0]
    assert (storage.bits, storage.lo, storage.hi) == (16, -25567, 10957)


def test_tiny_chunks_are_joined_once(rows_of: Rows) -> None:
    """Thousands of small batches would make as many chunks of every query."""
    batches = [pa.record_batch({"a": [i, i + 1]}) for i in range(0, 400, 2)]
    table = ArrowTable("t", pa.Table.from_batches(batches))
    assert len(table.load([0], [], 1).binding.chunks) == 1
    assert rows_of(table) == [list(range(400))]


def test_the_codes_of_null_rows_name_an_entry() -> None:
    """A loop may look up every code before it asks whether the row is NULL."""
    codes = pa.Array.from_buffers(
        pa.int32(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([0, 1 << 30], "i4"))]
    )
    column = pa.DictionaryArray.from_arrays(codes, ["a"], safe=False)
    loaded = ArrowTable("t", pa.table({"s": column})).load([0], [], 1)
    data = loaded.binding.chunks[0].columns[0].data
    assert np.frombuffer(ctypes.string_at(data, 8), "i4").tolist() == [0, 0]
    nothing = pa.table({"s": pa.nulls(2, pa.string())})
    schema = ArrowTable("t", nothing).schema
    assert resident("t", schema, nothing.to_batches(), 1).load([0], [], 1).storage[0].entries == 1


def test_columns_read_again_are_narrowed_if_that_pays(rows_of: Rows) -> None:
    """The second query makes codes of repeating strings; text that hardly repeats stays."""
    count = 1 << 16
    data = pa.table(
        {
            "few": [f"s{i % 9}" for i in range(count)],
            "many": [f"s{i}" for i in range(count)],
            "int": range(count),
            "wide": [i << 40 for i in range(count)],
        }
    )
    table = ArrowTable("t", data)
    first = [(s.kind, s.bits) for s in table.load(range(4), [], 2).storage]
    second = [(s.kind, s.bits) for s in table.load(range(4), [], 2).storage]
    assert first == [("string", 32), ("string", 32), ("fixed", 64), ("fixed", 64)]
    assert second == [("dictionary", 8), ("string", 32), ("fixed", 32), ("fixed", 64)]
    assert rows_of(table) == [storage_form(c) for c in data.columns]
