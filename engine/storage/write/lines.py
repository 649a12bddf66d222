"""Files of text lines, compressed or not: what CSV, JSON and text have in common."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from pyflare.engine.errors import unsupported
from pyflare.engine.storage.write.options import Options

CODECS = ("none", "uncompressed", "gzip", "bzip2", "deflate", "lz4", "snappy")
_EXTENSIONS = {"none": "", "uncompressed": "", "gzip": ".gz", "bzip2": ".bz2"}
_ARROW = {"gzip": "gzip", "bzip2": "bz2"}


class LineFile:
    """`lines` makes one text per row; NULL rows leave no line."""

    def __init__(
        self,
        path: str,
        codec: str,
        separator: str,
        header: str | None,
        lines: Callable[[pa.Table], pa.ChunkedArray],
    ) -> None:
        file = pa.OSFile(path, "wb")
        arrow = _ARROW.get(codec)
        self._file = pa.CompressedOutputStream(file, arrow) if arrow else file
        self._under = file
        self._separator = separator
        self._lines = lines
        if header is not None:
            self._file.write((header + separator).encode())

    def write(self, table: pa.Table) -> None:
        for lines in self._lines(table).chunks:
            ended = pc.binary_join_element_wise(lines.drop_null(), self._separator, "")
            self._file.write(_data(ended))

    def close(self) -> None:
        self._file.close()
        self._under.close()


def codec(options: Options) -> tuple[str, str]:
    """The compression of text files and what it adds to the file name."""
    name = options.codec("none", CODECS)
    if name not in _EXTENSIONS:
        raise unsupported(f"the compression {name} of text files", "use gzip or bzip2")
    return name, _EXTENSIONS[name]


def line_separator(options: Options) -> str:
    """Between the rows."""
    options.only("encoding", "utf-8", "utf8")
    options.only("charset", "utf-8", "utf8")
    return options.text("lineSep", "\n")


def _data(texts: pa.Array) -> memoryview:
    """The bytes of all texts, one after the other: they lie so already."""
    _, offsets, data = texts.buffers()
    if data is None or len(texts) == 0:
        return memoryview(b"")
    width = 8 if pa.types.is_large_string(texts.type) else 4
    ends = memoryview(offsets).cast("q" if width == 8 else "i")
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]
