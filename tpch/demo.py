"""The main job: TPC-H Q6 and Q1 as SQL and as DataFrame code beside DuckDB, then the classifier."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pyflare.tpch import crime
from pyflare.tpch.compare import differences
from pyflare.tpch.crime_spark import seconds_on_spark
from pyflare.tpch.data import generate
from pyflare.tpch.parameters import VALIDATION, sql
from pyflare.tpch.progress import Bar
from pyflare.tpch.queries import DATAFRAMES
from pyflare.tpch.systems import DuckDB
from pyflare.tpch.tables import read_tables


def demo(data: Path, scale: float) -> None:
    """Runs everything from nothing and prints what a session would show."""
    folder = data / f"tpch-sf{scale:g}"
    generate(scale, folder, Bar(f"TPC-H SF {scale:g} data"))
    tpch(folder)
    python_function()
    classifier()


def tpch(folder: Path) -> None:
    """Q6 and Q1: first run from Parquet, then again; the same answers as DuckDB."""
    import os

    import pyflare

    spark = pyflare.SparkSession.builder.appName("demo").getOrCreate()
    tables = read_tables(spark, folder)
    peer = DuckDB(folder, len(os.sched_getaffinity(0)), memory=False)
    for query in (6, 1):
        text = sql(query)
        print(f">>> flare(tpchq{query}).show()")
        seconds, _ = timed(partial(show, text))
        print(f"first run, from Parquet, compiled: {seconds * 1000:.0f} ms")
        ours, mine = best(partial(arrow, text))
        theirs, expected = best(partial(answer_of, peer, text))
        frame = DATAFRAMES[query](tables, VALIDATION[query])
        again, same = best(frame.toArrow)
        for name, answer in (("SQL", mine), ("DataFrame", same)):
            wrong = differences(answer, expected)
            print(f"{name} answer {'equals DuckDB’s' if wrong is None else 'DIFFERS: ' + wrong}")
        print(f"again, columns resident: SQL {ours * 1000:.1f} ms, DataFrame {again * 1e3:.1f} ms, "
              f"DuckDB on the files {theirs * 1000:.1f} ms\n")  # fmt: skip
    peer.close()


def months_to_pay(price: float) -> float:
    """How many monthly instalments of 2,500 pay off `price` at 1 % a month; at most 60."""
    balance, months = price, 0.0
    while balance > 0.0 and months < 60.0:
        balance = balance * 1.01 - 2500.0
        months = months + 1.0
    return months


def python_function() -> None:
    """An ordinary Python function over six million rows, its loop compiled by numba."""
    import pyflare

    spark = pyflare.SparkSession.builder.getOrCreate()
    spark.udf.register("months_to_pay", months_to_pay, "double")
    text = """
        select round(avg(months_to_pay(cast(l_extendedprice as double))), 3) as months
        from lineitem where l_quantity < 20
    """
    print(">>> a Python UDF with a loop, compiled by numba and inlined")
    first, _ = timed(partial(arrow, text))
    seconds, _ = best(partial(arrow, text))
    pyflare.flare(text).show()
    print(
        f"first {first * 1e3:.0f} ms (numba's import and compilation), "
        f"then {seconds * 1e3:.0f} ms\n"
    )


def classifier() -> None:
    """The TensorFlare query at 200, 2,000 and 2,000,000 rows, beside the library's own answer."""
    import pyflare

    print("The classifier query: synthetic rows around four clusters of R's USArrests")
    data = crime.load()
    model = crime.train(data)
    pyflare.register_model("classifier", model)
    spark = pyflare.SparkSession.builder.getOrCreate()
    for rows in (200, 2_000, 2_000_000):
        table = data.draw(rows, seed=1)
        spark.createDataFrame(table).createOrReplaceTempView("data")
        first, answer = timed(partial(arrow, crime.QUERY))
        seconds, answer = best(partial(arrow, crime.QUERY))
        library, expected = timed(partial(crime.expected, model, table))
        same = [tuple(row.values()) for row in answer.to_pylist()] == expected
        pyflare.flare(crime.QUERY).show()
        spark_says = ""
        if rows <= 2_000:
            times = seconds_on_spark(model, table)
            spark_says = (
                "Spark not run: no Java; "
                if times is None
                else f"Spark with a PySpark UDF first {times[0]:.2f} s, then {times[1]:.2f} s; "
            )
        print(f"{rows:,} rows: first {first * 1000:.1f} ms, then {seconds * 1000:.1f} ms; "
              f"scikit-learn and pandas {library * 1000:.1f} ms; {spark_says}"
              f"answers {'equal' if same else 'DIFFER'}\n")  # fmt: skip


def arrow(text: str) -> Any:
    """From SQL text to a complete Arrow table."""
    from pyflare import flare

    return flare(text).toArrow()


def show(text: str) -> None:
    from pyflare import flare

    flare(text).show()


def answer_of(peer: DuckDB, text: str) -> Any:
    return peer.run(text).table


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def best(action: Callable[[], Any], runs: int = 5) -> tuple[float, Any]:
    """The median time of several runs, and the last result."""
    measured = [timed(action) for _ in range(runs)]
    return sorted(seconds for seconds, _ in measured)[runs // 2], measured[-1][1]
