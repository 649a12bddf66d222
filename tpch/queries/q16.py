"""TPC-H Q16, parts/supplier relationship, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q16(t: Tables, p: Parameters) -> DataFrame:
    complained = t.supplier.filter(F.col("s_comment").like("%Customer%Complaints%"))
    return (
        t.partsupp.join(t.part, F.col("p_partkey") == F.col("ps_partkey"))
        .filter(
            (F.col("p_brand") != p["brand"])
            & ~F.col("p_type").like(f"{p['type']}%")
            & F.col("p_size").isin(*p["sizes"])
        )
        .join(complained, F.col("ps_suppkey") == F.col("s_suppkey"), "left_anti")
        .groupBy("p_brand", "p_type", "p_size")
        .agg(F.countDistinct("ps_suppkey").alias("supplier_cnt"))
        .orderBy(F.desc("supplier_cnt"), "p_brand", "p_type", "p_size")
    )
