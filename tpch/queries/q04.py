"""TPC-H Q4, order priority checking, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q04(t: Tables, p: Parameters) -> DataFrame:
    late = t.lineitem.filter(F.col("l_commitdate") < F.col("l_receiptdate"))
    return (
        t.orders.filter(
            (F.col("o_orderdate") >= p["date"])
            & (F.col("o_orderdate") < F.lit(p["date"]) + F.expr("interval '3' month"))
        )
        .join(late, F.col("o_orderkey") == F.col("l_orderkey"), "left_semi")
        .groupBy("o_orderpriority")
        .agg(F.count("*").alias("order_count"))
        .orderBy("o_orderpriority")
    )
