"""TPC-H Q17, small-quantity-order revenue, as DataFrame code."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q17(t: Tables, p: Parameters) -> DataFrame:
    average = t.lineitem.groupBy(F.col("l_partkey").alias("avg_partkey")).agg(
        (F.lit(Decimal("0.2")) * F.avg("l_quantity")).alias("low_quantity")
    )
    return (
        t.lineitem.join(t.part, F.col("p_partkey") == F.col("l_partkey"))
        .filter((F.col("p_brand") == p["brand"]) & (F.col("p_container") == p["container"]))
        .join(average, F.col("l_partkey") == F.col("avg_partkey"))
        .filter(F.col("l_quantity") < F.col("low_quantity"))
        .agg((F.sum("l_extendedprice") / F.expr("7.0")).alias("avg_yearly"))
    )
