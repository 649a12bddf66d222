"""TPC-H Q2, minimum cost supplier, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q02(t: Tables, p: Parameters) -> DataFrame:
    europe = (
        t.partsupp.join(t.supplier, F.col("ps_suppkey") == F.col("s_suppkey"))
        .join(t.nation, F.col("s_nationkey") == F.col("n_nationkey"))
        .join(t.region, F.col("n_regionkey") == F.col("r_regionkey"))
        .filter(F.col("r_name") == p["region"])
    )
    cheapest = europe.groupBy(F.col("ps_partkey").alias("cheap_partkey")).agg(
        F.min("ps_supplycost").alias("least_cost")
    )
    return (
        t.part.filter((F.col("p_size") == p["size"]) & F.col("p_type").like(f"%{p['type']}"))
        .join(europe, F.col("p_partkey") == F.col("ps_partkey"))
        .join(
            cheapest,
            (F.col("p_partkey") == F.col("cheap_partkey"))
            & (F.col("ps_supplycost") == F.col("least_cost")),
        )
        .select(
            "s_acctbal",
            "s_name",
            "n_name",
            "p_partkey",
            "p_mfgr",
            "s_address",
            "s_phone",
            "s_comment",
        )
        .orderBy(F.desc("s_acctbal"), "n_name", "s_name", "p_partkey")
        .limit(100)
    )
