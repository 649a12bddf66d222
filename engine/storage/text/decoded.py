"""Files that are decoded as a whole: their columns stay resident, like those of Parquet."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error
from pyflare.engine.storage.build import build
from pyflare.engine.storage.cache import Store, default_store
from pyflare.engine.storage.column import Column, loaded
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.partitions import constant
from pyflare.engine.storage.sample import Sample, sample_chunks
from pyflare.engine.storage.table import ColumnFacts, Loaded, Statistics
from pyflare.engine.storage.unique import with_sample, with_uniqueness

_TYPICAL_ROW = 64  # bytes, where nothing is known


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The rows of one file: the columns that were asked for, in that order."""

    rows: int
    columns: tuple[pa.Array, ...]


class Decoder(Protocol):
    """Reads files of one format with one schema."""

    @property
    def key(self) -> Hashable:
        """The schema and every option that decides what is read."""
        ...

    @property
    def fields(self) -> tuple[t.Field, ...]:
        """The columns of the files, without partition columns."""
        ...

    @property
    def corrupt(self) -> int | None:
        """The column that takes the text of malformed records."""
        ...

    @property
    def zone(self) -> str:
        """The time zone of timestamps that do not name one."""
        ...

    @property
    def drops(self) -> bool:
        """Whether the columns asked for decide which rows are read (or that reading fails)."""
        ...

    def decode(self, file: DataFile, ordinals: Sequence[int], threads: int) -> Decoded:
        """The rows of one file."""
        ...


class DecodedTable:
    """The rows of text files."""

    def __init__(
        self,
        name: str,
        files: Sequence[DataFile],
        decoder: Decoder,
        partitions: tuple[t.Field, ...],
        store: Store | None = None,
    ) -> None:
        self._name, self._files, self._decoder = name, tuple(files), decoder
        self._partitions = partitions
        self._store = store or default_store()
        self._lock = threading.RLock()
        self._samples: dict[int, Sample] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def key(self) -> Hashable:
        return ("text", self._files, self._decoder.key)

    @property
    def schema(self) -> t.Struct:
        return t.Struct((*self._decoder.fields, *self._partitions))

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The files, in the order of their rows."""
        return self._files

    def statistics(self) -> Statistics:
        """Exact for columns that are resident; rows are guessed from sizes until one is."""
        count = len(self.schema.fields)
        columns = [self._store.peek((self.key, None, i)) for i in range(count)]
        known = [column for column in columns if column is not None]
        facts = tuple(
            ColumnFacts() if column is None else with_sample(column.facts, self._samples.get(i))
            for i, column in enumerate(columns)
        )
        if known:
            return Statistics(known[0].rows, facts)
        size = sum(file.size for file in self._files)
        return Statistics(max(1, size // _TYPICAL_ROW), facts, exact=False)

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        """All rows of the asked columns."""
        if ordinals and set(ordinals) == {self._decoder.corrupt}:
            raise analysis_error("UNSUPPORTED_FEATURE.QUERY_ONLY_CORRUPT_RECORD_COLUMN", {})
        wanted = sorted(set(ordinals))
        row_set = tuple(wanted) if self._decoder.drops else None
        with self._lock:
            found = {i: self._store.get((self.key, row_set, i)) for i in wanted}
            missing = [i for i, column in found.items() if column is None]
            if missing and row_set is not None:
                missing = wanted
            rows = 0
            if missing or not wanted:
                rows, columns = self._decode(missing, threads)
                for i, column in columns.items():
                    found[i] = column
            ready = {i: column for i, column in found.items() if column is not None}
        if wanted:
            rows = ready[wanted[0]].rows
        return loaded([ready[i] for i in ordinals], rows)

    def _decode(self, missing: Sequence[int], threads: int) -> tuple[int, dict[int, Column]]:
        started = time.perf_counter()
        row_set = tuple(missing) if self._decoder.drops else None
        width = len(self._decoder.fields)
        own = [i for i in missing if i < width]
        inner = max(1, threads // max(len(self._files), 1))
        parts = parallel(lambda f: self._decoder.decode(f, own, inner), self._files, threads)
        fields = [self.schema.fields[i] for i in missing]
        arrays = []
        for i in missing:
            pieces = [
                part.columns[own.index(i)] if i < width else self._constant(file, i, part.rows)
                for file, part in zip(self._files, parts, strict=True)
            ]
            arrays.append(_chunked(pieces))
        columns = build(fields, arrays, self._store.memory, threads)
        seconds = (time.perf_counter() - started) / max(len(columns), 1)
        made = {}
        for i, field, array, column in zip(missing, fields, arrays, columns, strict=True):
            made[i] = with_uniqueness(column, field.type)
            self._samples[i] = sample_chunks(array, field.type)
            self._store.put((self.key, row_set, i), made[i], seconds)
        return sum(part.rows for part in parts), made

    def _constant(self, file: DataFile, ordinal: int, rows: int) -> pa.Array:
        text = file.partitions[ordinal - len(self._decoder.fields)][1]
        return constant(text, self.schema.fields[ordinal].type, rows, self._decoder.zone)


def _chunked(pieces: Sequence[pa.Array]) -> pa.ChunkedArray:
    if not pieces:
        return pa.chunked_array([], pa.null())
    wide = any(pa.types.is_large_string(piece.type) for piece in pieces)
    if wide:
        pieces = [piece.cast(pa.large_string()) for piece in pieces]
    return pa.chunked_array(pieces)
