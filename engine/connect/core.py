"""The core behind all doors: Connect plans in, schemas and record batches out; no gRPC.

A core holds one session and what only its clients need: the tables and functions that plans name
by token, and the operations that run.
"""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa
from pyspark.sql.connect import proto as pb2

from pyflare.codegen.ir.types import Struct
from pyflare.engine import commands
from pyflare.engine.connect.commands import decode_command
from pyflare.engine.connect.context import Context
from pyflare.engine.connect.markers import cached_parse
from pyflare.engine.connect.plan import decode_relation
from pyflare.engine.deep import deep
from pyflare.engine.errors import runtime_error
from pyflare.engine.plan import syntax as s
from pyflare.engine.session import Query, Session
from pyflare.engine.snapshot import frozen_function
from pyflare.engine.sql import parse_ddl, parse_expression
from pyflare.engine.types import schema_to_arrow
from pyflare.engine.views import nodes


@dataclass(frozen=True, slots=True)
class Started:
    """The schema of the rows that follow."""

    schema: Struct


@dataclass(frozen=True, slots=True)
class SqlResult:
    """What spark.sql continues with: the query itself, or a command's rows."""

    relation: Any


@dataclass(frozen=True, slots=True)
class CheckpointMade:
    """The key of a checkpoint."""

    key: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of a finished query."""

    metrics: Any
    observed: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


Event: TypeAlias = Started | pa.RecordBatch | SqlResult | CheckpointMade | Measured

# a plan's bytes, and the versions of names, settings and kept results
_Moment: TypeAlias = tuple[bytes, int, int, int]
# A query's analysis serves the calls that follow within this time: schema, then collect
_FRESH = 1.0
_KEPT = 8


@dataclass(slots=True, eq=False)
class Operation:
    """A running request; `cancelled` ends it at the next batch, `query` may end sooner."""

    id: str
    tags: frozenset[str]
    cancelled: bool = False
    query: Query | None = None

    def cancel(self) -> None:
        """Asks the operation to stop."""
        self.cancelled = True
        stop = getattr(self.query, "cancel", None)
        if stop is not None:
            stop()


@dataclass(slots=True, weakref_slot=True, eq=False)
class Held:
    """A table or function that lives as long as the client's plan that names it."""

    content: Any


