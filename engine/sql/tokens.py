"""Spark's lexical rules, for the small grammars read by hand: types, schemas, statements."""

from __future__ import annotations

import re
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


def scan(sql: str, start: int = 0) -> tuple[Token, ...]:
    """The tokens of `sql` from `start`, comments left out, closed by an "end" token."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(sql, start):
        text = match.group()
        match match.lastgroup:
            case "space":
                continue
            case "quoted":
                tokens.append(Token("quoted", text, text[1:-1].replace("``", "`"), match.start()))
            case "string":
                tokens.append(Token("string", text, unescape(text), match.start()))
            case "word":
                tokens.append(Token("word", text, text, match.start()))
            case "number":
                tokens.append(Token("number", text, text, match.start()))
            case _:
                tokens.append(Token("symbol", text, text, match.start()))
    tokens.append(Token("end", "", "", len(sql)))
    return tuple(tokens)


class Cursor:
    """A position in `sql`'s tokens: the base of the hand-written grammars."""

    def __init__(self, sql: str, start: int = 0) -> None:
        self.sql = sql
        self.tokens = scan(sql, start)
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

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
        ahead = self.tokens[self.at : self.at + len(words)]
        return len(ahead) == len(words) and all(
            t.upper == w for t, w in zip(ahead, words, strict=True)
        )

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
