"""The operands of expressions: names, constants, calls, CASE, CAST, parentheses, subqueries."""

from __future__ import annotations

from sqlglot.tokens import TokenType

from pyflare.engine.errors import unsupported
from pyflare.engine.plan.syntax import (
    Attribute,
    CaseWhen,
    CastTo,
    Extract,
    Function,
    LambdaFunction,
    ScalarSubquery,
    Star,
    SyntaxExpr,
)
from pyflare.engine.sql import intervals, literals
from pyflare.engine.sql.calls import call
from pyflare.engine.sql.stream import STRINGS, Stream
from pyflare.engine.sql.strings import unescape

# Words that Spark lets be names, but that nobody means as one where an operand must stand.
_NOT_OPERANDS = frozenset(
    {
        "SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "SORT BY", "CLUSTER BY",
        "DISTRIBUTE BY", "LIMIT", "AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "END", "AS", "ON",
        "USING", "UNION", "EXCEPT", "INTERSECT", "JOIN", "IN", "IS", "LIKE", "BETWEEN", "DISTINCT",
    }
)  # fmt: skip


def primary(p: Stream) -> SyntaxExpr:
    """primaryExpression: an operand and what is attached to it (`.field`, `[i]`, `::type`)."""
    start = p.start
    node = _operand(p)
    while True:
        match p.word():
            case ".":
                p._advance()
                node = _member(p, node, start)
            case "[":
                p._advance()
                key = p.read_value()
                p.need("]")
                node = Extract(node, key, p.origin(start))
            case "::":
                p._advance()
                type_ = p.read_type()
                node = CastTo(node, type_, origin=p.origin(start))
            case ":" if p.is_name(1):
                raise unsupported("the : operator of VARIANT values")
            case "COLLATE" if p.is_name(1):
                raise unsupported("COLLATE")
            case _:
                return node


def _member(p: Stream, node: SyntaxExpr, start: int) -> SyntaxExpr:
    if isinstance(node, Attribute):
        if p.take("*"):
            return Star(node.parts, excluded=_excluded(p), origin=p.origin(start))
        name = p.name()
        if p.at("("):
            return call(p, (*node.parts, name), start)
        return Attribute((*node.parts, name), origin=p.origin(start))
    return Extract(node, literals.string(p.name()), p.origin(start))


def _operand(p: Stream) -> SyntaxExpr:
    token = p.ahead()
    start = p.start
    if token is None:
        raise p.unexpected()
    match token.token_type:
        case TokenType.NUMBER | TokenType.DASH | TokenType.DOT:
            return _number(p)
        case TokenType.STRING | TokenType.RAW_STRING:
            return literals.string(_text(p))
        case TokenType.L_PAREN:
            return _parentheses(p)
        case TokenType.STAR:
            p._advance()
            return Star(excluded=_excluded(p), origin=p.origin(start))
        case TokenType.PLACEHOLDER:
            return _positional(p)
        case TokenType.COLON:
            p._advance()
            return p.parameter(p.name(), start)
        case TokenType.VAR if token.text[0].isdigit() and literals.is_number(token.text):
            return _number(p)
    if not p.is_name():
        raise p.unexpected()
    return _word(p, start)


def _word(p: Stream, start: int) -> SyntaxExpr:
    word = p.word()
    following = p.ahead(1)
    if word in ("TRUE", "FALSE", "NULL") and not p.at_type(TokenType.L_PAREN, 1):
        p._advance()
        return literals.NULL_VALUE if word == "NULL" else literals.boolean(word == "TRUE")
    if word == "CASE" and not p.at_type(TokenType.DOT, 1):
        return _case(p)
    if word == "INTERVAL" and following is not None and _opens_interval(p):
        return _interval(p)
    if word in _NOT_OPERANDS:
        raise p.unexpected()
    if word and following is not None and following.token_type in STRINGS:
        p._advance()
        text = _text(p)
        return literals.typed(word, text, p.origin(start))
    if p.at_type(TokenType.ARROW, 1):
        return _lambda(p, (p.name(),))
    name = p.name()
    if p.at("("):
        return call(p, (name,), start)
    return Attribute((name,), origin=p.origin(start))


def _number(p: Stream) -> SyntaxExpr:
    start = p.start
    sign = "-" if p.take("-") else ""
    point = "." if p.connected(0) and p.take(".") else ""
    token = p.ahead()
    if token is None or not literals.is_number(point + token.text):
        raise p.unexpected()
    p._advance()
    return literals.number(sign + point + token.text, p.origin(start))


