"""Regular expressions in Java's dialect, run by Python's engine where the two agree."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.functions.callbacks import by_python
from pyflare.codegen.functions.pattern import regular
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call, Literal
from pyflare.codegen.unsupported import Unsupported

# constructs that mean something else, or nothing, to Python's engine
FOREIGN = re.compile(
    r"\\[pPGzhHvVXRQEkK]|\[[^\]]*(?:&&|\[)|\(\?<[A-Za-z]|\\x\{|\\0|\\c|\\N|(?<!\\)\(\?[a-z]*[dUu]"
)
PROPERTIES = {
    r"\p{Alpha}": "[a-zA-Z]", r"\p{Digit}": "[0-9]", r"\p{Alnum}": "[a-zA-Z0-9]",
    r"\p{Upper}": "[A-Z]", r"\p{Lower}": "[a-z]", r"\p{Space}": "[ \t\n\x0b\f\r]",
    r"\p{Punct}": r"[!-/:-@\[-`{-~]", r"\p{ASCII}": "[\x00-\x7f]",
}  # fmt: skip


@lru_cache(1000)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for Python: ASCII classes and `$` before a last line end, as Java has them.

    What Python's engine would read differently is refused.
    """
    text = pattern
    for name, characters in PROPERTIES.items():
        text = text.replace(name, characters)
    text = text.replace(r"\z", r"\Z") if r"\Z" not in text else text
    text = re.sub(r"(?<!\\)\(\?<([A-Za-z][A-Za-z0-9]*)>", r"(?P<\1>", text)
    foreign = FOREIGN.search(text)
    if foreign is not None:
        raise Unsupported(f"the regular expression {pattern!r} ({foreign.group()})")
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        raise Fails(Failure.INVALID_INPUT) from None


def rlike(call: Call, s: str, pattern: str) -> bool:
    return compiled(pattern).search(s) is not None


def ilike(call: Call, s: str, pattern: str, escape: str = "\\") -> bool:
    """LIKE of both in lower case."""
    return regular(pattern.lower(), escape.lower()).fullmatch(s.lower()) is not None


def extract(call: Call, s: str, pattern: str, group: int) -> str:
    """The group of the first match; empty without a match or where the group took no part."""
    found = compiled(pattern)
    match = found.search(s)
    if match is None:
        return ""
    if not 0 <= group <= found.groups:
        raise Fails(Failure.INVALID_INPUT)
    return match.group(group) or ""


def replace(call: Call, s: str, pattern: str, replacement: str) -> str:
    """Every match replaced; $n names a group and a backslash takes the next character."""
    found = compiled(pattern)

    def filled(match: re.Match[str]) -> str:
        pieces = template(replacement, found.groups)
        return "".join(p if isinstance(p, str) else match.group(p) or "" for p in pieces)

    return found.sub(filled, s)


@lru_cache(1000)
def template(replacement: str, groups: int) -> tuple[str | int, ...]:
    """Java's replacement text in pieces: literal text and group numbers."""
    pieces: list[str | int] = []
    at = 0
    while at < len(replacement):
        char = replacement[at]
        at += 1
        if char == "\\":
            if at == len(replacement):
                raise Fails(Failure.INVALID_INPUT)
            pieces.append(replacement[at])
            at += 1
        elif char == "$":
            if at == len(replacement) or not "0" <= replacement[at] <= "9":
                raise Fails(Failure.INVALID_INPUT)
            number = int(replacement[at])
            at += 1
            # further digits belong to the number while such a group exists
            while at < len(replacement) and "0" <= replacement[at] <= "9":
                longer = number * 10 + int(replacement[at])
                if longer > groups:
                    break
                number, at = longer, at + 1
            if number > groups:
                raise Fails(Failure.INVALID_INPUT)
            pieces.append(number)
        else:
            pieces.append(char)
    return tuple(pieces)


def check(call: Call) -> None:
    """Refuses a literal pattern before any row is matched."""
    match call.args[1]:
        case Literal(str() as pattern):
            # what is malformed fails for the rows that need it
            with suppress(Fails):
                compiled(pattern)


by_python("rlike", rlike, Failure.INVALID_INPUT, check=check)
by_python("ilike", ilike)
by_python("regexp_extract", extract, Failure.INVALID_INPUT, check=check)
by_python("regexp_replace", replace, Failure.INVALID_INPUT, check=check)
