"""Query texts with substituted parameters."""

from __future__ import annotations

import datetime

import pytest

from pyflare.tpch.parameters import QUERIES, VALIDATION, draw, sql


@pytest.mark.parametrize("query", QUERIES)
def test_every_parameter_reaches_the_text(query: int) -> None:
    """Drawn values change the text, and the validation values give it back as written."""
    text = sql(query)
    assert sql(query, VALIDATION[query]) == text
    texts = {sql(query, draw(query, 1, seed)) for seed in range(30)}
    assert len(texts) > 1


def test_values_are_swapped_in_one_pass() -> None:
    """Exchanging two nations does not turn both into one."""
    text = sql(7, {"nation1": "GERMANY", "nation2": "FRANCE"})
    assert "n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE'" in text


def test_a_number_does_not_match_inside_a_longer_one() -> None:
    """Q19's 1 is not the first digit of its 10."""
    values = {**VALIDATION[19], "quantity1": 3}
    text = sql(19, values)
    assert "l_quantity >= 3\n" in text and "l_quantity >= 10" in text


def test_months_stay_within_the_specification() -> None:
    """Q4 draws the first of a month between January 1993 and October 1997."""
    months = {draw(4, 1, seed)["date"] for seed in range(300)}
    assert min(months) == datetime.date(1993, 1, 1)
    assert max(months) == datetime.date(1997, 10, 1)
