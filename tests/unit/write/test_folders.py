"""Folders change all at once: modes, partitions, part files, failures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyflare.engine.plan import syntax as s

ONE = pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]})
TWO = pa.table({"a": pa.array([2], pa.int32()), "b": ["y"]})


def test_parquet_comes_back(desk: Any) -> None:
    """Values, types and nullability survive; the file names its codec."""
    table = pa.table(
        {
            "a": pa.array([1, None, 3, 4, 5], pa.int32()),
            "d": pa.array([Decimal("1.50")] * 5, pa.decimal128(15, 2)),
            "t": pa.array([0] * 5, pa.timestamp("us", tz="UTC")),
            "n": pa.array([0] * 5, pa.timestamp("us")),
            "l": [[1, 2], None, [], [3], [None]],
            "s": ["x", None, "", "y", "z"],
        }
    )
    desk.save(table, "parquet")
    assert desk.names()[1].endswith("-c000.snappy.parquet")
    back = pq.read_table(desk.folder / "out" / desk.names()[1])
    assert back.to_pylist() == table.to_pylist()
    assert back.schema.field("t").type == pa.timestamp("us", tz="UTC")
    assert back.schema.field("n").type == pa.timestamp("us")
    assert b"org.apache.spark.sql.parquet.row.metadata" in back.schema.metadata


def test_error_mode_is_the_default(desk: Any) -> None:
    """An existing path is not touched."""
    desk.save(ONE, "csv")
    with pytest.raises(Exception, match="PATH_ALREADY_EXISTS"):
        desk.save(TWO, "csv")
    assert desk.text() == "1,x\n"


def test_append_ignore_overwrite(desk: Any) -> None:
    """The other modes add, leave alone, and replace everything."""
    desk.save(ONE, "csv")
    desk.save(TWO, "csv", "append")
    out = desk.folder / "out"
    assert sorted(p.read_text() for p in out.glob("part*")) == ["1,x\n", "2,y\n"]
    desk.save(TWO, "csv", "ignore")
    assert len(list(out.glob("part*"))) == 2
    desk.save(TWO, "csv", "overwrite")
    assert desk.text() == "2,y\n"
    assert len(desk.names()) == 2


@pytest.mark.parametrize("mode", ["error", "append", "overwrite"])
def test_a_failing_query_leaves_nothing(desk: Any, mode: str) -> None:
    """Half a result is never on disk, and what was there stays."""
    if mode != "error":
        desk.save(ONE, "parquet")
        before = desk.names()
    with pytest.raises(ZeroDivisionError):
        desk.save(TWO, "parquet", mode, failing=True)
    if mode == "error":
        assert list(desk.folder.iterdir()) == []
    else:
        assert desk.names() == before


def test_missing_parents_are_made_and_unmade(desk: Any) -> None:
    """Folders above the target exist after success only."""
    desk.folder = desk.folder / "x" / "y"
    with pytest.raises(ZeroDivisionError):
        desk.save(ONE, "csv", failing=True)
    assert not desk.folder.parent.exists()
    desk.save(ONE, "csv")
    assert desk.text() == "1,x\n"


def test_a_file_in_the_way(desk: Any) -> None:
    """A file counts as existing; overwrite makes it a folder."""
    (desk.folder / "out").write_text("old")
    with pytest.raises(Exception, match="PATH_ALREADY_EXISTS"):
        desk.save(ONE, "csv")
    desk.save(ONE, "csv", "overwrite")
    assert desk.text() == "1,x\n"


def test_partition_folders(desk: Any) -> None:
    """Hive folders in the order of partitionBy; the columns leave the files."""
    table = pa.table({"a": [1, 2, 3, 4], "b": ["x", "y", "x", "y"], "c": [True, True, True, None]})
    desk.save(table, "csv", by=("c", "b"), header="true")
    assert desk.files() == {
        "c=true/b=x": b"a\n1\n3\n",
        "c=true/b=y": b"a\n2\n",
        "c=__HIVE_DEFAULT_PARTITION__/b=y": b"a\n4\n",
    }


def test_partition_values_are_escaped(desk: Any) -> None:
    """Spark's table of escaped characters; the empty text and NULL share the default folder."""
    values = ["a b", "", None, "a/b", "x=y", "é", "50%", "a:b", "q'\"q", "?*", "[b]", "{c}", "#"]
    values += ["^", "\\", "\n", "~", "+", "&", "."]
    table = pa.table({"x": [1] * len(values), "p": values})
    desk.save(table, "csv", by=("p",))
    names = (
        "a b|a%2Fb|x%3Dy|é|50%25|a%3Ab|q%27%22q|%3F%2A|%5Bb%5D|%7Bc}|%23|%5E|%5C|%0A|~|+|&|.|"
        "__HIVE_DEFAULT_PARTITION__"
    )
    assert sorted(desk.files()) == sorted(f"p={name}" for name in names.split("|"))
    assert desk.files()["p=__HIVE_DEFAULT_PARTITION__"] == b"1\n1\n"


