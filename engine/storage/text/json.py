"""spark.read.json."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pyarrow import json as arrow_json

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.partitions import partition_fields
from pyflare.engine.storage.text.convert import convert
from pyflare.engine.storage.text.csv_options import (
    Mode,
    corrupt_column,
    flag,
    parse_mode,
    text_formats,
)
from pyflare.engine.storage.text.decoded import Decoded, DecodedTable
from pyflare.engine.storage.text.json_infer import (
    Preferences,
    check_unique,
    kind,
    merge,
    settled,
)
from pyflare.engine.storage.text.json_text import (
    Liberties,
    liberties,
    parse,
    parse_checked,
    parse_raw,
)
from pyflare.engine.storage.text.json_values import Malformed, NeedsText, array, converter
from pyflare.engine.storage.text.malformed import malformed_record, read_text
from pyflare.engine.storage.text.tokens import lines
from pyflare.engine.storage.text.values import Formats
from pyflare.engine.types import arrow_to_type, type_to_arrow


@dataclass(frozen=True, slots=True)
class JsonOptions:
    """How JSON files are read."""

    multiline: bool
    line_separator: str | None
    encoding: str
    mode: Mode
    corrupt: str
    allowed: Liberties
    formats: Formats


@dataclass(frozen=True, slots=True)
class JsonDecoder:
    """JSON files of one schema. `corrupt` is the ordinal of the column of malformed records."""

    fields: tuple[t.Field, ...]
    options: JsonOptions
    corrupt: int | None = None

    @property
    def key(self) -> Hashable:
        return ("json", self.fields, self.options)

    @property
    def zone(self) -> str:
        return self.options.formats.zone

    @property
    def drops(self) -> bool:
        return self.options.mode != "PERMISSIVE"

    def decode(self, file: DataFile, ordinals: Sequence[int], threads: int) -> Decoded:
        """Only the columns asked for are converted, and only they can make a record malformed."""
        data = read_text(file, self.options.encoding)
        wanted = [i for i in ordinals if i != self.corrupt]
        if self.corrupt in ordinals:
            wanted = [i for i in range(len(self.fields)) if i != self.corrupt]
        fields = [self.fields[i] for i in wanted]
        columns: dict[int | None, pa.Array]
        fast = None if self.options.multiline else _by_arrow(data, fields, self.options.formats)
        if fast is not None:
            columns = dict(zip(wanted, fast, strict=True))
            rows = len(fast[0])
            columns[self.corrupt] = pa.nulls(rows, pa.string())
        else:
            made, texts = self._read(data, fields)
            rows = len(texts)
            columns = {
                i: array(column, field.type)
                for i, column, field in zip(wanted, made, fields, strict=True)
            }
            columns[self.corrupt] = array(texts, t.STRING)
        return Decoded(rows, tuple(columns[i] for i in ordinals))

    def _read(
        self, data: bytes, fields: Sequence[t.Field]
    ) -> tuple[list[list[Any]], list[str | None]]:
        """Converted columns, and per row the text of a malformed record."""
        readers = [(f.name, converter(f.type, self.options.formats)) for f in fields]
        columns: list[list[Any]] = [[] for _ in fields]
        texts: list[str | None] = []
        for text in _records(data, self.options):
            for row, bad in _rows(text, readers, self.options.allowed):
                if bad and self.options.mode == "FAILFAST":
                    raise malformed_record(_shown(row))
                if bad and self.options.mode == "DROPMALFORMED":
                    continue
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
                texts.append(text if bad else None)
        return columns, texts


def _shown(row: Sequence[Any]) -> str:
    return f"[{','.join('null' if value is None else str(value) for value in row)}]"


def _records(data: bytes, options: JsonOptions) -> Iterator[str]:
    text = data.decode("utf-8", "replace")
    if options.multiline:
        if text.strip():
            yield text
        return
    for line in lines(text, options.line_separator):
        if line.strip():
            yield line


def _rows(
    text: str, readers: Sequence[tuple[str, Any]], allowed: Liberties
) -> list[tuple[list[Any], bool]]:
    """The rows of one record: one for an object, several for an array of objects."""
    try:
        value = parse(text, allowed)
        try:
            return _convert(value, readers)
        except NeedsText:
            return _convert(parse_raw(text, allowed), readers)
    except (ValueError, RecursionError):
        return [([None] * len(readers), True)]


def _convert(value: Any, readers: Sequence[tuple[str, Any]]) -> list[tuple[list[Any], bool]]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [_row(item, readers) for item in value]
    if not isinstance(value, dict):
        return [([None] * len(readers), True)]
    return [_row(value, readers)]


def _row(value: Mapping[str, Any], readers: Sequence[tuple[str, Any]]) -> tuple[list[Any], bool]:
    row, bad = [], False
    for name, read in readers:
        item = value.get(name)
        try:
            row.append(None if item is None else read(item))
        except Malformed as wrong:
            row.append(wrong.partial)
            bad = True
    return row, bad


# ---------------------------------------------------------------- through Arrow's reader

_BLOCK = 1 << 24
_PLAIN: dict[t.Type, pa.DataType] = {
    t.STRING: pa.string(),
    t.BOOLEAN: pa.bool_(),
    t.BIGINT: pa.int64(),
    t.INT: pa.int64(),
    t.SMALLINT: pa.int64(),
    t.TINYINT: pa.int64(),
    t.DATE: pa.string(),
    t.TIMESTAMP: pa.string(),
    t.TIMESTAMP_NTZ: pa.string(),
    t.DOUBLE: pa.float64(),
}


def _by_arrow(data: bytes, fields: Sequence[t.Field], formats: Formats) -> list[pa.Array] | None:
    """Columns of plain types, if every record is standard JSON that has them; else None."""
    if not fields or any(field.type not in _PLAIN for field in fields):
        return None
    schema = pa.schema([(field.name, _PLAIN[field.type]) for field in fields])
    table = _arrow_table(data, schema)
    if table is None:
        return None
    columns = [_column(table.column(field.name), field.type, formats) for field in fields]
    found = [column for column in columns if column is not None]
    return found if len(found) == len(columns) else None


def _column(column: pa.ChunkedArray, type: t.Type, formats: Formats) -> pa.Array | None:
    """The values as `type`; None if one of them is not."""
    try:
        joined = pa.concat_arrays(column.chunks or [pa.array([], column.type)])
        if isinstance(type, t.Date | t.Timestamp | t.TimestampNTZ):
            values, failed = convert(joined, type, formats)
            return values if failed is None else None
        return joined.cast(type_to_arrow(type))
    except pa.ArrowInvalid:  # an integer out of range, or more than 2 GiB of strings
        return None


def _arrow_table(data: bytes, schema: pa.Schema | None) -> pa.Table | None:
    if not data.lstrip().startswith(b"{") or re.search(rb"\r(?!\n)", data):
        return None
    try:
        table = arrow_json.read_json(
            pa.BufferReader(data),
            arrow_json.ReadOptions(block_size=_BLOCK),
            arrow_json.ParseOptions(
                explicit_schema=schema,
                unexpected_field_behavior="infer" if schema is None else "ignore",
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    # Arrow also takes two objects in a line, or one in two lines
    found = data.count(b"\n") + (not data.endswith(b"\n"))
    starts = data.count(b"\n{") + 1
    return table if table.num_rows == found == starts else None


# ---------------------------------------------------------------- the table


def json_table(
    name: str,
    files: Sequence[DataFile],
    schema: t.Struct | None,
    options: Mapping[str, str],
    conf: Mapping[str, str],
) -> DecodedTable:
    """The table of JSON files; without a schema, the union of all records' fields."""
    settings = JsonOptions(
        multiline=flag(options, "multiline"),
        line_separator=options.get("linesep"),
        encoding=options.get("encoding", options.get("charset", "utf-8")),
        mode=parse_mode(options),
        corrupt=corrupt_column(options, conf),
        allowed=liberties(options),
        formats=text_formats(options, conf),
    )
    typed = conf.get("spark.sql.sources.partitionColumnTypeInference.enabled", "true") == "true"
    partitions = partition_fields(files, schema, typed)
    hive = {field.name.lower() for field in partitions}
    if schema is None:
        schema = _inferred(files, settings, options)
    fields = tuple(replace(f, nullable=True) for f in schema.fields if f.name.lower() not in hive)
    names = [field.name for field in fields]
    corrupt = names.index(settings.corrupt) if settings.corrupt in names else None
    return DecodedTable(name, files, JsonDecoder(fields, settings, corrupt), partitions)


