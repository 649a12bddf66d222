"""spark.read: which table stands for files of a format."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error
from pyflare.engine.storage.files import DataFile, list_files
from pyflare.engine.storage.parquet import ParquetTable
from pyflare.engine.storage.table import Table
from pyflare.engine.storage.text.csv import csv_table


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
    files = list_files(paths, options)
    name = _name(paths)
    match format.lower():
        case "parquet":
            _some(files, schema, "Parquet")
            return ParquetTable(
                name, files, schema, options, conf.get("spark.sql.session.timeZone", "UTC")
            )
        case "csv":
            _some(files, schema, "CSV")
            return csv_table(name, files, schema, options, conf)
        case _:
            raise analysis_error("DATA_SOURCE_NOT_FOUND", {"provider": format})


def _some(files: Sequence[DataFile], schema: t.Struct | None, format: str) -> None:
    if not files and schema is None:
        raise analysis_error("UNABLE_TO_INFER_SCHEMA", {"format": format})


def _name(paths: Sequence[str]) -> str:
    """How explain names the table: the last part of the path, without extension."""
    first = os.path.basename(paths[0].rstrip("/")) if paths else ""
    return first.split(".")[0] or "files"
