"""Parquet files: row groups decoded by several threads straight into resident narrow columns."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.build import Builder, builder
from pyflare.engine.storage.cache import Store, default_store
from pyflare.engine.storage.column import Column, loaded, select
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.footer import Bounds, Footer, read_footer
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.parquet_file import (
    Readers,
    convertible,
    merged_type,
    open_file,
    readable,
    unchanged,
)
from pyflare.engine.storage.partitions import constant, partition_fields
from pyflare.engine.storage.row_groups import Group, overall, runs
from pyflare.engine.storage.sample import SAMPLE_ROWS, Sample, sample_column
from pyflare.engine.storage.skip import Predicates, may_hold
from pyflare.engine.storage.table import ColumnFacts, Key, Loaded, Statistics
from pyflare.engine.storage.unique import with_sample, with_uniqueness
from pyflare.engine.types import arrow_to_type, type_to_arrow

_PROOF_ROWS = 1 << 23  # beyond it, a column is not read only to prove that it is a key
_PARTIAL = 0.5  # a selection of fewer rows than this share is loaded by itself

# which columns were resident, and what was known with them
Learned: TypeAlias = tuple[tuple[bool, ...], Statistics]


class ParquetTable:
    """The rows of Parquet files that share a schema; columns stay resident between queries."""

    def __init__(
        self,
        name: str,
        files: Sequence[DataFile],
        schema: t.Struct | None,
        options: Mapping[str, str],
        zone: str = "UTC",
        store: Store | None = None,
    ) -> None:
        self._name, self._files = name, tuple(files)
        self._store = store or default_store()
        self._merge = options.get("mergeschema", "false").lower() == "true"
        self._zone = zone
        self._lock = threading.RLock()
        self._footer_list: list[Footer] | None = None
        self._group_list: list[Group] | None = None
        self._samples: dict[int, Sample] | None = None
        self._bounds: dict[int, list[Bounds]] = {}
        self._statistics: Learned | None = None
        self._seen = -1  # the version of the store that the statistics know
        self._threads = pa.cpu_count()
        data, self._partitions = self._resolve(schema)
        self._schema = t.Struct((*data, *self._partitions))
        self._data_columns = len(data)
        self._key = Key.of("parquet", self._files, self._schema)

    @property
    def name(self) -> str:
        return self._name

    @property
    def key(self) -> Hashable:
        return self._key

    @property
    def schema(self) -> t.Struct:
        return self._schema

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The files, in the order of their rows."""
        return self._files

    def _resolve(self, given: t.Struct | None) -> tuple[tuple[t.Field, ...], tuple[t.Field, ...]]:
        partitions = partition_fields(self._files, given)
        if given is not None:
            names = {field.name.lower() for field in partitions}
            data = tuple(f for f in given.fields if f.name.lower() not in names)
        else:
            data = self._infer({field.name.lower() for field in partitions})
        return tuple(replace(field, nullable=True) for field in data), partitions

    def _infer(self, partitions: set[str]) -> tuple[t.Field, ...]:
        """The schema of the first file, or of all of them with mergeSchema."""
        footers = self._footers() if self._merge else [self._first_footer()]
        fields: dict[str, t.Field] = {}
        for footer in footers:
            for name, type in footer.types.items():
                found = t.Field(name, arrow_to_type(type))
                known = fields.setdefault(name.lower(), found)
                if known.type != found.type:
                    fields[name.lower()] = replace(known, type=merged_type(known, found))
        return tuple(field for key, field in fields.items() if key not in partitions)

    def _first_footer(self) -> Footer:
        if self._footer_list is not None:
            return self._footer_list[0]
        if len(self._files) == 1:
            return self._footers()[0]
        return read_footer(self._files[0])

    def _footers(self) -> list[Footer]:
        with self._lock:
            if self._footer_list is None:
                self._footer_list = parallel(read_footer, self._files, pa.cpu_count())
            return self._footer_list

    def _groups(self) -> list[Group]:
        if self._group_list is None:
            self._group_list = self._find_groups()
        return self._group_list

    def _find_groups(self) -> list[Group]:
        groups, first = [], 0
        for i, footer in enumerate(self._footers()):
            for number in range(footer.metadata.num_row_groups):
                rows = footer.metadata.row_group(number).num_rows
                groups.append(Group(i, number, rows, first))
                first += rows
        return groups

    def _group_bounds(self, ordinal: int, groups: Sequence[Group]) -> list[Bounds]:
        """Bounds of each row group, in storage form of the table's type."""
        with self._lock:
            found = self._bounds.get(ordinal)
            if found is None:
                found = [self._bound(ordinal, group) for group in groups]
                self._bounds[ordinal] = found
            return found

    def _bound(self, ordinal: int, group: Group) -> Bounds:
        field = self._schema.fields[ordinal]
        footer = self._footers()[group.file]
        if ordinal >= self._data_columns:
            text = self._files[group.file].partitions[ordinal - self._data_columns][1]
            if text is None:
                return Bounds(nulls=group.rows)
            if isinstance(field.type, t.Integer):
                return Bounds(int(text), int(text), 0)
            return Bounds(text, text, 0) if isinstance(field.type, t.String) else Bounds(nulls=0)
        if footer.leaf(field.name) is None:
            missing = field.name.lower() not in footer.columns
            return Bounds(nulls=group.rows) if missing else Bounds()
        stored = arrow_to_type(footer.types[footer.columns[field.name.lower()][0]])
        if stored != field.type and not (
            isinstance(stored, t.Integer) and isinstance(field.type, t.Integer)
        ):
            return Bounds()
        return footer.bounds(group.number, field.name, field.type)

    def statistics(self) -> Statistics:
        """Bounds and NULLs from footers, distinct values from a sample or from resident columns."""
        version = self._store.version
        if self._statistics is None or self._seen != version:
            self._statistics = self._learned(self._statistics)
            self._seen = version
        return self._statistics[1]

    def _learned(self, before: Learned | None) -> Learned:
        """What is known with the columns that are resident now."""
        width = len(self._schema.fields)
        resident = tuple([self._store.peek((self.key, i)) is not None for i in range(width)])
        if before is not None and before[0] == resident:
            return before
        groups = self._groups()
        rows = sum(group.rows for group in groups)
        facts = [self._facts(i, groups, rows) for i in range(width)]
        return resident, Statistics(rows, tuple(facts))

    def _facts(self, ordinal: int, groups: Sequence[Group], rows: int) -> ColumnFacts:
        sample = self._sample(groups, rows).get(ordinal)
        column = self._store.peek((self.key, ordinal))
        field = self._schema.fields[ordinal]
        if column is None:
            known = overall(self._group_bounds(ordinal, groups), groups)
            if _key_like(field.type, sample, known, rows):
                column = self._columns([ordinal], None, groups, self._threads)[0]
            else:
                return with_sample(known, sample)
        return with_sample(column.facts, sample)

    def _sample(self, groups: Sequence[Group], rows: int) -> dict[int, Sample]:
        """The first rows of the largest row group near the middle, decoded for all columns."""
        with self._lock:
            if self._samples is None:
                self._samples = {}
                if groups:
                    group = max(groups[len(groups) // 2 :], key=lambda g: g.rows)
                    self._samples = self._sampled(group, rows)
            return self._samples

    def _sampled(self, group: Group, rows: int) -> dict[int, Sample]:
        footer = self._footers()[group.file]
        wanted = {
            footer.columns[field.name.lower()][0]: i
            for i, field in enumerate(self._schema.fields[: self._data_columns])
            if field.name.lower() in footer.columns
        }
        with open_file(footer, []) as file, readable(footer.file):
            batches = file.iter_batches(
                min(SAMPLE_ROWS, group.rows) or 1, [group.number], list(wanted), use_threads=False
            )
            batch = next(iter(batches), None)
        if batch is None:
            return {}
        return {
            i: sample_column(batch.column(name), self._schema.fields[i].type, rows)
            for name, i in wanted.items()
        }

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        """The asked columns without the row groups that `predicates` exclude."""
        self._threads = threads
        groups = self._groups()
        chosen = self._select(groups, predicates)
        total = sum(group.rows for group in groups)
        rows = sum(groups[i].rows for i in chosen)
        selection = tuple(chosen) if rows < total else None
        unique = list(dict.fromkeys(ordinals))
        found = dict(zip(unique, self._columns(unique, selection, groups, threads), strict=True))
        return loaded([found[ordinal] for ordinal in ordinals], rows)

    def _select(self, groups: Sequence[Group], predicates: Predicates) -> list[int]:
        bounds = {o: self._group_bounds(o, groups) for o, _, _ in predicates}
        types = {o: self._schema.fields[o].type for o in bounds}
        return [
            i
            for i, group in enumerate(groups)
            if group.rows
            and all(may_hold(bounds[o][i], types[o], op, v, group.rows) for o, op, v in predicates)
        ]

    def _columns(
        self,
        ordinals: Sequence[int],
        selection: tuple[int, ...] | None,
        groups: Sequence[Group],
        threads: int,
    ) -> list[Column]:
        """Columns with exactly the selected row groups; what is missing is decoded and kept."""
        with self._lock:
            if selection is None:
                return self._resident(ordinals, None, groups, threads)
            spans = runs([groups[i] for i in selection])
            total = sum(group.rows for group in groups)
            share = sum(groups[i].rows for i in selection) / total
            whole = [
                o
                for o in ordinals
                if share > _PARTIAL or self._store.peek((self.key, o)) is not None
            ]
            parts = [o for o in ordinals if o not in whole]
            found = dict(zip(whole, self._resident(whole, None, groups, threads), strict=True))
            found = {o: select(column, spans) for o, column in found.items()}
            found |= dict(
                zip(parts, self._resident(parts, selection, groups, threads), strict=True)
            )
            return [found[o] for o in ordinals]

    def _resident(
        self,
        ordinals: Sequence[int],
        selection: tuple[int, ...] | None,
        groups: Sequence[Group],
        threads: int,
    ) -> list[Column]:
        def key(ordinal: int) -> Hashable:
            return (self.key, ordinal) if selection is None else (self.key, ordinal, selection)

        found = {o: self._store.get(key(o)) for o in ordinals}
        missing = [o for o, column in found.items() if column is None]
        if missing:
            started = time.perf_counter()
            chosen = groups if selection is None else [groups[i] for i in selection]
            columns = self._decode(missing, chosen, groups, threads)
            seconds = (time.perf_counter() - started) / len(missing)
            for ordinal, column in zip(missing, columns, strict=True):
                self._store.put(key(ordinal), column, seconds)
                found[ordinal] = column
        return [column for column in found.values() if column is not None]

    def _decode(
        self,
        ordinals: Sequence[int],
        chosen: Sequence[Group],
        groups: Sequence[Group],
        threads: int,
    ) -> list[Column]:
        """Decodes the chosen row groups, each by one thread, into whole columns."""
        rows = sum(group.rows for group in chosen)
        builders = {o: self._builder(o, rows, groups) for o in ordinals}
        starts, first = [], 0
        for group in chosen:
            starts.append(first)
            first += group.rows
        # few large row groups: let threads share one by columns
        split = max(1, min(len(ordinals), 2 * threads // max(len(chosen), 1)))
        tasks = [
            (group, start, list(ordinals[i::split]))
            for group, start in zip(chosen, starts, strict=True)
            for i in range(split)
        ]
        readers = Readers(self._footers(), [self._schema.fields[o].name for o in ordinals])
        try:
            parallel(lambda task: self._decode_group(readers, builders, *task), tasks, threads)
        finally:
            readers.close()
            unchanged({self._files[group.file] for group in chosen})
        columns = parallel(lambda o: builders[o].finish(threads), ordinals, threads)
        return [
            with_uniqueness(column, self._schema.fields[o].type)
            for o, column in zip(ordinals, columns, strict=True)
        ]

    def _builder(self, ordinal: int, rows: int, groups: Sequence[Group]) -> Builder:
        field = self._schema.fields[ordinal]
        bounds = None
        if isinstance(field.type, t.Integer | t.Decimal | t.Date | t.Timestamp | t.TimestampNTZ):
            known = overall(self._group_bounds(ordinal, groups), groups)
            if isinstance(known.lo, int) and isinstance(known.hi, int):
                bounds = known.lo, known.hi
        return builder(field.name, field.type, rows, self._store.memory, bounds)

    def _decode_group(
        self,
        readers: Readers,
        builders: Mapping[int, Builder],
        group: Group,
        start: int,
        ordinals: Sequence[int],
    ) -> None:
        footer = readers.footer(group.file)  # not ours: that waits for the lock of the caller
        stored: dict[str, int] = {}
        for o in ordinals:
            field = self._schema.fields[o]
            if o >= self._data_columns:
                text = footer.file.partitions[o - self._data_columns][1]
                builders[o].add(start, constant(text, field.type, group.rows, self._zone))
            elif field.name.lower() in footer.columns:
                stored[footer.columns[field.name.lower()][0]] = o
            else:
                builders[o].add(start, pa.nulls(group.rows, type_to_arrow(field.type)))
        if not stored:
            return
        with readable(footer.file):
            file = readers.get(group.file)
            table = file.read_row_group(group.number, columns=list(stored), use_threads=False)
        for name, o in stored.items():
            first = start
            for chunk in table.column(name).chunks:
                values = convertible(chunk, self._schema.fields[o], footer)
                with readable(footer.file):
                    builders[o].add(first, values)
                first += len(chunk)


def _key_like(type: t.Type, sample: Sample | None, known: ColumnFacts, rows: int) -> bool:
    """Whether a column may be a key, so that reading it now to prove that pays for the plan."""
    return (
        isinstance(type, t.Integer)
        and sample is not None
        and sample.unique
        and known.nulls == 0
        and isinstance(known.lo, int)
        and isinstance(known.hi, int)
        and known.hi - known.lo + 1 >= rows
        and rows <= _PROOF_ROWS
    )
