"""TPC-H Q18, large volume customer, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q18(t: Tables, p: Parameters) -> DataFrame:
    large = (
        t.lineitem.groupBy(F.col("l_orderkey").alias("large_orderkey"))
        .agg(F.sum("l_quantity").alias("quantity"))
        .filter(F.col("quantity") > p["quantity"])
    )
    return (
        t.customer.join(t.orders, F.col("c_custkey") == F.col("o_custkey"))
        .join(t.lineitem, F.col("o_orderkey") == F.col("l_orderkey"))
        .join(large, F.col("o_orderkey") == F.col("large_orderkey"), "left_semi")
        .groupBy("c_name", "c_custkey", "o_orderkey", "o_orderdate", "o_totalprice")
        .agg(F.sum("l_quantity"))
        .orderBy(F.desc("o_totalprice"), "o_orderdate")
        .limit(100)
    )
