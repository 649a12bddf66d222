"""Arrow tables given by the user: read in place, until a column proves to be worth a copy.

Decimals are always narrowed, once per pa.Table object; so is what is read repeatedly and would be
much smaller as codes or in a narrower type.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import Counter
from collections.abc import Hashable, Sequence

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.build import build
from pyflare.engine.storage.column import Column, loaded
from pyflare.engine.storage.dictionary import dictionary_limit
from pyflare.engine.storage.in_place import in_place
from pyflare.engine.storage.memory import Memory, default_memory
from pyflare.engine.storage.narrow import bits_for
from pyflare.engine.storage.sample import Sample, sample_chunks
from pyflare.engine.storage.table import ColumnFacts, Loaded, Statistics
from pyflare.engine.storage.unique import with_sample, with_uniqueness
from pyflare.engine.types import arrow_to_schema

_WORTH_COPYING = 1 << 16  # rows
_MANY_CHUNKS = 64
_SMALL_CHUNK = 4096  # rows

_counter = itertools.count()


class _Known:
    """What was computed for one pa.Table object: shared by every ArrowTable over it."""

    def __init__(self) -> None:
        self.number = next(_counter)
        self.joined: pa.Table | None = None
        self.columns: dict[tuple[int, t.Type], Column] = {}
        self.samples: dict[tuple[int, t.Type], Sample] = {}
        self.loads: Counter[tuple[int, t.Type]] = Counter()
        self.lock = threading.RLock()


_known_by_id: dict[int, tuple[weakref.ref[pa.Table], _Known]] = {}
_known_lock = threading.Lock()


def _knowledge(table: pa.Table) -> _Known:
    with _known_lock:
        found = _known_by_id.get(id(table))
        if found is not None and found[0]() is table:
            return found[1]
        known, key = _Known(), id(table)
        _known_by_id[key] = (weakref.ref(table, lambda _: _known_by_id.pop(key, None)), known)
        return known


class ArrowTable:
    """A local table, identified by its pa.Table object."""

    def __init__(
        self,
        name: str,
        table: pa.Table,
        schema: t.Struct | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._name, self._table = name, table
        self._schema = arrow_to_schema(table.schema) if schema is None else schema
        self._memory = memory or default_memory()
        self._known = _knowledge(table)
        with self._known.lock:
            if self._known.joined is None and _crumbled(table):
                self._known.joined = table.combine_chunks()
            self._data = table if self._known.joined is None else self._known.joined

    @property
    def name(self) -> str:
        return self._name

    @property
    def key(self) -> Hashable:
        return ("arrow", self._known.number, self._schema)

    @property
    def schema(self) -> t.Struct:
        return self._schema

    @property
    def table(self) -> pa.Table:
        """The Arrow data itself."""
        return self._table

    def statistics(self) -> Statistics:
        """Exact for columns that a query has loaded, estimated from a sample for the others."""
        return Statistics(
            self._table.num_rows, tuple(self._facts(i) for i in range(len(self._schema.fields)))
        )

    def _facts(self, ordinal: int) -> ColumnFacts:
        type = self._schema.fields[ordinal].type
        with self._known.lock:
            sample = self._known.samples.get((ordinal, type))
            if sample is None:
                sample = sample_chunks(self._data.column(ordinal), type)
                self._known.samples[(ordinal, type)] = sample
        column = self._column(ordinal, 1) if _cheap(type, self._table.num_rows) else None
        with self._known.lock:
            column = column or self._known.columns.get((ordinal, type))
        if column is None:
            nulls = self._data.column(ordinal).null_count
            return ColumnFacts(nulls=nulls, distinct=sample.distinct, width=sample.width)
        return with_sample(column.facts, sample)

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        """All rows of the asked columns."""
        for ordinal in set(ordinals):
            self._warm(ordinal, threads)
        columns = [self._column(ordinal, threads) for ordinal in ordinals]
        return loaded(columns, self._table.num_rows)

    def _column(self, ordinal: int, threads: int) -> Column:
        field = self._schema.fields[ordinal]
        key = (ordinal, field.type)
        with self._known.lock:
            column = self._known.columns.get(key)
            if column is None:
                column = self._make(field, self._data.column(ordinal), threads)
                self._known.columns[key] = column
        return column

    def _warm(self, ordinal: int, threads: int) -> None:
        """A column that is read a second time gets a narrowed copy, if that is much smaller."""
        field = self._schema.fields[ordinal]
        key = (ordinal, field.type)
        with self._known.lock:
            self._known.loads[key] += 1
            column = self._known.columns.get(key)
            if self._known.loads[key] != 2 or column is None:
                return
            free = self._memory.budget - self._memory.used
            array = self._data.column(ordinal)
            if free > 2 * array.nbytes and self._pays(ordinal, column):
                copy = build([field], [array], self._memory, threads)[0]
                self._known.columns[key] = with_uniqueness(copy, field.type)

    def _pays(self, ordinal: int, column: Column) -> bool:
        storage, rows = column.storage, self._table.num_rows
        type = self._schema.fields[ordinal].type
        if rows < _WORTH_COPYING:
            return False
        if isinstance(type, t.String) and storage.kind == "string":
            sample = self._known.samples.get((ordinal, type))
            if sample is None:
                sample = sample_chunks(self._data.column(ordinal), type)
            return sample.distinct is not None and 2 * sample.distinct <= dictionary_limit(rows)
        if isinstance(type, t.Integer | t.Date) and storage.lo is not None:
            assert storage.hi is not None
            return bits_for((storage.lo, storage.hi)) < storage.bits
        return False

    def _make(self, field: t.Field, array: pa.ChunkedArray, threads: int) -> Column:
        if isinstance(field.type, t.Decimal | t.Null):
            return with_uniqueness(build([field], [array], self._memory, threads)[0], field.type)
        return with_uniqueness(in_place(field, array, threads), field.type)


def _crumbled(table: pa.Table) -> bool:
    """Whether chunks are so small that copying them once costs less than stepping over them."""
    chunks = max((column.num_chunks for column in table.columns), default=0)
    return chunks > _MANY_CHUNKS and table.num_rows < chunks * _SMALL_CHUNK


def _cheap(type: t.Type, rows: int) -> bool:
    """Whether facts are worth a pass over the values before any query asks for them."""
    return isinstance(type, t.Integer | t.Date) or (isinstance(type, t.Decimal) and rows < 1 << 20)
