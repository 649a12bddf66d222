"""One session: settings, names, functions and kept results; queries and commands run here.

Nothing in here knows protobuf or PySpark: engine.connect decodes, this runs.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from pyflare.codegen.ir.expr import Literal
from pyflare.codegen.ir.types import INT, STRING, Field, Struct, Type
from pyflare.engine import commands, listings, show
from pyflare.engine.catalog import Catalog
from pyflare.engine.connect.config import TIME_ZONE, Config
from pyflare.engine.deep import deep
from pyflare.engine.errors import analysis_error, table_not_found, unsupported
from pyflare.engine.observe import Observing, observations, unobserved
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.nodes import Plan
from pyflare.engine.results import Kept, Promised, Results
from pyflare.engine.snapshot import frozen
from pyflare.engine.storage.arrow import ArrowTable
from pyflare.engine.storage.table import Table
from pyflare.engine.suggest import quoted
from pyflare.engine.types import arrow_to_schema, schema_to_arrow
from pyflare.engine.views import inline_views, nodes

if TYPE_CHECKING:
    import pyarrow as pa

Name = tuple[str, ...]


class Query(Protocol):
    """An analysed query: its rows can be asked for."""

    @property
    def schema(self) -> Struct: ...

    @property
    def metrics(self) -> Any: ...

    def batches(self) -> Iterator[pa.RecordBatch]: ...

    def explain(self, mode: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows that are already there: a listing, a printed table, a command's result."""

    table: pa.Table
    name: str = "Answer"
    observed: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def schema(self) -> Struct:
        return arrow_to_schema(self.table.schema)

    @property
    def metrics(self) -> Mapping[str, Any]:
        return {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        return iter(self.table.to_batches())

    def explain(self, mode: str) -> str:
        return f"== Physical Plan ==\n{self.name}\n"


@dataclass(frozen=True, slots=True)
class Given:
    """The user's own Arrow data, asked for as it is: no operator runs, no buffer is copied."""

    local: s.LocalTable
    session: Session

    @property
    def table(self) -> ArrowTable:
        return ArrowTable("LocalTable", self.local.table, self.local.schema)

    @property
    def schema(self) -> Struct:
        return self.table.schema

    @property
    def rows(self) -> pa.Table:
        """In the types of results; Arrow does nothing where they are the types already."""
        target = schema_to_arrow(self.schema)
        if len(target) == 0:
            return self.local.table
        return self.local.table.rename_columns(target.names).cast(target)

    @property
    def metrics(self) -> Mapping[str, Any]:
        return {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        return iter(self.rows.to_batches())

    def explain(self, mode: str) -> str:
        return self.session._analyse(self.local).explain(mode)


class Session:
    """What analysis calls its Environment, and the doors call the core."""

    def __init__(self, config: Config | None = None, catalog: Catalog | None = None) -> None:
        self.id = str(uuid.uuid4())
        self.config = config or Config()
        self.catalog: Catalog = catalog or Catalog()
        self.results = Results()
        self.functions: dict[str, s.PythonFunction] = {}
        self.lock = threading.RLock()

    def copy(self) -> Session:
        """An independent session that starts with this one's settings, names and functions."""
        other = Session(self.config.copy(), self.catalog.copy())
        other.functions = dict(self.functions)
        return other

    # ---------------------------------------------------------------- queries and commands

    def query(self, relation: s.Relation, *, action: bool = False) -> Query:
        """`relation`, analysed. An action may make cached plans compute their rows."""
        match _bare(relation):
            case s.ShowString() as wanted:
                return self._shown(wanted)
            case s.CatalogQuery() as call:
                return Answer(listings.catalog_query(self, call), call.name)
            case s.LocalTable() as local:
                return Given(local, self)
            case _:
                points = observations(relation)
                if points:
                    inner = self.query(unobserved(relation), action=action)
                    return Observing(inner, self, points)
                return deep(lambda: self._analyse(self.prepared(relation, action=action)))

    def run(self, command: s.Command, *, late: bool = False) -> pa.Table:
        """The result of a command. `late`: a view's names are looked up when it is read (SQL)."""
        return commands.run(self, command, late)

    def arrow(self, relation: s.Relation) -> tuple[pa.Table, Struct]:
        """All rows of `relation`, now."""
        query = self.query(relation, action=True)
        return _gather(query), query.schema

    def prepared(
        self, relation: s.Relation, *, action: bool, but: Kept | None = None
    ) -> s.Relation:
        """`relation` reading cached plans where it can."""
        if not self.results:
            return relation
        used = self.results.use(self.inlined(relation), but)
        if action:
            for node in nodes(used):
                if isinstance(node, s.Cached) and (kept := self.results.entry(node.key)):
                    self.materialise(kept)
        return used

    def inlined(self, relation: s.Relation) -> s.Relation:
        """`relation` with the trees of temporary views in place of their names."""

        def lookup(name: Name) -> s.Relation | None:
            tree = self.catalog.view(name)
            return None if tree is None else inline_views(tree, lookup)

        return inline_views(relation, lookup)

    def _analyse(self, relation: s.Relation) -> Query:
        from pyflare.engine import stages  # the compiler behind it takes a while to import

        query: Query = stages.query(relation, self)
        return query

    def _shown(self, wanted: s.ShowString) -> Answer:
        """One row, one column: what show prints."""
        import pyarrow as pa

        query = self._first(wanted.child, max(wanted.rows, 0) + 1)
        table, schema = _gather(query), query.schema
        zone = self.config.get(TIME_ZONE)
        if wanted.html:
            text = show.html_string(table, schema, wanted.rows, wanted.truncate, zone)
        else:
            text = show.show_string(
                table, schema, wanted.rows, wanted.truncate, wanted.vertical, zone
            )
        name = "html_string" if wanted.html else "show_string"
        shown = pa.table([pa.array([text])], schema=schema_to_arrow(_texts(name)))
        return Answer(shown, "ShowString", getattr(query, "observed", {}))

    def _first(self, relation: s.Relation, rows: int) -> Query:
        bare = _bare(relation)
        if isinstance(bare, s.LocalTable):
            given = bare.table.slice(0, min(rows, bare.table.num_rows))
            return Given(s.LocalTable(given, bare.schema), self)
        return self.query(s.Limit(relation, Literal(rows, INT)), action=True)

    # ---------------------------------------------------------------- kept results

    def persist(self, relation: s.Relation, level: object) -> Kept:
        """df.cache: the first action computes it."""
        return deep(lambda: self.results.keep(frozen(self.inlined(relation)), level))

    def unpersist(self, relation: s.Relation) -> bool:
        """df.unpersist; whether it was cached."""
        return deep(lambda: self.results.forget(self.inlined(relation)))

    def persisted(self, relation: s.Relation) -> Kept | None:
        """The cache entry of this plan."""
        return deep(lambda: self.results.find(self.inlined(relation)))

    def is_cached(self, name: Name) -> bool:
        """spark.catalog.isCached."""
        if not self.catalog.knows(name):
            raise table_not_found(name)
        return self.persisted(s.NamedTable(name)) is not None

    def materialise(self, kept: Kept) -> Table:
        """The rows of a cached plan, computed at most once."""
        with kept.lock:
            if kept.table is None:
                relation = self.prepared(kept.relation, action=True, but=kept)
                self.results.fill(kept, keep_rows(kept.key, self._analyse(relation)))
            assert kept.table is not None
            return kept.table

    # ---------------------------------------------------------------- Environment

    def lookup_table(self, parts: Name) -> s.Relation | Table | None:
        """The temporary view or saved table of this name."""
        view = self.catalog.view(parts)
        if view is not None:
            return view
        saved = self.catalog.table(parts)
        return None if saved is None else saved.source

    def conf(self, key: str) -> str:
        """A setting."""
        return self.config.get(key)

    def read(self, source: s.DataSource) -> Table:
        """The table behind spark.read."""
        from pyflare.engine.storage.read import read

        options, conf = dict(source.options), self.config.in_force()
        return read(source.format, source.paths, source.schema, options, conf)

    def local(self, table: pa.Table, schema: Struct | None) -> Table:
        """Arrow data, in place."""
        return ArrowTable("LocalTable", table, schema)

    def cached(self, key: str) -> Table:
        """The rows behind a Cached node."""
        kept = self.results.entry(key)
        if kept is None:
            raise unsupported("a checkpoint that has been released")
        if kept.table is not None:
            return kept.table
        relation = self.prepared(kept.relation, action=False, but=kept)
        return Promised(key, self._analyse(relation).schema, lambda: self.materialise(kept))

    def udf(
        self, function: s.PythonFunction, argument_types: Sequence[Type]
    ) -> tuple[object, Type]:
        """The function that emits itself into the query, and its result type."""
        from pyflare.udf.compile import UnsupportedFunction, compile_udf  # brings numba

        try:
            made = compile_udf(
                function.function, function.name, function.type, argument_types, function.eval_type
            )
        except UnsupportedFunction as refusal:
            raise unsupported(str(refusal)) from None
        except TypeError as wrong:
            parameters = {"functionName": quoted([function.name]), "error": str(wrong)}
            raise analysis_error("INVALID_PYTHON_FUNCTION", parameters, function.origin) from None
        return made, made.result

    def collect(self, plan: Plan) -> pa.Table:
        """The rows of an analysed plan, now."""
        from pyflare.engine import stages

        return stages.collect(plan, self)


def _bare(relation: s.Relation) -> s.Relation:
    """`relation` without marks; the user's own data with the names that createDataFrame gives."""
    while isinstance(relation, s.Identified):
        relation = relation.child
    if isinstance(relation, s.ToDataFrame):
        local = _bare(relation.child)
        if isinstance(local, s.LocalTable) and len(relation.names) == local.table.num_columns:
            return _renamed(local, relation.names)
    return relation


def _renamed(local: s.LocalTable, names: Sequence[str]) -> s.LocalTable:
    schema = local.schema
    if schema is not None:
        fields = zip(names, schema.fields, strict=True)
        schema = Struct(tuple(replace(field, name=name) for name, field in fields))
    return s.LocalTable(local.table.rename_columns(list(names)), schema)


def keep_rows(name: str, query: Query) -> Table:
    """A query's rows as narrow columns in memory."""
    from pyflare.engine.settings import current
    from pyflare.engine.storage.resident import resident

    return resident(name, query.schema, query.batches(), current().threads)


def _gather(query: Query) -> pa.Table:
    import pyarrow as pa

    batches = list(query.batches())
    if batches:
        return pa.Table.from_batches(batches)
    return schema_to_arrow(query.schema).empty_table()


def _texts(name: str) -> Struct:
    return Struct((Field(name, STRING, False),))
