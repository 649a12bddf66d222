"""A real local Spark session behind pipes: JSON requests in, schemas and rows as text out."""

from __future__ import annotations

import json
import re
import sys
from typing import Any


def rows_of(frame: Any) -> list[list[str | None]]:
    """Every value in Python's repr, so that types and digits are compared too."""
    return [[None if v is None else repr(v) for v in row] for row in frame.collect()]


def answer(spark: Any, request: dict[str, Any]) -> dict[str, Any]:
    if "ping" in request:
        return {"version": spark.version}
    try:
        for name, path in request.get("tables", {}).items():
            spark.read.parquet(path).createOrReplaceTempView(name)
        frame = spark.sql(request["sql"])
        return {"schema": json.loads(frame.schema.json()), "rows": rows_of(frame)}
    except Exception as error:
        condition = getattr(error, "getCondition", lambda: None)()
        if condition is None:  # some run-time errors arrive as plain Java exceptions
            found = re.search(r"\[([A-Z][A-Z0-9_.]+)\]", str(error))
            condition = found.group(1) if found else None
        return {"error": str(error).splitlines()[0], "class": condition}


def main() -> None:
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    spark = (
        builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    for line in sys.stdin:
        print(json.dumps(answer(spark, json.loads(line))), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
