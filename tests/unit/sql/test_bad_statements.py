"""Broken SQL is always one of PySpark's exceptions, never a defect of the parser."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from pyspark.errors import PySparkException

from pyflare.engine.sql import parse
from pyflare.engine.sql.tokens import Cursor

STATEMENTS = Path(__file__).with_name("spark_statements.json")


def words(sql: str) -> list[str]:
    """The lexemes of a statement."""
    cursor, found = Cursor(sql), []
    while not cursor.done:
        found.append(cursor.next().text)
    return found


def test_mutilated_statements_are_refused_properly() -> None:
    """Words dropped, doubled and mixed from other statements: an answer or Spark's exception."""
    statements = [words(entry["sql"]) for entry in json.loads(STATEMENTS.read_text())]
    vocabulary = [word for statement in statements for word in statement]
    chance = random.Random(42)
    refused = 0
    for _ in range(1500):
        statement = list(chance.choice(statements))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(statement) + 1)
            statement[at : at + chance.randint(0, 2)] = chance.choices(
                vocabulary, k=chance.randint(0, 2)
            )
        try:
            parse(" ".join(statement))
        except PySparkException:
            refused += 1
    assert 500 < refused < 1500


@pytest.mark.parametrize(
    "text",
    [
        "select " + "9" * 5000,
        "select " + "9" * 5000 + "L",
        "select 1e999999999BD",
        "select 1e-999999999BD",
        "select 1e999999999",
        "select interval '1e999999999' days",
        "select interval " + "9" * 5000 + " days",
        "select interval 999999999999 months",
        "select interval '99999999999999999999' day",
        "select interval '999999999999-1' year to month",
        "select date '99999-01-01'",
        "select x'zz'",
        "select cast(1 as decimal(99999999999, 2))",
    ],
)
def test_enormous_constants_are_refused_at_once(text: str) -> None:
    """No constant makes the parser compute for long or fail by Python's own limits."""
    with pytest.raises(PySparkException):
        parse(text)
