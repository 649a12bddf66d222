"""Text to values by Spark's rules, in Python; None where the text is malformed."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache

from pyflare.codegen.functions.calendar import py_days, py_month_length
from pyflare.codegen.functions.decimals import half_up, single
from pyflare.codegen.functions.timezones import MICROS, zone

SPACE = "".join(map(chr, range(0x21))) + "\x7f"  # trimmed around numbers, dates and booleans
JAVA_SPACE = "".join(map(chr, range(0x21)))  # what Java's String.trim removes
DAY = 86_400 * MICROS
TRUE, FALSE = frozenset(("t", "true", "y", "yes", "1")), frozenset(("f", "false", "n", "no", "0"))
WHOLE = re.compile(r"[+-]?[0-9]+")
TRUNCATED = re.compile(r"([+-]?[0-9]*)(\.[0-9]*)?")
NUMBER = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?")
HEX_FLOAT = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")


def boolean(text: str) -> bool | None:
    word = text.strip(SPACE).lower()
    return True if word in TRUE else False if word in FALSE else None


def whole(text: str) -> int | None:
    """An integer written without a fraction."""
    trimmed = text.strip(SPACE)
    return int(trimmed) if WHOLE.fullmatch(trimmed) else None


def truncated_whole(text: str) -> int | None:
    """An integer, a fraction cut off (ANSI off)."""
    found = TRUNCATED.fullmatch(text.strip(SPACE))
    if found is None or found[1] in ("", "+", "-"):
        # Spark takes ".5" for 0, and neither "" nor a bare sign for a number
        return 0 if found is not None and found[1] == "" and found[2] else None
    return int(found[1])


def exact(text: str) -> Fraction | None:
    """A decimal number with an optional exponent."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, units, fraction, bare, exponent = found.groups()
    digits = (units or "") + (fraction or bare or "")
    power = int(exponent or 0) - len(fraction or bare or "")
    if abs(power) > 100_000:
        power = 100_000 if power > 0 else -100_000
    value = Fraction(int(digits)) * Fraction(10) ** power
    return -value if sign == "-" else value


def decimal(text: str, precision: int, scale: int) -> tuple[int | None, bool]:
    """The unscaled number, HALF_UP, and whether it is a number that only has too many digits."""
    value = exact(text.strip(JAVA_SPACE))
    if value is None:
        return None, False
    scaled = value * 10**scale
    unscaled = half_up_fraction(scaled)
    if abs(unscaled) >= 10**precision:
        return None, True
    return unscaled, False


def half_up_fraction(value: Fraction) -> int:
    return half_up(value.numerator, value.denominator)


def floating(text: str, bits: int) -> float | None:
    """A float as Java reads it, and infinity and NaN in any case."""
    trimmed = text.strip(JAVA_SPACE)
    word = trimmed.lower()
    if word in ("nan", "+nan", "-nan") and (word == "nan" or trimmed[1:] == "NaN"):
        return math.nan
    if word in ("inf", "+inf", "infinity", "+infinity"):
        return math.inf
    if word in ("-inf", "-infinity"):
        return -math.inf
    body = trimmed[:-1] if word[-1:] in ("d", "f") else trimmed
    if HEX_FLOAT.fullmatch(body):
        try:
            value = float.fromhex(body)
        except OverflowError:
            value = -math.inf if body[0] == "-" else math.inf
        return single(value) if bits == 32 else value
    if NUMBER.fullmatch(body) is None:
        return None
    value = float(body)
    return value if bits == 64 else _single_of(body, value)


def _single_of(text: str, double: float) -> float:
    """Rounded to 32 bits once: the double, moved off a tie that it only seems to be."""
    near = single(double)
    if math.isinf(double) or double == near:
        return near
    true = exact(text)
    assert true is not None
    if true != Fraction(double):
        # nudging by less than half a unit of the double decides ties of its rounding to 32 bits
        toward = math.inf if true > Fraction(double) else -math.inf
        nudged = math.nextafter(double, toward)
        if single(nudged) != near and single(math.nextafter(double, -toward)) == near:
            return single(nudged)
    return near


# ---------------------------------------------------------------- dates and times


def date(text: str) -> int | None:
    """[+-]yyyy[y…][-[m]m[-[d]d[( |T)anything]]]"""
    found = DATE.fullmatch(text.strip(SPACE))
    if found is None:
        return None
    sign, year, month, day = found.groups()
    days = days_of(int(sign + year), int(month or 1), int(day or 1))
    return days if days is not None and -(1 << 31) <= days < 1 << 31 else None


DATE = re.compile(r"([+-]?)([0-9]{4,7})(?:-([0-9]{1,2})(?:-([0-9]{1,2})(?:[ T].*)?)?)?", re.DOTALL)


def days_of(year: int, month: int, day: int) -> int | None:
    """The day, if there is one."""
    if not 1 <= month <= 12 or not 1 <= day <= py_month_length(year, month):
        return None
    return py_days(year, month, day)


STAMP = re.compile(
    r"([+-]?)([0-9]{4,6})(?:-([0-9]{1,2})(?:-([0-9]{1,2})"
    r"(?:[ T](?:([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})"
    r"(?:\.([0-9]*))?([^0-9].*)?)?)?)?)?)?)?",
    re.DOTALL,
)
TIME = re.compile(
    r"(?:T)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]*))?([^0-9].*)?)?", re.DOTALL
)


def timestamp(text: str, timezone: str) -> int | None:
    """Microseconds of an instant; a text without a zone is in `timezone`."""
    parts = _stamp(text.strip(SPACE), timezone)
    if parts is None:
        return None
    local, named = parts
    try:
        where = zone(region(named)) if named else zone(timezone)
    except Exception:  # zoneinfo raises several kinds for a name that is no zone
        return None
    return _in_range(where.to_utc(local))


def timestamp_ntz(text: str) -> int | None:
    """Microseconds of a wall clock time; a zone is read and ignored."""
    parts = _stamp(text.strip(SPACE), None)
    if parts is None:
        return None
    local, named = parts
    if named:
        try:
            zone(region(named))
        except Exception:  # as above
            return None
    return _in_range(local)


def _in_range(micros: int) -> int | None:
    return micros if -(1 << 63) <= micros < 1 << 63 else None


def _stamp(text: str, timezone: str | None) -> tuple[int, str] | None:
    found = STAMP.fullmatch(text)
    if found is not None:
        sign, year, month, day, *clock = found.groups()
        days = days_of(int(sign + year), int(month or 1), int(day or 1))
        if text.endswith((" ", "T")) and clock[0] is None:
            return None
    else:
        found = TIME.fullmatch(text)
        if found is None or timezone is None:
            return None
        clock = list(found.groups())
        now = int(datetime.now(UTC).timestamp()) * MICROS
        days = zone(timezone).to_local(now) // DAY
    hour, minute, second, fraction, named = clock
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    if days is None or h > 23 or m > 59 or s > 59:
        return None
    micros = int((fraction or "")[:6].ljust(6, "0"))
    return days * DAY + ((h * 60 + m) * 60 + s) * MICROS + micros, (named or "").strip()


@cache
def region(name: str) -> str:
    """A zone as Java names it, as zone() reads it."""
    found = re.fullmatch(r"(UTC|GMT|UT)?([+-])(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?", name)
    if found is None:
        return name
    _, sign, hours, minutes, seconds = found.groups()
    return f"{sign}{int(hours):02}:{int(minutes or 0):02}:{int(seconds or 0):02}"
