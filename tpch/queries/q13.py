"""TPC-H Q13, customer distribution, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q13(t: Tables, p: Parameters) -> DataFrame:
    ordinary = t.orders.filter(~F.col("o_comment").like(f"%{p['word1']}%{p['word2']}%"))
    return (
        t.customer.join(ordinary, F.col("c_custkey") == F.col("o_custkey"), "left")
        .groupBy("c_custkey")
        .agg(F.count("o_orderkey").alias("c_count"))
        .groupBy("c_count")
        .agg(F.count("*").alias("custdist"))
        .orderBy(F.desc("custdist"), F.desc("c_count"))
    )
