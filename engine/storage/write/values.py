"""Columns as the texts that Spark writes into CSV, JSON and the names of partition folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine import texts
from pyflare.engine.storage.write import patterns
from pyflare.engine.storage.write.options import Options
from pyflare.engine.storage.write.patterns import Pattern, compile_pattern


@dataclass(frozen=True, slots=True)
class Formats:
    """The patterns of dates and timestamps, and the time zone's name."""

    date: Pattern
    timestamp: Pattern
    timestamp_ntz: Pattern
    zone: str


def formats(options: Options, zone: str) -> Formats:
    """From dateFormat, timestampFormat, timestampNTZFormat and timeZone."""
    zone = options.text("timeZone", zone)
    info = texts.time_zone(zone)
    name = getattr(info, "key", None) or _offset_name(zone)
    return Formats(
        compile_pattern(options.text("dateFormat", patterns.DATE), None, None),
        compile_pattern(options.text("timestampFormat", patterns.TIMESTAMP), info, name),
        compile_pattern(options.text("timestampNTZFormat", patterns.TIMESTAMP_NTZ), None, None),
        zone,
    )


def _offset_name(zone: str) -> str:
    """Arrow knows regions and ±HH:MM."""
    offset = zone.upper()
    for prefix in ("UTC", "GMT", "UT"):
        offset = offset.removeprefix(prefix)
    return offset if offset not in ("", "Z") else "UTC"


def column_text(column: pa.Array, type: t.Type, form: Formats) -> pa.Array:
    """The text of each value, NULL for NULL."""
    match type:
        case t.String():
            return column
        case t.Null():
            return column.cast(pa.string())
        case t.Boolean() | t.Integer() | t.Decimal():
            return pc.cast(column, pa.string())
        case t.Float():
            return _float_text(column)
        case t.Date():
            return form.date.texts(column)
        case t.Timestamp():
            return form.timestamp.texts(column)
        case t.TimestampNTZ():
            return form.timestamp_ntz.texts(column)
        case (
            t.Binary() | t.DayTimeInterval() | t.YearMonthInterval() | t.CalendarInterval()
            | t.Array() | t.Map() | t.Struct()
        ):  # fmt: skip
            shown = texts.column_texts(column, type, form.zone)
            return pc.if_else(column.is_valid(), pa.array(shown, pa.string()), None)
        case _:
            assert_never(type)


def partition_text(column: pa.Array, type: t.Type, zone: str) -> pa.Array:
    """The value of a partition column: CAST(… AS STRING)."""
    match type:
        case t.String() | t.Boolean() | t.Integer() | t.Float():
            return column_text(column, type, formats(Options(), zone))
        case t.Binary():
            return column.cast(pa.string())
        case _:
            distinct = pc.dictionary_encode(column)
            shown = pa.array(texts.column_texts(distinct.dictionary, type, zone), pa.string())
            return shown.take(distinct.indices)


def _float_text(column: pa.Array) -> pa.Array:
    """As Java writes it. Arrow's digits agree; where Java would use an exponent, Python does."""
    text = pc.cast(column, pa.string())
    size = pc.abs(column)
    plain = pc.and_(pc.greater_equal(size, 1e-3), pc.less(size, 1e7))
    plain = pc.fill_null(pc.or_(plain, pc.equal(column, 0)), True)
    whole = pc.binary_join_element_wise(text, ".0", "")
    result = pc.if_else(pc.match_substring(text, "."), text, whole)
    if pc.all(plain).as_py() in (True, None):
        return result
    values = column.to_numpy(zero_copy_only=False)
    odd = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    shown = pa.array([texts.float_text(values[i]) for i in odd], pa.string())
    return pc.replace_with_mask(result, pc.invert(plain), shown)
