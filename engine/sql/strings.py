"""String literals as Spark reads them."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-1][0-7]{2})|(.))", re.DOTALL)
_NAMED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def unescape(literal: str) -> str:
    """The text that a quoted literal stands for.

    A raw literal keeps its backslashes. `\\%` and `\\_` keep theirs too: they are LIKE's escapes.
    A doubled quote is one quote.
    """
    if literal[0] in "rR":
        return literal[2:-1]
    quote = literal[0]
    return _ESCAPE.sub(_escaped, _undouble(literal[1:-1], quote))


def _undouble(body: str, quote: str) -> str:
    """'' -> ' inside single quotes, except where a backslash already escapes the first."""
    if quote * 2 not in body:
        return body
    return re.sub(
        r"\\.|" + quote * 2,
        lambda m: quote if m.group() == quote * 2 else m.group(),
        body,
        flags=re.DOTALL,
    )


def _escaped(match: re.Match[str]) -> str:
    short, long, octal, other = match.groups()
    if short or long:
        return chr(int(short or long, 16))
    if octal:
        return chr(int(octal, 8))
    if other in "%_":
        return "\\" + str(other)
    return _NAMED.get(other, other)
