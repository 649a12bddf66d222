"""JSON Lines by the rules of Spark's writer: NULL fields are left out, times are texts."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import unsupported
from pyflare.engine.storage.write.formats import Format, check_types, holds
from pyflare.engine.storage.write.lines import LineFile, codec, line_separator
from pyflare.engine.storage.write.options import Options
from pyflare.engine.storage.write.values import Formats, column_text, formats

_SPECIAL = r'[\x00-\x1f"\\]'


def json_format(schema: t.Struct, options: Options, zone: str) -> Format:
    """The JSON format for rows of `schema`."""
    check_types("JSON", schema, allowed=lambda type: not holds(type, t.CalendarInterval))
    options.refuse("pretty")
    form, separator = formats(options, zone), line_separator(options)
    compression, suffix = codec(options)
    keep_nulls = not options.flag("ignoreNullFields", True)

    def lines(table: pa.Table) -> pa.ChunkedArray:
        rows = [_object(batch.columns, schema, form, keep_nulls) for batch in table.to_batches()]
        return pa.chunked_array(rows, pa.string())

    return Format(
        "JSON",
        ".json" + suffix,
        lambda path: LineFile(path, compression, separator, None, lines),
    )


def _object(columns: list[pa.Array], schema: t.Struct, form: Formats, keep_nulls: bool) -> pa.Array:
    """One {…} per row."""
    members = []
    for field, column in zip(schema.fields, columns, strict=True):
        key = f",{json.dumps(field.name, ensure_ascii=False)}:"
        texts = _value(column, field.type, form, keep_nulls)
        if keep_nulls:
            texts = pc.fill_null(texts, "null")
        members.append(pc.fill_null(pc.binary_join_element_wise(key, texts, ""), ""))
    # not null_handling="skip": Arrow 26 then loses the rows in which all are NULL
    inside = pc.binary_join_element_wise(*members, "")
    return _enclosed("{", pc.utf8_slice_codeunits(inside, 1), "}")


def _value(column: pa.Array, type: t.Type, form: Formats, keep_nulls: bool) -> pa.Array:
    """The JSON text of each value, NULL for NULL."""
    match type:
        case t.Null():
            return pa.nulls(len(column), pa.string())
        case t.Boolean() | t.Integer() | t.Decimal():
            return column_text(column, type, form)
        case t.Float():
            texts = column_text(column, type, form)
            return pc.if_else(pc.is_finite(column), texts, _in_quotes(texts))
        case t.Binary():
            return _base64(column)
        case t.Array(element):
            inner = _value(column.flatten(), element, form, keep_nulls)
            return _enclosed("[", _joined(column, pc.fill_null(inner, "null")), "]")
        case t.Map():
            return _map(column, type, form, keep_nulls)
        case t.Struct():
            rows = _object(column.flatten(), type, form, keep_nulls)
            return pc.if_else(column.is_valid(), rows, None)
        case _:
            return _string(column_text(column, type, form))


def _map(column: pa.Array, type: t.Map, form: Formats, keep_nulls: bool) -> pa.Array:
    if not isinstance(type.key, t.String | t.Integer | t.Float | t.Decimal | t.Boolean):
        raise unsupported("JSON of a map whose keys are not strings or numbers")
    as_list = column.cast(pa.list_(column.type.field(0)))
    entries = as_list.flatten()
    keys = _string(column_text(entries.field(0), type.key, form))
    values = pc.fill_null(_value(entries.field(1), type.value, form, keep_nulls), "null")
    pairs = pc.binary_join_element_wise(keys, values, ":")
    return _enclosed("{", _joined(as_list, pairs), "}")


def _joined(column: pa.Array, members: pa.Array) -> pa.Array:
    """The texts of each list's members with commas between, NULL for a NULL list."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(column) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    lists = pa.ListArray.from_arrays(pa.array(offsets), members)
    return pc.if_else(column.is_valid(), pc.binary_join(lists, ","), None)


def _enclosed(left: str, texts: pa.Array, right: str) -> pa.Array:
    return pc.binary_join_element_wise(left, texts, right, "")


def _in_quotes(texts: pa.Array) -> pa.Array:
    return _enclosed('"', texts, '"')


def _string(texts: pa.Array) -> pa.Array:
    special = pc.fill_null(pc.match_substring_regex(texts, _SPECIAL), False)
    quoted = _in_quotes(texts)
    if not pc.any(special).as_py():
        return quoted
    escaped = [_escape(text) for text in texts.filter(special).to_pylist()]
    return pc.replace_with_mask(quoted, special, pa.array(escaped, pa.string()))


def _escape(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False)
    return re.sub(r"\\u00[0-9a-f]{2}", lambda match: "\\u00" + match[0][4:].upper(), plain)


def _base64(column: pa.Array) -> pa.Array:
    values = column.to_pylist()
    texts = [None if it is None else f'"{base64.b64encode(it).decode()}"' for it in values]
    return pa.array(texts, pa.string())
