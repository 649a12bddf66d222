"""What analysis asks of the session: tables, settings, user functions, rows of small queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from pyflare.codegen.ir.types import Struct, Type
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.nodes import Plan
from pyflare.engine.storage.table import Table

if TYPE_CHECKING:
    import pyarrow as pa


class Environment(Protocol):
    """The session, as far as analysis sees it."""

    @property
    def functions(self) -> Mapping[str, s.PythonFunction]:
        """User functions by lower-case name, as registered (their `args` are empty)."""
        ...

    def lookup_table(self, parts: tuple[str, ...]) -> s.Relation | Table | None:
        """The temporary view or table of this name."""
        ...

    def conf(self, key: str) -> str:
        """The value of a `spark.sql.…` setting."""
        ...

    def read(self, source: s.DataSource) -> Table:
        """The table behind spark.read."""
        ...

    def local(self, table: pa.Table, schema: Struct | None) -> Table:
        """A table over Arrow data, with the user's schema if one was given."""
        ...

    def cached(self, key: str) -> Table:
        """The stored result of a checkpoint or cache."""
        ...

    def udf(
        self, function: s.PythonFunction, argument_types: Sequence[Type]
    ) -> tuple[object, Type]:
        """The function object that emits itself into the query, and its result type."""
        ...

    def collect(self, plan: Plan) -> pa.Table:
        """The rows of a plan, run now (the values of a pivot, statistics)."""
        ...
