"""Every case gives what real Spark gave (answers.json, made by record.py)."""

from __future__ import annotations

import json
import math
import struct
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pyflare.codegen.functions import parse
from pyflare.codegen.functions.decimals import single
from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.interpret.failure import EvaluationError
from pyflare.codegen.ir import types as t
from tests.unit.functions.cases import all_cases

GOLD = Path(__file__).with_name("answers.json")
ULPS = 4  # Java's StrictMath and the C library differ in the last bits


@cache
def gold() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(GOLD.read_text())
    return loaded


def stored(answer: str | None, type_: t.Type) -> Any:
    """The storage form of an answer."""
    if answer is None:
        return None
    match type_:
        case t.Boolean():
            return answer == "true"
        case t.Float(bits):
            return parse.floating(answer, bits)
        case t.Decimal(_, scale):
            exact = parse.exact(answer)
            assert exact is not None
            return int(exact * 10**scale)
        case t.String():
            return answer
        case t.Binary():
            return bytes.fromhex(answer)
        case t.YearMonthInterval():
            return int(answer.split("'")[1])
        case t.DayTimeInterval():
            exact = parse.exact(answer.split("'")[1])
            assert exact is not None
            return int(exact * 1_000_000)
        case _:
            return int(answer)


def close(x: Any, y: Any) -> bool:
    """Equal; floats within a few units in the last place, zeros of any sign apart."""
    if isinstance(x, float) and isinstance(y, float):
        if math.isnan(x) or math.isnan(y):
            return math.isnan(x) and math.isnan(y)
        if struct.pack("<d", x) == struct.pack("<d", y):
            return True
        return x != 0 and math.isfinite(x) and abs(x - y) <= ULPS * math.ulp(x)
    return type(x) is type(y) and bool(x == y)


def ours(expr: Any) -> Any:
    try:
        return evaluate(expr, {})
    except EvaluationError as error:
        return {"error": error.failure.name}
    except NotImplementedError as error:
        return {"refused": str(error)}


def differences() -> list[str]:
    found: list[str] = []
    for zone, sql, expr in all_cases():
        answer = gold()[zone][sql]
        mine = ours(expr)
        if isinstance(mine, dict) and "refused" in mine:
            continue
        if isinstance(answer, dict) or isinstance(mine, dict):
            if isinstance(answer, dict) and isinstance(mine, dict):
                names = (mine["error"], *ALIKE.get(mine["error"], ()))
                if not answer["error"].startswith(names):
                    found.append(f"{zone} {sql}: Spark {answer}, we {mine}")
            else:
                found.append(f"{zone} {sql}: Spark {answer}, we {mine!r}")
            continue
        theirs = stored(answer[0], expr.type)
        if isinstance(theirs, float) and expr.type == t.FLOAT:
            theirs = single(theirs)
        if not close(theirs, mine):
            found.append(f"{zone} {sql}: Spark {answer} = {theirs!r}, we {mine!r}")
    return found


# one failure of ours stands for several of Spark's errors; the engine tells them apart
ALIKE: dict[str, tuple[str, ...]] = {
    "ARITHMETIC_OVERFLOW": ("BINARY_ARITHMETIC_OVERFLOW",),
    "NUMERIC_VALUE_OUT_OF_RANGE": ("NUMERIC_OUT_OF_SUPPORTED_RANGE",),
    "INTERVAL_OVERFLOW": ("INTERVAL_ARITHMETIC_OVERFLOW", "integer overflow", "rounded value"),
    "INVALID_INPUT": (
        "DATETIME_FIELD_OUT_OF_BOUNDS", "INVALID_INDEX_OF_ZERO", "INVALID_REGEXP_REPLACE",
        "CANNOT_PARSE_TIMESTAMP", "ILLEGAL_DAY_OF_WEEK", "INVALID_PARAMETER_VALUE",
    ),
}  # fmt: skip


def test_same_as_spark() -> None:
    """Values, NULLs and errors agree; what we refuse is not counted."""
    if not GOLD.exists():
        pytest.skip("no recorded answers")
    found = differences()
    assert not found, "\n".join(found[:50])
