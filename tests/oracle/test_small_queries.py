"""The whole engine, compiled, gives the rows that the logical plan means."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pyflare.engine import stages
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.plan import syntax as s
from pyflare.engine.session import Session
from pyflare.engine.settings import settings
from pyflare.engine.sql.parse import parse_query
from pyflare.engine.types import schema_to_arrow
from tests.unit.rules.reference import Rows, Tables, answer, multiset
from tests.unit.rules.test_rules_keep_answers import QUERIES, TABLES


def arrow(table: Rows) -> pa.Table:
    schema = schema_to_arrow(table.schema)
    columns = [[row[i] for row in table.rows] for i in range(len(schema))]
    return pa.table(columns, schema=schema)


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    for table in TABLES:
        made.catalog.create_view((table.name,), s.LocalTable(arrow(table)), True, False)
    return made


def rows(sql: str, session: Session) -> list[tuple[Any, ...]]:
    query = stages.query(parse_query(sql), session)
    table = pa.Table.from_batches(list(query.batches()), schema_to_arrow(query.schema))
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("sql", QUERIES)
def test_compiled_queries_have_the_reference_rows(sql: str, session: Session) -> None:
    """Optimised, lowered, compiled and run, a query means what its analysed plan means."""
    with settings(check=True):
        got = rows(sql, session)
    assert multiset(got) == multiset(answer(analyze(parse_query(sql), Tables(*TABLES))))


def test_the_last_rows_come_in_order(session: Session) -> None:
    """tail(n) keeps the end of the result, across batches."""
    relation = s.Tail(parse_query("select k from n order by k"), 2)
    batches = list(stages.query(relation, session).batches())
    assert [row["k"] for batch in batches for row in batch.to_pylist()] == [3, 4]
