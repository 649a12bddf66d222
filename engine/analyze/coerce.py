"""Spark's implicit conversions under ANSI: common types, and casts of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pyflare.codegen.ir.expr import Case, Cast, Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    DOUBLE,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Array,
    Binary,
    Boolean,
    CalendarInterval,
    Date,
    DayTimeInterval,
    Decimal,
    Field,
    Float,
    Integer,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
    TimestampNTZ,
    Type,
    YearMonthInterval,
)
from pyflare.engine.analyze import decimals

Interval = YearMonthInterval | DayTimeInterval
Numeric = Integer | Float | Decimal
_NEEDS_ZONE = (Date, Timestamp, TimestampNTZ, String)


def tightest(a: Type, b: Type) -> Type | None:
    """The type to which both widen without loss of meaning; no strings, no decimal with float."""
    if a == b:
        return a
    match a, b:
        case Null(), other:
            return other
        case other, Null():
            return other
        case (Integer(x), Integer(y)):
            return a if x > y else b
        case (Float(), Float()) | (Integer(), Float()) | (Float(), Integer()):
            return DOUBLE
        case (Decimal(), Integer()):
            return decimals.wider(a, decimals.of_integer(b))
        case (Integer(), Decimal()):
            return decimals.wider(decimals.of_integer(a), b)
        case (Date(), Timestamp()) | (Timestamp(), Date()):
            return TIMESTAMP
        case (Date(), TimestampNTZ()) | (TimestampNTZ(), Date()):
            return TIMESTAMP_NTZ
        case (Timestamp(), TimestampNTZ()) | (TimestampNTZ(), Timestamp()):
            return TIMESTAMP
        case (YearMonthInterval(), YearMonthInterval()):
            return YearMonthInterval(min(a.start, b.start), max(a.end, b.end))
        case (DayTimeInterval(), DayTimeInterval()):
            return DayTimeInterval(min(a.start, b.start), max(a.end, b.end))
    return _nested(a, b, tightest)


def wider(a: Type, b: Type) -> Type | None:
    """The least common type of CASE, COALESCE, IN, UNION and of operands: decimals widen,
    decimals meet floats in double, strings become the other type (integers: bigint)."""
    if a == b:
        return a
    match a, b:
        case (Decimal(), Decimal()):
            return decimals.wider(a, b)
        case (Decimal(), Float()) | (Float(), Decimal()):
            return DOUBLE
        case (String(), other):
            return _from_string(other) or tightest(a, b)
        case (other, String()):
            return _from_string(other) or tightest(a, b)
    return tightest(a, b) or _nested(a, b, wider)


def _from_string(other: Type) -> Type | None:
    match other:
        case Integer():
            return BIGINT
        case Float() | Decimal():
            return DOUBLE
        case Boolean() | Binary() | Date() | Timestamp() | TimestampNTZ():
            return other
        case _:
            return None


def _nested(a: Type, b: Type, common: Callable[[Type, Type], Type | None]) -> Type | None:
    match a, b:
        case (Array(), Array()):
            element = common(a.element, b.element)
            if element is None:
                return None
            return Array(element, a.contains_null or b.contains_null)
        case (Map(), Map()):
            key, value = common(a.key, b.key), common(a.value, b.value)
            if key is None or value is None:
                return None
            return Map(key, value, a.value_contains_null or b.value_contains_null)
        case (Struct(), Struct()) if len(a.fields) == len(b.fields):
            fields = []
            for x, y in zip(a.fields, b.fields, strict=True):
                type = common(x.type, y.type)
                if type is None or x.name.lower() != y.name.lower():
                    return None
                fields.append(Field(x.name, type, x.nullable or y.nullable))
            return Struct(tuple(fields))
    return None


def common(types: Iterable[Type]) -> Type | None:
    """The least common type of all, or None."""
    unique = list(dict.fromkeys(types))
    # Strings decide last: otherwise the result would depend on the order of the arguments
    unique.sort(key=lambda type: isinstance(type, String))
    found: Type | None = unique[0]
    for type in unique[1:]:
        found = None if found is None else wider(found, type)
    return found


def widen(args: Sequence[Expr], timezone: str) -> tuple[tuple[Expr, ...], Type] | None:
    """All of `args` cast to their least common type."""
    type = common([arg.type for arg in args])
    if type is None:
        return None
    return tuple([cast(arg, type, timezone) for arg in args]), type


def cast(expr: Expr, type: Type, timezone: str) -> Expr:
    """`expr` as `type`; numbers written in the query change type at once."""
    if expr.type == type:
        return expr
    match expr:
        case Literal(None):
            return Literal(None, type)
        case Literal(value) if isinstance(value, int) and not isinstance(value, bool):
            folded = _number(value, expr.type, type)
            if folded is not None:
                return folded
        case Case() if _has_number(expr):
            # CASE … THEN 0 END becomes one CASE of the wider type, without a cast per row
            otherwise = expr.otherwise
            return replace(
                expr,
                branches=tuple((when, cast(then, type, timezone)) for when, then in expr.branches),
                otherwise=None if otherwise is None else cast(otherwise, type, timezone),
                type=type,
            )
    nullable = expr.nullable or may_be_null(expr.type, type)
    return Cast(expr, type, "ansi", nullable, _zone(expr.type, type, timezone))


def may_be_null(from_: Type, to: Type) -> bool:
    """Spark calls the cast of a non-NULL value nullable, even where ANSI raises instead."""
    match from_, to:
        case (_, _) if from_ == to:
            return False
        case (String(), Binary()):
            return False
        case (String(), _):
            return True
        case (_, String()):
            return False
        case (Timestamp(), Date()):
            return False
        case (Float(), Timestamp()):
            return True
        case (_, Date() | CalendarInterval()):
            return True
        case (_, Decimal()):
            exact = decimals.of_number(from_)
            if exact is None or isinstance(from_, Float):
                return True
            whole = to.precision - to.scale >= exact.precision - exact.scale
            return not (whole and to.scale >= exact.scale)
        case (Float() | Decimal(), Integer()):
            return True
        case _:
            return False


def _has_number(case: Case) -> bool:
    values = [then for _, then in case.branches] + [case.otherwise or Literal(None, case.type)]
    return all(isinstance(value, Literal) for value in values)


def _zone(from_: Type, to: Type, timezone: str) -> str | None:
    if isinstance(from_, Timestamp) or isinstance(to, Timestamp):
        return timezone if isinstance(from_, _NEEDS_ZONE) or isinstance(to, _NEEDS_ZONE) else None
    return None


def _number(value: int, from_: Type, to: Type) -> Literal | None:
    """The literal in another exact type, or as a double; None if it does not fit exactly."""
    scale = from_.scale if isinstance(from_, Decimal) else 0
    if not isinstance(from_, Integer | Decimal):
        return None
    match to:
        case Integer(bits) if scale == 0 and -(1 << bits - 1) <= value < 1 << bits - 1:
            return Literal(value, to)
        case Decimal() if to.scale >= scale:
            shifted = value * 10 ** (to.scale - scale)
            return Literal(shifted, to) if abs(shifted) < 10**to.precision else None
        case Float(64) if abs(value) < 1 << 53 and scale <= 22:
            return Literal(value / 10**scale, to)
    return None


def is_numeric(type: Type) -> bool:
    return isinstance(type, Integer | Float | Decimal)


def is_interval(type: Type) -> bool:
    return isinstance(type, YearMonthInterval | DayTimeInterval | CalendarInterval)


def orderable(type: Type) -> bool:
    """Values of the type can be compared by < and sorted."""
    match type:
        case Map() | CalendarInterval():
            return False
        case Array(element):
            return orderable(element)
        case Struct(fields):
            return all(orderable(field.type) for field in fields)
        case _:
            return True


def implicit(expr: Expr, wanted: Type, timezone: str) -> Expr | None:
    """An argument of a function that wants `wanted`, or None where Spark refuses it.

    NULL fits everywhere; a string converts to any atomic type and any atomic type to a string;
    numbers convert to one another; a date is a timestamp and a timestamp a date.
    """
    if expr.type == wanted:
        return expr
    if not _implicit(expr.type, wanted):
        return None
    return cast(expr, wanted, timezone)


def _implicit(from_: Type, to: Type) -> bool:
    match from_, to:
        case (Null(), _):
            return True
        case (String(), _):
            return not isinstance(to, Array | Map | Struct) and not is_interval(to)
        case (Array() | Map() | Struct(), String()):
            return False
        case (_, String()):
            return True
        case (Integer() | Decimal() | Float(), Integer() | Decimal() | Float()):
            return True
        case (Date(), Timestamp() | TimestampNTZ()) | (Timestamp() | TimestampNTZ(), Date()):
            return True
        case (TimestampNTZ(), Timestamp()) | (Timestamp(), TimestampNTZ()):
            return True
        case (Array(), Array()):
            return _implicit(from_.element, to.element)
        case (YearMonthInterval(), YearMonthInterval()) | (DayTimeInterval(), DayTimeInterval()):
            return True
        case _:
            return from_ == to
