"""What a PySpark script writes, it reads again: the whole path, on the engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyflare.engine.connect.activate import flare_session


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[Any]:
    """A session whose warehouse is this test's folder."""
    warehouse = f"file:{tmp_path}/warehouse"
    session = flare_session().Builder().config("spark.sql.warehouse.dir", warehouse).create()
    yield session
    session.stop()


@pytest.fixture
def df(spark: Any) -> Any:
    rows = [(1, "x", 1.5), (2, "y", 2.5), (3, None, None)]
    return spark.createDataFrame(rows, ["a", "b", "c"])


def rows(df: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in df.orderBy("a").collect()]


@pytest.mark.parametrize("format", ["parquet", "json"])
def test_formats_come_back(df: Any, tmp_path: Path, format: str) -> None:
    """Values and NULLs survive."""
    df.write.format(format).save(f"{tmp_path}/out")
    back = getattr(df.sparkSession.read, format)(f"{tmp_path}/out")
    assert rows(back) == [(1, "x", 1.5), (2, "y", 2.5), (3, None, None)]


def test_csv_comes_back_under_its_schema(df: Any, tmp_path: Path) -> None:
    """With the schema given, CSV keeps the types too."""
    df.write.csv(f"{tmp_path}/out", header=True)
    back = df.sparkSession.read.schema(df.schema).option("header", True).csv(f"{tmp_path}/out")
    assert rows(back) == [(1, "x", 1.5), (2, "y", 2.5), (3, None, None)]


def test_partitions_come_back_as_columns(df: Any, tmp_path: Path) -> None:
    """Partition columns come last, NULL among their values."""
    df.write.partitionBy("b").parquet(f"{tmp_path}/out")
    back = df.sparkSession.read.parquet(f"{tmp_path}/out")
    assert back.columns == ["a", "c", "b"]
    assert rows(back) == [(1, 1.5, "x"), (2, 2.5, "y"), (3, None, None)]
    assert rows(back.where("b = 'y'")) == [(2, 2.5, "y")]


def test_a_folder_may_be_appended_to_and_replaced_from_itself(df: Any, tmp_path: Path) -> None:
    """The rows are complete before the old files go."""
    path = f"{tmp_path}/out"
    read = df.sparkSession.read
    df.write.parquet(path)
    read.parquet(path).write.mode("append").parquet(path)
    assert read.parquet(path).count() == 6
    read.parquet(path).where("a = 2").write.mode("overwrite").parquet(path)
    assert rows(read.parquet(path)) == [(2, "y", 2.5), (2, "y", 2.5)]


def test_a_failing_query_leaves_nothing(df: Any, tmp_path: Path) -> None:
    """Division by zero in the data: Spark's error, no folder, and the session goes on."""
    broken = df.selectExpr("a", "100 / (a - 2) AS d")
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        broken.write.parquet(f"{tmp_path}/out")
    assert not (tmp_path / "out").exists()
    assert df.count() == 3


def test_saved_tables_live_by_name(spark: Any, df: Any) -> None:
    """saveAsTable, append by name, insertInto by position, DROP TABLE."""
    df.write.saveAsTable("t")
    assert rows(spark.table("t")) == rows(df)
    df.select("c", "a", "b").where("a = 1").write.mode("append").saveAsTable("t")
    assert spark.sql("SELECT count(*) FROM t WHERE a = 1").collect()[0][0] == 2
    spark.sql("SELECT 7, 'z', 0.5").write.insertInto("t")
    assert rows(spark.table("t").where("a = 7")) == [(7, "z", 0.5)]
    spark.sql("SELECT 8, 'w', 1").write.insertInto("t", overwrite=True)
    assert rows(spark.table("t")) == [(8, "w", 1.0)]
    spark.sql("DROP TABLE t")
    assert not spark.catalog.tableExists("t")


def test_partitioned_tables_take_inserts(spark: Any, df: Any) -> None:
    """The table's own partitioning decides where inserted rows go."""
    df.write.partitionBy("a").saveAsTable("p")
    assert spark.table("p").columns == ["b", "c", "a"]
    spark.sql("SELECT 'z', 0.5, 9").write.insertInto("p")
    assert rows(spark.table("p").where("a = 9")) == [("z", 0.5, 9)]


def test_inserts_must_fit(spark: Any, df: Any) -> None:
    """Too few or too many columns, text for numbers, a table that is not there."""
    df.write.saveAsTable("t")
    for query, error in (
        ("SELECT 1", "NOT_ENOUGH_DATA_COLUMNS"),
        ("SELECT 1, 'x', 2.0, 3", "TOO_MANY_DATA_COLUMNS"),
        ("SELECT 'one', 'x', 2.0", "CANNOT_SAFELY_CAST"),
    ):
        with pytest.raises(Exception, match=error):
            spark.sql(query).write.insertInto("t")
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        df.write.insertInto("nowhere")
    assert spark.table("t").count() == 3


def test_long_with_column_chains_run(df: Any) -> None:
    """Hundreds of steps are a deep tree; nothing may run out of stack."""
    from pyspark.sql.connect import functions as F

    frame = df
    for number in range(150):
        frame = frame.withColumn(f"c{number}", F.col("a") + number)
    assert len(frame.columns) == 153
    assert frame.where("a = 2").collect()[0]["c149"] == 151
