"""Names as Connect writes them: parts with dots between, backquotes around the odd ones."""

from __future__ import annotations

import re

from pyflare.engine.errors import analysis_error, parse_error

_PART = re.compile(r"`((?:[^`]|``)*)`|([^.`]+)")


def attribute_parts(name: str) -> tuple[str, ...]:
    """The parts of a column name: `a.b` is two, "`a.b`" is one."""
    if not name:
        return ("",)
    parts = _split(name)
    if parts is None:
        raise analysis_error("INVALID_ATTRIBUTE_NAME_SYNTAX", {"name": name})
    return tuple(text for text, _ in parts)


def identifier_parts(name: str) -> tuple[str, ...]:
    """The parts of a table, view or function name, by the stricter rules of SQL identifiers."""
    parts = _split(name.strip())
    if parts is None:
        raise parse_error("PARSE_SYNTAX_ERROR", {"error": f"'{name}'", "hint": ""})
    for text, quoted in parts:
        if not quoted and not re.fullmatch(r"\w+", text):
            raise parse_error("INVALID_IDENTIFIER", {"ident": text})
    return tuple(text for text, _ in parts)


def _split(name: str) -> list[tuple[str, bool]] | None:
    parts: list[tuple[str, bool]] = []
    at = 0
    while match := _PART.match(name, at):
        quoted = match[1] is not None
        parts.append((match[1].replace("``", "`") if quoted else match[2], quoted))
        at = match.end()
        if at == len(name):
            return parts
        if name[at] != ".":
            return None
        at += 1
    return None
