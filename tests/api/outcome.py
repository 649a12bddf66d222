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

from tests.api.frames import frames

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
            made: Any = type(v)(*[rounded(x) for x in v])
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
        "tmp": tmp, "write_text": write_text, "files": files, "content": content,
        "printed": printed,
        **frames(spark),
    }  # fmt: skip


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
