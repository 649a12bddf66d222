"""Opening Parquet files, and what Spark makes of columns whose type is not the expected one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import runtime_error
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.footer import Footer
from pyflare.engine.types import arrow_to_type, schema_ddl, simple_string


class Readers:
    """One ParquetFile per thread and file, sharing the footers."""

    def __init__(self, footers: Sequence[Footer], names: Sequence[str]) -> None:
        self._footers, self._names = footers, names
        self._local = threading.local()
        self._open: list[pq.ParquetFile] = []

    def footer(self, number: int) -> Footer:
        """The footer of a file."""
        return self._footers[number]

    def get(self, number: int) -> pq.ParquetFile:
        """This thread's reader of a file; the one before it is closed."""
        if getattr(self._local, "number", None) != number:
            if hasattr(self._local, "file"):
                self._local.file.close()
            footer = self._footers[number]
            self._local.file = open_file(footer, [n for n in self._names if footer.repeats(n)])
            self._local.number = number
            self._open.append(self._local.file)
        file: pq.ParquetFile = self._local.file
        return file

    def close(self) -> None:
        """Closes what is still open."""
        for file in self._open:
            file.close()


def open_file(footer: Footer, dictionaries: Sequence[str]) -> pq.ParquetFile:
    with readable(footer.file):
        return pq.ParquetFile(
            footer.file.path,
            metadata=footer.metadata,
            read_dictionary=[
                footer.columns[name.lower()][0] for name in dictionaries if _is_string(footer, name)
            ],
            pre_buffer=False,
            coerce_int96_timestamp_unit="us",
        )


def _is_string(footer: Footer, name: str) -> bool:
    type = footer.arrow.field(footer.columns[name.lower()][0]).type
    return type in (pa.string(), pa.large_string(), pa.string_view())


@contextmanager
def readable(file: DataFile) -> Iterator[None]:
    """Spark's error for a file that cannot be decoded."""
    try:
        yield
    except FileNotFoundError as error:
        raise runtime_error("FAILED_READ_FILE.FILE_NOT_EXIST", {"path": file.uri}) from error
    except (pa.ArrowException, OSError) as error:
        raise runtime_error("FAILED_READ_FILE.NO_HINT", {"path": file.uri}) from error


def unchanged(files: Iterable[DataFile]) -> None:
    """Spark's error for a file written to since it was listed: what was read of it may be of
    both versions, and its footer's bounds are what generated code relies on."""
    for file in files:
        try:
            status = os.stat(file.path)
            same = (status.st_size, status.st_mtime_ns) == (file.size, file.mtime)
        except OSError:
            same = False
        if not same:
            raise runtime_error("FAILED_READ_FILE.FILE_NOT_EXIST", {"path": file.uri})


def convertible(chunk: pa.Array, field: t.Field, footer: Footer) -> pa.Array:
    """`chunk`, if Spark would read its type as that of `field`; else its error."""
    stored = arrow_to_type(chunk.type, zoneless=_zoneless(field.type))
    if stored == field.type or widens(stored, field.type):
        return chunk
    raise runtime_error(
        "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
        {
            "path": footer.file.uri,
            "column": f"[{field.name}]",
            "expectedType": simple_string(field.type),
            "actualType": _physical(footer, field.name),
        },
    )


def _physical(footer: Footer, name: str) -> str:
    leaf = footer.leaf(name)
    return "group" if leaf is None else str(footer.metadata.schema.column(leaf).physical_type)


def _zoneless(type: t.Type) -> t.Type:
    return type if isinstance(type, t.Timestamp | t.TimestampNTZ) else t.TIMESTAMP_NTZ


def widens(stored: t.Type, wanted: t.Type) -> bool:
    match stored, wanted:
        case t.Integer(a), t.Integer(b):
            return a <= b
        case t.Integer(bits), t.Float(64):
            return bits <= 32
        case t.Integer(bits), t.Decimal(precision, scale):
            return precision - scale >= (10 if bits <= 32 else 20)
        case t.Float(32), t.Float(64):
            return True
        case t.Decimal(p, s), t.Decimal(precision, scale):
            return scale >= s and precision - scale >= p - s
        case t.Date(), t.TimestampNTZ():
            return True
        case t.String(), t.Binary():
            return True
        case t.Binary(), t.String():
            return True
        case (t.Array(), t.Array()) | (t.Map(), t.Map()) | (t.Struct(), t.Struct()):
            return True  # Arrow's cast decides
        case _:
            return False


def merged_type(a: t.Field, b: t.Field) -> t.Type:
    if widens(a.type, b.type):
        return b.type
    if widens(b.type, a.type):
        return a.type
    raise runtime_error(
        "CANNOT_MERGE_SCHEMAS",
        {"left": f'"{schema_ddl(t.Struct((a,)))}"', "right": f'"{schema_ddl(t.Struct((b,)))}"'},
    )
