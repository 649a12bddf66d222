"""Arrow memory of the user is read where it lies: never beyond its end, never under a NULL."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from pyflare.engine import stages
from pyflare.engine.plan import syntax as s
from pyflare.engine.session import Session
from pyflare.engine.sql.parse import parse_query
from tests.support.data import table
from tests.support.guarded import guarded

QUERIES = [
    "select * from t",
    "select i, count(*), sum(l), min(s), max(c), max(t) from t group by i",
    "select s, c, count(*), sum(d) from t group by s, c",
    "select t, b, count(*) from t group by t, b",
    "select a.k, b.l from t a join t b on a.i = b.i and a.s = b.s",
    "select k from t a where exists (select 1 from t b where b.t = a.t and b.i > 1)",
    "select count(*) from t where s like '%longer%' or c like 'na%' or s like '%a'",
    "select k, substring(s, 2, 3), upper(c), length(s), s = c, s < 'b', hash(s, c, l) from t",
    "select k, 7 div nullif(i, 0), l % nullif(l, 0), try_cast(s as int), f, d * 2 from t",
    "select * from t order by s, c, l, i, k, d, t, b limit 9",
]


def rows(sql: str, data: pa.Table) -> list[str]:
    session = Session()
    session.catalog.create_view(("t",), s.LocalTable(data), True, False)
    query = stages.query(parse_query(sql), session)
    return sorted(str(row) for batch in query.batches() for row in batch.to_pylist())


@pytest.mark.parametrize("garbage", [b"\xff", b"\0", random.Random(1).randbytes(16)])
@pytest.mark.parametrize(("count", "nulls"), [(0, 0.2), (1, 0.5), (37, 0.3), (2000, 0.2), (9, 1.0)])
def test_buffers_that_end_at_a_page(count: int, nulls: float, garbage: bytes) -> None:
    """The answers are those of a comfortable copy, and nothing else is touched."""
    data: Any = table(count, seed=count, chunks=2, nulls=nulls)
    tight = pa.table(
        {
            name: pa.chunked_array([guarded(chunk, garbage) for chunk in data.column(name).chunks])
            for name in data.column_names
        }
    )
    for sql in QUERIES:
        assert rows(sql, tight) == rows(sql, data), sql
