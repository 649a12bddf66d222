"""Constants as Spark prints them in column names and errors."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Exact

from pyflare.codegen.ir.expr import Literal
from pyflare.codegen.ir.types import (
    Binary,
    Boolean,
    CalendarInterval,
    Date,
    DayTimeInterval,
    Decimal,
    Float,
    Null,
    String,
    Timestamp,
    TimestampNTZ,
    YearMonthInterval,
)


def shown_literal(literal: Literal) -> str:
    """A constant as Spark prints it in names: text bare, dates and intervals with their type."""
    value = literal.value
    if value is None:
        return "NULL"
    match literal.type:
        case Null():
            return "NULL"
        case Boolean():
            return "true" if value else "false"
        case String():
            return str(value)
        case Binary():
            assert isinstance(value, bytes)
            return f"X'{value.hex().upper()}'"
        case Float():
            assert isinstance(value, float)
            return java_double(value)
        case Decimal(_, scale):
            return format(Exact(str(value)).scaleb(-scale), "f")
        case Date():
            assert isinstance(value, int)
            return f"DATE '{(date(1970, 1, 1) + timedelta(value)).isoformat()}'"
        case Timestamp() | TimestampNTZ():
            assert isinstance(value, int)
            name = "TIMESTAMP_NTZ" if isinstance(literal.type, TimestampNTZ) else "TIMESTAMP"
            return f"{name} '{_timestamp(value)}'"
        case YearMonthInterval() | DayTimeInterval():
            assert isinstance(value, int)
            return interval_text(value, literal.type)
        case CalendarInterval():
            return f"INTERVAL '{calendar_text(value)}'"
        case _:
            return str(value)


def java_double(value: float) -> str:
    """Java's Double.toString."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else format(value, "f")
    digits, exponent = f"{value:.17e}".split("e")
    shortest = repr(value)
    if "e" in shortest:
        digits, exponent = shortest.split("e")
    else:
        exact = Exact(shortest).normalize()
        sign, parts, power = exact.as_tuple()
        assert isinstance(power, int)
        head = "".join(map(str, parts))
        digits = ("-" if sign else "") + head[0] + "." + (head[1:] or "0")
        exponent = str(power + len(head) - 1)
    if "." not in digits:
        digits += ".0"
    return f"{digits}E{int(exponent)}"


def _timestamp(micros: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text


def interval_text(value: int, type: YearMonthInterval | DayTimeInterval) -> str:
    """An interval as an SQL literal with its fields: INTERVAL '1 02:03:04' DAY TO SECOND."""
    sign = "-" if value < 0 else ""
    if isinstance(type, YearMonthInterval):
        names = ("YEAR", "MONTH")
        years, months = divmod(abs(value), 12)
        match type.start, type.end:
            case (0, 0):
                body = f"{years}"
            case (1, 1):
                body = f"{abs(value)}"
            case _:
                body = f"{years}-{months}"
        unit = names[type.start] if type.start == type.end else "YEAR TO MONTH"
        return f"INTERVAL '{sign}{body}' {unit}"
    return f"INTERVAL '{sign}{_day_time(abs(value), type)}' {_day_time_unit(type)}"


def _day_time_unit(type: DayTimeInterval) -> str:
    names = ("DAY", "HOUR", "MINUTE", "SECOND")
    if type.start == type.end:
        return names[type.start]
    return f"{names[type.start]} TO {names[type.end]}"


def _day_time(micros: int, type: DayTimeInterval) -> str:
    sizes = (86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000)
    parts = []
    rest = micros
    for unit in range(type.start, type.end + 1):
        count, rest = divmod(rest, sizes[unit])
        digits = str(count) if unit == 0 else f"{count:02d}"
        if unit == 3 and rest:
            digits += f".{rest:06d}".rstrip("0")
        parts.append(digits)
    if type.start == 0 and len(parts) > 1:
        return f"{parts[0]} {':'.join(parts[1:])}"
    return ":".join(parts)


def calendar_text(value: object) -> str:
    """A calendar interval in words: 1 years 2 months 3 days."""
    assert isinstance(value, tuple)
    months, days, micros = value
    years, months = int(months / 12), months - 12 * int(months / 12)
    parts = [f"{n} {unit}" for n, unit in ((years, "years"), (months, "months")) if n]
    if days:
        parts.append(f"{days} days")
    hours, rest = int(micros / 3_600_000_000), micros - 3_600_000_000 * int(micros / 3_600_000_000)
    minutes, rest = int(rest / 60_000_000), rest - 60_000_000 * int(rest / 60_000_000)
    parts += [f"{n} {unit}" for n, unit in ((hours, "hours"), (minutes, "minutes")) if n]
    if rest:
        parts.append(f"{format(Exact(rest).scaleb(-6).normalize(), 'f')} seconds")
    return " ".join(parts) or "0 seconds"
