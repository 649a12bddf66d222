"""What the rules make of small queries: pairs of SQL and optimised plan in rules.txt.

PYFLARE_UPDATE_GOLDEN=1 writes the plans of now beside the queries of the file.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.plan.show import show
from pyflare.engine.rewrite import rewrite
from pyflare.engine.sql.parse import parse_query
from tests.unit.rules.test_rules_keep_answers import SESSION

FILE = Path(__file__).parent / "rules.txt"


def cases() -> list[tuple[str, str, str]]:
    """(title, sql, plan) of each case: a `-- title` line, the query, an empty line, the plan."""
    found = []
    for block in FILE.read_text().split("\n-- ")[1:]:
        head, plan = block.split("\n\n", 1)
        title, sql = head.split("\n", 1)
        found.append((title, sql, plan.rstrip("\n")))
    return found


def planned(sql: str) -> str:
    return show(rewrite(analyze(parse_query(sql), SESSION), checked=True))


if os.environ.get("PYFLARE_UPDATE_GOLDEN") == "1":
    TEXT = "".join(f"\n-- {title}\n{sql}\n\n{planned(sql)}\n" for title, sql, _ in cases())
    FILE.write_text(TEXT)


@pytest.mark.parametrize(("title", "sql", "plan"), cases(), ids=[case[0] for case in cases()])
def test_a_rule_makes_this_plan(title: str, sql: str, plan: str) -> None:
    """Each law, seen on a query: its title says what the plan shows."""
    assert planned(sql) == plan
