"""What both text formats share: the bytes of a file, and the error of a malformed record."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

import pyarrow as pa

from pyflare.engine.errors import illegal_argument, runtime_error
from pyflare.engine.storage.files import DataFile

_BOM = codecs.BOM_UTF8


def read_text(file: DataFile, encoding: str) -> bytes:
    """The contents as UTF-8 without byte order mark, decompressed by the file's extension."""
    try:
        with pa.input_stream(file.path, compression="detect") as stream:
            data: bytes = stream.read()
    except FileNotFoundError as error:
        raise runtime_error("FAILED_READ_FILE.FILE_NOT_EXIST", {"path": file.uri}) from error
    except (OSError, pa.ArrowException) as error:
        raise runtime_error("FAILED_READ_FILE.NO_HINT", {"path": file.uri}) from error
    if encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii"):
        try:
            data = data.decode(encoding, "replace").encode()
        except LookupError as error:
            raise illegal_argument(
                "INVALID_PARAMETER_VALUE.CHARSET",
                {
                    "functionName": "`decode`",
                    "parameter": "`charset`",
                    "charset": encoding,
                    "charsets": "UTF-8, UTF-16, ISO-8859-1",
                },
            ) from error
    return data.removeprefix(_BOM)


def malformed(columns: Sequence[pa.Array], row: int) -> Exception:
    """The error of mode FAILFAST, which shows what could be read of the record."""
    texts = [_text(column[row].as_py()) for column in columns]
    return malformed_record(f"[{','.join(texts)}]")


def malformed_record(record: str) -> Exception:
    """The error of mode FAILFAST for a record shown as text."""
    return runtime_error(
        "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
        {"badRecord": record, "failFastMode": "FAILFAST"},
    )


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case _:
            return str(value)
