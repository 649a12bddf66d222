"""TPC-H Q19, discounted revenue, as DataFrame code."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q19(t: Tables, p: Parameters) -> DataFrame:
    def offer(brand: str, containers: list[str], quantity: int, size: int) -> Column:
        return (
            (F.col("p_brand") == brand)
            & F.col("p_container").isin(containers)
            & F.col("l_quantity").between(quantity, quantity + 10)
            & F.col("p_size").between(1, size)
        )

    offers = (
        offer(p["brand1"], ["SM CASE", "SM BOX", "SM PACK", "SM PKG"], p["quantity1"], 5)
        | offer(p["brand2"], ["MED BAG", "MED BOX", "MED PKG", "MED PACK"], p["quantity2"], 10)
        | offer(p["brand3"], ["LG CASE", "LG BOX", "LG PACK", "LG PKG"], p["quantity3"], 15)
    )
    return (
        t.lineitem.join(t.part, F.col("p_partkey") == F.col("l_partkey"))
        .filter(
            offers
            & F.col("l_shipmode").isin("AIR", "AIR REG")
            & (F.col("l_shipinstruct") == "DELIVER IN PERSON")
        )
        .agg(F.sum(F.col("l_extendedprice") * (1 - F.col("l_discount"))).alias("revenue"))
    )
