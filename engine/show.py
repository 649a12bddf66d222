"""df.show: the table that Spark prints, in ASCII, one record below the other, or in HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import pyarrow as pa

from pyflare.codegen.ir.types import Struct
from pyflare.engine.texts import column_texts

_MINIMUM_WIDTH = 3
_FULL_WIDTH = re.compile("[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹯＀-｠￠-￦]")
_ESCAPES = str.maketrans(
    {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\b": "\\b", "\v": "\\v", "\a": "\\a"}
)


def show_string(
    table: pa.Table, schema: Struct, rows: int, truncate: int, vertical: bool, zone: str
) -> str:
    """What Dataset.showString answers; `table` holds one row more than `rows` if there are more."""
    names, cells, more = _cells(table, schema, rows, truncate, zone)
    if vertical:
        body = _vertical(names, cells)
        if not cells:
            return "(0 rows)"
    else:
        body = _horizontal(names, cells, truncate > 0)
    return body + _footer(rows) if more else body


def html_string(table: pa.Table, schema: Struct, rows: int, truncate: int, zone: str) -> str:
    """What Dataset.htmlString answers: notebooks show it."""
    names, cells, more = _cells(table, schema, rows, truncate, zone)
    lines = [_html_row("th", names), *(_html_row("td", row) for row in cells)]
    body = "<table border='1'>\n" + "".join(lines) + "</table>\n"
    return body + _footer(rows) + "\n" if more else body


def _cells(
    table: pa.Table, schema: Struct, rows: int, truncate: int, zone: str
) -> tuple[list[str], list[list[str]], bool]:
    shown = table.slice(0, max(rows, 0))
    columns = [
        [_cut(text.translate(_ESCAPES), truncate) for text in column_texts(array, f.type, zone)]
        for array, f in zip(shown.columns, schema.fields, strict=True)
    ]
    names = [field.name.translate(_ESCAPES) for field in schema.fields]
    # not the slice's own count: without columns it may be any number
    count = min(rows, table.num_rows)
    cells = [[column[i] for column in columns] for i in range(count)]
    return names, cells, table.num_rows > max(count, 0)


def _cut(text: str, truncate: int) -> str:
    if truncate <= 0 or _length(text) <= truncate:
        return text
    if truncate < 4:
        return _start(text, truncate)
    return _start(text, truncate - 3) + "..."


def _length(text: str) -> int:
    """Java's length: characters beyond the 16-bit plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _start(text: str, length: int) -> str:
    if text.isascii():
        return text[:length]
    return text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", "replace")


def _width(text: str) -> int:
    return _length(text) + (0 if text.isascii() else len(_FULL_WIDTH.findall(text)))


def _horizontal(names: Sequence[str], cells: Sequence[Sequence[str]], right: bool) -> str:
    widths = [
        max(_MINIMUM_WIDTH, *(_width(row[i]) for row in (names, *cells))) for i in range(len(names))
    ]
    ruler = "+" + "".join("-" * width + "+" for width in widths) + "\n"
    if not names:
        ruler = "++\n"
        return ruler + "||\n" + ruler + "||\n" * len(cells) + ruler

    def line(row: Sequence[str]) -> str:
        return (
            "|" + "".join(_pad(c, w, right) + "|" for c, w in zip(row, widths, strict=True)) + "\n"
        )

    return ruler + line(names) + ruler + "".join(map(line, cells)) + ruler


def _vertical(names: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    left = max([_MINIMUM_WIDTH, *map(_width, names)])
    right = max([_MINIMUM_WIDTH, *(_width(cell) for row in cells for cell in row)])
    out = ""
    for number, row in enumerate(cells):
        out += f"-RECORD {number}".ljust(left + right + 5, "-") + "\n"
        for name, cell in zip(names, row, strict=True):
            out += f" {_pad(name, left, False)} | {_pad(cell, right, False)} \n"
    return out


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _footer(rows: int) -> str:
    return f"only showing top {max(rows, 0)} {'row' if rows == 1 else 'rows'}"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    inner = "".join(f"<{tag}>{html.escape(cell, quote=False)}</{tag}>" for cell in cells)
    return f"<tr>{inner}</tr>\n"
