"""LIKE patterns taken apart: which kind a literal pattern is, and the parts it consists of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


class BadPattern(ValueError):
    """The escape character stands before an ordinary character or at the end."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Segments between `%`; a segment is a tuple of characters, None for `_`.

    The first segment is anchored at the start and the last at the end of the string; a pattern
    without `%` has one segment, anchored at both.
    """

    segments: tuple[tuple[str | None, ...], ...]

    @property
    def plain(self) -> bool:
        """No `_`: every segment is a constant text."""
        return all(char is not None for segment in self.segments for char in segment)

    def texts(self) -> tuple[bytes, ...]:
        assert self.plain
        return tuple("".join(c for c in s if c is not None).encode() for s in self.segments)


@cache
def parse(pattern: str, escape: str = "\\") -> Pattern:
    """The parts of a LIKE pattern."""
    segments: list[list[str | None]] = [[]]
    chars = iter(pattern)
    for char in chars:
        if char == escape:
            following = next(chars, None)
            if following not in ("_", "%", escape):
                raise BadPattern(pattern)
            segments[-1].append(following)
        elif char == "%":
            segments.append([])
        elif char == "_":
            segments[-1].append(None)
        else:
            segments[-1].append(char)
    # runs of % are one %
    inner = [s for s in segments[1:-1] if s]
    ends = [segments[0]] if len(segments) == 1 else [segments[0], *inner, segments[-1]]
    return Pattern(tuple(tuple(s) for s in ends))


def misplaced_escape(pattern: str, escape: str) -> str | None:
    """The ordinary character behind an escape character; None if the escape ends the pattern."""
    chars = iter(pattern)
    for char in chars:
        if char == escape:
            following = next(chars, None)
            if following not in ("_", "%", escape):
                return following
    return None


@cache
def regular(pattern: str, escape: str = "\\", fold: bool = False) -> re.Pattern[str]:
    """The same language as a regular expression, for Python."""
    parts = [
        "".join("." if char is None else re.escape(char) for char in segment)
        for segment in parse(pattern, escape).segments
    ]
    return re.compile(".*".join(parts), re.DOTALL | (re.IGNORECASE if fold else 0))
