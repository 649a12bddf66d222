"""Spark's lexical rules, for the small grammars read by hand: types, schemas, statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from pyflare.engine.sql.errors import syntax_error
from pyflare.engine.sql.strings import unescape

Kind: TypeAlias = OneOf["word", "quoted", "string", "number", "symbol", "end"]

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w]))
    | (?P<string>[rR]?(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"))
    | (?P<word>\w+)
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<symbol><=>|=>|->|::|\|\||<>|!=|==|<=|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A lexeme: `text` as written, `value` with its quotes and escapes resolved."""

    kind: Kind
    text: str
    value: str
    start: int

    @property
    def upper(self) -> str:
        """The keyword this is, if it is a bare word or a symbol; quoted names never are."""
        return self.text.upper() if self.kind in ("word", "symbol") else ""


def scan(sql: str, start: int = 0) -> Iterator[Token]:
    """The tokens of `sql` from `start`, comments left out, then "end" tokens for ever."""
    for match in _TOKEN.finditer(sql, start):
        text = match.group()
        match match.lastgroup:
            case "space":
                continue
            case "quoted":
                yield Token("quoted", text, text[1:-1].replace("``", "`"), match.start())
            case "string":
                yield Token("string", text, unescape(text), match.start())
            case "word":
                yield Token("word", text, text, match.start())
            case "number":
                yield Token("number", text, text, match.start())
            case _:
                yield Token("symbol", text, text, match.start())
    while True:
        yield Token("end", "", "", len(sql))


class Cursor:
    """A position in `sql`'s tokens: the base of the hand-written grammars."""

    def __init__(self, sql: str, start: int = 0) -> None:
        self.sql = sql
        self.at = 0
        self.tokens: list[Token] = []
        self._source = scan(sql, start)

    @property
    def token(self) -> Token:
        return self.ahead(0)

    def ahead(self, distance: int) -> Token:
        """The token `distance` after the current one; tokens are read when asked for."""
        while len(self.tokens) <= self.at + distance:
            self.tokens.append(next(self._source))
        return self.tokens[self.at + distance]

    @property
    def done(self) -> bool:
        return self.token.kind == "end"

    def next(self) -> Token:
        """The current token, stepped over."""
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def peek(self, *words: str) -> bool:
        """Whether the next tokens are these keywords or symbols."""
        return all(self.ahead(i).upper == word for i, word in enumerate(words))

    def take(self, *words: str) -> bool:
        """Steps over these keywords if they come next."""
        if self.peek(*words):
            self.at += len(words)
            return True
        return False

    def need(self, *words: str) -> None:
        """Steps over these keywords, each of which must come next."""
        for word in words:
            if not self.take(word):
                raise self.error()

    def end(self) -> None:
        """Nothing may follow but a semicolon."""
        while self.take(";"):
            pass
        if not self.done:
            raise self.error()

    def name(self) -> str:
        """One identifier, bare or in backquotes."""
        token = self.token
        if token.kind not in ("word", "quoted") or (token.kind == "word" and token.text.isdigit()):
            raise self.error()
        return self.next().value

    def names(self) -> tuple[str, ...]:
        """A dotted name."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return tuple(parts)

    def string(self) -> str:
        """One string literal; adjacent ones are joined."""
        if self.token.kind != "string":
            raise self.error()
        parts = [self.next().value]
        while self.token.kind == "string":
            parts.append(self.next().value)
        return "".join(parts)

    def integer(self) -> int:
        """One whole number without sign."""
        if not self.token.text.isdigit():
            raise self.error()
        return int(self.next().text)

    def error(self) -> Exception:
        """Spark's syntax error at the current token."""
        return syntax_error(self.sql, self.token.text, self.token.start)
