"""TPC-H Q11, important stock identification, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q11(t: Tables, p: Parameters) -> DataFrame:
    stock = (
        t.partsupp.join(t.supplier, F.col("ps_suppkey") == F.col("s_suppkey"))
        .join(t.nation, F.col("s_nationkey") == F.col("n_nationkey"))
        .filter(F.col("n_name") == p["nation"])
        .withColumn("worth", F.col("ps_supplycost") * F.col("ps_availqty"))
    )
    threshold = stock.agg((F.sum("worth") * F.lit(p["fraction"])).alias("threshold"))
    return (
        stock.groupBy("ps_partkey")
        .agg(F.sum("worth").alias("value"))
        .crossJoin(threshold)
        .filter(F.col("value") > F.col("threshold"))
        .select("ps_partkey", "value")
        .orderBy(F.desc("value"))
    )
