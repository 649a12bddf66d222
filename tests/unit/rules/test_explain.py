"""df.explain: Spark's modes and headings, deterministic, without running the query."""

from __future__ import annotations

import pytest

from pyflare.engine.sql.parse import parse_query
from pyflare.engine.stages import query
from tests.unit.rules.test_rules_keep_answers import SESSION

SQL = "select a, count(*) as n from r join s on a = c where b > 5 group by a"


@pytest.mark.parametrize(
    ("mode", "headings"),
    [
        ("simple", ["Physical Plan"]),
        (
            "extended",
            [
                "Parsed Logical Plan",
                "Analyzed Logical Plan",
                "Optimized Logical Plan",
                "Physical Plan",
            ],
        ),
        ("formatted", ["Physical Plan", "Rules"]),
        ("cost", ["Optimized Logical Plan", "Physical Plan"]),
    ],
)
def test_a_mode_has_its_headings(mode: str, headings: list[str]) -> None:
    """Each mode shows its parts in Spark's order, and says the same when asked again."""
    text = query(parse_query(SQL), SESSION).explain(mode)
    found = [line[3:-3] for line in text.split("\n") if line.startswith("== ")]
    assert found == headings
    assert query(parse_query(SQL), SESSION).explain(mode) == text


def test_formatted_names_the_rules_that_fired() -> None:
    """The rule log is the optimiser's own account."""
    text = query(parse_query(SQL), SESSION).explain("formatted")
    assert "filters: push_filters" in text


def test_cost_shows_expected_rows() -> None:
    """Every logical node has its estimate."""
    text = query(parse_query(SQL), SESSION).explain("cost").split("== Physical")[0]
    lines = [line for line in text.split("\n") if line and not line.startswith("==")]
    assert all(line.endswith(" rows)") for line in lines)
