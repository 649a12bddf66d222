"""CSV text cut into texts, with Spark's (univocity's) treatment of quotes and uneven rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pyflare.engine.storage.text.csv_options import CsvOptions

Bits = np.ndarray[Any, np.dtype[np.bool_]]
Token = str | None  # None: an empty value without quotes

_BLOCK = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Texts of the wanted columns. `uneven` marks records with too few or too many values;
    `raw` is the text of each record, if it was asked for."""

    rows: int
    columns: dict[int, pa.Array]
    uneven: Bits | None = None
    raw: pa.Array | None = None


def tokenize(
    data: bytes, width: int, wanted: Sequence[int], options: CsvOptions, raw: bool
) -> Tokens:
    """Every record of `data` (without its header), of which `width` values are expected."""
    if not raw and wanted:
        fast = _by_arrow(data, width, wanted, options)
        if fast is not None:
            return fast
    return _one_by_one(data.decode("utf-8", "replace"), width, wanted, options, raw)


# ---------------------------------------------------------------- through Arrow's reader


def _by_arrow(data: bytes, width: int, wanted: Sequence[int], options: CsvOptions) -> Tokens | None:
    """None where Arrow's reader would not do exactly what Spark's does."""
    if not _regular(data, width, options):
        return None
    bare_empty = options.null == "" and options.empty == ""
    names = [str(i) for i in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(column_names=names, block_size=_BLOCK),
            csv.ParseOptions(
                delimiter=options.separator,
                quote_char=options.quote or False,
                double_quote=False,
                newlines_in_values=options.multiline,
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[str(i) for i in wanted],
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=bare_empty,
            ),
        )
    except pa.ArrowInvalid:  # uneven rows, or text that is not UTF-8
        return None
    columns = {i: _nulls(_joined(table.column(str(i))), options) for i in wanted}
    return Tokens(table.num_rows, columns)


def _regular(data: bytes, width: int, options: CsvOptions) -> bool:
    if len(options.separator) > 1 or options.line_separator not in (None, "\n"):
        return False
    if ord(options.separator) > 127 or ord(options.quote or "\0") > 127:
        return False
    if not data or (options.comment and options.comment.encode() in data):
        return False
    if re.search(rb"\r(?!\n)", data) or (width == 1 and re.search(rb"(?m)^[ \t]+\r?$", data)):
        return False
    if options.trim_left or options.trim_right:
        return False
    if not options.quote or options.quote.encode() not in data:
        return True
    if options.escape and options.escape.encode() in data and options.escape != options.quote:
        return False
    return _quotes_enclose(data, options)


def _quotes_enclose(data: bytes, options: CsvOptions) -> bool:
    """Whether quotes only ever stand around whole values, none of them holding a quote."""
    text = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(text == ord(options.quote))
    if len(quotes) % 2:
        return False
    borders = np.zeros(256, np.bool_)
    borders[[ord(options.separator), 10, 13]] = True
    before = quotes[0::2] - 1
    after = quotes[1::2] + 1
    if (
        not borders[text[before[before >= 0]]].all()
        or not borders[text[after[after < len(text)]]].all()
    ):
        return False
    if options.multiline:
        return b"\r" not in data
    lines = np.flatnonzero(text == 10)
    return bool(
        (np.searchsorted(lines, quotes[0::2]) == np.searchsorted(lines, quotes[1::2])).all()
    )


def _joined(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.nbytes > 1 << 30:
        column = column.cast(pa.large_string())
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())


def _nulls(texts: pa.Array, options: CsvOptions) -> pa.Array:
    """Empty quotes become emptyValue; whatever then equals nullValue is NULL."""
    if options.empty:
        texts = pc.if_else(pc.equal(texts, ""), options.empty, texts)
    if options.null:
        texts = pc.if_else(pc.equal(texts, options.null), pa.scalar(None, texts.type), texts)
    return texts


# ---------------------------------------------------------------- record by record


def records(text: str, options: CsvOptions) -> Iterator[tuple[list[Token], str]]:
    """Values and text of each record; blank lines and comments are none."""
    if options.multiline:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        at = 0
        while at < len(text):
            tokens, end = _record(text, at, options)
            raw = text[at:end]
            at = end + 1
            if raw and not (options.comment and raw.startswith(options.comment)):
                yield tokens, raw
        return
    for line in lines(text, options.line_separator):
        if line.strip() and not (options.comment and line.startswith(options.comment)):
            yield _record(line, 0, options)[0], line


def lines(text: str, separator: str | None) -> list[str]:
    """The lines of a text file, without an empty one after the last line end."""
    found = text.split(separator) if separator else re.split(r"\r\n|\n|\r", text)
    return found[:-1] if found and not found[-1] else found


def _record(text: str, at: int, options: CsvOptions) -> tuple[list[Token], int]:
    """The values of the record that begins at `at`, and where it ends."""
    tokens: list[Token] = []
    token: Token
    size, separator = len(text), options.separator
    while True:
        if options.trim_left:
            while at < size and text[at] <= " " and text[at] not in ("\n", separator):
                at += 1
        if options.quote and text.startswith(options.quote, at):
            token, at = _quoted(text, at, options)
        else:
            end = _border(text, at, separator)
            value = text[at:end]
            token = (value.rstrip() if options.trim_right else value) or None
            at = end
        tokens.append(token)
        if not text.startswith(separator, at):
            return tokens, at
        at += len(separator)


def _quoted(text: str, at: int, options: CsvOptions) -> tuple[str, int]:
    """A value in quotes; if a quote inside is not escaped, the raw text up to the separator."""
    quote, escape, size = options.quote, options.escape, len(text)
    value: list[str] = []
    i = at + 1
    while i < size:
        char = text[i]
        if char == escape and escape != quote and text[i + 1 : i + 2] in (quote, escape):
            value.append(text[i + 1 : i + 2])
            i += 2
        elif char != quote:
            value.append(char)
            i += 1
        elif escape == quote and text.startswith(quote, i + 1):
            value.append(quote)
            i += 2
        else:
            after = i + 1
            while (
                after < size and text[after] <= " " and text[after] not in ("\n", options.separator)
            ):
                after += 1
            if after >= size or text[after] == "\n" or text.startswith(options.separator, after):
                return "".join(value) or options.empty, after
            end = _border(text, i, options.separator)
            return text[at:end], end
    return "".join(value) or options.empty, size


def _border(text: str, at: int, separator: str) -> int:
    found = text.find(separator, at)
    line = text.find("\n", at)
    ends = [end for end in (found, line) if end >= 0]
    return min(ends) if ends else len(text)


def _one_by_one(
    text: str, width: int, wanted: Sequence[int], options: CsvOptions, raw: bool
) -> Tokens:
    columns: dict[int, list[Token]] = {i: [] for i in wanted}
    uneven: list[bool] = []
    texts: list[str] = []
    for tokens, line in records(text, options):
        uneven.append(len(tokens) != width)
        for i, column in columns.items():
            token = tokens[i] if i < len(tokens) else None
            column.append(None if token == options.null else token)
        if raw:
            texts.append(line)
    return Tokens(
        len(uneven),
        {i: pa.array(column, pa.string()) for i, column in columns.items()},
        np.array(uneven, np.bool_),
        pa.array(texts, pa.string()) if raw else None,
    )
