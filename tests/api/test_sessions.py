"""Life of a session in scripts: threads, interrupts, explain, foreach, stop, pyflare run."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import PythonException, UnsupportedOperationException
from pyspark.sql.connect import functions as F

ROOT = Path(__file__).parents[2]


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`pyflare run script`."""
    command = [sys.executable, "-m", "pyflare", "run", str(script), *arguments]
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=there, cwd=script.parent
    )


def test_an_unchanged_script_runs(tmp_path: Path) -> None:
    """local[N], star imports, modules beside the script, its arguments and its exit status."""
    (tmp_path / "helper.py").write_text("def double(x):\n    return x * 2\n")
    script = tmp_path / "job.py"
    script.write_text(
        """
import sys
from pyspark.sql import SparkSession, DataFrame, Column
from pyspark.sql.functions import *
from pyspark.sql.types import *
from helper import double

if __name__ == "__main__":
    spark = (SparkSession.builder.appName("Job").master("local[1]")
             .config("spark.driver.memory", "1g").enableHiveSupport().getOrCreate())
    sc = spark.sparkContext
    sc.setLogLevel("WARN")
    print(sc.appName, sc.master, sc.defaultParallelism, sc.getConf().get("spark.app.name"))
    df = spark.range(int(sys.argv[1])).withColumn("d", udf(double, LongType())(col("id")))
    df.agg(sum("d"), max("d")).show()
    df.createOrReplaceTempView("t")
    print(spark.sql("select count(*) c from t where d > 4").collect())
    print(isinstance(df, DataFrame), isinstance(df.d, Column))
    spark.stop()
    sys.exit(3)
"""
    )
    done = run(script, "10")
    assert done.returncode == 3, done.stderr
    assert done.stdout == (
        "Job local[1] 1 Job\n"
        "+------+------+\n|sum(d)|max(d)|\n+------+------+\n|    90|    18|\n+------+------+\n\n"
        "[Row(c=7)]\nTrue True\n"
    )


def test_threads_share_a_session(spark: Any) -> None:
    """Queries of several Python threads at once answer as alone."""
    rows = spark.range(2000).withColumn("k", F.col("id") % 7)
    wrong: list[Any] = []

    def work(thread: int) -> None:
        for turn in range(4):
            above = thread * 10 + turn
            counts = rows.filter(F.col("id") > above).groupBy("k").count().collect()
            if sum(row["count"] for row in counts) != 1999 - above:
                wrong.append((thread, turn, counts))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_interrupt_ends_a_query_and_not_the_session(spark: Any) -> None:
    """Ctrl-C during a query that would take minutes."""
    left, right = spark.range(200_000), spark.range(200_000).toDF("b")
    endless = left.crossJoin(right).agg(F.sum((F.col("id") * F.col("b")) % 1_000_003))
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    begun = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        endless.collect()
    assert time.monotonic() - begun < 5
    assert spark.range(5).count() == 5


@pytest.mark.parametrize(
    ("mode", "parts"),
    [
        ("simple", ["== Physical Plan =="]),
        ("extended", ["== Parsed Logical", "== Analyzed Logical", "== Optimized Logical"]),
        ("codegen", ["== Physical IR ==", "== LLVM IR ==", "define i64 @run"]),
        ("cost", ["== Optimized Logical Plan ==", "rows"]),
        ("formatted", ["== Physical Plan ==", "== Rules =="]),
    ],
)
def test_explain_shows_each_stage(spark: Any, mode: str, parts: list[str]) -> None:
    """All five modes of df.explain print their sections."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        spark.range(9).filter("id > 3").groupBy().sum("id").explain(mode)
    assert [part for part in parts if part not in out.getvalue()] == []


def test_foreach_runs_here(spark: Any) -> None:
    """foreach and foreachPartition call the function here; its error is PySpark's."""
    seen: list[int] = []
    spark.range(3).foreach(lambda row: seen.append(row.id))
    spark.range(3).foreachPartition(lambda rows: seen.extend(row.id for row in rows))
    assert sorted(seen) == [0, 0, 1, 1, 2, 2]
    with pytest.raises(PythonException, match="ZeroDivisionError"):
        spark.range(1).foreach(lambda row: 1 / row.id)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (lambda df: df.select(F.explode(F.array("id"))), "explode"),
        (lambda df: df.select(F.udf(lambda x: [x], "array<int>")("id")), "returns an array"),
        (lambda df: df.mapInPandas(lambda it: it, df.schema), "mapInPandas"),
        (lambda df: df.sparkSession.readStream.format("rate").load(), "readStream"),
    ],
)
def test_what_is_not_built_is_refused_by_name(spark: Any, query: Any, named: str) -> None:
    """Never an approximation: an UnsupportedOperationException with the construct's name."""
    with pytest.raises(UnsupportedOperationException, match=named):
        query(spark.range(3)).collect()


def test_a_stopped_session_makes_room_for_a_new_one(tmp_path: Path) -> None:
    """After stop(), getOrCreate gives another session, and the old one says that it is closed."""
    script = tmp_path / "stop.py"
    script.write_text(
        """
from pyspark.sql import SparkSession
first = SparkSession.builder.getOrCreate()
first.range(3).createOrReplaceTempView("t")
first.stop()
second = SparkSession.builder.getOrCreate()
print(second is first, second.range(4).count(), second.catalog.tableExists("t"))
try:
    first.range(3).count()
except Exception as error:
    print(type(error).__name__, error.getCondition())
"""
    )
    assert run(script).stdout == "False 4 False\nSparkConnectException NO_ACTIVE_SESSION\n"
