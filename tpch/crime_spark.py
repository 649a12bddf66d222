"""The classifier query on real Spark, with the model in an ordinary PySpark UDF: row by row.

Run in a process of its own: `python -m pyflare.tpch.crime_spark FILE.parquet MODEL.pickle`
prints the seconds of the first run and of a second one as a JSON line.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pyflare.tpch.crime import QUERY


def seconds_on_spark(model: Any, table: Any) -> tuple[float, float] | None:
    """Seconds of the query's first and second run on Spark; None without Java."""
    import pyarrow.parquet as pq

    if shutil.which("java") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data, saved = Path(folder) / "data.parquet", Path(folder) / "model.pickle"
        pq.write_table(table, data)
        saved.write_bytes(pickle.dumps(model))
        command = [sys.executable, "-m", "pyflare.tpch.crime_spark", str(data), str(saved)]
        environment = {k: v for k, v in os.environ.items() if k != "SPARK_CONNECT_MODE_ENABLED"}
        environment["PYSPARK_PYTHON"] = sys.executable
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=1800, env=environment
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            raise RuntimeError(f"Spark failed: {done.stderr.strip().splitlines()[-1:]}")
        figures = json.loads(lines[-1])
        return figures["first"], figures["again"]


def main(data: str, saved: str) -> None:
    from pyspark.sql import SparkSession

    model = pickle.loads(Path(saved).read_bytes())
    builder: Any = SparkSession.builder
    spark = builder.master("local[*]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")

    def classifier(murder: float, assault: float, population: float, rape: float) -> int:
        return int(model.predict([[murder, assault, population, rape]])[0])

    spark.udf.register("classifier", classifier, "int")
    spark.read.parquet(data).cache().createOrReplaceTempView("data")
    spark.sql("select count(*) from data").collect()
    times = []
    for _ in range(2):
        start = time.perf_counter()
        spark.sql(QUERY).collect()
        times.append(time.perf_counter() - start)
    print(json.dumps({"first": times[0], "again": times[1]}), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
