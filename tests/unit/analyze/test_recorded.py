"""Analysis agrees with what Spark 4.3 answered; the answers were recorded once (recorded/*.json).

A construct that is not built yet may fail, but only by naming itself: a schema that is given is
Spark's, and what Spark refuses is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyflare.engine.analyze import analyze
from pyflare.engine.sql import parse
from pyflare.engine.types import simple_string

RECORDED = Path(__file__).parent / "recorded"

# Names and texts that Spark makes from its own internals
ACCEPTED = {
    "select product(i) from t",  # no SQL function, but the name that DataFrame code sends
    "select like(s, 'a%') from t",
    "SELECT like('Spark', '_park')",
    "select i from t group by sum(i)",
    "select sum(i) from t group by 1",
    "select i from t where sum(i) > 1",
    "select * from a.b.c",
    "select * except (i) from nn",
    "SELECT INTERVAL '1-1' YEAR TO MONTH div INTERVAL '-1' MONTH",
    r"SELECT '\\abc' AS S, S ilike r'\\abc', S ilike '\\\\abc'",
    r"SELECT '\\abc' AS S, S like r'\\abc', S like '\\\\abc'",
    "SELECT ceil(5)",
    "SELECT ceiling(5)",
    "SELECT floor(5)",
    "SELECT localtime",
}


def read(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


def answer(sql: str, session: Any) -> Any:
    """The schema as [name, type, nullable], or the error with its parameters."""
    relation: Any
    try:
        relation = parse(sql)
        plan = analyze(relation, session)
    except Exception as caught:
        error: Any = caught
        if not hasattr(error, "getCondition"):
            raise
        return {"error": error.getCondition(), "parameters": error.getMessageParameters()}
    return [[c.name, simple_string(c.type), c.nullable] for c in plan.output]


def unsupported(given: Any) -> bool:
    return isinstance(given, dict) and given["error"] == "UNSUPPORTED_FEATURE"


def in_short(given: Any) -> str:
    """`type` or `type not null` of a single column, or the error class."""
    if isinstance(given, dict):
        return str(given["error"])
    [[_, type, nullable]] = given
    return str(type) if nullable else f"{type} not null"


def test_queries_have_sparks_schemas_and_errors(recorded_tables: Any) -> None:
    """Column names, types, nullability, error classes and their parameters are Spark's."""
    wrong = []
    for sql, spark in read("queries.json"):
        given = answer(sql, recorded_tables)
        if given != spark and not unsupported(given) and sql not in ACCEPTED:
            wrong.append((sql, spark, given))
    assert wrong == []


OPERATORS = {"coalesce": "coalesce({}, {})", "concat": "{} || {}", "in": "{} in ({})"}


@pytest.mark.parametrize("operator", sorted(read("operators.json")))
def test_operators_have_sparks_types_for_every_pair(operator: str, recorded_tables: Any) -> None:
    """Each pair of operand types has Spark's result type and nullability, or is refused."""
    wrong = []
    text = OPERATORS.get(operator, f"{{}} {operator} {{}}")
    for spark, pairs in read("operators.json")[operator].items():
        for pair in pairs.split():
            sql = f"select {text.format(*pair.split(',', 1))} as x from t"
            if not agrees(spark, answer(sql, recorded_tables)):
                wrong.append((pair, spark))
    assert [pair for pair in wrong if not is_interval_alone(operator, pair[0])] == []


def agrees(spark: str, given: Any) -> bool:
    """The same type; or an error of any class where Spark has one."""
    if unsupported(given):
        return True
    if spark.isupper():
        return isinstance(given, dict)
    return in_short(given) == spark


def is_interval_alone(operator: str, pair: str) -> bool:
    """Intervals with NULL, text or each other, which are refused where Spark has a type."""
    parts = pair.split(",")
    return bool({"ym", "dti"} & set(parts)) or (operator, pair) == ("div", "null,null")


@pytest.mark.parametrize("type", sorted(read("casts.json")))
def test_casts_are_allowed_and_typed_as_in_spark(type: str, recorded_tables: Any) -> None:
    """CAST and TRY_CAST from every type: allowed or refused, nullable or not."""
    for function, expected in read("casts.json")[type].items():
        for spark, columns in expected.items():
            for column in columns.split():
                sql = f"select {function}({column} as {type}) as x from t"
                assert in_short(answer(sql, recorded_tables)) == spark, sql


def test_functions_of_one_argument_have_sparks_types(recorded_tables: Any) -> None:
    """Every function over every type of column: the result type, or a refusal."""
    wrong = []
    for function, expected in read("functions.json").items():
        for spark, columns in expected.items():
            for column in columns.split():
                given = answer(f"select {function}({column}) from t", recorded_tables)
                if not agrees(spark, given):
                    wrong.append((function, column, spark, given))
    assert wrong == []
