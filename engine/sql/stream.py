"""sqlglot's token stream with the few verbs in which Spark's expression grammar is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.parsers.spark import SparkParser
from sqlglot.tokens import Token, TokenType

from pyflare.codegen.ir.expr import Origin
from pyflare.codegen.ir.types import Type
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan.syntax import Ordering, Parameter, Relation, SyntaxExpr
from pyflare.engine.sql.errors import origin
from pyflare.engine.sql.tokens import Cursor
from pyflare.engine.sql.types import read_type

STRINGS = frozenset({TokenType.STRING, TokenType.RAW_STRING})
_NOT_WORDS = STRINGS | {TokenType.IDENTIFIER, TokenType.NUMBER}
_QUERY_STARTS = frozenset({"SELECT", "WITH", "FROM", "VALUES"})
_QUERY_TAILS = frozenset(
    {
        "UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER BY", "SORT BY", "CLUSTER BY",
        "DISTRIBUTE BY", "LIMIT", "OFFSET",
    }
)  # fmt: skip


class Parsed(exp.Expression):  # type: ignore[misc] # sqlglot counts as untyped
    """An expression already in our syntax, carried through sqlglot's tree of relations."""

    arg_types = {"this": True}  # noqa: RUF012


class Unexpected(ParseError):  # type: ignore[misc]
    """A syntax error at `start`; sqlglot catches it where it reads speculatively."""

    def __init__(self, offending: str, start: int) -> None:
        super().__init__(offending)
        self.offending = offending
        self.start = start


