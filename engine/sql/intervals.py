"""Interval literals in all spellings, as months or as microseconds."""

from __future__ import annotations

import re
from fractions import Fraction

from pyflare.codegen.ir.expr import Literal, Origin
from pyflare.codegen.ir.types import DayTimeInterval, YearMonthInterval
from pyflare.engine.errors import illegal_argument, parse_error

_MONTHS = {"year": (0, 12), "month": (1, 1)}
_MICROS = {
    "week": (0, 7 * 86_400_000_000),
    "day": (0, 86_400_000_000),
    "hour": (1, 3_600_000_000),
    "minute": (2, 60_000_000),
    "second": (3, 1_000_000),
    "millisecond": (3, 1_000),
    "microsecond": (3, 1),
}
UNITS = frozenset(u for unit in (*_MONTHS, *_MICROS) for u in (unit.upper(), unit.upper() + "S"))
_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,9})?|\.\d{1,9})")
_MOST_MONTHS, _MOST_MICROS = 2**31, 2**63
_ITEM = re.compile(r"\s*([+-]?)\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)", re.IGNORECASE)
_YEAR_MONTH = re.compile(r"\s*([+-]?)(\d{1,20})-(\d{1,20})\s*")
_DAY_TIME = {
    ("day", "hour"): re.compile(r"\s*([+-]?)(\d{1,20}) +(\d{1,2})\s*"),
    ("day", "minute"): re.compile(r"\s*([+-]?)(\d{1,20}) +(\d{1,2}):(\d{1,2})\s*"),
    ("day", "second"): re.compile(
        r"\s*([+-]?)(\d{1,20}) +(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)\s*"
    ),
    ("hour", "minute"): re.compile(r"\s*([+-]?)(\d{1,20}):(\d{1,2})\s*"),
    ("hour", "second"): re.compile(r"\s*([+-]?)(\d{1,20}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)\s*"),
    ("minute", "second"): re.compile(r"\s*([+-]?)(\d{1,20}):(\d{1,2}(?:\.\d{1,9})?)\s*"),
}
_FIELDS = ("day", "hour", "minute", "second")


def from_items(items: list[tuple[str, str]], where: Origin) -> Literal:
    """INTERVAL 3 MONTHS, INTERVAL '1' DAY '2' HOURS: values with units, all of one family."""
    months, micros = 0, 0
    year_month: list[int] = []
    day_time: list[int] = []
    for value, word in items:
        unit = word.lower().removesuffix("s")
        amount = _amount(value, unit, where)
        if unit in _MONTHS:
            field, factor = _MONTHS[unit]
            year_month.append(field)
            months += int(amount) * factor
        else:
            field, factor = _MICROS[unit]
            day_time.append(field)
            micros += int(amount * factor)
    if year_month and day_time:
        literal = " ".join(f"{v} {u}" for v, u in items)
        raise parse_error("_LEGACY_ERROR_TEMP_0029", {"literal": literal}, where)
    if year_month:
        return _months(months, YearMonthInterval(min(year_month), max(year_month)), where)
    return _micros(micros, DayTimeInterval(min(day_time), max(day_time)), where)


def from_text(text: str, where: Origin) -> Literal:
    """INTERVAL '1 year 2 months'."""
    body = re.sub(r"^\s*interval\b", "", text, flags=re.IGNORECASE)
    items: list[tuple[str, str]] = []
    at = 0
    for match in _ITEM.finditer(body):
        if match.start() != at or match[3].upper() not in UNITS:
            break
        items.append((match[1] + match[2], match[3]))
        at = match.end()
    if not items or body[at:].strip():
        parameters = {"valueType": '"INTERVAL"', "value": f"'{text}'"}
        raise parse_error("INVALID_TYPED_LITERAL", parameters, where)
    return from_items(items, where)


def from_range(text: str, first: str, last: str, where: Origin) -> Literal:
    """INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 02:03:04' DAY TO SECOND."""
    fields = (first.lower(), last.lower())
    if fields == ("year", "month"):
        match = _YEAR_MONTH.fullmatch(text)
        if match is None or int(match[3]) > 11:
            raise _invalid(text, where)
        months = int(match[2]) * 12 + int(match[3])
        return _months(-months if match[1] == "-" else months, YearMonthInterval(0, 1), where)
    pattern = _DAY_TIME.get(fields)
    if pattern is None:
        raise parse_error(
            "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION",
            {"input": text, "from": fields[0], "to": fields[1]},
            where,
        )
    match = pattern.fullmatch(text)
    if match is None:
        raise _invalid(text, where)
    start, end = _FIELDS.index(fields[0]), _FIELDS.index(fields[1])
    micros = Fraction(0)
    for field, value in zip(_FIELDS[start : end + 1], match.groups()[1:], strict=True):
        if field != fields[0] and Fraction(value) >= (24 if field == "hour" else 60):
            raise _invalid(text, where)
        micros += Fraction(value) * _MICROS[field][1]
    total = int(micros)
    return _micros(-total if match[1] == "-" else total, DayTimeInterval(start, end), where)


def _months(value: int, type_: YearMonthInterval, where: Origin) -> Literal:
    if not -_MOST_MONTHS <= value < _MOST_MONTHS:
        raise _overflow(where)
    return Literal(value, type_)


def _micros(value: int, type_: DayTimeInterval, where: Origin) -> Literal:
    if not -_MOST_MICROS <= value < _MOST_MICROS:
        raise _overflow(where)
    return Literal(value, type_)


def _overflow(where: Origin) -> Exception:
    parameters = {"input": where.fragment}
    return illegal_argument("INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION", parameters)


def _amount(value: str, unit: str, where: Origin) -> Fraction:
    """Only seconds may have a fraction."""
    text = value.replace(" ", "")
    if _NUMBER.fullmatch(text) is None:
        raise _invalid(f"{value} {unit}", where)
    amount = Fraction(text)
    if "." in text and unit != "second":
        raise illegal_argument(
            "INVALID_INTERVAL_FORMAT.INVALID_FRACTION",
            {"input": f"{value} {unit}", "unit": unit},
        )
    return amount


def _invalid(text: str, where: Origin) -> Exception:
    return parse_error(
        "INVALID_INTERVAL_FORMAT.UNKNOWN_PARSING_ERROR", {"input": text, "word": text}, where
    )
