"""What a script does, through PySpark's API down to compiled code and back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import AnalysisException, ArithmeticException, PySparkException
from pyspark.sql import Observation

import pyflare
from tests.support.sessions import own_session


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with own_session() as session:
        session.createDataFrame(
            [(1, "a", 1.5), (2, "b", None), (3, None, 2.5)], "id int, name string, x double"
        ).createOrReplaceTempView("t")
        yield session


def test_flare_is_sql_on_the_default_session(
    spark: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """flare(sql) is a DataFrame; a DataFrame of ours is itself; anything else is refused."""
    frame = pyflare.flare("SELECT 1 AS one, 'x' AS s")
    frame.show()
    assert capsys.readouterr().out == "+---+---+\n|one|  s|\n+---+---+\n|  1|  x|\n+---+---+\n\n"
    assert pyflare.flare(frame) is frame
    with pytest.raises(TypeError, match="SQL text or a DataFrame, not int"):
        pyflare.flare(3)


def test_sql_and_dataframes_agree(spark: Any) -> None:
    """The same question in both languages has one answer."""
    from pyspark.sql import functions as F

    table = spark.table("t")
    built = table.filter(F.col("id") > 1).groupBy("name").agg(F.sum("x").alias("s"))
    asked = spark.sql("SELECT name, sum(x) AS s FROM t WHERE id > 1 GROUP BY name")
    assert sorted(map(repr, built.collect())) == sorted(map(repr, asked.collect()))
    assert built.schema == asked.schema


def test_parameters_of_sql(spark: Any) -> None:
    """Named and positional markers, and DataFrames in the text."""
    assert spark.sql("SELECT id FROM t WHERE id = :k", args={"k": 2}).collect()[0].id == 2
    assert spark.sql("SELECT id FROM t WHERE id = ?", args=[3]).collect()[0].id == 3
    frame = spark.sql("SELECT max(a) AS m FROM {d}", d=spark.range(5).toDF("a"))
    assert frame.collect()[0].m == 4


def test_an_error_in_the_data_names_the_place_and_the_session_goes_on(spark: Any) -> None:
    """Division by zero underlines the SQL, or names the line of Python."""
    with pytest.raises(ArithmeticException) as sql:
        spark.sql("SELECT 1 / (id - 1) FROM t").collect()
    assert sql.value.getCondition() == "DIVIDE_BY_ZERO"
    assert "SELECT 1 / (id - 1) FROM t\n       ^^^^^^^^^^^^" in str(sql.value)
    frame = spark.table("t")
    with pytest.raises(ArithmeticException, match=r"test_end_to_end\.py:\d+"):
        frame.select(1 / (frame.id - 1)).collect()
    with pytest.raises(AnalysisException, match="UNRESOLVED_COLUMN"):
        spark.sql("SELECT nope FROM t")
    assert spark.table("t").count() == 3


def test_results_are_the_engines_own_buffers(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """toArrow hands over what the engine wrote, at the same addresses."""
    made: list[int] = []
    execute = type(spark.client.core).execute

    def noting(self: Any, *arguments: Any) -> Iterator[Any]:
        for event in execute(self, *arguments):
            if isinstance(event, pa.RecordBatch):
                made.extend(b.address for c in event.columns for b in c.buffers() if b)
            yield event

    monkeypatch.setattr(type(spark.client.core), "execute", noting)
    table = spark.range(1000).selectExpr("id * 2 AS a", "cast(id AS decimal(20, 2)) AS d").toArrow()
    found = [
        buffer.address
        for column in table.columns
        for chunk in column.chunks
        for buffer in chunk.buffers()
        if buffer
    ]
    assert found and set(found) <= set(made)


def test_caching_keeps_the_rows(
    spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cached frame does not read its file again; unpersist does; our own writes refresh it."""
    path = str(tmp_path / "data")
    spark.range(3).write.parquet(path)
    frame = spark.read.parquet(path).cache()
    frame.explain()
    assert "Scan cached" in capsys.readouterr().out
    assert frame.count() == 3
    for part in Path(path).glob("*.parquet"):
        pq.write_table(pa.table({"id": [7]}), part)
    assert spark.read.parquet(path).count() == 3
    frame.unpersist()
    assert spark.read.parquet(path).count() == 1
    frame.cache().count()
    spark.range(5).write.mode("overwrite").parquet(path)
    assert spark.read.parquet(path).count() == 5


