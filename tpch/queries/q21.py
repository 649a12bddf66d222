"""TPC-H Q21, suppliers who kept orders waiting, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q21(t: Tables, p: Parameters) -> DataFrame:
    l1, l2, l3 = (t.lineitem.alias(name) for name in ("l1", "l2", "l3"))
    other = (F.col("l2.l_orderkey") == F.col("l1.l_orderkey")) & (
        F.col("l2.l_suppkey") != F.col("l1.l_suppkey")
    )
    other_late = (
        (F.col("l3.l_orderkey") == F.col("l1.l_orderkey"))
        & (F.col("l3.l_suppkey") != F.col("l1.l_suppkey"))
        & (F.col("l3.l_receiptdate") > F.col("l3.l_commitdate"))
    )
    return (
        t.supplier.join(l1, F.col("s_suppkey") == F.col("l1.l_suppkey"))
        .join(t.orders, F.col("o_orderkey") == F.col("l1.l_orderkey"))
        .join(t.nation, F.col("s_nationkey") == F.col("n_nationkey"))
        .filter(
            (F.col("o_orderstatus") == "F")
            & (F.col("l1.l_receiptdate") > F.col("l1.l_commitdate"))
            & (F.col("n_name") == p["nation"])
        )
        .join(l2, other, "left_semi")
        .join(l3, other_late, "left_anti")
        .groupBy("s_name")
        .agg(F.count("*").alias("numwait"))
        .orderBy(F.desc("numwait"), "s_name")
        .limit(100)
    )
