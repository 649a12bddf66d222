"""TPC-H Q7, volume shipping, as DataFrame code."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q07(t: Tables, p: Parameters) -> DataFrame:
    n1, n2 = t.nation.alias("n1"), t.nation.alias("n2")
    there = (F.col("n1.n_name") == p["nation1"]) & (F.col("n2.n_name") == p["nation2"])
    back = (F.col("n1.n_name") == p["nation2"]) & (F.col("n2.n_name") == p["nation1"])
    return (
        t.supplier.join(t.lineitem, F.col("s_suppkey") == F.col("l_suppkey"))
        .join(t.orders, F.col("o_orderkey") == F.col("l_orderkey"))
        .join(t.customer, F.col("c_custkey") == F.col("o_custkey"))
        .join(n1, F.col("s_nationkey") == F.col("n1.n_nationkey"))
        .join(n2, F.col("c_nationkey") == F.col("n2.n_nationkey"))
        .filter(there | back)
        .filter(F.col("l_shipdate").between(date(1995, 1, 1), date(1996, 12, 31)))
        .select(
            F.col("n1.n_name").alias("supp_nation"),
            F.col("n2.n_name").alias("cust_nation"),
            F.year("l_shipdate").alias("l_year"),
            (F.col("l_extendedprice") * (1 - F.col("l_discount"))).alias("volume"),
        )
        .groupBy("supp_nation", "cust_nation", "l_year")
        .agg(F.sum("volume").alias("revenue"))
        .orderBy("supp_nation", "cust_nation", "l_year")
    )
