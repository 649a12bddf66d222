"""The doors: SQL text to a relation or a command, text to one expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pyflare.engine.errors import parse_error
from pyflare.engine.plan.syntax import Command, Relation, SyntaxExpr
from pyflare.engine.sql.errors import empty_statement, origin, syntax_error
from pyflare.engine.sql.tokens import Cursor, Token


def parse(
    text: str,
    named: Mapping[str, SyntaxExpr] | None = None,
    positional: Sequence[SyntaxExpr] | None = None,
) -> Relation | Command:
    """One SQL statement; `named` and `positional` are the values of :name and of ?."""
    if named or positional:
        return _statement(text, named or {}, positional or ())
    return _cached(text)


def parse_expression(text: str) -> SyntaxExpr:
    """One expression, as in selectExpr, filter("…") and expr()."""
    return _expression(text)


def parse_query(
    text: str,
    named: Mapping[str, SyntaxExpr] | None = None,
    positional: Sequence[SyntaxExpr] | None = None,
    start: int = 0,
) -> Relation:
    """The query that begins at `start` of the text and goes to its end."""

    def whole(parser: Any) -> Relation:
        relation: Relation = parser.read_query()
        return relation

    result: Relation = _read(text, whole, named or {}, positional or (), start)
    return result


@lru_cache(maxsize=512)
def _cached(text: str) -> Relation | Command:
    return _statement(text, {}, ())


@lru_cache(maxsize=2048)
def _expression(text: str) -> SyntaxExpr:
    result: SyntaxExpr = _read(text, lambda parser: parser.read_named(), {}, (), 0)
    return result


def _statement(
    text: str, named: Mapping[str, SyntaxExpr], positional: Sequence[SyntaxExpr]
) -> Relation | Command:
    from pyflare.engine.sql.statements import statement

    cursor = Cursor(text)
    if not text.strip():
        raise empty_statement(text)
    if cursor.done or cursor.peek(";"):
        raise cursor.error()
    command = statement(cursor, lambda start: parse_query(text, named, positional, start))
    return parse_query(text, named, positional) if command is None else command


def _read(
    text: str,
    rule: Callable[[Any], Any],
    named: Mapping[str, SyntaxExpr],
    positional: Sequence[SyntaxExpr],
    start: int,
) -> Any:
    """`rule` over the tokens of the text from `start`, which must all be used.

    sqlglot is imported here, at the first text of a process: it takes a tenth of a second.
    """
    from sqlglot.errors import ParseError, TokenError

    from pyflare.engine.sql.dialect import SparkSql
    from pyflare.engine.sql.stream import Unexpected, words

    dialect = SparkSql()
    try:
        tokens = [t for t in dialect.tokenize(text) if t.start >= start]
    except TokenError:
        raise _unreadable(text) from None
    if not tokens:
        raise empty_statement(text) if not text.strip() else syntax_error(text, "", len(text))
    parser = dialect.parser()
    parser.reset()
    parser.named, parser.positional = named, positional
    parser.sql = text
    parser.words = words(tokens)
    parser._tokens = tokens
    parser._tokens_size = len(tokens)
    parser._index = -1
    parser._advance()
    try:
        result = rule(parser)
        while parser.take(";"):
            pass
        if parser._curr:
            raise parser.unexpected()
    except Unexpected as error:
        raise syntax_error(text, error.offending, error.start) from None
    except ParseError:
        at = parser.unexpected()
        raise syntax_error(text, at.offending, at.start) from None
    except RecursionError:
        whole = origin(text, 0, len(text))
        raise parse_error("FAILED_TO_PARSE_TOO_COMPLEX", {}, whole) from None
    return result


def _unreadable(text: str) -> Exception:
    """What no token begins with: an open comment, string or name."""
    cursor = Cursor(text)
    open_comment = text.rfind("/*")
    last: Token | None = None
    while not cursor.done:
        token = cursor.next()
        if token.kind == "symbol" and token.text in "'\"`":
            return syntax_error(text, token.text, token.start)
        if token.start == open_comment:
            return parse_error(
                "UNCLOSED_BRACKETED_COMMENT", {}, origin(text, open_comment, len(text))
            )
        last = token
    return syntax_error(text, "" if last is None else last.text, 0 if last is None else last.start)
