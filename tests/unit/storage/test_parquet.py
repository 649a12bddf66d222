"""Parquet files: decoded once into narrow columns, skipped by row group, refused when broken."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.build import builder
from pyflare.engine.storage.cache import Store
from pyflare.engine.storage.files import list_files
from pyflare.engine.storage.memory import Memory
from pyflare.engine.storage.parquet import ParquetTable
from pyflare.engine.storage.read import read
from pyflare.engine.storage.table import Loaded, Table

Rows = Callable[[Table], list[list[Any]]]
Column = Callable[[Table, Loaded, int], list[Any]]


def open_table(path: Path, schema: t.Struct | None = None, **options: str) -> ParquetTable:
    """A table with a column store of its own."""
    store = Store(Memory(1 << 28))
    return ParquetTable("t", list_files([str(path)], {}), schema, options, store=store)


def numbers(path: Path, count: int = 1000, group: int = 100) -> pa.Table:
    """A file of several row groups, with NULLs in some of them."""
    table = pa.table(
        {
            "k": range(count),
            "v": [None if i % 7 == 3 and i > count // 2 else i % 13 for i in range(count)],
            "s": [f"s{(i * 7) % 11}" if i % 5 else None for i in range(count)],
            "f": [float("nan") if i == 5 else i / 4 for i in range(count)],
            "d": pa.array([Decimal(i - 500) / 100 for i in range(count)], pa.decimal128(15, 2)),
        }
    )
    pq.write_table(table, path, row_group_size=group)
    return table


def expected(table: pa.Table) -> list[list[Any]]:
    """The columns of `numbers` in storage form."""
    text = [None if v is None else v.encode() for v in table["s"].to_pylist()]
    unscaled = [int(v * 100) for v in table["d"].to_pylist()]
    return [table["k"].to_pylist(), table["v"].to_pylist(), text, unscaled]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_row_groups_become_one_contiguous_chunk(
    threads: int, tmp_path: Path, column_of: Column
) -> None:
    """Whatever the number of threads, rows keep their order and columns are narrow."""
    data = numbers(tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")
    loaded = table.load(range(5), [], threads)
    assert [chunk.rows for chunk in loaded.binding.chunks] == [1000]
    assert [column_of(table, loaded, i) for i in (0, 1, 2, 4)] == expected(data)
    assert [s.bits for s in loaded.storage] == [16, 8, 8, 64, 16]
    assert [s.nulls for s in loaded.storage] == [False, True, True, False, False]
    assert loaded.storage[2].sorted


def test_predicates_skip_row_groups_and_a_later_load_has_them_all(
    tmp_path: Path, column_of: Column
) -> None:
    """A partial load is exact for its rows and does not stand in for the whole column."""
    data = numbers(tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")
    part = table.load([0, 2], [(0, ">=", 730)], 2)
    assert part.rows == 300
    assert column_of(table, part, 0) == list(range(700, 1000))
    whole = table.load(range(5), [], 2)
    assert [column_of(table, whole, i) for i in (0, 1, 2, 4)] == expected(data)
    again = table.load(range(5), [(0, ">=", 250), (0, "<", 350)], 1)
    assert column_of(table, again, 0) == list(range(200, 400))
    assert column_of(table, again, 2) == expected(data)[2][200:400]
    assert table.load([0], [(0, "=", -1)], 1).rows == 0
    assert table.load([0], [(0, "in", (5, 950))], 1).rows == 200


def test_nan_is_never_skipped_as_too_small(tmp_path: Path, column_of: Column) -> None:
    """Spark holds NaN to be greater than every number; footers do not mention it."""
    numbers(tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")
    found = column_of(table, table.load(range(5), [(3, ">", 1e9)], 1), 3)
    assert sum(value != value for value in found) == 1


def test_row_groups_with_unlike_dictionaries_share_one(tmp_path: Path, rows_of: Rows) -> None:
    """Codes of different row groups compare, though each row group numbers its own strings."""
    words = [["b", "a"], ["c", "b"], ["a", "d"]]
    pq.write_table(
        pa.table({"s": [w for pair in words for w in pair * 50]}),
        tmp_path / "t.parquet",
        row_group_size=100,
    )
    table = open_table(tmp_path / "t.parquet")
    storage = table.load([0], [], 2).storage[0]
    assert (storage.kind, storage.entries, storage.sorted) == ("dictionary", 4, True)
    assert rows_of(table) == [[w.encode() for pair in words for w in pair * 50]]


def test_files_without_statistics_are_narrowed_by_their_values(
    tmp_path: Path, rows_of: Rows
) -> None:
    """Bounds then come from the data itself, and nothing is skipped."""
    data = pa.table({"a": [1, 300, None], "d": pa.array([Decimal("1.5")] * 3)})
    pq.write_table(data, tmp_path / "t.parquet", write_statistics=False)
    table = open_table(tmp_path / "t.parquet")
    loaded = table.load([0, 1], [(0, ">", 10**6)], 1)
    assert (loaded.rows, loaded.storage[0].bits, loaded.storage[0].hi) == (3, 16, 300)
    assert rows_of(table) == [[1, 300, None], [15, 15, 15]]


def test_statistics_come_from_footers_and_prove_keys(tmp_path: Path) -> None:
    """Rows, bounds and NULLs are exact; k is a key; distinct values are estimated."""
    numbers(tmp_path / "t.parquet", 20_000, 5_000)
    facts = open_table(tmp_path / "t.parquet").statistics()
    k, v, s, f, d = facts.columns
    assert (facts.rows, k.lo, k.hi, k.unique) == (20_000, 0, 19_999, True)
    assert (v.lo, v.hi, v.distinct, v.unique) == (0, 12, 13, False)
    assert (s.nulls, s.distinct, s.lo) == (4_000, 11, "s0")
    assert (f.nulls, d.lo, d.hi, d.exact) == (0, -500, 19_499, True)


def test_every_type_round_trips(tmp_path: Path, rows_of: Rows) -> None:
    """Physical forms of Parquet (INT96, fixed-length decimals, milliseconds) do not show."""
    moment = datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.UTC)
    data = pa.table(
        {
            "i8": pa.array([1, -128], pa.int8()),
            "u32": pa.array([1, (1 << 32) - 1], pa.uint32()),
            "ms": pa.array([moment, None], pa.timestamp("ms", "UTC")),
            "ntz": pa.array([-1, 10**15], pa.timestamp("us")),
            "b": pa.array([True, None]),
            "f": pa.array([1.5, None], pa.float32()),
            "wide": pa.array([10**30, -(10**30)], pa.decimal128(38, 0)),
            "bin": pa.array([b"\x00\xff", None]),
            "s": pa.array(["é", None]),
            "st": pa.array([{"x": 1}, None]),
        }
    )
    pq.write_table(data, tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet")
    assert rows_of(table) == [
        [1, -128], [1, (1 << 32) - 1], [-1000, None], [-1, 10**15], [1, None], [1.5, None],
        [10**30, -(10**30)], [b"\x00\xff", None], ["é".encode(), None], [{"x": 1}, None],
    ]  # fmt: skip
    old = pa.table({"t": pa.array([-1001, None], pa.timestamp("us"))})
    pq.write_table(old, tmp_path / "old.parquet", use_deprecated_int96_timestamps=True)
    table = open_table(tmp_path / "old.parquet")
    assert table.schema.fields[0].type == t.TIMESTAMP
    assert rows_of(table) == [[-1001, None]]


def test_a_folder_joins_files_by_column_name(tmp_path: Path, rows_of: Rows) -> None:
    """The first file's schema rules; missing columns are NULL; mergeSchema unites them all."""
    pq.write_table(pa.table({"a": pa.array([1], pa.int32())}), tmp_path / "1.parquet")
    wide = pa.table({"B": ["x"], "A": pa.array([2], pa.int32())})
    pq.write_table(wide, tmp_path / "2.parquet")
    (tmp_path / "_SUCCESS").touch()
    assert rows_of(open_table(tmp_path)) == [[1, 2]]
    merged = open_table(tmp_path, mergeschema="true")
    assert [field.name for field in merged.schema.fields] == ["a", "B"]
    assert rows_of(merged) == [[1, 2], [None, b"x"]]


