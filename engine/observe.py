"""df.observe: metrics over the rows that pass a point of the plan.

The rows are not watched while they pass: an aggregate over the same input runs beside the query.
With a limit above, Spark counts the rows that it happened to read; here they all count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyflare.codegen.ir.types import Struct
from pyflare.engine.plan import syntax as s
from pyflare.engine.views import map_members, nodes

if TYPE_CHECKING:
    import pyarrow as pa

    from pyflare.engine.session import Query, Session


def observations(relation: s.Relation) -> tuple[s.Observed, ...]:
    """The observed points of a plan."""
    return tuple(node for node in nodes(relation) if isinstance(node, s.Observed))


def unobserved(relation: s.Relation) -> s.Relation:
    """Observed(x, …)  ->  x"""

    def strip(node: Any) -> Any:
        while isinstance(node, s.Observed):
            node = node.child
        return map_members(node, strip)

    stripped: s.Relation = strip(relation)
    return stripped


@dataclass(slots=True)
class Observing:
    """A query that also answers its observations, once its rows have been read."""

    query: Query
    session: Session
    points: tuple[s.Observed, ...]
    observed: dict[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def schema(self) -> Struct:
        return self.query.schema

    @property
    def metrics(self) -> Any:
        return self.query.metrics

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.query.batches()
        for point in self.points:
            rows, _ = self.session.arrow(s.Project(unobserved(point.child), point.metrics))
            self.observed[point.name] = rows.to_pylist()[0]

    def explain(self, mode: str) -> str:
        return self.query.explain(mode)

    def cancel(self) -> None:
        stop = getattr(self.query, "cancel", None)
        if stop is not None:
            stop()
