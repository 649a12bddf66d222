"""String literals as Spark reads them."""

from __future__ import annotations

import re
import sys

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-1][0-7]{2})|(.))", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}


def unescape(literal: str) -> str:
    """The text that a quoted literal stands for.

    A raw literal keeps its backslashes. `\\%` and `\\_` keep theirs too: they are LIKE's escapes.
    A doubled quote is one quote.
    """
    if literal[0] in "rR":
        return literal[2:-1]
    quote = literal[0]
    text = _ESCAPE.sub(_escaped, _undouble(literal[1:-1], quote))
    return text if _SURROGATE.search(text) is None else _joined(text)


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


def _joined(text: str) -> str:
    """Escaped surrogates form pairs, as in Java; one alone is written as a question mark."""
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _SURROGATE.sub("?", paired)


def _escaped(match: re.Match[str]) -> str:
    short, long, octal, other = match.groups()
    if short or long:
        point = int(short or long, 16)
        return chr(point) if point <= sys.maxunicode else "?"
    if octal:
        return chr(int(octal, 8))
    if other in "%_":
        return "\\" + str(other)
    return _NAMED.get(other, other)
