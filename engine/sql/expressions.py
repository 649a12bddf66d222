"""Operators and predicates with Spark's precedence.

sqlglot's own levels differ from Spark's (to Spark `a = b IN (c)` is `(a = b) IN (c)`, and `&` binds
tighter than `|`), so the dialect reads expressions with these functions.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot.tokens import TokenType

from pyflare.engine.errors import parse_error
from pyflare.engine.plan.syntax import (
    Exists,
    Function,
    InSubquery,
    Ordering,
    SyntaxExpr,
)
from pyflare.engine.sql.literals import boolean
from pyflare.engine.sql.primaries import primary
from pyflare.engine.sql.stream import STRINGS, Stream

_COMPARISON, _OR, _XOR, _AND, _SHIFT, _SUM, _PRODUCT = range(1, 8)
_BINARY = {
    "*": (_PRODUCT, "*"),
    "/": (_PRODUCT, "/"),
    "%": (_PRODUCT, "%"),
    "DIV": (_PRODUCT, "div"),
    "+": (_SUM, "+"),
    "-": (_SUM, "-"),
    "||": (_SUM, "concat"),
    "&": (_AND, "&"),
    "^": (_XOR, "^"),
    "|": (_OR, "|"),
    "=": (_COMPARISON, "=="),
    "==": (_COMPARISON, "=="),
    "<=>": (_COMPARISON, "<=>"),
    "<>": (_COMPARISON, "!="),
    "!=": (_COMPARISON, "!="),
    "<": (_COMPARISON, "<"),
    "<=": (_COMPARISON, "<="),
    ">": (_COMPARISON, ">"),
    ">=": (_COMPARISON, ">="),
}
_UNARY = {"-": "negative", "+": "positive", "~": "~"}
_LIKES = {"LIKE": "like", "ILIKE": "ilike"}


def expression(p: Stream) -> SyntaxExpr:
    """booleanExpression of Spark's grammar."""
    return _chain(p, "OR", _conjunction)


def value(p: Stream, level: int = _COMPARISON) -> SyntaxExpr:
    """valueExpression: operators that bind at least as tightly as `level`, left to right."""
    start = p.start
    left = _unary(p)
    while (operator := _operator(p)) is not None and operator[0] >= level:
        binds, name, tokens = operator
        p._advance(tokens)
        right = value(p, binds + 1)
        where = p.origin(start)
        if name == "!=":
            left = Function("!", (Function("==", (left, right), origin=where),), origin=where)
        else:
            left = Function(name, (left, right), origin=where)
    return left


def ordering(p: Stream) -> Ordering:
    """One item of ORDER BY."""
    child = p.read()
    ascending = not p.take("DESC")
    if ascending:
        p.take("ASC")
    nulls_first = None
    if p.take("NULLS"):
        nulls_first = p.take("FIRST")
        if not nulls_first:
            p.need("LAST")
    return Ordering(child, ascending, nulls_first)


def _chain(p: Stream, word: str, operand: Callable[[Stream], SyntaxExpr]) -> SyntaxExpr:
    """x AND y AND z, as a balanced tree: generated conditions have thousands of terms."""
    start = p.start
    terms = [operand(p)]
    while p.take(word):
        terms.append(operand(p))
    if len(terms) == 1:
        return terms[0]
    where = p.origin(start)
    while len(terms) > 1:
        pairs = [
            Function(word.lower(), (terms[i], terms[i + 1]), origin=where)
            for i in range(0, len(terms) - 1, 2)
        ]
        terms = [*pairs, *terms[len(pairs) * 2 :]]
    return terms[0]


def _conjunction(p: Stream) -> SyntaxExpr:
    return _chain(p, "AND", _negation)


def _negation(p: Stream) -> SyntaxExpr:
    start, word = p.start, p.word()
    if word in ("NOT", "!"):
        p._advance()
        return Function("!", (_negation(p),), origin=p.origin(start))
    if word == "EXISTS" and p.at_type(TokenType.L_PAREN, 1):
        p._advance()
        if p.at_query():
            p.need("(")
            plan = p.read_query()
            p.need(")")
            return Exists(plan, p.origin(start))
        p._advance(-1)
    return _predicate(p, value(p), start)


def _operator(p: Stream) -> tuple[int, str, int] | None:
    """The level, name and number of tokens of the binary operator that comes next."""
    word = p.word()
    if word == "<" and p.word(1) == "<" and p.connected(0):
        return _SHIFT, "shiftleft", 2
    if word == ">" and p.word(1) == ">" and p.connected(0):
        if p.word(2) == ">" and p.connected(1):
            return _SHIFT, "shiftrightunsigned", 3
        return _SHIFT, "shiftright", 2
    if word == "!" and p.word(1) in (">", "<") and p.connected(0):
        return _COMPARISON, "<=" if p.word(1) == ">" else ">=", 2
    found = _BINARY.get(word)
    return None if found is None else (*found, 1)


