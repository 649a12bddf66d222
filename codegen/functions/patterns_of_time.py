"""Dates and times by a pattern of letters (java.time's DateTimeFormatter), in Python."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.functions import calendar, formats, parse
from pyflare.codegen.functions.callbacks import by_python
from pyflare.codegen.functions.timezones import MICROS, zone
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call, Literal
from pyflare.codegen.ir.types import TimestampNTZ
from pyflare.codegen.unsupported import Unsupported

DAY = 86_400 * MICROS
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def foreign(pattern: str, letters: str) -> Unsupported:
    """A letter of a datetime pattern that is not built here."""
    return Unsupported(f"the datetime pattern {pattern!r} (letters {letters!r})")


@dataclass(frozen=True, slots=True)
class Field:
    """`count` times the letter, or literal text if `letter` is empty."""

    letter: str
    count: int
    text: str = ""


@cache
def fields(pattern: str) -> tuple[Field, ...]:
    """The pattern in pieces; quotes hold literal text, and two of them one quote."""
    result: list[Field] = []
    for match in re.finditer(r"''|'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']", pattern):
        token = match.group()
        if token[0] == "'":
            result.append(Field("", 0, token[1:-1].replace("''", "'") or "'"))
        elif match.group(1):
            result.append(Field(token[0], len(token)))
        else:
            if token in "[]#{}":
                raise foreign(pattern, token)
            result.append(Field("", 0, token))
    return tuple(result)


def write(micros: int, pattern: str, timezone: str) -> str:
    """A wall clock time by the pattern; `timezone` only names it."""
    days, time = divmod(micros, DAY)
    year, month, day = calendar.py_civil(days)
    seconds, fraction = divmod(time, MICROS)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    out: list[str] = []
    for field in fields(pattern):
        n = field.count
        match field.letter:
            case "":
                out.append(field.text)
            case "y" | "u":
                era = year if field.letter == "u" or year > 0 else 1 - year
                out.append(f"{era % 100:02}" if n == 2 else _year(era, n))
            case "M" | "L":
                out.append(_name(MONTHS, month - 1, n) if n > 2 else f"{month:0{n}}")
            case "d":
                out.append(f"{day:0{n}}")
            case "D":
                out.append(f"{days - calendar.py_days(year, 1, 1) + 1:0{n}}")
            case "E":
                out.append(_name(DAYS, (days + 3) % 7, max(n, 3)))
            case "H":
                out.append(f"{hour:0{n}}")
            case "k":
                out.append(f"{hour or 24:0{n}}")
            case "h":
                out.append(f"{hour % 12 or 12:0{n}}")
            case "K":
                out.append(f"{hour % 12:0{n}}")
            case "m":
                out.append(f"{minute:0{n}}")
            case "s":
                out.append(f"{second:0{n}}")
            case "S":
                out.append(f"{fraction:06}".ljust(9, "0")[:n])
            case "a":
                out.append("AM" if hour < 12 else "PM")
            case "q" | "Q" if n <= 2:
                out.append(f"{(month + 2) // 3:0{n}}")
            case "G" if n <= 3:
                out.append("AD" if year > 0 else "BC")
            case "V" if n == 2:
                out.append(timezone)
            case letter:
                raise foreign(pattern, letter * n)
    return "".join(out)


def _year(year: int, width: int) -> str:
    return formats.year(year) if width == 4 else f"{year:0{width}}"


def _name(names: list[str], index: int, count: int) -> str:
    return names[index][:3] if count == 3 else names[index]


@cache
def reader(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A regular expression for the pattern, and the letter of each of its groups."""
    parts: list[str] = []
    letters: list[str] = []
    pieces = fields(pattern)
    for index, field in enumerate(pieces):
        n = field.count
        following = pieces[index + 1].letter if index + 1 < len(pieces) else ""
        match field.letter:
            case "":
                parts.append(re.escape(field.text))
                continue
            case "y" | "u":
                if n == 4 and not following:
                    parts.append(r"([0-9]{4}|[+-][0-9]{4,9})")
                else:
                    parts.append(rf"([0-9]{{{max(n, 1)}}})" if n > 1 else r"([0-9]{1,10})")
                letters.append("yy" if n == 2 else "y")
                continue
            case "M" | "L" if n > 2:
                names = [m[:3] for m in MONTHS] if n == 3 else MONTHS
                parts.append(f"({'|'.join(names)})")
                letters.append("MMM")
                continue
            case "E":
                names = [d[:3] for d in DAYS] if n <= 3 else DAYS
                parts.append(f"({'|'.join(names)})")
            case "M" | "L" | "d" | "H" | "k" | "h" | "K" | "m" | "s" if n <= 2:
                parts.append(r"([0-9]{2})" if n == 2 else r"([0-9]{1,2})")
            case "D" if n in (1, 3):
                parts.append(r"([0-9]{3})" if n == 3 else r"([0-9]{1,3})")
            case "S":
                parts.append(rf"([0-9]{{{n}}})" if following == "S" else rf"([0-9]{{1,{n}}})")
            case "a":
                parts.append("(AM|PM|am|pm)")
            case letter:
                raise foreign(pattern, letter * n)
        letters.append("M" if field.letter == "L" else field.letter)
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII), tuple(letters)


