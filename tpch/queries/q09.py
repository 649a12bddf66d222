"""TPC-H Q9, product type profit measure, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q09(t: Tables, p: Parameters) -> DataFrame:
    amount = F.col("l_extendedprice") * (1 - F.col("l_discount")) - F.col("ps_supplycost") * F.col(
        "l_quantity"
    )
    return (
        t.part.filter(F.col("p_name").like(f"%{p['color']}%"))
        .join(t.lineitem, F.col("p_partkey") == F.col("l_partkey"))
        .join(t.supplier, F.col("s_suppkey") == F.col("l_suppkey"))
        .join(
            t.partsupp,
            (F.col("ps_suppkey") == F.col("l_suppkey"))
            & (F.col("ps_partkey") == F.col("l_partkey")),
        )
        .join(t.orders, F.col("o_orderkey") == F.col("l_orderkey"))
        .join(t.nation, F.col("s_nationkey") == F.col("n_nationkey"))
        .select(
            F.col("n_name").alias("nation"),
            F.year("o_orderdate").alias("o_year"),
            amount.alias("amount"),
        )
        .groupBy("nation", "o_year")
        .agg(F.sum("amount").alias("sum_profit"))
        .orderBy("nation", F.desc("o_year"))
    )
