"""Every analysed plan obeys the laws of the algebra: no column comes from nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyflare.engine.analyze import analyze
from pyflare.engine.plan.check import check
from pyflare.engine.sql import parse

RECORDED = Path(__file__).parent / "recorded" / "queries.json"
QUERIES = Path(__file__).parents[3] / "tpch" / "queries"


@pytest.mark.parametrize("number", range(1, 23))
def test_tpch_plans_are_legal(number: int, tpch: Any) -> None:
    """Correlated subqueries, HAVING and ORDER BY included."""
    relation: Any = parse((QUERIES / f"q{number:02d}.sql").read_text())
    check(analyze(relation, tpch))


def test_all_recorded_queries_have_legal_plans(recorded_tables: Any) -> None:
    """No query that analysis accepts makes an illegal plan."""
    for sql, spark in json.loads(RECORDED.read_text()):
        if isinstance(spark, dict):
            continue
        relation: Any
        try:
            relation = parse(sql)
            plan = analyze(relation, recorded_tables)
        except Exception as error:
            assert hasattr(error, "getCondition"), sql
            continue
        check(plan)


def test_analysis_is_deterministic(tpch: Any) -> None:
    """Two analyses of one query give equal plans: column ids count from 0 each time."""
    relation: Any = parse((QUERIES / "q21.sql").read_text())
    assert analyze(relation, tpch) == analyze(relation, tpch)
