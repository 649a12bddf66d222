"""Expressions have the values that Spark 4.3 gave them, cast to text; recorded once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pyflare.engine import stages
from pyflare.engine.session import Session
from pyflare.engine.sql.parse import parse
from pyflare.engine.types import schema_to_arrow

RECORDED = Path(__file__).parents[1] / "unit" / "analyze" / "recorded" / "values.json"
ANSWERS = json.loads(RECORDED.read_text())
VALUES = [(text, value) for text, value in ANSWERS if not isinstance(value, dict)]
ERRORS = [(text, value["error"]) for text, value in ANSWERS if isinstance(value, dict)]
GROUP = 20


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def row(items: list[str], session: Session) -> list[Any]:
    relation: Any = parse("select " + ", ".join(items))
    query = stages.query(relation, session)
    table = pa.Table.from_batches(list(query.batches()), schema_to_arrow(query.schema))
    return [column[0].as_py() for column in table.columns]


@pytest.mark.parametrize("start", range(0, len(VALUES), GROUP))
def test_expressions_have_sparks_values(start: int, session: Session) -> None:
    """Functions, operators and casts, each as text."""
    group = VALUES[start : start + GROUP]
    items = [f"cast(({text}) as string) as v{at}" for at, (text, _) in enumerate(group)]
    got = row(items, session)
    wrong = [(text, want, is_) for (text, want), is_ in zip(group, got, strict=True) if want != is_]
    assert wrong == []


@pytest.mark.parametrize(("text", "error"), ERRORS)
def test_failing_expressions_fail_as_in_spark(text: str, error: str, session: Session) -> None:
    """The same error class, at analysis or at run time."""
    with pytest.raises(Exception) as caught:
        row([f"cast(({text}) as string) as v"], session)
    failure: Any = caught.value
    assert failure.getCondition() == error
