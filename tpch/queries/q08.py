"""TPC-H Q8, national market share, as DataFrame code."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q08(t: Tables, p: Parameters) -> DataFrame:
    n1, n2 = t.nation.alias("n1"), t.nation.alias("n2")
    sold = (
        t.part.filter(F.col("p_type") == p["type"])
        .join(t.lineitem, F.col("p_partkey") == F.col("l_partkey"))
        .join(t.supplier, F.col("s_suppkey") == F.col("l_suppkey"))
        .join(t.orders, F.col("l_orderkey") == F.col("o_orderkey"))
        .filter(F.col("o_orderdate").between(date(1995, 1, 1), date(1996, 12, 31)))
        .join(t.customer, F.col("o_custkey") == F.col("c_custkey"))
        .join(n1, F.col("c_nationkey") == F.col("n1.n_nationkey"))
        .join(t.region, F.col("n1.n_regionkey") == F.col("r_regionkey"))
        .filter(F.col("r_name") == p["region"])
        .join(n2, F.col("s_nationkey") == F.col("n2.n_nationkey"))
        .select(
            F.year("o_orderdate").alias("o_year"),
            (F.col("l_extendedprice") * (1 - F.col("l_discount"))).alias("volume"),
            F.col("n2.n_name").alias("nation"),
        )
    )
    own = F.when(F.col("nation") == p["nation"], F.col("volume")).otherwise(0)
    return (
        sold.groupBy("o_year")
        .agg((F.sum(own) / F.sum("volume")).alias("mkt_share"))
        .orderBy("o_year")
    )