def test_partition_folders_become_columns(tmp_path: Path, column_of: Column) -> None:
    """year=…/ folders are columns with inferred types, and predicates on them skip files."""
    for year in (2020, 2021, None):
        folder = tmp_path / f"y={year or '__HIVE_DEFAULT_PARTITION__'}" / "c=a%20b"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"a": [year]}), folder / "f.parquet")
    table = open_table(tmp_path)
    assert [field.type for field in table.schema.fields] == [t.BIGINT, t.INT, t.STRING]
    loaded = table.load([0, 1, 2], [(1, ">", 2020)], 2)
    assert [column_of(table, loaded, i) for i in range(3)] == [[2021], [2021], [b"a b"]]
    assert table.load([1], [], 2).rows == 3


def test_a_given_schema_selects_widens_or_is_refused(tmp_path: Path, rows_of: Rows) -> None:
    """int may be read as bigint, but not a string as int: Spark's error names both."""
    data = pa.table({"a": pa.array([1], pa.int32()), "s": ["x"]})
    pq.write_table(data, tmp_path / "t.parquet")
    wanted = t.Struct((t.Field("zz", t.INT), t.Field("A", t.BIGINT)))
    assert rows_of(open_table(tmp_path / "t.parquet", wanted)) == [[None], [1]]
    wrong = open_table(tmp_path / "t.parquet", t.Struct((t.Field("s", t.INT),)))
    with pytest.raises(Exception, match="BYTE_ARRAY") as caught:
        wrong.load([0], [], 1)
    assert _condition(caught) == "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH"


