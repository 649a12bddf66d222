"""TPC-H Q20, potential part promotion, as DataFrame code."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q20(t: Tables, p: Parameters) -> DataFrame:
    shipped = (
        t.lineitem.filter(
            (F.col("l_shipdate") >= p["date"])
            & (F.col("l_shipdate") < F.lit(p["date"]) + F.expr("interval '1' year"))
        )
        .groupBy("l_partkey", "l_suppkey")
        .agg((F.lit(Decimal("0.5")) * F.sum("l_quantity")).alias("half_shipped"))
    )
    wanted = t.part.filter(F.col("p_name").like(f"{p['color']}%"))
    surplus = (
        t.partsupp.join(wanted, F.col("ps_partkey") == F.col("p_partkey"), "left_semi")
        .join(
            shipped,
            (F.col("l_partkey") == F.col("ps_partkey"))
            & (F.col("l_suppkey") == F.col("ps_suppkey")),
        )
        .filter(F.col("ps_availqty") > F.col("half_shipped"))
    )
    return (
        t.supplier.join(surplus, F.col("s_suppkey") == F.col("ps_suppkey"), "left_semi")
        .join(t.nation, F.col("s_nationkey") == F.col("n_nationkey"))
        .filter(F.col("n_name") == p["nation"])
        .select("s_name", "s_address")
        .orderBy("s_name")
    )
