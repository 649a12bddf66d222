"""Function calls, the special syntax of some functions, and OVER."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot.tokens import TokenType

from pyflare.codegen.ir.expr import Literal
from pyflare.codegen.ir.types import INT
from pyflare.engine.errors import parse_error, unsupported
from pyflare.engine.plan.syntax import (
    CastTo,
    Function,
    NamedArgument,
    Ordering,
    Star,
    SyntaxExpr,
)
from pyflare.engine.sql import literals
from pyflare.engine.sql.stream import Stream
from pyflare.engine.sql.windows import over

_UNITS = frozenset(
    {
        "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND",
        "MILLISECOND", "MICROSECOND",
    }
)  # fmt: skip
_WITH_UNIT = {
    "TIMESTAMPADD": "timestampadd",
    "DATEADD": "timestampadd",
    "DATE_ADD": "timestampadd",
    "TIMESTAMPDIFF": "timestampdiff",
    "DATEDIFF": "timestampdiff",
    "DATE_DIFF": "timestampdiff",
    "TIMEDIFF": "timestampdiff",
}
_INNER_NULLS = frozenset({"FIRST", "LAST", "ANY_VALUE"})


def call(p: Stream, parts: tuple[str, ...], start: int) -> SyntaxExpr:
    """A call whose name has been read; the parenthesis comes next."""
    if len(parts) == 1:
        word = parts[0].upper()
        special = _SPECIAL.get(word)
        if special is not None:
            result = special(p, start)
            if result is not None:
                return result
        if word in _WITH_UNIT and p.word(1) in _UNITS and p.at_type(TokenType.COMMA, 2):
            return _with_unit(p, word, start)
        if word in ("TIMESTAMPADD", "TIMESTAMPDIFF") and p.at_type(TokenType.STRING, 1):
            token = p.ahead(1)
            parameters = {
                "functionName": f"`{parts[0]}`",
                "parameter": "`unit`",
                "invalidValue": "" if token is None else p.source(token),
            }
            raise parse_error("INVALID_PARAMETER_VALUE.DATETIME_UNIT", parameters, p.origin(start))
        if word == "IDENTIFIER":
            raise unsupported("the IDENTIFIER clause")
    return _ordinary(p, ".".join(parts), start)


def _ordinary(p: Stream, name: str, start: int) -> SyntaxExpr:
    p.need("(")
    distinct = p.take("DISTINCT")
    if not distinct and p.at("ALL") and not p.at_type(TokenType.R_PAREN, 1):
        p.need("ALL")
    args: list[SyntaxExpr] = []
    ignore_nulls: bool | None = None
    if not p.at(")"):
        args.append(_argument(p, name))
        if name.upper() in _INNER_NULLS:
            ignore_nulls = _nulls(p)
        while p.take(","):
            args.append(_argument(p, name))
    p.need(")")
    if name.upper() == "TRANSFORM" and p.at("USING"):
        raise unsupported("TRANSFORM … USING a script")
    if name.upper() == "COUNT" and not distinct and _is_star(args):
        args = [Literal(1, INT)]  # Spark's parser writes count(*) as count(1)
    within: tuple[Ordering, ...] = ()
    if p.take("WITHIN", "GROUP"):
        p.need("(", "ORDER BY")
        items = [p.read_ordering()]
        while p.take(","):
            items.append(p.read_ordering())
        p.need(")")
        within = tuple(items)
    filter_ = None
    if p.at("FILTER", "("):
        p.need("FILTER", "(", "WHERE")
        filter_ = p.read()
        p.need(")")
    outer = _nulls(p)
    function = Function(
        name,
        tuple(args),
        distinct,
        filter_,
        within,
        ignore_nulls if outer is None else outer,
        p.origin(start),
    )
    return over(p, function) if p.take("OVER") else function


def _is_star(args: list[SyntaxExpr]) -> bool:
    match args:
        case [Star(target=(), excluded=())]:
            return True
    return False


def _argument(p: Stream, name: str) -> SyntaxExpr:
    if p.is_name() and p.at_type(TokenType.FARROW, 1):
        key = p.name()
        p.need("=>")
        return NamedArgument(key, p.read())
    if p.at("TABLE") and (p.at_type(TokenType.L_PAREN, 1) or p.is_name(1)):
        raise unsupported("table arguments of functions")
    return p.read_named() if name.upper() == "STRUCT" else p.read()


def _nulls(p: Stream) -> bool | None:
    if p.take("IGNORE", "NULLS"):
        return True
    return False if p.take("RESPECT", "NULLS") else None


def _with_unit(p: Stream, word: str, start: int) -> SyntaxExpr:
    p.need("(")
    unit = literals.string(p.name())
    p.need(",")
    first = p.read_value()
    p.need(",")
    second = p.read_value()
    p.need(")")
    return Function(_WITH_UNIT[word], (unit, first, second), origin=p.origin(start))


def _cast(p: Stream, start: int) -> SyntaxExpr | None:
    p.need("(")
    child = p.read()
    p.need("AS")
    type_ = p.read_type()
    p.need(")")
    return CastTo(child, type_, origin=p.origin(start))


def _try_cast(p: Stream, start: int) -> SyntaxExpr | None:
    p.need("(")
    child = p.read()
    p.need("AS")
    type_ = p.read_type()
    p.need(")")
    return CastTo(child, type_, try_=True, origin=p.origin(start))


def _extract(p: Stream, start: int) -> SyntaxExpr | None:
    if p.word(2) != "FROM":
        return None
    p.need("(")
    field = literals.string(p.name())
    p.need("FROM")
    source = p.read_value()
    p.need(")")
    return Function("extract", (field, source), origin=p.origin(start))


def _substring(p: Stream, start: int) -> SyntaxExpr | None:
    """substring(s FROM i FOR n); with commas it is an ordinary call."""
    at = p._index
    p.need("(")
    args = [p.read_value()] if not p.at(")") else []
    if not args or not p.take("FROM"):
        p._retreat(at)
        return None
    args.append(p.read_value())
    if p.take("FOR"):
        args.append(p.read_value())
    p.need(")")
    return Function("substring", tuple(args), origin=p.origin(start))


def _trim(p: Stream, start: int) -> SyntaxExpr | None:
    """trim(BOTH x FROM s) -> trim(x, s), as Spark's two-argument forms have it."""
    at = p._index
    p.need("(")
    option = p.word()
    name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}.get(option)
    if name is not None and p.word(1) not in (",", ")"):
        p._advance()
    else:
        name = "trim"
    args = [p.read_value()] if not p.at("FROM") and not p.at(")") else []
    if not p.take("FROM"):
        p._retreat(at)
        return None
    args.append(p.read_value())
    p.need(")")
    return Function(name, tuple(args), origin=p.origin(start))


def _position(p: Stream, start: int) -> SyntaxExpr | None:
    at = p._index
    p.need("(")
    needle = p.read_value() if not p.at(")") else None
    if needle is None or not p.take("IN"):
        p._retreat(at)
        return None
    args = (needle, p.read_value())
    p.need(")")
    return Function("locate", args, origin=p.origin(start))


def _overlay(p: Stream, start: int) -> SyntaxExpr | None:
    at = p._index
    p.need("(")
    args = [p.read_value()] if not p.at(")") else []
    if not args or not p.take("PLACING"):
        p._retreat(at)
        return None
    args.append(p.read_value())
    p.need("FROM")
    args.append(p.read_value())
    if p.take("FOR"):
        args.append(p.read_value())
    p.need(")")
    return Function("overlay", tuple(args), origin=p.origin(start))


_SPECIAL: dict[str, Callable[[Stream, int], SyntaxExpr | None]] = {
    "CAST": _cast,
    "TRY_CAST": _try_cast,
    "EXTRACT": _extract,
    "SUBSTRING": _substring,
    "SUBSTR": _substring,
    "TRIM": _trim,
    "POSITION": _position,
    "OVERLAY": _overlay,
}