class Core:
    """One session behind its doors."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session or Session()
        self.id = str(uuid.uuid4())
        self.artifacts: dict[str, bytes] = {}
        self.operations: dict[str, Operation] = {}
        self._held: weakref.WeakValueDictionary[str | bytes, Held] = weakref.WeakValueDictionary()
        self._analysed: OrderedDict[_Moment, tuple[float, Query]] = OrderedDict()
        self._lock = threading.Lock()
        tables = _Contents(self._held, self._uploaded)
        functions = _Contents(self._held, lambda _: None)
        self.context = Context(
            parse_ddl, parse_expression, cached_parse, local_tables=tables, functions=functions
        )

    # ---------------------------------------------------------------- by reference

    def hold(self, content: Any, *, binary: bool = False) -> tuple[Any, Held]:
        """A token for `content`, and what must be kept alive while the token is in use."""
        name = f"pyflare-{uuid.uuid4()}"
        token: str | bytes = name.encode() if binary else name
        held = Held(content)
        self._held[token] = held
        return token, held

    def _uploaded(self, name: str) -> s.LocalTable | None:
        """A table that came as an artifact (doors A and C)."""
        data = self.artifacts.get(f"cache/{name}")
        if data is None:
            return None
        with pa.ipc.open_stream(data) as reader:
            return s.LocalTable(reader.read_all())

    # ---------------------------------------------------------------- requests

    def execute(
        self, plan: Any, operation_id: str = "", tags: frozenset[str] = frozenset()
    ) -> Iterator[Event]:
        """Runs a plan: its schema, at least one batch for a relation, its metrics."""
        operation = Operation(operation_id or str(uuid.uuid4()), tags)
        self.operations[operation.id] = operation
        try:
            plan = decompressed(plan)
            if plan.WhichOneof("op_type") == "command":
                yield from self._command(plan.command)
            else:
                yield from self._rows(plan.root, operation)
        finally:
            self.operations.pop(operation.id, None)

    def query(self, plan: Any) -> Query:
        """The analysed query of a plan, not yet to be run."""
        return self._query(decompressed(plan).root)

    def _query(
        self, root: Any, *, action: bool = False, relation: s.Relation | None = None
    ) -> Query:
        """An analysis serves the calls that follow at once. `root` is not put into another
        message: protobuf would parse the copy, and refuses plans nested deeper than 100."""
        session = self.session
        key = (
            _bytes(root),
            session.catalog.version,
            session.config.version,
            session.results.version,
        )
        now = time.monotonic()
        with self._lock:
            at, query = self._analysed.pop(key, (0.0, None))
        keep = not action
        if query is None or now - at > _FRESH:
            relation = self.relation(root) if relation is None else relation
            at, query = now, session.query(relation, action=action)
            keep = keep and session.results.ready and not deep(lambda: _calls_python(relation))
        if keep:
            with self._lock:
                self._analysed[key] = (at, query)
                while len(self._analysed) > _KEPT:
                    self._analysed.popitem(last=False)
        return query

    def relation(self, root: Any) -> s.Relation:
        """The syntax tree of a plan's root."""
        return decode_relation(root, self.context)

    def _rows(self, root: Any, operation: Operation) -> Iterator[Event]:
        query = operation.query = self._query(root, action=True)
        _check(operation)
        yield Started(query.schema)
        empty = True
        for batch in query.batches():
            _check(operation)
            empty = False
            yield batch
        _check(operation)
        if empty:
            yield from schema_to_arrow(query.schema).empty_table().to_batches() or [
                pa.RecordBatch.from_pylist([], schema_to_arrow(query.schema))
            ]
        yield Measured(query.metrics, getattr(query, "observed", {}))

    def _command(self, command: Any) -> Iterator[Event]:
        if command.WhichOneof("command_type") == "ml_command" and (
            command.ml_command.WhichOneof("command") in ("clean_cache", "delete")
        ):
            return  # the client tidies up at exit; there is nothing to tidy
        decoded = decode_command(command, self.context)
        if isinstance(decoded, s.Relation):
            given = command.sql_command.input
            self._query(given, relation=decoded)  # spark.sql analyses at once
            yield SqlResult(given)
            return
        match decoded:
            case s.Checkpoint(child):
                yield CheckpointMade(commands.checkpoint(self.session, child))
                return
            case s.RegisterFunction(function):
                decoded = s.RegisterFunction(frozen_function(function))
            case _:
                pass
        sql = command.WhichOneof("command_type") == "sql_command"
        result = self.session.run(decoded, late=sql)
        if sql:
            yield SqlResult(local_relation(result))

    def interrupt(self, wanted: Any) -> list[str]:
        """Stops the operations for which `wanted` holds; their ids."""
        stopped = [operation for operation in list(self.operations.values()) if wanted(operation)]
        for operation in stopped:
            operation.cancel()
        return [operation.id for operation in stopped]


def _bytes(root: Any) -> bytes:
    """A plan by its content; spark.sql and the DataFrame it returns differ only in the plan id."""
    content = root.sql if root.WhichOneof("rel_type") == "sql" else root
    serialized: bytes = content.SerializeToString(deterministic=True)
    return serialized


def _calls_python(relation: s.Relation) -> bool:
    """Functions are read anew by each action, as pickling would read them."""
    return any(isinstance(node, s.PythonFunction) for node in nodes(relation))


def _check(operation: Operation) -> None:
    if operation.cancelled:
        raise runtime_error("OPERATION_CANCELED", {})


class _Contents(Mapping[Any, Any]):
    """Held contents by token, as Context wants them."""

    def __init__(
        self, held: weakref.WeakValueDictionary[str | bytes, Held], otherwise: Any
    ) -> None:
        self._held, self._otherwise = held, otherwise

    def __getitem__(self, token: Any) -> Any:
        held = self._held.get(token)
        content = self._otherwise(token) if held is None else held.content
        if content is None:
            raise KeyError(token)
        return content

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._held))

    def __len__(self) -> int:
        return len(self._held)


def decompressed(plan: Any) -> Any:
    """A plan that a client compressed (doors A and C), as it was."""
    if plan.WhichOneof("op_type") != "compressed_operation":
        return plan
    import zstandard

    packed = plan.compressed_operation
    data = zstandard.ZstdDecompressor().decompressobj().decompress(packed.data)
    opened = pb2.Plan()
    kinds = pb2.Plan.CompressedOperation.OpType
    if packed.op_type == kinds.OP_TYPE_COMMAND:
        opened.command.ParseFromString(data)
    else:
        opened.root.ParseFromString(data)
    return opened


def local_relation(table: pa.Table) -> Any:
    """A small table inside a plan."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    relation = pb2.Relation()
    relation.local_relation.data = sink.getvalue().to_pybytes()
    return relation