def _unary(p: Stream) -> SyntaxExpr:
    start = p.start
    name = _UNARY.get(p.word())
    if name is None or (name == "negative" and _negative_number(p)):
        return primary(p)
    p._advance()
    child = _unary(p)
    return Function(name, (child,), origin=p.origin(start))


def _negative_number(p: Stream) -> bool:
    """-1 is a literal: otherwise the least bigint could not be written."""
    token = p.ahead(1)
    return token is not None and (
        token.token_type == TokenType.NUMBER
        or (token.token_type == TokenType.VAR and token.text[0].isdigit())
        or (token.token_type == TokenType.DOT and p.at_type(TokenType.NUMBER, 2))
    )


def _predicate(p: Stream, left: SyntaxExpr, start: int) -> SyntaxExpr:
    """What may follow a value once: IS, BETWEEN, IN, LIKE, RLIKE."""
    if p.take("IS"):
        return _is(p, left, start)
    negated = p.word() == "NOT" and p.word(1) in (
        "BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP",
    )  # fmt: skip
    if negated:
        p._advance()
    match p.word():
        case "BETWEEN":
            p._advance()
            low = value(p)
            p.need("AND")
            high = value(p)
            result: SyntaxExpr = Function("between", (left, low, high), origin=p.origin(start))
        case "IN":
            keyword = p.start
            p._advance()
            result = _in(p, left, start, keyword)
        case "RLIKE" | "REGEXP":
            p._advance()
            pattern = value(p)
            result = Function("rlike", (left, pattern), origin=p.origin(start))
        case "LIKE" | "ILIKE" as word:
            keyword = p.start
            p._advance()
            if p.word() in ("ANY", "SOME", "ALL") and p.at_type(TokenType.L_PAREN, 1):
                return _quantified_like(p, left, _LIKES[word], negated, start, keyword)
            result = _like(p, left, _LIKES[word], start)
        case _:
            return left
    return Function("!", (result,), origin=p.origin(start)) if negated else result


def _is(p: Stream, left: SyntaxExpr, start: int) -> SyntaxExpr:
    negated = p.take("NOT")
    if p.take("NULL") or p.take("UNKNOWN"):
        name = "isnotnull" if negated else "isnull"
        return Function(name, (left,), origin=p.origin(start))
    if p.take("DISTINCT"):
        p.need("FROM")
        right = value(p)
        negated = not negated
    elif p.word() in ("TRUE", "FALSE"):
        right = boolean(p.take("TRUE") or not p.take("FALSE"))
    else:
        raise p.unexpected()
    where = p.origin(start)
    same = Function("<=>", (left, right), origin=where)
    return Function("!", (same,), origin=where) if negated else same


def _in(p: Stream, left: SyntaxExpr, start: int, keyword: int) -> SyntaxExpr:
    """IN (SELECT …) is a subquery; IN ((SELECT …)) is a list of one scalar subquery."""
    if p.at_query() and not p.wrapped():
        p.need("(")
        plan = p.read_query()
        p.need(")")
        values = left.args if isinstance(left, Function) and left.name == "struct" else (left,)
        return InSubquery(values, plan, p.origin(start))
    items = _list(p, "EMPTY_IN_PREDICATE", keyword)
    return Function("in", (left, *items), origin=p.origin(start))


def _list(p: Stream, empty: str, start: int) -> list[SyntaxExpr]:
    """Items in parentheses; without any, the syntax error of the class `empty`."""
    p.need("(")
    if p.take(")"):
        raise parse_error(f"INVALID_SQL_SYNTAX.{empty}", {}, p.origin(start))
    items = [p.read()]
    while p.take(","):
        items.append(p.read())
    p.need(")")
    return items


def _like(p: Stream, left: SyntaxExpr, name: str, start: int) -> SyntaxExpr:
    pattern = value(p)
    args: tuple[SyntaxExpr, ...] = (left, pattern)
    if p.take("ESCAPE"):
        token = p.ahead()
        if token is None or token.token_type not in STRINGS:
            raise p.unexpected()
        args = (left, pattern, primary(p))
    return Function(name, args, origin=p.origin(start))


def _quantified_like(
    p: Stream, left: SyntaxExpr, name: str, negated: bool, start: int, keyword: int
) -> SyntaxExpr:
    """x LIKE ANY (a, b) -> x LIKE a OR x LIKE b; with NOT, every comparison is negated."""
    every = p.take("ALL")
    if not every:
        p._advance()
    patterns = _list(p, "EMPTY_QUANTIFIED_PATTERN", keyword)
    where = p.origin(start)
    terms: list[SyntaxExpr] = []
    for pattern in patterns:
        like = Function(name, (left, pattern), origin=where)
        terms.append(Function("!", (like,), origin=where) if negated else like)
    result = terms[0]
    for term in terms[1:]:
        result = Function("and" if every else "or", (result, term), origin=where)
    return result