def words(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The tokens as capitals; "" for strings, numbers and quoted names."""
    return tuple(["" if t.token_type in _NOT_WORDS else str(t.text).upper() for t in tokens])


class Stream(SparkParser):  # type: ignore[misc]
    """Verbs over the tokens. `read…` are the levels of the grammar, given by the dialect."""

    words: tuple[str, ...]  # see `word`, for each token
    named: Mapping[str, SyntaxExpr]
    positional: Sequence[SyntaxExpr]
    _parens: tuple[list[Token], dict[int, int]] | None = None

    def read(self) -> SyntaxExpr:
        """An expression: OR is the loosest operator."""
        raise NotImplementedError

    def read_value(self) -> SyntaxExpr:
        """An expression without AND, OR, NOT and predicates such as IN and LIKE."""
        raise NotImplementedError

    def read_named(self) -> SyntaxExpr:
        """An expression that may carry an alias."""
        raise NotImplementedError

    def read_ordering(self) -> Ordering:
        """An ORDER BY item."""
        raise NotImplementedError

    def read_query(self) -> Relation:
        """A query, up to the parenthesis that closes it."""
        raise NotImplementedError

    def table_alias(self) -> str | None:
        """The alias of a relation, if one follows."""
        raise NotImplementedError

    def read_type(self) -> Type:
        """A data type: Spark's own grammar, read beside the tokens."""
        cursor = Cursor(self.sql, self._curr.start if self._curr else len(self.sql))
        result = read_type(cursor)
        while self._curr and self._curr.start < cursor.token.start:
            self._advance()
        return result

    # ------------------------------------------------------------ where we are

    @property
    def start(self) -> int:
        """The offset of the current token."""
        return self._curr.start if self._curr else len(self.sql)

    def origin(self, start: int) -> Origin:
        """From `start` to the token just read."""
        return origin(self.sql, start, self._prev.end + 1)

    def source(self, token: Token) -> str:
        """The token as the user wrote it."""
        return str(self.sql[token.start : token.end + 1])

    def ahead(self, distance: int = 0) -> Token | None:
        """The token `distance` after the current one."""
        index = self._index + distance
        return self._tokens[index] if index < len(self._tokens) else None

    def connected(self, distance: int) -> bool:
        """Whether no space divides the tokens at `distance` and after it."""
        left, right = self.ahead(distance), self.ahead(distance + 1)
        return left is not None and right is not None and left.end + 1 == right.start

    def at_type(self, kind: TokenType, distance: int = 0) -> bool:
        """Whether the token there is of this kind."""
        token = self.ahead(distance)
        return token is not None and token.token_type == kind

    def word(self, distance: int = 0) -> str:
        """The keyword or symbol there, in capitals; "" for strings, numbers and quoted names."""
        index = self._index + distance
        return self.words[index] if index < len(self.words) else ""

    def at(self, *words: str) -> bool:
        """Whether the next tokens are these keywords or symbols."""
        return self.words[self._index : self._index + len(words)] == words

    def at_query(self) -> bool:
        """Whether a query stands in the parentheses that open here, and not an expression."""
        if not self.at_type(TokenType.L_PAREN):
            return False
        index, closes = self._index, self._closing()
        while index in closes and index + 1 < len(self._tokens):
            inside = self._tokens[index + 1]
            if inside.token_type != TokenType.L_PAREN:
                text = inside.text.upper() if inside.token_type not in _NOT_WORDS else ""
                return text in _QUERY_STARTS or (
                    text == "TABLE" and self._is_name(self._tokens[index + 2])
                )
            after = closes.get(index + 1)
            if after is None or after + 1 >= len(self._tokens):
                return False
            if after + 1 != closes[index]:
                follower = self._tokens[after + 1]
                return follower.text.upper() in _QUERY_TAILS
            index += 1
        return False

    def wrapped(self) -> bool:
        """Whether the parentheses that open here hold just another pair of them."""
        closes = self._closing()
        inner = closes.get(self._index + 1)
        return inner is not None and inner + 1 == closes.get(self._index)

    def closing(self) -> int | None:
        """How far ahead the parenthesis that opens here is closed."""
        at = self._closing().get(self._index)
        return None if at is None else at - self._index

    def _closing(self) -> dict[int, int]:
        if self._parens is None or self._parens[0] is not self._tokens:
            open_: list[int] = []
            closes: dict[int, int] = {}
            for i, token in enumerate(self._tokens):
                if token.token_type == TokenType.L_PAREN:
                    open_.append(i)
                elif token.token_type == TokenType.R_PAREN and open_:
                    closes[open_.pop()] = i
            self._parens = (self._tokens, closes)
        return self._parens[1]

    # ------------------------------------------------------------ steps

    def take(self, *words: str) -> bool:
        """Steps over these keywords or symbols if they come next."""
        if self.at(*words):
            self._advance(len(words))
            return True
        return False

    def need(self, *words: str) -> None:
        """Steps over these keywords or symbols, each of which must come next."""
        for word in words:
            if not self.take(word):
                raise self.unexpected()

    def is_name(self, distance: int = 0) -> bool:
        """Whether the token there can be an identifier."""
        token = self.ahead(distance)
        return token is not None and self._is_name(token)

    def _is_name(self, token: Token) -> bool:
        if token.token_type == TokenType.IDENTIFIER:
            return True
        text = token.text
        return (
            token.token_type not in _NOT_WORDS
            and text.replace("_", "a").isalnum()
            and not text.isdigit()
        )

    def name(self) -> str:
        """One identifier."""
        if not self.is_name():
            raise self.unexpected()
        self._advance()
        return str(self._prev.text)

    def names(self) -> tuple[str, ...]:
        """Identifiers in parentheses."""
        self.need("(")
        parts = [self.name()]
        while self.take(","):
            parts.append(self.name())
        self.need(")")
        return tuple(parts)

    def parameter(self, key: str | int, start: int) -> SyntaxExpr:
        """The value bound to the marker just read."""
        if isinstance(key, str) and key in self.named:
            return self._placed(self.named[key], start)
        if isinstance(key, int) and key < len(self.positional):
            return self._placed(self.positional[key], start)
        name = key if isinstance(key, str) else f"_{start}"
        raise analysis_error("UNBOUND_SQL_PARAMETER", {"name": name}, self.origin(start))

    def _placed(self, value: SyntaxExpr, start: int) -> SyntaxExpr:
        """A marker that gets its value later remembers where it stood."""
        return replace(value, origin=self.origin(start)) if isinstance(value, Parameter) else value

    # ------------------------------------------------------------ errors

    def unexpected(self, token: Token | None = None) -> Unexpected:
        """A syntax error at `token`, by default the current one."""
        token = token or self._curr
        if not token:
            return Unexpected("", len(self.sql))
        return Unexpected(self.source(token).split()[0], token.start)

    def raise_error(self, message: str, token: Token | None = None) -> NoReturn:
        """sqlglot's own complaints become the same error."""
        raise self.unexpected()
