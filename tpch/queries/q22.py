"""TPC-H Q22, global sales opportunity, as DataFrame code."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pyflare.tpch.parameters import Parameters
from pyflare.tpch.tables import Tables


def q22(t: Tables, p: Parameters) -> DataFrame:
    candidates = (
        t.customer.withColumn("cntrycode", F.substring("c_phone", 1, 2))
        .filter(F.col("cntrycode").isin(*p["codes"]))
        .select("c_custkey", "cntrycode", "c_acctbal")
    )
    average = candidates.filter(F.col("c_acctbal") > Decimal("0.00")).agg(
        F.avg("c_acctbal").alias("average")
    )
    return (
        candidates.crossJoin(average)
        .filter(F.col("c_acctbal") > F.col("average"))
        .join(t.orders, F.col("o_custkey") == F.col("c_custkey"), "left_anti")
        .groupBy("cntrycode")
        .agg(F.count("*").alias("numcust"), F.sum("c_acctbal").alias("totacctbal"))
        .orderBy("cntrycode")
    )