def read(text: str, pattern: str) -> int | None:
    """The wall clock microseconds that `text` says by the pattern; None if it does not fit."""
    expression, letters = reader(pattern)
    found = expression.fullmatch(text)
    if found is None:
        return None
    got = dict(zip(letters, found.groups(), strict=True))
    year = int(got["y"]) if "y" in got else 2000 + int(got["yy"]) if "yy" in got else 1970
    month = int(got.get("M", 1))
    if "MMM" in got:
        month = [m[:3] for m in MONTHS].index(got["MMM"][:3].capitalize()) + 1
    if "D" in got:
        days = calendar.py_days(year, 1, 1) + int(got["D"]) - 1
        if calendar.py_civil(days)[0] != year:
            return None
    else:
        there = parse.days_of(year, month, int(got.get("d", 1)))
        if there is None:
            return None
        days = there
    if "E" in got and DAYS[(days + 3) % 7][:3] != got["E"][:3].capitalize():
        return None
    hour = int(got.get("H", 0))
    if "k" in got:
        hour = int(got["k"]) % 24
        if not 1 <= int(got["k"]) <= 24:
            return None
    if "h" in got or "K" in got:
        given = int(got.get("h", got.get("K", 0)))
        if not ("h" in got) <= given <= 12 - ("K" in got):
            return None
        hour = given % 12 + 12 * (got.get("a", "AM").upper() == "PM")
    minute, second = int(got.get("m", 0)), int(got.get("s", 0))
    if hour > 23 or minute > 59 or second > 59:
        return None
    micros = int(got.get("S", "0").ljust(6, "0")[:6])
    return days * DAY + ((hour * 60 + minute) * 60 + second) * MICROS + micros


def date_format(call: Call, micros: int, pattern: str, timezone: str) -> str:
    if isinstance(call.args[0].type, TimestampNTZ):
        return write(micros, pattern, timezone)
    return write(zone(timezone).to_local(micros), pattern, timezone)


def from_unixtime(call: Call, seconds: int, pattern: str, timezone: str) -> str:
    return write(zone(timezone).to_local(seconds * MICROS), pattern, timezone)


def to_timestamp(call: Call, text: str, pattern: str, timezone: str) -> int:
    local = read(text, pattern)
    if local is None:
        raise Fails(Failure.INVALID_INPUT)
    return local if isinstance(call.type, TimestampNTZ) else zone(timezone).to_utc(local)


def to_date(call: Call, text: str, pattern: str, timezone: str) -> int:
    local = read(text, pattern)
    if local is None:
        raise Fails(Failure.INVALID_INPUT)
    return local // DAY


def writable(call: Call) -> None:
    """Refuses a literal pattern before any row is written."""
    match call.args[1]:
        case Literal(str() as pattern):
            write(0, pattern, "UTC")


def readable(call: Call) -> None:
    """Refuses a literal pattern before any row is read."""
    match call.args[1]:
        case Literal(str() as pattern):
            reader(pattern)


by_python("date_format", date_format, check=writable)
by_python("from_unixtime", from_unixtime, check=writable)
by_python("to_timestamp_format", to_timestamp, Failure.INVALID_INPUT, check=readable)
by_python("to_date_format", to_date, Failure.INVALID_INPUT, check=readable)
