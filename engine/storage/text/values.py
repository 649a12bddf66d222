"""Values from text, as Spark reads them from files: its casts, not Python's or Arrow's."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import unsupported
from pyflare.engine.storage.text.patterns import compile_pattern

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?[0-9]+")
_DATE = re.compile(r"([+-]?[0-9]{4,7})(?:-([0-9]{1,2})(?:-([0-9]{1,2})(?:[ T].*)?)?)?", re.DOTALL)
_TIME = r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{0,9}))?)? *([A-Za-z+-].*)?"
_TIMESTAMP = re.compile(
    rf"(?:([+-]?[0-9]{{4,6}})(?:-([0-9]{{1,2}})(?:-([0-9]{{1,2}})(?:[ T]{_TIME})?)?)?)"
)
_TIME_ONLY = re.compile(rf"T?{_TIME}")
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])([0-9]{1,2})(?::?([0-9]{1,2}))?(?::?([0-9]{2}))?")
_JAVA_SPACE = "".join(map(chr, range(33)))  # what Java's trim removes
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Formats:
    """How the texts of one source are to be read."""

    zone: str = "UTC"
    date: str | None = None
    timestamp: str | None = None
    timestamp_ntz: str | None = None
    nan: str = "NaN"
    positive_infinity: str = "Inf"
    negative_infinity: str = "-Inf"


DEFAULT_FORMATS = Formats()


def integer(text: str, bits: int) -> int:
    """Java's parse: digits with a sign, within range, no spaces."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    value = int(text)
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise ValueError(text)
    return value


def floating(text: str, formats: Formats) -> float:
    """Java's parse, after Spark's words for NaN and the infinities."""
    if text == formats.nan:
        return math.nan
    if text == formats.positive_infinity:
        return math.inf
    if text == formats.negative_infinity:
        return -math.inf
    text = text.strip(_JAVA_SPACE)
    if text.lstrip("+-") in ("NaN", "Infinity") and len(text) - len(text.lstrip("+-")) <= 1:
        return float(text)
    digits = text[:-1] if text[-1:] in ("d", "D", "f", "F") else text
    if _NUMBER.fullmatch(digits):
        return float(digits)
    if _HEX.fullmatch(digits):
        return float.fromhex(digits)
    raise ValueError(text)


def decimal(text: str, type: t.Decimal) -> int:
    """The unscaled value, rounded half up to the scale; out of range is an error."""
    plain = text.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise ValueError(text)
    return unscaled(Decimal(plain), type)


def unscaled(value: Decimal, type: t.Decimal) -> int:
    """`value` in storage form, rounded half up; ValueError beyond the precision."""
    with localcontext() as context:
        context.prec = 100
        try:
            rounded = value.quantize(Decimal(1).scaleb(-type.scale), ROUND_HALF_UP)
        except InvalidOperation as error:
            raise ValueError(str(value)) from error
        result = int(rounded.scaleb(type.scale))
    if abs(result) >= 10**type.precision:
        raise ValueError(str(value))
    return result


def boolean(text: str) -> bool:
    """true or false in any case."""
    lower = text.lower()
    if lower not in ("true", "false"):
        raise ValueError(text)
    return lower == "true"


def date(text: str) -> int:
    """Days since 1970; Spark's lenient form: year, year-month, year-month-day, time ignored."""
    found = _DATE.fullmatch(text.strip(_JAVA_SPACE))
    if not found:
        raise ValueError(text)
    year, month, day = (int(part) if part else 1 for part in found.groups())
    return days(year, month, day)


def days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a proleptic Gregorian date of any year; ValueError if there is none."""
    cycle = (year - 1) // 400 * 400 if not 1 <= year <= 9999 else 0
    return datetime.date(year - cycle, month, day).toordinal() - 719163 + cycle // 400 * 146097


def timestamp(text: str, zone: str | None) -> int:
    """Microseconds since 1970 in `zone`; None = without zone, and none may be written."""
    text = text.strip(_JAVA_SPACE)
    found = _TIMESTAMP.fullmatch(text)
    if found:
        *when, hour, minute, second, fraction, suffix = found.groups()
        year, month, day = (int(part) if part else 1 for part in when)
        start = days(year, month, day)
    else:
        found = _TIME_ONLY.fullmatch(text)
        if not found or zone is None:
            raise ValueError(text)
        hour, minute, second, fraction, suffix = found.groups()
        start = datetime.datetime.now(tzinfo(zone)).toordinal() - 719163
    clock = micros(int(hour or 0), int(minute or 0), int(second or 0), fraction or "")
    return instant(start, clock, suffix, zone)


def micros(hour: int, minute: int, second: int, fraction: str = "") -> int:
    """Microseconds of a time of day; ValueError if there is none such."""
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{hour}:{minute}:{second}")
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int((fraction + "000000")[:6])


def instant(day: int, time: int, written: str | None, zone: str | None) -> int:
    """A day and a time of day in the zone that was written, or else in `zone`."""
    local = day * DAY + time
    if zone is None:
        if written:
            raise ValueError(written)
        return local
    return local - offset(local, tzinfo(written.strip() if written else zone))


def offset(local: int, zone: datetime.tzinfo) -> int:
    """The zone's offset at a local time, in microseconds; in a gap the one before it (Java)."""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=local)
    found = zone.utcoffset(moment.replace(tzinfo=zone))
    assert found is not None
    return found // datetime.timedelta(microseconds=1)


def tzinfo(name: str) -> datetime.tzinfo:
    """Java's zone names: regions, Z, and offsets with or without UTC in front."""
    if name in ("Z", "UTC", "GMT", "UT", "Etc/UTC"):
        return datetime.UTC
    found = _OFFSET.fullmatch(name)
    if found:
        sign, hours, minutes, seconds = found.groups()
        if int(hours) > 18 or int(minutes or 0) > 59:
            raise ValueError(name)
        delta = datetime.timedelta(
            hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0)
        )
        return datetime.timezone(-delta if sign == "-" else delta)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(name) from error


def scalar(type: t.Type, formats: Formats) -> Callable[[str], Any]:
    """The function that reads one value of `type` in storage form, or raises ValueError."""
    match type:
        case t.String():
            return lambda text: text
        case t.Binary():
            return lambda text: text.encode()
        case t.Boolean():
            return boolean
        case t.Integer(bits):
            return lambda text: integer(text, bits)
        case t.Float():
            return lambda text: floating(text, formats)
        case t.Decimal():
            return lambda text: decimal(text, type)
        case t.Date():
            if formats.date is None:
                return date
            return compile_pattern(formats.date).date
        case t.Timestamp():
            if formats.timestamp is None:
                return lambda text: timestamp(text, formats.zone)
            pattern = compile_pattern(formats.timestamp)
            return lambda text: instant(*pattern.moment(text), formats.zone)
        case t.TimestampNTZ():
            if formats.timestamp_ntz is None:
                return lambda text: timestamp(text, None)
            pattern = compile_pattern(formats.timestamp_ntz)
            return lambda text: instant(*pattern.moment(text), None)
        case t.Null():
            return _nothing
        case _:
            raise unsupported(f"reading {type} from text")


def _nothing(text: str) -> None:
    raise ValueError(text)
