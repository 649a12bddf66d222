"""JSON text to Python values that still know how they were written.

Numbers keep their digits, and objects and arrays can keep their text, because Spark shows both
unchanged where a string is wanted. Python's parser does the work; what it refuses is tried by a
slower one that knows the liberties Spark allows (single quotes, NaN, comments, …).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyflare.engine.storage.text.csv_options import flag


class Number(str):
    """A number as written."""

    __slots__ = ()


class Object(dict[str, Any]):
    """An object and its text."""

    raw = ""
    repeated = False


class List(list[Any]):
    """An array and its text."""

    raw = ""


@dataclass(frozen=True, slots=True)
class Liberties:
    """What beyond the standard is accepted."""

    single_quotes: bool = True
    unquoted_names: bool = False
    comments: bool = False
    non_numeric: bool = True
    leading_zeros: bool = False
    any_escape: bool = False
    control_characters: bool = False


def liberties(options: Mapping[str, str]) -> Liberties:
    """From options by lower-case name, with Spark's defaults."""
    return Liberties(
        single_quotes=flag(options, "allowsinglequotes", True),
        unquoted_names=flag(options, "allowunquotedfieldnames"),
        comments=flag(options, "allowcomments"),
        non_numeric=flag(options, "allownonnumericnumbers", True),
        leading_zeros=flag(options, "allownumericleadingzeros"),
        any_escape=flag(options, "allowbackslashescapinganycharacter"),
        control_characters=flag(options, "allowunquotedcontrolchars"),
    )


def _pairs(pairs: list[tuple[str, Any]]) -> Object:
    made = Object(pairs)
    made.repeated = len(made) < len(pairs)
    return made


_PLAIN = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)
_CHECKED = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=Number, object_pairs_hook=_pairs
)


def parse(text: str, allowed: Liberties) -> Any:
    """The first JSON value of `text` (Spark ignores what follows); ValueError if there is none."""
    return _parse(_PLAIN, text, allowed)


def parse_checked(text: str, allowed: Liberties) -> Any:
    """The same, with objects that know whether a name is repeated."""
    return _parse(_CHECKED, text, allowed)


def _parse(decoder: json.JSONDecoder, text: str, allowed: Liberties) -> Any:
    if allowed.non_numeric:
        try:
            return decoder.decode(text)
        except (ValueError, RecursionError):
            pass
    return parse_raw(text, allowed)


def parse_raw(text: str, allowed: Liberties) -> Any:
    """The same, with the text of objects and arrays."""
    return _Parser(text, allowed).value()


_SPACE = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"(?:[ \t\r\n]+|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])")
_ZEROS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])")
_SPECIAL = re.compile(r"NaN|[+-]?Infinity|[+-]?INF")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_WORDS = {"true": True, "false": False, "null": None}


class _Parser:
    """Recursive descent over `text`."""

    def __init__(self, text: str, allowed: Liberties) -> None:
        self._text, self._allowed, self._at = text, allowed, 0
        self._space = _COMMENT if allowed.comments else _SPACE

    def value(self) -> Any:
        self._skip()
        start = self._at
        char = self._peek()
        if char == "{":
            return self._object(start)
        if char == "[":
            return self._list(start)
        if char == '"' or (char == "'" and self._allowed.single_quotes):
            return self._string(char)
        for word, meaning in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return meaning
        found = (_ZEROS if self._allowed.leading_zeros else _NUMBER).match(self._text, self._at)
        if found is None and self._allowed.non_numeric:
            found = _SPECIAL.match(self._text, self._at)
        if found is None:
            raise ValueError(self._text[start : start + 20])
        self._at = found.end()
        return Number(found.group())

    def _object(self, start: int) -> Object:
        made = Object()
        self._at += 1
        self._skip()
        while self._peek() != "}":
            if made:
                self._expect(",")
                self._skip()
            name = self._name()
            self._skip()
            self._expect(":")
            made.repeated |= name in made
            made[name] = self.value()
            self._skip()
        self._at += 1
        made.raw = self._text[start : self._at]
        return made

    def _list(self, start: int) -> List:
        made = List()
        self._at += 1
        self._skip()
        while self._peek() != "]":
            if made:
                self._expect(",")
            made.append(self.value())
            self._skip()
        self._at += 1
        made.raw = self._text[start : self._at]
        return made

    def _name(self) -> str:
        char = self._peek()
        if char == '"' or (char == "'" and self._allowed.single_quotes):
            return self._string(char)
        found = _NAME.match(self._text, self._at) if self._allowed.unquoted_names else None
        if found is None:
            raise ValueError(char)
        self._at = found.end()
        return found.group()

    def _string(self, quote: str) -> str:
        made: list[str] = []
        self._at += 1
        while (char := self._peek()) != quote:
            self._at += 1
            if char == "\\":
                made.append(self._escape(quote))
            elif char < " " and not self._allowed.control_characters:
                raise ValueError(char)
            else:
                made.append(char)
        self._at += 1
        # two escaped halves of one character
        return "".join(made).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")

    def _escape(self, quote: str) -> str:
        char = self._peek()
        self._at += 1
        if char == "u":
            digits = self._text[self._at : self._at + 4]
            self._at += 4
            return chr(int(digits, 16))
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == quote or self._allowed.any_escape:
            return char
        raise ValueError(char)

    def _peek(self) -> str:
        if self._at >= len(self._text):
            raise ValueError("the text ends")
        return self._text[self._at]

    def _expect(self, char: str) -> None:
        if self._peek() != char:
            raise ValueError(self._peek())
        self._at += 1

    def _skip(self) -> None:
        found = self._space.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
