"""Values as Spark's show prints them: the text of CAST(x AS STRING), NULL spelt out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pyflare.codegen.ir import types as t

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000  # microseconds
_FIELDS = ("DAY", "HOUR", "MINUTE", "SECOND")

Text = Callable[[Any], str]


def column_texts(array: pa.ChunkedArray | pa.Array, type: t.Type, zone: str) -> list[str]:
    """One text per row."""
    text = _text(type, time_zone(zone))
    return [text(value) for value in _plain(array, type)]


def time_zone(name: str) -> tzinfo:
    """A session time zone: a region, or an offset such as +02:00, UTC-3, GMT+05:30."""
    offset = name.upper()
    for prefix in ("UTC", "GMT", "UT"):
        offset = offset.removeprefix(prefix)
    if offset in ("", "Z"):
        return UTC
    if offset[0] in "+-":
        parts = [int(part) for part in offset[1:].split(":")]
        if len(parts) == 1 and parts[0] > 99:
            parts = [parts[0] // 100, parts[0] % 100]
        hours, minutes, seconds = (*parts, 0, 0)[:3]
        shift = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return timezone(shift if offset[0] == "+" else -shift)
    return ZoneInfo(name)


def _plain(array: Any, type: t.Type) -> list[Any]:
    """Python values; times stay integers, because Python's dates end at the year 9999."""
    values: list[Any] = array.cast(_storage(array.type)).to_pylist()
    return values


def _storage(type: pa.DataType) -> pa.DataType:
    if pa.types.is_date32(type):
        return pa.int32()
    if pa.types.is_timestamp(type) or pa.types.is_duration(type):
        return pa.int64()
    if pa.types.is_map(type):
        return pa.map_(_storage(type.key_type), _storage(type.item_type))
    if pa.types.is_struct(type):
        return pa.struct([f.with_type(_storage(f.type)) for f in type])
    if pa.types.is_list(type):
        return pa.list_(type.value_field.with_type(_storage(type.value_type)))
    if pa.types.is_fixed_size_list(type):
        return pa.list_(type.value_field.with_type(_storage(type.value_type)), type.list_size)
    return type


def _text(type: t.Type, zone: tzinfo) -> Text:
    shown = _value_text(type, zone)
    return lambda value: "NULL" if value is None else shown(value)


def _value_text(type: t.Type, zone: tzinfo) -> Text:
    match type:
        case t.Null():
            return lambda _: "NULL"
        case t.Boolean():
            return lambda value: "true" if value else "false"
        case t.Integer() | t.String():
            return str
        case t.Float(bits):
            kind = np.float32 if bits == 32 else np.float64
            return lambda value: float_text(kind(value))
        case t.Decimal():
            return lambda value: format(value, "f")
        case t.Binary():
            return lambda value: "[" + value.hex(" ").upper() + "]"
        case t.Date():
            return date_text
        case t.Timestamp():
            return lambda micros: timestamp_text(micros, zone)
        case t.TimestampNTZ():
            return lambda micros: timestamp_text(micros, UTC)
        case t.DayTimeInterval(start, end):
            return lambda micros: day_time_text(micros, start, end)
        case t.YearMonthInterval() | t.CalendarInterval():
            return str
        case t.Array(element):
            one = _text(element, zone)
            return lambda values: "[" + ", ".join(one(value) for value in values) + "]"
        case t.Map(key, value_type):
            left, right = _text(key, zone), _text(value_type, zone)
            return lambda m: "{" + ", ".join(f"{left(k)} -> {right(v)}" for k, v in m) + "}"
        case t.Struct(fields):
            parts = [(field.name, _text(field.type, zone)) for field in fields]
            return lambda row: "{" + ", ".join(f(row[name]) for name, f in parts) + "}"
        case _:
            assert_never(type)


def float_text(value: np.floating[Any]) -> str:
    """As Java writes it: shortest digits; a power of ten outside 1e-3 .. 1e7.

    >>> [float_text(np.float64(x)) for x in (1.5, 1e10, 0.001, 9999999.0, 1e-4, -0.0)]
    ['1.5', '1.0E10', '0.001', '9999999.0', '1.0E-4', '-0.0']
    """
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if np.signbit(value) else "0.0"
    if 1e-3 <= abs(value) < 1e7:
        return np.format_float_positional(value, unique=True, trim="0")
    mantissa, exponent = np.format_float_scientific(value, unique=True, trim="0").split("e")
    return f"{mantissa}E{int(exponent)}"


def date_text(days: int) -> str:
    """ISO; years beyond 9999 carry a plus.

    >>> date_text(0), date_text(-719529), date_text(3670687)
    ('1970-01-01', '-0001-12-31', '+12020-01-01')
    """
    year, month, day = _civil(days)
    return f"{_year(year)}-{month:02}-{day:02}"


def timestamp_text(micros: int, zone: tzinfo) -> str:
    """Wall-clock time in `zone`, the fraction without trailing zeros."""
    micros += _offset(micros, zone)
    days, rest = divmod(micros, _DAY)
    seconds, fraction = divmod(rest, 1_000_000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    tail = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{date_text(days)} {clock}{tail}"


def day_time_text(micros: int, start: int = 0, end: int = 3) -> str:
    """INTERVAL '1 02:03:04.5' DAY TO SECOND."""
    sign, rest = ("-", -micros) if micros < 0 else ("", micros)
    units = [_DAY, 3_600_000_000, 60_000_000, 1_000_000]
    text = ""
    for field in range(start, end + 1):
        amount, rest = divmod(rest, units[field])
        separator = "" if field == start else " " if field == 1 else ":"
        text += separator + (str(amount) if field == start else f"{amount:02}")
    if end == 3 and rest:
        text += f".{rest:06}".rstrip("0")
    span = _FIELDS[start] if start == end else f"{_FIELDS[start]} TO {_FIELDS[end]}"
    return f"INTERVAL '{sign}{text}' {span}"


def _offset(micros: int, zone: tzinfo) -> int:
    """Microseconds that `zone` is ahead of UTC at that instant."""
    if zone is UTC:
        return 0
    try:
        moment = (_EPOCH + timedelta(microseconds=micros)).astimezone(zone)
    except OverflowError:  # beyond Python's calendar: the rules of its last or first year
        edge = datetime(9999, 6, 1, tzinfo=UTC) if micros > 0 else datetime(2, 1, 1, tzinfo=UTC)
        moment = edge.astimezone(zone)
    shift = moment.utcoffset() or timedelta()
    return int(shift.total_seconds()) * 1_000_000


def _year(year: int) -> str:
    if 0 <= year <= 9999:
        return f"{year:04}"
    return f"-{-year:04}" if year < 0 else f"+{year}"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month, day of the proleptic Gregorian calendar (Hinnant's days_from_civil inverse)."""
    days += 719_468
    era, day_of_era = divmod(days, 146_097)
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1
