"""Spark's datetime patterns (dd/MM/yyyy HH:mm) as parsers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pyflare.engine.errors import unsupported

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_FULL_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_FIELDS = {"M": "month", "L": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}
_RUN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|(\[)|(\])|([^A-Za-z'\[\]])")


@dataclass(frozen=True, slots=True)
class DatetimePattern:
    """A compiled pattern."""

    regex: re.Pattern[str]

    def date(self, text: str) -> int:
        """Days since 1970."""
        return self.moment(text)[0]

    def moment(self, text: str) -> tuple[int, int, str | None]:
        """Days since 1970, microseconds of the day, and the zone if one was written."""
        from pyflare.engine.storage.text.values import days, micros

        found = self.regex.fullmatch(text)
        if not found:
            raise ValueError(text)
        part = {name: value for name, value in found.groupdict().items() if value is not None}
        month = part.get("month", "1")
        if "name" in part:
            name = part["name"].lower()
            month = str((_MONTHS if len(name) == 3 else _FULL_MONTHS).index(name) + 1)
        year = int(part.get("year", "1970"))
        if "short" in part:
            year = 2000 + int(part["short"])
        hour = int(part.get("hour", "0"))
        if "half" in part:
            hour = int(part["half"]) % 12 + (12 if part.get("ampm", "am").lower() == "pm" else 0)
        clock = micros(hour, int(part.get("minute", "0")), int(part.get("second", "0")),
                       part.get("fraction", ""))  # fmt: skip
        return days(year, int(month), int(part.get("day", "1"))), clock, part.get("zone")


@lru_cache(64)
def compile_pattern(pattern: str) -> DatetimePattern:
    """The parser of a pattern; letters that PyFlare cannot parse are an error."""
    regex, position = "", 0
    while position < len(pattern):
        found = _RUN.match(pattern, position)
        if found is None:
            raise unsupported(f"the datetime pattern '{pattern}'")
        quoted, letter, opened, closed, literal = found.groups()
        if quoted is not None:
            regex += re.escape(quoted.replace("''", "'")) or "'"
        elif letter is not None:
            regex += _letter(letter, found.end() - found.start(), pattern)
        elif opened:
            regex += "(?:"
        elif closed:
            regex += ")?"
        else:
            regex += re.escape(literal)
        position = found.end()
    return DatetimePattern(re.compile(regex, re.IGNORECASE))


def _letter(letter: str, count: int, pattern: str) -> str:
    match letter:
        case "y" | "u":
            if count == 2:
                return r"(?P<short>[0-9]{2})"
            return rf"(?P<year>[+-]?[0-9]{{{count},10}})" if count > 1 else r"(?P<year>[0-9]{1,10})"
        case "M" | "L" if count >= 3:
            names = _MONTHS if count == 3 else _FULL_MONTHS
            return f"(?P<name>{'|'.join(names)})"
        case "M" | "L" | "d" | "H" | "m" | "s" if count <= 2:
            digits = "{2}" if count == 2 else "{1,2}"
            return rf"(?P<{_FIELDS[letter]}>[0-9]{digits})"
        case "h" | "K" if count <= 2:
            return rf"(?P<half>[0-9]{'{2}' if count == 2 else '{1,2}'})"
        case "S":
            return rf"(?P<fraction>[0-9]{{{count}}})"
        case "a":
            return r"(?P<ampm>am|pm)"
        case "E":
            return f"(?:{_DAYS if count <= 3 else _FULL_DAYS})"
        case "X" | "x" | "Z" | "z" | "V" | "O":
            return r"(?P<zone>Z|[+-][0-9:]{2,9}|[A-Za-z][A-Za-z0-9/_+:-]*)"
        case _:
            raise unsupported(f"the letter {letter * count} in the datetime pattern '{pattern}'")
