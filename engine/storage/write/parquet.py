"""Parquet files as Spark writes them: its schema beside Arrow's, large row groups."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.storage.write.formats import Format, check_types, holds
from pyflare.engine.storage.write.options import Options
from pyflare.engine.types import schema_to_arrow, type_to_json

_CODECS = ("brotli", "gzip", "lz4", "lz4_raw", "lzo", "none", "snappy", "uncompressed", "zstd")
_ROW_GROUP_ROWS = 1 << 20
_ROW_GROUP_BYTES = 128 << 20
_SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata"


class ParquetFile:
    """Collects rows until they fill a row group."""

    def __init__(self, path: str, schema: t.Struct, codec: str) -> None:
        self._writer = pq.ParquetWriter(
            path,
            schema_to_arrow(schema),
            compression=codec,
            store_schema=False,
            store_decimal_as_integer=True,
        )
        self._writer.add_key_value_metadata({_SPARK_SCHEMA: type_to_json(schema)})
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._rows += table.num_rows
        self._bytes += table.nbytes
        if self._rows >= _ROW_GROUP_ROWS or self._bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        try:
            if self._waiting:
                self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=_ROW_GROUP_ROWS)
        self._waiting = []
        self._rows = self._bytes = 0


def parquet_format(schema: t.Struct, options: Options, default_codec: str) -> Format:
    """The Parquet format for rows of `schema`."""
    check_types("Parquet", schema, allowed=lambda type: not holds(type, t.CalendarInterval))
    if any(holds(f.type, t.YearMonthInterval, t.DayTimeInterval) for f in schema.fields):
        raise unsupported("intervals in Parquet files", "cast them to strings")
    _check_unique(schema)
    name = options.codec(default_codec, _CODECS)
    if name == "lzo":
        raise unsupported("the compression lzo")
    codec = {"uncompressed": "none", "lz4_raw": "lz4"}.get(name, name)
    extension = ".parquet" if codec == "none" else f".{_extension(name)}.parquet"
    return Format("Parquet", extension, lambda path: ParquetFile(path, schema, codec))


def _extension(codec: str) -> str:
    """As Spark names the files."""
    return {"gzip": "gz", "brotli": "br", "lz4": "lz4hadoop", "lz4_raw": "lz4raw"}.get(codec, codec)


def _check_unique(schema: t.Struct) -> None:
    seen: set[str] = set()
    for field in schema.fields:
        if field.name.lower() in seen:
            parameters = {"columnName": f"`{field.name.lower()}`"}
            raise analysis_error("COLUMN_ALREADY_EXISTS", parameters)
        seen.add(field.name.lower())
