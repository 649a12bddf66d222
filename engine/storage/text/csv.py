"""spark.read.csv."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error, runtime_error
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.partitions import partition_fields
from pyflare.engine.storage.text.convert import convert
from pyflare.engine.storage.text.csv_infer import infer
from pyflare.engine.storage.text.csv_options import CsvOptions, csv_options
from pyflare.engine.storage.text.decoded import Decoded, DecodedTable
from pyflare.engine.storage.text.malformed import malformed, read_text
from pyflare.engine.storage.text.tokens import Bits, Tokens, records, tokenize
from pyflare.engine.types import sql_name


@dataclass(frozen=True, slots=True)
class CsvDecoder:
    """CSV files of one schema. `corrupt` is the ordinal of the column of malformed records."""

    fields: tuple[t.Field, ...]
    options: CsvOptions
    corrupt: int | None = None

    @property
    def key(self) -> Hashable:
        return ("csv", self.fields, self.options)

    @property
    def zone(self) -> str:
        return self.options.formats.zone

    @property
    def drops(self) -> bool:
        return self.options.mode != "PERMISSIVE"

    def decode(self, file: DataFile, ordinals: Sequence[int], threads: int) -> Decoded:
        """Spark parses only the columns asked for: only their errors make a record malformed,
        and uneven records count as such only where every column is asked for."""
        values = [i for i in range(len(self.fields)) if i != self.corrupt]
        wants_corrupt = self.corrupt in ordinals
        wanted = values if wants_corrupt else [i for i in ordinals if i != self.corrupt]
        positions = {ordinal: position for position, ordinal in enumerate(values)}
        data = self._body(file)
        tokens = tokenize(
            data, len(values), [positions[i] for i in wanted], self.options, wants_corrupt
        )
        texts = {i: tokens.columns[positions[i]] for i in wanted}
        read = parallel(
            lambda i: convert(texts[i], self.fields[i].type, self.options.formats), wanted, threads
        )
        bad = _bad(tokens, [f for _, f in read], whole=len(wanted) == len(values))
        columns = {i: array for i, (array, _) in zip(wanted, read, strict=True)}
        if wants_corrupt:
            assert self.corrupt is not None and tokens.raw is not None
            columns[self.corrupt] = _where(tokens.raw, bad)
        rows = tokens.rows
        if bad is not None and self.options.mode == "FAILFAST" and bad.any():
            raise malformed([columns[i] for i in ordinals], int(np.argmax(bad)))
        if bad is not None and self.options.mode == "DROPMALFORMED":
            good = pa.array(~bad)
            columns = {i: array.filter(good) for i, array in columns.items()}
            rows = int((~bad).sum())
        return Decoded(rows, tuple(columns[i] for i in ordinals))

    def _body(self, file: DataFile) -> bytes:
        data = read_text(file, self.options.encoding)
        if not self.options.header or not data:
            return data
        names, body = split_header(data, self.options)
        expected = [f.name for i, f in enumerate(self.fields) if i != self.corrupt]
        if not self.options.enforce_schema and names:
            given = [str(name) for name in names]
            if [n.lower() for n in given] != [n.lower() for n in expected]:
                raise runtime_error("FAILED_READ_FILE.NO_HINT", {"path": file.uri})
        return body


def _bad(tokens: Tokens, failed: Sequence[Bits | None], whole: bool) -> Bits | None:
    marks = [mark for mark in failed if mark is not None]
    if whole and tokens.uneven is not None:
        marks.append(tokens.uneven)
    return np.logical_or.reduce(marks) if marks else None


def _where(texts: pa.Array, rows: Bits | None) -> pa.Array:
    if rows is None:
        return pa.nulls(len(texts), pa.string())
    return pa.array(
        [text if bad else None for text, bad in zip(texts.to_pylist(), rows, strict=True)],
        pa.string(),
    )


def split_header(data: bytes, options: CsvOptions) -> tuple[list[str | None], bytes]:
    """The values of the first record, and the data after it."""
    separator = (options.line_separator or "\n").encode()
    if options.multiline and options.quote:
        text = data.decode("utf-8", "replace")
        first = next(records(text, options), None)
        if first is None:
            return [], b""
        start = text.replace("\r\n", "\n").replace("\r", "\n")
        end = start.index(first[1]) + len(first[1]) + 1
        return list(first[0]), start[end:].encode()
    at = 0
    while at < len(data):
        end = data.find(separator, at)
        if end < 0 and options.line_separator is None and b"\r" in data[at:]:
            end = data.find(b"\r", at)
        stop = len(data) if end < 0 else end + len(separator)
        line = data[at:stop].decode("utf-8", "replace")
        found = next(records(line, options), None)
        at = stop
        if found is not None:
            return list(found[0]), data[at:]
    return [], b""


def csv_table(
    name: str,
    files: Sequence[DataFile],
    schema: t.Struct | None,
    options: Mapping[str, str],
    conf: Mapping[str, str],
) -> DecodedTable:
    """The table of CSV files; without a schema, from their first line (and inferSchema)."""
    settings = csv_options(options, conf)
    typed = conf.get("spark.sql.sources.partitionColumnTypeInference.enabled", "true") == "true"
    partitions = partition_fields(files, schema, typed)
    hive = {field.name.lower() for field in partitions}
    if schema is None:
        fields = tuple(f for f in _inferred(files, settings) if f.name.lower() not in hive)
    else:
        fields = tuple(f for f in schema.fields if f.name.lower() not in hive)
    for field in fields:
        if isinstance(field.type, t.Array | t.Map | t.Struct | t.CalendarInterval):
            raise analysis_error(
                "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                {
                    "format": "CSV",
                    "columnName": f"`{field.name}`",
                    "columnType": f'"{sql_name(field.type)}"',
                },
            )
    fields = tuple(replace(field, nullable=True) for field in fields)
    names = [field.name for field in fields]
    corrupt = names.index(settings.corrupt) if settings.corrupt in names else None
    return DecodedTable(name, files, CsvDecoder(fields, settings, corrupt), partitions)


def _inferred(files: Sequence[DataFile], options: CsvOptions) -> list[t.Field]:
    """Names from the header of the first file that has one; string types, or inferred ones."""
    first: list[str | None] | None = None
    for file in files:
        data = read_text(file, options.encoding)
        found = split_header(data, options)[0]
        if found:
            first = found
            break
    if first is None:
        return []
    names = _names(first, options)
    types: list[t.Type] = [t.STRING] * len(names)
    if options.infer:
        pieces = [_texts(file, len(names), options) for file in files]
        columns = [pa.chunked_array([p[i] for p in pieces]) for i in range(len(names))]
        types = [infer(pa.concat_arrays(c.chunks), options) for c in columns]
    return [t.Field(name, type) for name, type in zip(names, types, strict=True)]


def _texts(file: DataFile, width: int, options: CsvOptions) -> list[pa.Array]:
    data = read_text(file, options.encoding)
    if options.header and data:
        data = split_header(data, options)[1]
    tokens = tokenize(data, width, range(width), options, raw=False)
    return [tokens.columns[i] for i in range(width)]


def _names(first: Sequence[str | None], options: CsvOptions) -> list[str]:
    if not options.header:
        return [f"_c{i}" for i in range(len(first))]
    texts = [None if name in (None, "", options.null) else name for name in first]
    lower = [name.lower() for name in texts if name is not None]
    return [
        f"_c{i}" if name is None else f"{name}{i}" if lower.count(name.lower()) > 1 else name
        for i, name in enumerate(texts)
    ]