def test_broken_files_are_named_in_sparks_error(tmp_path: Path) -> None:
    """Truncated, foreign and damaged files fail with the file's path; others stay readable."""
    numbers(tmp_path / "good.parquet")
    whole = (tmp_path / "good.parquet").read_bytes()
    for name, content in {
        "cut": whole[: len(whole) // 2],
        "text": b"hello",
    }.items():
        path = tmp_path / f"{name}.parquet"
        path.write_bytes(content)
        with pytest.raises(Exception, match=f"{name}.parquet") as caught:
            read("parquet", [str(path)], None, {}, {})
        assert _condition(caught) == "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER"
    damaged = bytearray(whole)
    damaged[20:400] = b"\xff" * 380
    (tmp_path / "bad.parquet").write_bytes(damaged)
    table = open_table(tmp_path / "bad.parquet")
    with pytest.raises(Exception, match=r"bad\.parquet") as caught:
        table.load(range(5), [], 2)
    assert _condition(caught) == "FAILED_READ_FILE.NO_HINT"
    assert open_table(tmp_path / "good.parquet").load([0], [], 1).rows == 1000


def test_a_rewritten_file_is_another_table(tmp_path: Path, rows_of: Rows) -> None:
    """Equal keys mean equal rows: a new size or time of change is a new key."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    before = read("parquet", [str(path)], None, {}, {})
    assert rows_of(before) == [[1]]
    pq.write_table(pa.table({"a": [2]}), path)
    os.utime(path, ns=(1, 1))
    after = read("parquet", [str(path)], None, {}, {})
    assert before.key != after.key
    assert rows_of(after) == [[2]]


def test_threads_may_load_one_table_at_once(tmp_path: Path, column_of: Column) -> None:
    """Each gets complete columns, whoever decodes them, whole or in part."""
    data = numbers(tmp_path / "t.parquet", 20_000, 1_000)
    table = open_table(tmp_path / "t.parquet")

    def query(number: int) -> bool:
        ordinals = [number % 5, 0]
        loaded = table.load(ordinals, [(0, "<", 1_500)] if number % 2 else [], 2)
        keys = column_of(_Columns(table, ordinals), loaded, 1)  # type: ignore[arg-type]
        table.statistics()
        return keys == list(range(2_000 if number % 2 else 20_000))

    with ThreadPoolExecutor(8) as executor:
        assert all(executor.map(query, range(40)))
    loaded = table.load(range(5), [], 2)
    assert [column_of(table, loaded, i) for i in (0, 1, 2, 4)] == [
        data["k"].to_pylist(),
        data["v"].to_pylist(),
        [None if v is None else v.encode() for v in data["s"].to_pylist()],
        [int(v * 100) for v in data["d"].to_pylist()],
    ]


class _Columns:
    """The schema of some columns of a table."""

    def __init__(self, table: Table, ordinals: list[int]) -> None:
        self.schema = t.Struct(tuple(table.schema.fields[i] for i in ordinals))


def _condition(caught: Any) -> str:
    return str(caught.value.getCondition())


def test_a_file_written_to_between_footer_and_data(tmp_path: Path) -> None:
    """The footer's bounds are proofs for generated code: data of another version is refused."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": pa.array([5] * 1000, pa.int64())}), path)
    table = read("parquet", [str(path)], None, {}, {})
    assert table.statistics().columns[0].hi == 5
    pq.write_table(pa.table({"x": pa.array([6] * 1000, pa.int64())}), path)
    with pytest.raises(Exception, match="FILE_NOT_EXIST"):
        table.load([0], (), 1)
    again = read("parquet", [str(path)], None, {}, {})
    assert again.statistics().columns[0].hi == 6


def test_values_beyond_the_bounds_of_a_footer() -> None:
    """A column whose bounds are promised holds no other value."""
    column = builder("x", t.BIGINT, 3, Memory(1 << 20), (0, 9))
    with pytest.raises(pa.ArrowInvalid, match="promises 0 to 9"):
        column.add(0, pa.array([1, None, 10]))
