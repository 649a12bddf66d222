"""spark.read: which table stands for files of a format."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.storage.files import DataFile, list_files
from pyflare.engine.storage.parquet import ParquetTable
from pyflare.engine.storage.reuse import reused
from pyflare.engine.storage.table import Table
from pyflare.engine.storage.text.csv import csv_table
from pyflare.engine.storage.text.json import json_table
from pyflare.engine.storage.text.lines import text_table

_FORMATS = ("parquet", "csv", "json", "text", "orc", "avro", "xml", "jdbc", "binaryfile")


def read(
    format: str,
    paths: Sequence[str],
    schema: t.Struct | None,
    options: Mapping[str, str],
    conf: Mapping[str, str],
) -> Table:
    """The table of the files under `paths`; `schema` if the user gave one.

    Option names are case-insensitive; `conf` holds Spark's settings (session time zone, ...).
    """
    options = {name.lower(): value for name, value in options.items()}
    if "path" in options:
        paths = [*paths, options.pop("path")]
    if format.lower() not in _FORMATS:
        raise analysis_error("DATA_SOURCE_NOT_FOUND", {"provider": format})
    files = list_files(paths, options)
    name = _name(paths)
    match format.lower():
        case "parquet":
            files = [file for file in files if file.size]  # as Spark, which skips empty files
            _some(files, schema, "Parquet")
            zone = conf.get("spark.sql.session.timeZone", "UTC")
            key = ("parquet", name, tuple(files), schema, tuple(sorted(options.items())), zone)
            return reused(key, lambda: ParquetTable(name, files, schema, options, zone))
        case "csv":
            _some(files, schema, "CSV")
            return csv_table(name, files, schema, options, conf)
        case "json":
            _some(files, schema, "JSON")
            return json_table(name, files, schema, options, conf)
        case "text":
            return text_table(name, files, options, conf)
        case _:
            raise unsupported(f"the data source {format}", "convert the files to Parquet")


def _some(files: Sequence[DataFile], schema: t.Struct | None, format: str) -> None:
    if not files and schema is None:
        raise analysis_error("UNABLE_TO_INFER_SCHEMA", {"format": format})


def _name(paths: Sequence[str]) -> str:
    """How explain names the table: the last part of the path, without extension."""
    first = os.path.basename(paths[0].rstrip("/")) if paths else ""
    return first.split(".")[0] or "files"
