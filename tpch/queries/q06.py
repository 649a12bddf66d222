"""TPC-H Q6, forecasting revenue change, as DataFrame code."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q06(t: Tables, p: Parameters) -> DataFrame:
    cent = Decimal("0.01")
    return t.lineitem.filter(
        (F.col("l_shipdate") >= p["date"])
        & (F.col("l_shipdate") < F.lit(p["date"]) + F.expr("interval '1' year"))
        & F.col("l_discount").between(p["discount"] - cent, p["discount"] + cent)
        & (F.col("l_quantity") < p["quantity"])
    ).agg(F.sum(F.col("l_extendedprice") * F.col("l_discount")).alias("revenue"))
