"""The 22 queries of TPC-H analyse to Spark's schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyflare.engine.analyze import analyze
from pyflare.engine.sql import parse
from pyflare.engine.types import simple_string

QUERIES = Path(__file__).parents[3] / "tpch" / "queries"

TYPES = {
    1: "string string decimal(25,2) decimal(25,2) decimal(38,4) decimal(38,6) decimal(19,6) "
    "decimal(19,6) decimal(19,6) bigint",
    2: "decimal(15,2) string string bigint string string string string",
    3: "bigint decimal(38,4) date int",
    4: "string bigint",
    5: "string decimal(38,4)",
    6: "decimal(38,4)",
    7: "string string int decimal(38,4)",
    8: "int decimal(38,6)",
    9: "string int decimal(38,4)",
    10: "bigint string decimal(38,4) decimal(15,2) string string string string",
    11: "bigint decimal(36,2)",
    12: "string bigint bigint",
    13: "bigint bigint",
    14: "decimal(38,6)",
    15: "bigint string string string decimal(38,4)",
    16: "string string int bigint",
    17: "decimal(30,6)",
    18: "string bigint bigint date decimal(15,2) decimal(25,2)",
    19: "decimal(38,4)",
    20: "string string",
    21: "string bigint",
    22: "string bigint decimal(25,2)",
}


@pytest.mark.parametrize("number", sorted(TYPES))
def test_a_query_has_the_types_that_spark_gives_it(number: int, tpch: Any) -> None:
    """Decimal precision follows Spark's rules through products, sums, averages and quotients."""
    text = (QUERIES / f"q{number:02d}.sql").read_text()
    relation: Any = parse(text)
    plan = analyze(relation, tpch)
    assert " ".join(simple_string(c.type) for c in plan.output) == TYPES[number]
