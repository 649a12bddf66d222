"""Dates and timestamps as text by Spark's patterns (dateFormat, timestampFormat)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pyflare.engine.errors import unsupported
from pyflare.engine.texts import date_text, timestamp_text

DATE = "yyyy-MM-dd"
TIMESTAMP = "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"
TIMESTAMP_NTZ = "yyyy-MM-dd'T'HH:mm:ss[.SSS]"

_DAY = 86_400_000_000  # microseconds
_FIRST = -2_208_988_800_000_000  # 1900: zones have whole minutes since about then
_LAST = 253_402_214_400_000_000  # the last day of 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|[^a-zA-Z']")
# Arrow's %S carries the fraction that the unit of the array has
_FAST = {
    "yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "XXX": "%z",
}  # fmt: skip
_SLOW: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04}",
    "yy": lambda at: f"{at.year % 100:02}",
    "y": lambda at: str(at.year),
    "MM": lambda at: f"{at.month:02}",
    "M": lambda at: str(at.month),
    "dd": lambda at: f"{at.day:02}",
    "d": lambda at: str(at.day),
    "HH": lambda at: f"{at.hour:02}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{(at.hour - 1) % 12 + 1:02}",
    "h": lambda at: str((at.hour - 1) % 12 + 1),
    "a": lambda at: "AM" if at.hour < 12 else "PM",
    "mm": lambda at: f"{at.minute:02}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02}",
    "s": lambda at: str(at.second),
    **{"S" * n: lambda at, n=n: f"{at.microsecond:06}"[:n] for n in range(1, 7)},  # type: ignore[misc]
    "XXX": lambda at: _offset(at),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """`parts` are (is a field, text); `zone` shifts instants, None keeps wall-clock times."""

    text: str
    parts: tuple[tuple[bool, str], ...]
    zone: tzinfo | None
    zone_name: str | None

    def texts(self, column: pa.Array) -> pa.Array:
        """One text per value of a date or timestamp column, NULL for NULL."""
        is_date = pa.types.is_date32(column.type)
        at = column.cast(pa.timestamp("us")) if is_date else column
        low, high = (_micros(value) for value in pc.min_max(at).values())
        inside = low is None or high is None or (low >= _FIRST and high <= _LAST)
        template = self._template()
        if inside and is_date and self.text == DATE:
            return pc.cast(column, pa.string())
        if inside and not is_date and self.text in (TIMESTAMP, TIMESTAMP_NTZ):
            return self._iso(at)
        if inside and template is not None:
            return self._fast(at, *template)
        micros = at.cast(pa.int64()).to_pylist()
        return pa.array([None if it is None else self._slow(it) for it in micros], pa.string())

    def _template(self) -> tuple[str, str] | None:
        """The strftime text and the unit whose digits are the fraction, if there is one."""
        text, unit, before = "", "s", ""
        for is_field, part in self.parts:
            if is_field and part in ("SSS", "SSSSSS") and text.endswith("%S."):
                text, unit = text[:-1], "ms" if part == "SSS" else "us"
            elif is_field and part in _FAST:
                text += _FAST[part]
            elif is_field:
                return None
            else:
                text += part.replace("%", "%%")
            before = part
        return (text, unit) if before != "." else None

    def _iso(self, at: pa.Array) -> pa.Array:
        """The default patterns: a cast is twelve times faster than strftime."""
        instants = self._instants(at, "ms")
        if self.zone is None:
            return pc.replace_substring(pc.cast(instants, pa.string()), " ", "T")
        local = pc.local_timestamp(instants)
        ahead = pc.subtract(local.cast(pa.int64()), instants.cast(pa.int64()))
        offsets = pc.dictionary_encode(ahead)
        shown = pa.array([_shown(ms // 1000) for ms in offsets.dictionary.to_pylist()], pa.string())
        texts = pc.replace_substring(pc.cast(local, pa.string()), " ", "T")
        return pc.binary_join_element_wise(texts, shown.take(offsets.indices), "")

    def _instants(self, at: pa.Array, unit: str) -> pa.Array:
        """`at` cut to whole units, in the pattern's zone."""
        step = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
        floored = pc.subtract(at.cast(pa.int64()), _remainder(at.cast(pa.int64()), step))
        instants = pc.divide(floored, step).cast(pa.timestamp(unit, tz=self.zone_name and "UTC"))
        return instants.cast(pa.timestamp(unit, tz=self.zone_name))

    def _fast(self, at: pa.Array, template: str, unit: str) -> pa.Array:
        texts = pc.strftime(self._instants(at, unit), format=template)
        if "%z" in template:
            texts = pc.replace_substring_regex(texts, r"([+-]\d\d)(\d\d)$", r"\1:\2")
            texts = pc.replace_substring_regex(texts, r"[+-]00:00$", "Z")
        return texts

    def _slow(self, micros: int) -> str:
        zone = self.zone or UTC
        try:
            at = (_EPOCH + timedelta(microseconds=micros)).astimezone(zone)
        except OverflowError:
            return self._beyond(micros)
        return "".join(_SLOW[part](at) if is_field else part for is_field, part in self.parts)

    def _beyond(self, micros: int) -> str:
        """Years that Python's calendar lacks, in the default patterns."""
        if self.text == DATE:
            return date_text(micros // _DAY)
        if self.text not in (TIMESTAMP, TIMESTAMP_NTZ):
            raise unsupported(f"a year outside 1 to 9999 with the pattern {self.text}")
        clock = timestamp_text(micros - micros % 1000, self.zone or UTC)
        day, _, time = clock.partition(" ")
        seconds, _, fraction = time.partition(".")
        edge = datetime(9999 if micros > 0 else 2, 6, 1, tzinfo=UTC)
        offset = "" if self.zone is None else _offset(edge.astimezone(self.zone))
        return f"{day}T{seconds}.{fraction:0<3}{offset}"


def compile_pattern(text: str, zone: tzinfo | None, zone_name: str | None) -> Pattern:
    """A pattern; optional sections are always written, as Spark does. Unknown letters raise."""
    parts: list[tuple[bool, str]] = []
    plain = text.replace("[", "").replace("]", "")
    at = 0
    while at < len(plain):
        match = _TOKEN.match(plain, at)
        if match is None:
            raise unsupported(f"the pattern {text!r}: a quote is not closed")
        at = match.end()
        if match[1] is not None:
            parts.append((False, match[1].replace("''", "'") or "'"))
        elif match[2] is None:
            parts.append((False, match[0]))
        elif match[0] in _SLOW and (zone is not None or match[0] != "XXX"):
            parts.append((True, match[0]))
        else:
            raise unsupported(f"the letters {match[0]} in the pattern {text!r}")
    return Pattern(text, tuple(parts), zone, zone_name)


def _offset(at: datetime) -> str:
    return _shown(int((at.utcoffset() or timedelta()).total_seconds()))


def _shown(seconds: int) -> str:
    """An offset as XXX has it."""
    if seconds == 0:
        return "Z"
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def _remainder(values: pa.Array, step: int) -> pa.Array:
    """The floor remainder; Arrow's division truncates."""
    truncated = pc.subtract(values, pc.multiply(pc.divide(values, step), step))
    return pc.if_else(pc.less(truncated, 0), pc.add(truncated, step), truncated)


def _micros(value: Any) -> int | None:
    return None if not value.is_valid else int(value.cast(pa.int64()).as_py())
