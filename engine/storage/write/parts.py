"""Rows to part files: by the values of the partition columns, and by number of rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.write.formats import Format, Sink
from pyflare.engine.storage.write.values import partition_text

_DEFAULT = "__HIVE_DEFAULT_PARTITION__"
_OPEN_FILES = 256
# Rows wait until there are enough for thousands of folders to get more than a few each
_WAITING_ROWS = 4 << 20
_WAITING_BYTES = 256 << 20
_ESCAPED = frozenset("\"#%'*/:=?\\\x7f{[]^" + "".join(map(chr, range(1, 32))))


class Parts:
    """The open part files of one write. `rows_per_file` 0 is no limit."""

    def __init__(
        self,
        stage: Path,
        format: Format,
        schema: t.Struct,
        partition_by: Sequence[int],
        zone: str,
        rows_per_file: int,
    ) -> None:
        self._stage, self._format, self._schema = stage, format, schema
        self._keys, self._zone = tuple(partition_by), zone
        self._data = [i for i in range(len(schema.fields)) if i not in self._keys]
        self._limit = rows_per_file
        self._token = str(uuid.uuid4())
        self._open: dict[str, tuple[Sink, int]] = {}
        self._counts: dict[str, int] = {}
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, table: pa.Table) -> None:
        """Appends rows, in order within each folder."""
        if not self._keys:
            self._append("", table)
            return
        self._waiting.append(table)
        self._rows += table.num_rows
        self._bytes += table.nbytes
        if self._rows >= _WAITING_ROWS or self._bytes >= _WAITING_BYTES:
            self._flush()

    def close(self) -> None:
        """Finishes all files; an unpartitioned write has at least one, which holds the schema."""
        self._flush()
        if not self._keys and not self._counts:
            self._sink("")
        for folder in list(self._open):
            self._finish(folder)

    def abandon(self) -> None:
        """Closes the files of a write that has failed."""
        for sink, _ in self._open.values():
            with suppress(Exception):  # the first error is the one to tell
                sink.close()

    def _flush(self) -> None:
        if self._waiting:
            for folder, rows in self._split(pa.concat_tables(self._waiting)):
                self._append(folder, rows.select(self._data))
        self._waiting = []
        self._rows = self._bytes = 0

    def _split(self, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        for batch in table.combine_chunks().to_batches():
            folders = pc.dictionary_encode(self._folders(batch))
            codes = folders.indices.to_numpy(zero_copy_only=False)
            order = np.argsort(codes, kind="stable")
            counts = np.bincount(codes, minlength=len(folders.dictionary))
            ordered = pa.table(batch).take(pa.array(order))
            start = 0
            for folder, count in zip(folders.dictionary.to_pylist(), counts, strict=True):
                yield folder, ordered.slice(start, int(count))
                start += int(count)

    def _folders(self, batch: pa.RecordBatch) -> pa.Array:
        """The relative folder of each row: name=value/name=value."""
        levels = []
        for key in self._keys:
            field = self._schema.fields[key]
            values = pc.dictionary_encode(partition_text(batch.column(key), field.type, self._zone))
            names = [
                escape(value) if value else _DEFAULT for value in values.dictionary.to_pylist()
            ]
            shown = pa.array(names, pa.string()).take(values.indices)
            name = escape(field.name) + "="
            levels.append(pc.binary_join_element_wise(name, pc.fill_null(shown, _DEFAULT), ""))
        return pc.binary_join_element_wise(*levels, "/")

    def _append(self, folder: str, rows: pa.Table) -> None:
        while rows.num_rows:
            sink, held = self._sink(folder)
            taken = rows.slice(0, self._limit - held) if self._limit else rows
            sink.write(taken)
            self._open[folder] = (sink, held + taken.num_rows)
            rows = rows.slice(taken.num_rows)
            if self._limit and held + taken.num_rows >= self._limit:
                self._finish(folder)

    def _sink(self, folder: str) -> tuple[Sink, int]:
        if folder not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._finish(next(iter(self._open)))
            number = self._counts.get(folder, 0)
            self._counts[folder] = number + 1
            dot = "." if self._keys else "-"
            name = f"part-00000-{self._token}{dot}c{number:03}{self._format.extension}"
            path = self._stage / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[folder] = (self._format.open(str(path)), 0)
        return self._open[folder]

    def _finish(self, folder: str) -> None:
        sink, _ = self._open.pop(folder)
        sink.close()


def escape(text: str) -> str:
    """A name or value as part of a folder's name, by Hive's rules.

    >>> escape("a/b=50%")
    'a%2Fb%3D50%25'
    """
    return "".join(f"%{ord(c):02X}" if c in _ESCAPED else c for c in text)
