"""What a snippet of a user's script gives: rows and schema, a value, a text or an error.

The same code runs on Spark (record.py) and on PyFlare (test_scripts.py); outcomes are plain JSON.
"""

from __future__ import annotations

import ast
import contextlib
import io
import math
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent / "scripts"
RECORDED = Path(__file__).parent / "recorded"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Statements, and an expression whose value is the outcome."""

    area: str
    code: str

    @property
    def title(self) -> str:
        return f"{self.area}: {self.code}"


def snippets(area: str) -> list[Snippet]:
    """The blocks of scripts/<area>.txt, in order: later ones may use earlier ones' files."""
    blocks = re.split(r"\n\s*\n", (SCRIPTS / f"{area}.txt").read_text().strip())
    codes = ["\n".join(ln for ln in b.splitlines() if not ln.startswith("# ")) for b in blocks]
    return [Snippet(area, code) for code in codes if code.strip()]


def areas() -> list[str]:
    """The names of all scripts."""
    return sorted(path.stem for path in SCRIPTS.glob("*.txt"))


def run(snippet: Snippet, names: dict[str, Any]) -> Any:
    """The outcome of one snippet."""
    tree = ast.parse(snippet.code)
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = tree.body[:-1] if last else tree.body
    scope = dict(names)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(ast.Module(body, []), "<snippet>", "exec"), scope)
            value = (
                eval(compile(ast.Expression(last.value), "<snippet>", "eval"), scope)
                if last
                else None
            )
            return _plain(value)
    except Exception as error:
        return {"error": _described(error)}


def _described(error: Exception) -> list[str]:
    condition = getattr(error, "getCondition", lambda: None)()
    name = type(error).__name__
    if condition is None:
        condition = re.sub(r"0x[0-9a-f]+", "0x", str(error).split("\n")[0])[:200]
    return [name, condition]


def _plain(value: Any) -> Any:
    if _is_frame(value):
        rows = value.collect()
        return {"schema": _tree(value), "rows": sorted(_text(row) for row in rows)}
    if isinstance(value, list) and any(map(_is_frame, value)):
        return [_plain(v) for v in value]
    return _text(value) if not isinstance(value, str) else value


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and hasattr(value, "printSchema")


def _tree(frame: Any) -> list[str]:
    def plain(field: Any) -> str:
        return f"{field.name}: {field.dataType.simpleString()}" + (
            "" if field.nullable else " not null"
        )

    return [plain(field) for field in frame.schema.fields]


def _text(value: Any) -> str:
    """repr, with doubles to 12 digits."""

    def rounded(v: Any) -> Any:
        if isinstance(v, float) and math.isfinite(v):
            return float(f"{v:.12g}")
        if type(v) in (list, tuple):
            return type(v)(rounded(x) for x in v)
        if isinstance(v, dict):
            return {k: rounded(x) for k, x in v.items()}
        if isinstance(v, tuple) and hasattr(v, "__fields__"):
            made = type(v)(*[rounded(x) for x in v])
            made.__fields__ = v.__fields__
            return made
        return v

    text = re.sub(r"0x[0-9a-f]+", "0x", repr(rounded(value)))
    # doubles as text, as describe gives them: the order of a sum is free
    return re.sub(r"(?<!Decimal\()'(\d+\.\d{12,})'", lambda m: f"'{float(m[1]):.12g}'", text)


def names(spark: Any, folder: Path) -> dict[str, Any]:
    """Everything a snippet may use."""
    import datetime
    import decimal

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import Row, SparkSession, Window, functions, types

    def tmp(name: str) -> str:
        return str(folder / name)

    def write_text(name: str, text: str) -> None:
        (folder / name).write_text(text)

    def files(name: str) -> list[str]:
        found = (p.relative_to(folder / name) for p in (folder / name).rglob("*") if p.is_file())
        shown = {
            re.sub(r"part-[^.]*", "part", str(p)) for p in found if not p.name.endswith(".crc")
        }
        return sorted(shown)

    def content(name: str) -> str:
        return "".join(p.read_text() for p in sorted((folder / name).glob("part-*")))

    return {
        **{name: getattr(types, name) for name in types.__all__},
        "spark": spark, "F": functions, "Row": Row, "Window": Window, "SparkSession": SparkSession,
        "pd": pd, "pa": pa, "np": np, "os": os,
        "date": datetime.date, "datetime": datetime.datetime, "timedelta": datetime.timedelta,
        "Decimal": decimal.Decimal,
        "tmp": tmp, "write_text": write_text, "files": files, "content": content, "printed": printed,
        **frames(spark),
    }  # fmt: skip


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
    columns = "id int, name string, age int, dept int, salary double, hired date, boss int, senior boolean"
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
            (1, 2, 3, 4, 1.5, 2.5, Decimal("1.20"), "s", bytearray(b"\x01\xff"), True, date(2024, 1, 1),
             datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12), [1, None], {"k": 1}, Row(x=1, y="z")),
            (None,) * 16,
        ],
        "b tinyint, s smallint, i int, l bigint, f float, d double, m decimal(5,2), str string, bin binary,"
        "flag boolean, dt date, ts timestamp, ntz timestamp_ntz, arr array<int>, map map<string,int>,"
        "struct struct<x:int,y:string>",
    )  # fmt: skip
    a = spark.createDataFrame([(1, "x"), (2, "y"), (2, "y"), (None, "n")], "k int, v string")
    b = spark.createDataFrame([(2, "y"), (3, "z"), (None, "n")], "k int, v string")
    return {"emp": emp, "dept": dept, "nulls": nulls, "nums": nums, "dates": dates,
            "everything": everything, "a": a, "b": b}  # fmt: skip


def printed(action: Callable[[], Any]) -> str:
    """What `action` prints, and its value if it has one."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        value = action()
    return out.getvalue() + ("" if value is None else repr(value))


def all_snippets() -> Iterator[Snippet]:
    """Every snippet of every area."""
    for area in areas():
        yield from snippets(area)