def _inferred(
    files: Sequence[DataFile], settings: JsonOptions, options: Mapping[str, str]
) -> t.Struct:
    preferences = Preferences(
        flag(options, "primitivesasstring"),
        flag(options, "prefersdecimal"),
        flag(options, "infertimestamp"),
        flag(options, "dropfieldifallnull"),
        settings.formats,
    )
    found: t.Type = t.Struct(())
    corrupt = False
    for file in files:
        data = read_text(file, settings.encoding)
        quick = _quick(data, preferences) if not settings.multiline else None
        if quick is not None:
            found = merge(found, quick)
            continue
        for text in _records(data, settings):
            try:
                value = parse_checked(text, settings.allowed)
            except (ValueError, RecursionError):
                corrupt = True
                continue
            for record in value if isinstance(value, list) else [value]:
                if isinstance(record, dict):
                    found = merge(found, kind(record, preferences))
                else:
                    corrupt = True
    if corrupt and settings.mode == "FAILFAST":
        raise malformed_record(settings.corrupt)
    if corrupt and settings.mode == "PERMISSIVE":
        found = merge(found, t.Struct((t.Field(settings.corrupt, t.STRING),)))
    schema = settled(found, preferences)
    if not isinstance(schema, t.Struct):
        return t.Struct(())
    check_unique(schema)
    return schema


def _quick(data: bytes, preferences: Preferences) -> t.Struct | None:
    """The type of all records by Arrow's reader, where it surely sees what Spark does."""
    if preferences != Preferences(formats=preferences.formats) or re.search(rb"[0-9]{19}", data):
        return None
    table = _arrow_table(data, None)
    if table is None or len(set(table.column_names)) < table.num_columns:
        return None
    type = _spark_type(pa.struct(list(table.schema)))
    return type if isinstance(type, t.Struct) else None


def _spark_type(type: pa.DataType) -> t.Type:
    """Arrow sees times in strings and keeps the order of fields; Spark does neither."""
    if pa.types.is_struct(type):
        fields = [t.Field(f.name, _spark_type(f.type)) for f in type]
        return t.Struct(tuple(sorted(fields, key=lambda field: field.name)))
    if pa.types.is_list(type):
        return t.Array(_spark_type(type.value_type))
    if pa.types.is_timestamp(type) or pa.types.is_date(type) or pa.types.is_time(type):
        return t.STRING
    return arrow_to_type(type)
