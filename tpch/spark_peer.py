"""Real Spark behind two pipes: reads {"sql", "path"} lines, answers {"seconds"} lines."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from pyflare.tpch.tables import TABLES, read_tables


def main(folder: str, threads: str, mode: str, schema: str) -> None:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    spark = (
        builder.master(f"local[{threads}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "6g")
        .config("spark.sql.shuffle.partitions", threads)
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    tables = read_tables(spark, folder, doubles=schema == "doubles")
    if mode == "memory":
        for name in TABLES:
            getattr(tables, name).cache().count()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            start = time.perf_counter()
            table = spark.sql(request["sql"]).toArrow()
            seconds = time.perf_counter() - start
            with (
                pa.OSFile(request["path"], "wb") as file,
                pa.ipc.new_file(file, table.schema) as out,
            ):
                out.write_table(table)
            print(json.dumps({"seconds": seconds}), flush=True)
        except Exception as error:  # the parent reports it against the query
            print(json.dumps({"error": str(error).splitlines()[0]}), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