def test_partition_values_of_every_type(desk: Any) -> None:
    """Values are written as CAST(… AS STRING) has them."""
    columns = {
        "d": pa.array([1e20]),
        "e": pa.array([Decimal("1E-7")], pa.decimal128(38, 18)),
        "t": pa.array([1719882245123456], pa.timestamp("us", tz="UTC")),
        "n": pa.array([-62135596800000000], pa.timestamp("us")),
        "y": pa.array([19724], pa.date32()),
        "b": pa.array([b"AB"]),
        "x": pa.array([1]),
    }
    desk.save(pa.table(columns), "csv", by=("d", "e", "t", "n", "y", "b"))
    assert list(desk.files()) == [
        "d=1.0E20/e=0.000000100000000000/t=2024-07-02 03%3A04%3A05.123456"
        "/n=0001-01-01 00%3A00%3A00/y=2024-01-02/b=AB"
    ]


def test_partition_columns_must_exist_and_leave_some(desk: Any) -> None:
    """Unknown, repeated, nested or all columns are refused; letter case does not matter."""
    for by, error in (
        (("zz",), "1155|not found in schema"),
        (("a", "A"), "COLUMN_ALREADY_EXISTS"),
        (("a", "b"), "ALL_PARTITION_COLUMNS_NOT_ALLOWED"),
    ):
        with pytest.raises(Exception, match=error):
            desk.save(ONE, "csv", by=by)
    with pytest.raises(Exception, match="INVALID_PARTITION_COLUMN_DATA_TYPE"):
        desk.save(pa.table({"a": [1], "p": [[1]]}), "csv", by=("p",))
    desk.save(ONE, "csv", by=("A",))
    assert list(desk.files()) == ["a=1"]


def test_dynamic_overwrite_replaces_only_what_it_writes(desk: Any) -> None:
    """Static overwrite empties the folder, dynamic only the partitions it has rows for."""
    desk.save(pa.concat_tables([ONE, TWO]), "csv", by=("a",))
    new = pa.table({"a": pa.array([2, 3], pa.int32()), "b": ["new", "new"]})
    desk.save(new, "csv", "overwrite", by=("a",), partitionOverwriteMode="dynamic")
    assert desk.files() == {"a=1": b"x\n", "a=2": b"new\n", "a=3": b"new\n"}
    desk.save(TWO, "csv", "overwrite", by=("a",))
    assert desk.files() == {"a=2": b"y\n"}


def test_empty_results(desk: Any) -> None:
    """An empty Parquet folder still knows its schema; an empty partitioned one has no files."""
    desk.save(ONE.slice(0, 0), "parquet")
    assert pq.read_table(desk.folder / "out" / desk.names()[1]).num_rows == 0
    desk.save(ONE.slice(0, 0), "csv", "overwrite", by=("a",))
    assert desk.files() == {}


def test_rows_per_file(desk: Any) -> None:
    """maxRecordsPerFile starts new files, in order."""
    desk.save(pa.table({"a": [0, 1, 2, 3, 4]}), "csv", maxRecordsPerFile="2")
    parts = sorted((desk.folder / "out").glob("part*"))
    assert [p.read_text() for p in parts] == ["0\n1\n", "2\n3\n", "4\n"]
    assert [p.name[-8:] for p in parts] == ["c000.csv", "c001.csv", "c002.csv"]


def test_duplicate_columns(desk: Any) -> None:
    """CSV takes them, Parquet does not."""
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "A"])
    desk.save(table, "csv")
    assert desk.text() == "1,2\n"
    with pytest.raises(Exception, match="COLUMN_ALREADY_EXISTS"):
        desk.save(table, "parquet", "overwrite")


def test_unknown_formats_and_paths(desk: Any) -> None:
    """Both are named."""
    with pytest.raises(Exception, match="nope"):
        desk.save(ONE, "nope")
    from pyflare.engine.storage.write import write

    with pytest.raises(Exception, match="path"):
        write(s.Write(s.OneRowRelation(), "csv", None, None, "error"), desk)


def test_saved_tables(desk: Any) -> None:
    """saveAsTable makes a folder of the warehouse and a name; partition columns come last."""
    desk.save(ONE, "parquet", by=("a",), name="T")
    table = desk.catalog.table(("t",))
    assert [field.name for field in table.schema.fields] == ["b", "a"]
    assert (table.path / "a=1").is_dir()
    with pytest.raises(Exception, match="TABLE_OR_VIEW_ALREADY_EXISTS"):
        desk.save(ONE, "parquet", name="t")
    desk.save(TWO, "parquet", "ignore", name="t")
    assert (table.path / "a=1").is_dir()
    desk.save(TWO, "parquet", "overwrite", name="t")
    assert desk.catalog.table(("t",)).partition_by == ()
    assert not (table.path / "a=1").exists()


def test_saving_into_a_taken_place(desk: Any) -> None:
    """A folder of another session is not taken over silently."""
    (desk.folder / "warehouse" / "t").mkdir(parents=True)
    with pytest.raises(Exception, match="LOCATION_ALREADY_EXISTS"):
        desk.save(ONE, "parquet", name="t")


def test_an_impossible_place(desk: Any) -> None:
    """A folder below a file cannot be made: Spark's error class, not Python's."""
    (desk.folder / "file").write_text("x")
    desk.folder = desk.folder / "file"
    with pytest.raises(Exception, match="TASK_WRITE_FAILED"):
        desk.save(ONE, "csv")
