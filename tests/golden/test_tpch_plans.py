"""The optimised and the physical plan of each TPC-H query, as text.

PYFLARE_UPDATE_GOLDEN=1 writes what is there now; the difference is then for people to judge.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyflare.codegen.ir.show import show as show_operator
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.explain import costs
from pyflare.engine.load import assume
from pyflare.engine.lower import lower
from pyflare.engine.rewrite import rewrite
from pyflare.engine.sql.parse import parse_query
from pyflare.tpch.parameters import sql
from tests.golden.tables import Stubs

GOLDEN = Path(__file__).parent / "tpch"


def plans(query: int) -> str:
    plan = rewrite(analyze(parse_query(sql(query)), Stubs()), checked=True)
    physical = show_operator(lower(plan, assume(plan)), storage=False)
    return f"== Optimized Logical Plan ==\n{costs(plan)}\n\n== Physical Plan ==\n{physical}\n"


@pytest.mark.parametrize("query", range(1, 23))
def test_the_plans_of_a_tpch_query(query: int) -> None:
    """Rules, statistics and lowering plan each query as they did when somebody last looked."""
    path = GOLDEN / f"q{query:02d}.txt"
    now = plans(query)
    if os.environ.get("PYFLARE_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(now)
    assert now == path.read_text()


def test_planning_twice_gives_the_same_text() -> None:
    """Plans are deterministic: column numbers of an earlier query leave no trace."""
    assert plans(21) == plans(21)