def _text(p: Stream) -> str:
    """Adjacent strings are one string; '' within quotes is one quote."""
    parts: list[str] = []
    before = None
    while (token := p.ahead()) is not None and token.token_type in STRINGS:
        p._advance()
        source = p.source(token)
        if before is not None and before.end + 1 == token.start and p.sql[before.end] == source[0]:
            parts.append(source[0])
        parts.append(unescape(source))
        before = token
    return "".join(parts)


def _positional(p: Stream) -> SyntaxExpr:
    start = p.start
    index = sum(t.token_type == TokenType.PLACEHOLDER for t in p._tokens[: p._index])
    p._advance()
    return p.parameter(index, start)


def _excluded(p: Stream) -> tuple[tuple[str, ...], ...]:
    """EXCEPT (a, b.c) after a star."""
    if not p.at("EXCEPT", "(") or p.word(2) in ("SELECT", "WITH", "FROM", "VALUES", "("):
        return ()
    p._advance(2)
    names: list[tuple[str, ...]] = []
    while True:
        parts = [p.name()]
        while p.take("."):
            parts.append(p.name())
        names.append(tuple(parts))
        if not p.take(","):
            break
    p.need(")")
    return tuple(names)


def _parentheses(p: Stream) -> SyntaxExpr:
    start = p.start
    if p.at_query():
        p.need("(")
        plan = p.read_query()
        p.need(")")
        return ScalarSubquery(plan, p.origin(start))
    close = p.closing()
    if close is not None and close > 2 and p.at_type(TokenType.ARROW, close + 1):
        names = p.names()
        p._advance(-1)
        return _lambda(p, names)
    p.need("(")
    items = [p.read_named()]
    while p.take(","):
        items.append(p.read_named())
    p.need(")")
    if len(items) == 1:
        return items[0]
    return Function("struct", tuple(items), origin=p.origin(start))


def _lambda(p: Stream, names: tuple[str, ...]) -> SyntaxExpr:
    """The parameters have been read, all but the token before the arrow."""
    if not p.at("->"):
        p._advance()
    p.need("->")
    return LambdaFunction(names, p.read())


def _case(p: Stream) -> SyntaxExpr:
    """CASE x WHEN v THEN r -> CASE WHEN x = v THEN r."""
    start = p.start
    p.need("CASE")
    subject = None if p.at("WHEN") else p.read()
    branches: list[tuple[SyntaxExpr, SyntaxExpr]] = []
    while p.take("WHEN"):
        at = p.start
        condition = p.read()
        if subject is not None:
            condition = Function("==", (subject, condition), origin=p.origin(at))
        p.need("THEN")
        branches.append((condition, p.read()))
    if not branches:
        raise p.unexpected()
    otherwise = p.read() if p.take("ELSE") else None
    p.need("END")
    return CaseWhen(tuple(branches), otherwise, p.origin(start))


def _opens_interval(p: Stream) -> bool:
    distance = 2 if p.word(1) in ("-", "+") else 1
    token = p.ahead(distance)
    return token is not None and (
        token.token_type in STRINGS
        or token.token_type == TokenType.NUMBER
        or (token.token_type == TokenType.PLACEHOLDER or token.token_type == TokenType.COLON)
    )


def _interval(p: Stream) -> SyntaxExpr:
    start = p.start
    p.need("INTERVAL")
    items: list[tuple[str, str]] = []
    while True:
        sign = "-" if p.take("-") else ""
        if not sign:
            p.take("+")
        token = p.ahead()
        if token is None:
            raise p.unexpected()
        if token.token_type in STRINGS:
            text = _text(p)
        elif token.token_type == TokenType.NUMBER:
            p._advance()
            text = token.text
        else:
            raise p.unexpected()
        if p.word() not in intervals.UNITS:
            if items or sign or token.token_type == TokenType.NUMBER:
                raise p.unexpected()
            return intervals.from_text(text, p.origin(start))
        unit = p.word()
        p._advance()
        if not items and p.take("TO"):
            last = p.name()
            return intervals.from_range(_negated(text, sign), unit, last, p.origin(start))
        items.append((_negated(text, sign), unit))
        if not _another(p):
            return intervals.from_items(items, p.origin(start))


def _another(p: Stream) -> bool:
    """Whether one more value with its unit follows, as in INTERVAL 1 DAY 2 HOURS."""
    distance = 1 if p.word() in ("-", "+") else 0
    token = p.ahead(distance)
    return (
        token is not None
        and (token.token_type in STRINGS or token.token_type == TokenType.NUMBER)
        and p.word(distance + 1) in intervals.UNITS
    )


def _negated(text: str, sign: str) -> str:
    if not sign:
        return text
    body = text.strip()
    return body[1:] if body.startswith("-") else "-" + body.removeprefix("+")
