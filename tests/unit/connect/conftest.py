"""A session whose queries are answered by a few lines of Python: the doors without the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pytest

from pyflare.codegen.ir.expr import Literal
from pyflare.codegen.ir.types import BIGINT, Field, Struct
from pyflare.engine.errors import table_not_found, unsupported
from pyflare.engine.plan import syntax as s
from pyflare.engine.session import Session
from pyflare.engine.types import arrow_to_schema
from tests.support.sessions import own_session


@dataclass
class Rows:
    """A query whose rows are known."""

    table: pa.Table
    schema: Struct
    metrics: dict[str, Any] = field(default_factory=lambda: {"executeMs": 1.0})

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.table.to_batches()

    def explain(self, mode: str) -> str:
        return f"explained {mode}"


def answer(relation: s.Relation, session: Session) -> Rows:
    """Leaves, names, limits and cached tables; nothing else."""
    match relation:
        case s.Identified(child) | s.SubqueryAlias(child) | s.NoOp(child):
            return answer(child, session)
        case s.LocalTable(table, schema):
            return Rows(table, schema or arrow_to_schema(table.schema))
        case s.ToDataFrame(child, names):
            rows = answer(child, session)
            fields = zip(rows.schema.fields, names, strict=True)
            struct = Struct(tuple(replace(field, name=name) for field, name in fields))
            return Rows(rows.table.rename_columns(list(names)), struct)
        case s.RangeTable(start, end, step):
            ids = pa.table({"id": pa.array(range(start, end, step), pa.int64())})
            return Rows(ids, Struct((Field("id", BIGINT, False),)))
        case s.Limit(child, limit):
            rows = answer(child, session)
            assert isinstance(limit, Literal) and isinstance(limit.value, int)
            return Rows(rows.table.slice(0, limit.value), rows.schema)
        case s.NamedTable(parts):
            found = session.lookup_table(parts)
            if not isinstance(found, s.Relation):
                raise table_not_found(parts)
            return answer(found, session)
        case s.Cached(key):
            kept: Any = session.cached(key)
            return Rows(kept.arrow, kept.schema)
        case _:
            raise unsupported(type(relation).__name__)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[s.Relation]:
    """Every relation that reaches the (pretended) engine."""
    seen: list[s.Relation] = []

    def analyse(self: Session, relation: s.Relation) -> Rows:
        seen.append(relation)
        return answer(relation, self)

    def keep(name: str, query: Rows) -> Any:
        seen.append(s.OneRowRelation())
        return type("Kept", (), {"arrow": query.table, "schema": query.schema})()

    monkeypatch.setattr(Session, "_analyse", analyse)
    monkeypatch.setattr("pyflare.engine.session.keep_rows", keep)
    return seen


@pytest.fixture
def spark(asked: list[s.Relation]) -> Iterator[Any]:
    """A session of its own per test."""
    with own_session() as session:
        yield session
