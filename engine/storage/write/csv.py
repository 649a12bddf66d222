"""CSV by the rules of Spark's writer: quotes only where needed, a backslash before quotes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import unsupported
from pyflare.engine.storage.write.formats import Format, check_types
from pyflare.engine.storage.write.lines import LineFile, codec, line_separator
from pyflare.engine.storage.write.options import Options
from pyflare.engine.storage.write.values import Formats, column_text, formats

_BLANK = "".join(map(chr, range(33)))  # what Spark's writer trims


@dataclass(frozen=True, slots=True)
class Style:
    """How a field is written; the names are those of Spark's options."""

    separator: str
    quote: str
    escape: str
    escape_escape: str
    null: str
    empty: str
    quote_all: bool
    escape_quotes: bool
    trim: Callable[[pa.Array], pa.Array]

    def field(self, texts: pa.Array, *, first: bool) -> pa.Array:
        """The fields of a column of strings."""
        texts = self.trim(texts)
        quoted = self._quoted(texts)
        fields = quoted if self.quote_all else pc.if_else(self._needs(texts, first), quoted, texts)
        fields = pc.if_else(pc.equal(texts, ""), self.empty, fields)
        return pc.fill_null(fields, self._null())

    def plain(self, texts: pa.Array) -> pa.Array:
        """The fields of a column whose texts hold neither quotes nor separators."""
        if self.quote_all or self.separator in "0123456789.-+:eEtruefalsNIniyTZ":
            return self.field(texts, first=False)
        return pc.fill_null(texts, self._null())

    def _null(self) -> str:
        return self.quote + self.null + self.quote if self.quote_all else self.null

    def _needs(self, texts: pa.Array, first: bool) -> pa.Array:
        inside = re.escape(self.separator) + "|[\n\r]"
        quote = re.escape(self.quote)
        inside += f"|{quote}" if self.escape_quotes else f"|^{quote}"
        if first:
            inside += "|^#"  # would read as a comment
        return pc.match_substring_regex(texts, inside)

    def _quoted(self, texts: pa.Array) -> pa.Array:
        if self.escape_escape:
            doubled = self.escape_escape + self.escape
            texts = pc.replace_substring(texts, self.escape, doubled)
        texts = pc.replace_substring(texts, self.quote, self.escape + self.quote)
        return pc.binary_join_element_wise(self.quote, texts, self.quote, "")


def style(options: Options) -> Style:
    """The options of the CSV writer with Spark's defaults."""
    quote = options.text("quote", '"') or "\0"
    escape = options.text("escape", "\\")
    separator = options.text("sep", options.text("delimiter", ","))
    separator = {"\\t": "\t"}.get(separator, separator)
    if not separator or len(quote) > 1 or len(escape) > 1:
        raise unsupported("an empty separator, or a quote or escape of several characters, in CSV")
    default = escape if escape != quote else ""
    return Style(
        separator,
        quote,
        escape,
        options.text("charToEscapeQuoteEscaping", default),
        options.text("nullValue", ""),
        options.text("emptyValue", quote * 2),
        options.flag("quoteAll", False),
        options.flag("escapeQuotes", True),
        _trimmer(options),
    )


def _trimmer(options: Options) -> Callable[[pa.Array], pa.Array]:
    leading = options.flag("ignoreLeadingWhiteSpace", True)
    trailing = options.flag("ignoreTrailingWhiteSpace", True)
    if leading and trailing:
        return lambda texts: pc.utf8_trim(texts, characters=_BLANK)
    if leading:
        return lambda texts: pc.utf8_ltrim(texts, characters=_BLANK)
    if trailing:
        return lambda texts: pc.utf8_rtrim(texts, characters=_BLANK)
    return lambda texts: texts


def csv_format(schema: t.Struct, options: Options, zone: str) -> Format:
    """The CSV format for rows of `schema`."""
    atomic = (t.Null, t.CalendarInterval, t.Array, t.Map, t.Struct)
    check_types("CSV", schema, allowed=lambda type: not isinstance(type, atomic))
    look, form, separator = style(options), formats(options, zone), line_separator(options)
    compression, suffix = codec(options)
    names = pa.array([field.name for field in schema.fields], pa.string())
    header = None
    if options.flag("header", False):
        header = look.separator.join(look.field(names, first=False).to_pylist())

    def lines(table: pa.Table) -> pa.ChunkedArray:
        return pa.chunked_array(
            [_rows(batch, schema, look, form) for batch in table.to_batches()], pa.string()
        )

    return Format(
        "CSV",
        ".csv" + suffix,
        lambda path: LineFile(path, compression, separator, header, lines),
    )


def _rows(batch: pa.RecordBatch, schema: t.Struct, look: Style, form: Formats) -> pa.Array:
    fields = []
    for number, field in enumerate(schema.fields):
        texts = column_text(batch.column(number), field.type, form)
        simple = isinstance(field.type, t.Integer | t.Float | t.Decimal | t.Boolean)
        fields.append(look.plain(texts) if simple else look.field(texts, first=number == 0))
    if len(fields) == 1:
        # Spark writes no line at all for a row that would be empty
        return pc.if_else(pc.equal(fields[0], ""), None, fields[0])
    return pc.binary_join_element_wise(*fields, look.separator)
