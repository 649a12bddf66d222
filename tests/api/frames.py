"""The DataFrames that the scripts start from."""

from __future__ import annotations

from typing import Any


def frames(spark: Any) -> dict[str, Any]:
    """The DataFrames that the scripts start from."""
    from datetime import date, datetime
    from decimal import Decimal

    from pyspark.sql import Row

    people = [
        (1, "Ann", 31, 1, 3000.5, date(2020, 1, 15), None, True),
        (2, "Bob", 45, 1, 2500.0, date(2019, 6, 1), 1, True),
        (3, "Carl", 28, 2, 1800.25, date(2021, 6, 15), 1, False),
        (4, "Dana", 39, 2, 2100.0, date(2022, 2, 28), 3, True),
        (5, "Eve", 23, None, 1500.75, date(2023, 12, 31), 2, False),
        (6, "Ann", 52, 9, 4100.0, date(2018, 3, 3), None, True),
    ]
    columns = (
        "id int, name string, age int, dept int, "
        "salary double, hired date, boss int, senior boolean"
    )
    emp = spark.createDataFrame(people, columns)
    dept = spark.createDataFrame(
        [(1, "Sales", 10000), (2, "Lab", 5000), (3, "Empty", 7000)],
        "dept int, title string, budget int",
    )
    emp.createOrReplaceTempView("emp")
    dept.createOrReplaceTempView("dept")
    nulls = spark.createDataFrame(
        [
            (1, "a", 1.5, True),
            (None, None, None, None),
            (2, "b", None, False),
            (None, "a", float("nan"), None),
        ],
        "i int, s string, f double, b boolean",
    )
    nums = spark.createDataFrame(
        [
            (7, 3, 2.25, Decimal("12.35")),
            (-7, 3, -2.5, Decimal("-0.05")),
            (0, 5, 0.0, Decimal("99999.99")),
            (None, 1, None, None),
        ],
        "i int, j int, x double, d decimal(10,2)",
    )
    dates = spark.createDataFrame(
        [
            (date(2024, 1, 31), datetime(2024, 2, 29, 13, 14, 15, 678900), "2024-01-31"),
            (date(1999, 12, 31), datetime(2000, 1, 1), "1999-12-31"),
            (None, None, None),
        ],
        "d date, t timestamp, s string",
    )
    everything = spark.createDataFrame(
        [
            (1, 2, 3, 4, 1.5, 2.5, Decimal("1.20"), "s", bytearray(b"\x01\xff"), True,
             date(2024, 1, 1), datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12), [1, None],
             {"k": 1}, Row(x=1, y="z")),
            (None,) * 16,
        ],
        "b tinyint, s smallint, i int, l bigint, f float, d double, m decimal(5,2), str string, "
        "bin binary, flag boolean, dt date, ts timestamp, ntz timestamp_ntz, arr array<int>, "
        "map map<string,int>, struct struct<x:int,y:string>",
    )  # fmt: skip
    a = spark.createDataFrame([(1, "x"), (2, "y"), (2, "y"), (None, "n")], "k int, v string")
    b = spark.createDataFrame([(2, "y"), (3, "z"), (None, "n")], "k int, v string")
    return {"emp": emp, "dept": dept, "nulls": nulls, "nums": nums, "dates": dates,
            "everything": everything, "a": a, "b": b}  # fmt: skip
