"""TPC-H Q14, promotion effect, as DataFrame code."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q14(t: Tables, p: Parameters) -> DataFrame:
    revenue = F.col("l_extendedprice") * (1 - F.col("l_discount"))
    promo = F.when(F.col("p_type").like("PROMO%"), revenue).otherwise(0)
    return (
        t.lineitem.join(t.part, F.col("l_partkey") == F.col("p_partkey"))
        .filter(
            (F.col("l_shipdate") >= p["date"])
            & (F.col("l_shipdate") < F.lit(p["date"]) + F.expr("interval '1' month"))
        )
        .agg((F.lit(Decimal("100.00")) * F.sum(promo) / F.sum(revenue)).alias("promo_revenue"))
    )
