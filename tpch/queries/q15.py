"""TPC-H Q15, top supplier, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q15(t: Tables, p: Parameters) -> DataFrame:
    revenue = (
        t.lineitem.filter(
            (F.col("l_shipdate") >= p["date"])
            & (F.col("l_shipdate") < F.lit(p["date"]) + F.expr("interval '3' month"))
        )
        .groupBy(F.col("l_suppkey").alias("supplier_no"))
        .agg(F.sum(F.col("l_extendedprice") * (1 - F.col("l_discount"))).alias("total_revenue"))
    )
    best = revenue.agg(F.max("total_revenue").alias("best_revenue"))
    return (
        t.supplier.join(revenue, F.col("s_suppkey") == F.col("supplier_no"))
        .join(best, F.col("total_revenue") == F.col("best_revenue"))
        .select("s_suppkey", "s_name", "s_address", "s_phone", "total_revenue")
        .orderBy("s_suppkey")
    )