def test_tables_are_saved_read_and_dropped(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """saveAsTable gives a name to SQL and the catalog; DROP TABLE removes the files."""
    monkeypatch.setitem(
        spark._flare.config._values, "spark.sql.warehouse.dir", f"file:{tmp_path / 'house'}"
    )
    spark.range(3).write.saveAsTable("kept")
    assert spark.sql("SELECT sum(id) AS s FROM kept").collect()[0].s == 3
    assert [(x.name, x.isTemporary) for x in spark.catalog.listTables("default", "kept")] == [
        ("kept", False)
    ]
    assert list((tmp_path / "house" / "kept").glob("*.parquet"))
    spark.sql("DROP TABLE kept")
    assert not (tmp_path / "house" / "kept").exists()
    assert not spark.catalog.tableExists("kept")


def test_observations_and_checkpoints(spark: Any) -> None:
    """observe counts the rows at its point; localCheckpoint keeps rows under no plan."""
    from pyspark.sql import functions as F

    seen = Observation("seen")
    frame = spark.range(10).observe(seen, F.count(F.lit(1)).alias("n")).filter("id > 5")
    assert frame.count() == 4 and seen.get == {"n": 10}
    kept = spark.range(4).localCheckpoint()
    assert [row.id for row in kept.filter("id > 1").collect()] == [2, 3]


def slow(spark: Any) -> Any:
    return (
        spark.range(400_000)
        .crossJoin(spark.range(400_000).toDF("b"))
        .selectExpr("sum(id * b % 7) AS s")
    )


def later(seconds: float, action: Any) -> None:
    threading.Timer(seconds, action).start()


def test_running_queries_can_be_interrupted(spark: Any) -> None:
    """interruptAll and interruptTag end a query of another thread with OPERATION_CANCELED."""
    later(0.5, spark.interruptAll)
    with pytest.raises(PySparkException, match="OPERATION_CANCELED"):
        slow(spark).collect()
    spark.addTag("mine")
    later(0.5, lambda: spark.interruptTag("mine"))
    with pytest.raises(PySparkException, match="OPERATION_CANCELED"):
        slow(spark).collect()
    spark.clearTags()
    assert spark.range(3).count() == 3


def test_ctrl_c_ends_a_query_and_leaves_the_session_usable(spark: Any) -> None:
    """KeyboardInterrupt reaches the caller within a second."""
    later(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        slow(spark).collect()
    assert time.monotonic() - started < 5
    assert spark.range(3).count() == 3


def test_python_functions_run_inline_and_by_name(spark: Any) -> None:
    """F.udf in DataFrame code, spark.udf.register in SQL."""
    from pyspark.sql import functions as F

    twice = F.udf(lambda x: x * 2, "int")
    assert [row.u for row in spark.table("t").select(twice("id").alias("u")).collect()] == [2, 4, 6]
    spark.udf.register("plus_one", lambda x: x + 1, "int")
    rows = spark.sql("SELECT plus_one(id) AS p FROM t ORDER BY p").collect()
    assert [row.p for row in rows] == [2, 3, 4]


def test_models_are_functions_of_columns_and_of_sql(spark: Any) -> None:
    """register_model gives SQL a function, model(…) one for columns; both are the library's."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(7)
    points = rng.normal(size=(200, 2))
    fitted = LogisticRegression().fit(points, (points.sum(axis=1) > 0).astype(int))
    expected = fitted.predict(points).tolist()
    frame = spark.createDataFrame(pa.table({"a": points[:, 0], "b": points[:, 1]}))
    frame.createOrReplaceTempView("points")
    pyflare.register_model("classify", fitted)
    rows = spark.sql("SELECT classify(a, b) AS c FROM points").toArrow().column("c").to_pylist()
    assert rows == expected
    model = pyflare.model(fitted)
    assert frame.select(model("a", "b").alias("c")).toArrow().column("c").to_pylist() == expected
    table = pa.table({"a": points[:, 0], "b": points[:, 1]})
    assert model.predict(table).to_pylist() == expected


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pyflare", *arguments],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_scripts_run_unchanged(tmp_path: Path) -> None:
    """pyflare run: pyspark.sql.SparkSession is ours, the script sees its own arguments."""
    script = tmp_path / "job.py"
    script.write_text(
        "import sys\n"
        "from pyspark.sql import SparkSession\n"
        "from pyspark.sql.functions import col\n"
        'spark = SparkSession.builder.master("local[2]").appName("job").getOrCreate()\n'
        'spark.sparkContext.setLogLevel("ERROR")\n'
        'print(sys.argv[1:], spark.range(4).filter(col("id") > 1).count(), __name__)\n'
        "spark.stop()\n"
    )
    done = run("run", str(script), "--flag")
    assert (done.returncode, done.stdout) == (0, "['--flag'] 2 __main__\n"), done.stderr


def test_files_are_queried_from_the_shell(tmp_path: Path) -> None:
    """pyflare sql: a table per file, output as a table or as JSON, errors without a traceback."""
    path = tmp_path / "numbers.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3]}), path)
    shown = run("sql", "SELECT sum(n) AS s FROM x", "--table", f"x={path}")
    assert shown.stdout == "+---+\n|s  |\n+---+\n|6  |\n+---+\n\n", shown.stderr
    lines = run("sql", "SELECT n FROM x WHERE n > 1", "--table", f"x={path}", "--format", "json")
    assert lines.stdout == '{"n": 2}\n{"n": 3}\n'
    wrong = run("sql", "SELECT nope FROM x", "--table", f"x={path}")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("[UNRESOLVED_COLUMN") and "Traceback" not in wrong.stderr


def test_functions_count_as_they_were_when_pickled(spark: Any) -> None:
    """An action takes a function's globals as they are; a view and a cache as they were."""
    from pyspark.sql import functions as F

    scale = 2

    def scaled(x: int) -> int:
        return x * scale

    frame = spark.range(3).select(F.udf(scaled, "long")("id").alias("x"))
    frame.createOrReplaceTempView("scaled")
    frame.cache()
    assert frame.agg(F.sum("x")).collect()[0][0] == 6
    scale = 10
    assert frame.agg(F.sum("x")).collect()[0][0] == 30
    assert spark.sql("SELECT sum(x) FROM scaled").collect()[0][0] == 6
    scale = 2
    assert frame.is_cached
    frame.unpersist()
