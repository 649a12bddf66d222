"""The eight TPC-H tables of a data folder, as DataFrames of any Spark session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


@dataclass(frozen=True, slots=True)
class Tables:
    """One DataFrame per table."""

    customer: Any
    lineitem: Any
    nation: Any
    orders: Any
    part: Any
    partsupp: Any
    region: Any
    supplier: Any


def read_tables(spark: Any, folder: str | Path, doubles: bool = False) -> Tables:
    """Reads the Parquet files and names them as views, so that the SQL forms find them.

    `doubles` casts decimals to double: the schema of Flare's published experiments.
    """
    frames = {}
    for name in TABLES:
        frame = spark.read.parquet(str(Path(folder) / f"{name}.parquet"))
        if doubles:
            frame = frame.selectExpr(
                *(
                    f"cast({c} as double) as {c}" if kind.startswith("decimal") else c
                    for c, kind in frame.dtypes
                )
            )
        frame.createOrReplaceTempView(name)
        frames[name] = frame
    return Tables(**frames)
