"""The Write command: where it goes, whether it may, and the rows on their way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error, illegal_argument, runtime_error
from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.files import local_path
from pyflare.engine.storage.write.csv import csv_format
from pyflare.engine.storage.write.folder import Commit, staged
from pyflare.engine.storage.write.formats import Format
from pyflare.engine.storage.write.json import json_format
from pyflare.engine.storage.write.options import Options
from pyflare.engine.storage.write.parquet import parquet_format
from pyflare.engine.storage.write.parts import Parts
from pyflare.engine.storage.write.text import text_format
from pyflare.engine.types import schema_to_arrow, simple_string, sql_name

if TYPE_CHECKING:
    from pyflare.engine.session import Query, Session


def write_folder(command: s.Write, session: Session) -> None:
    """Runs df.write.save: all the rows are on disk, or none."""
    if command.path is None:
        raise illegal_argument("_LEGACY_ERROR_TEMP_2047", {})
    path = Path(local_path(command.path))
    query = session.query(command.child, action=True)
    save(query, path, command, session)


def save(query: Query, path: Path, command: s.Write, session: Session) -> None:
    """The rows of `query` into the folder `path`, in the command's format and mode."""
    options = Options(command.options)
    keys = partition_columns(query.schema, command.partition_by)
    schema = t.Struct(tuple(f for i, f in enumerate(query.schema.fields) if i not in keys))
    format = open_format(command.format, schema, options, session)
    if path.exists():
        if command.mode == "error":
            raise analysis_error("PATH_ALREADY_EXISTS", {"outputPath": f"file:{path}"})
        if command.mode == "ignore":
            return
    limit = options.number(
        "maxRecordsPerFile", int(session.conf("spark.sql.files.maxRecordsPerFile"))
    )
    zone = options.text("timeZone", session.conf("spark.sql.session.timeZone"))
    try:
        with staged(path, _commit(command, options, session)) as stage:
            _fill(query, Parts(stage, format, query.schema, keys, zone, limit))
    except OSError as error:
        parameters = {"path": f"file:{path}"}
        raise runtime_error("TASK_WRITE_FAILED", parameters) from error


def _fill(query: Query, parts: Parts) -> None:
    """All rows into part files, which are closed whatever happens."""
    target = schema_to_arrow(query.schema)
    try:
        for batch in query.batches():
            parts.write(pa.Table.from_batches([batch]).cast(target))
    except BaseException:
        parts.abandon()
        raise
    parts.close()


def _commit(command: s.Write, options: Options, session: Session) -> Commit:
    if command.mode != "overwrite":
        return "add"
    mode = options.text(
        "partitionOverwriteMode", session.conf("spark.sql.sources.partitionOverwriteMode")
    )
    dynamic = mode.lower() == "dynamic" and bool(command.partition_by)
    return "replace partitions" if dynamic else "replace"


def open_format(name: str, schema: t.Struct, options: Options, session: Session) -> Format:
    """The format by Spark's name for it; the columns must be of types that it can hold."""
    zone = session.conf("spark.sql.session.timeZone")
    match name.lower():
        case "parquet":
            codec = session.conf("spark.sql.parquet.compression.codec")
            return parquet_format(schema, options, codec)
        case "csv":
            return csv_format(schema, options, zone)
        case "json":
            return json_format(schema, options, zone)
        case "text":
            return text_format(schema, options)
        case _:
            raise analysis_error("DATA_SOURCE_NOT_FOUND", {"provider": name})


def partition_columns(schema: t.Struct, names: Sequence[str]) -> tuple[int, ...]:
    """The ordinals of the partition columns; some column must be left for the files."""
    lower = [field.name.lower() for field in schema.fields]
    found: list[int] = []
    for name in names:
        if name.lower() not in lower:
            raise analysis_error(
                "_LEGACY_ERROR_TEMP_1155",
                {"col": name, "schemaCatalog": simple_string(schema)},
            )
        ordinal = lower.index(name.lower())
        if ordinal in found:
            parameters = {"columnName": f"`{name.lower()}`"}
            raise analysis_error("COLUMN_ALREADY_EXISTS", parameters)
        _check_partition_type(schema.fields[ordinal].type)
        found.append(ordinal)
    if names and len(found) == len(schema.fields):
        raise analysis_error("ALL_PARTITION_COLUMNS_NOT_ALLOWED", {})
    return tuple(found)


def _check_partition_type(type: t.Type) -> None:
    if isinstance(type, t.Array | t.Map | t.Struct | t.CalendarInterval | t.Null):
        parameters = {"type": f'"{sql_name(type)}"'}
        raise analysis_error("INVALID_PARTITION_COLUMN_DATA_TYPE", parameters)
