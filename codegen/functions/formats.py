"""Values to text by Spark's rules, in Python."""

from __future__ import annotations

import math
import struct

from pyflare.codegen.functions.calendar import py_civil
from pyflare.codegen.functions.timezones import MICROS, zone

DAY = 86_400 * MICROS


def floating(value: float, bits: int = 64) -> str:
    """Java's Double.toString or Float.toString: the shortest digits that read back."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    digits, exponent = shortest(abs(value), bits)
    sign = "-" if value < 0 else ""
    if -3 <= exponent < 7:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        units = digits[: exponent + 1].ljust(exponent + 1, "0")
        return f"{sign}{units}.{digits[exponent + 1 :] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def shortest(value: float, bits: int) -> tuple[str, int]:
    """The fewest digits that identify a positive float, and the exponent of the first."""
    text = repr(value) if bits == 64 else _shortest_single(value)
    mantissa, _, power = text.lower().partition("e")
    units, _, fraction = mantissa.partition(".")
    digits = (units + fraction).lstrip("0")
    if len(digits.rstrip("0")) == 1:
        # Java writes two digits at least: the nearest number of two, if it is the same float
        wider = f"{value:.1e}"
        same = float(wider) == value if bits == 64 else _packed(float(wider)) == _packed(value)
        if same:
            mantissa, _, power = wider.partition("e")
            return mantissa.replace(".", "").rstrip("0"), int(power)
    leading = len(units) if units.strip("0") else -(len(fraction) - len(fraction.lstrip("0")))
    return digits.rstrip("0") or "0", leading - 1 + int(power or 0)


def _packed(value: float) -> bytes:
    return struct.pack("<f", value)


def _shortest_single(value: float) -> str:
    packed = _packed(value)
    for count in range(1, 10):
        text = f"{value:.{count - 1}e}"
        try:
            if _packed(float(text)) == packed:
                return text
        except OverflowError:
            continue
    return repr(value)


def decimal(value: int, scale: int) -> str:
    """All digits, none lost, no exponent."""
    sign, digits = "-" if value < 0 else "", str(abs(value))
    if scale == 0:
        return sign + digits
    digits = digits.rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def decimal_with_exponent(value: int, scale: int) -> str:
    """Java's BigDecimal.toString (ANSI off): an exponent for very small numbers."""
    digits = str(abs(value))
    exponent = len(digits) - 1 - scale
    if exponent >= -6:
        return decimal(value, scale)
    sign = "-" if value < 0 else ""
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}E{exponent:+d}"


def year(value: int) -> str:
    """Four digits at least; a sign where there are more, or before year 0."""
    if 0 <= value <= 9999:
        return f"{value:04}"
    return f"+{value}" if value > 0 else f"-{-value:04}"


def date(days: int) -> str:
    y, m, d = py_civil(days)
    return f"{year(y)}-{m:02}-{d:02}"


def timestamp_ntz(micros: int) -> str:
    """Wall clock time, a fraction without trailing zeros."""
    days, rest = divmod(micros, DAY)
    seconds, fraction = divmod(rest, MICROS)
    text = f"{date(days)} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:06}".rstrip("0") if fraction else text


def timestamp(micros: int, timezone: str) -> str:
    return timestamp_ntz(zone(timezone).to_local(micros))


def year_month_interval(months: int, start: int, end: int) -> str:
    """INTERVAL '1-2' YEAR TO MONTH"""
    sign, total = "-" if months < 0 else "", abs(months)
    match start, end:
        case 0, 0:
            body, unit = f"{total // 12}", "YEAR"
        case 1, 1:
            body, unit = f"{total}", "MONTH"
        case _:
            body, unit = f"{total // 12}-{total % 12}", "YEAR TO MONTH"
    return f"INTERVAL '{sign}{body}' {unit}"


UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")


def day_time_interval(micros: int, start: int, end: int) -> str:
    """INTERVAL '1 02:03:04.5' DAY TO SECOND"""
    sign, total = "-" if micros < 0 else "", abs(micros)
    seconds, fraction = divmod(total, MICROS)
    sizes = (86400, 3600, 60, 1)
    parts: list[str] = []
    for field in range(start, end + 1):
        count, seconds = divmod(seconds, sizes[field])
        parts.append(str(count) if field == start else f"{count:02}")
    if end == 3 and start == 3:
        parts[0] = parts[0].zfill(2)
    if end == 3 and fraction:
        parts[-1] += f".{fraction:06}".rstrip("0")
    head = parts[0]
    if len(parts) > 1:
        head += (" " if start == 0 else ":") + ":".join(parts[1:])
    unit = UNITS[start] if start == end else f"{UNITS[start]} TO {UNITS[end]}"
    return f"INTERVAL '{sign}{head}' {unit}"
