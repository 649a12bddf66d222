"""Arithmetic of dates, timestamps and intervals."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.codegen.ir.expr import Expr, Literal
from pyflare.codegen.ir.types import (
    DATE,
    DOUBLE,
    INT,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    CalendarInterval,
    Date,
    DayTimeInterval,
    Integer,
    Null,
    String,
    Timestamp,
    TimestampNTZ,
    Type,
    YearMonthInterval,
)
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.functions.signature import Arguments
from pyflare.engine.analyze.names import Node
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.types import sql_name

DAYS = DayTimeInterval(0, 0)
MONTHS = YearMonthInterval(1, 1)
MICROS_PER_DAY = 86_400_000_000


def temporal_arithmetic(symbol: str, a: Arguments) -> Expr | None:
    """The operation if an operand is a date, timestamp or interval, else None."""
    left, right = a.args
    match symbol, left.type, right.type:
        case ("+", Date() | Timestamp() | TimestampNTZ(), _) if coerce.is_interval(right.type):
            return _moved(a, left, right, 1)
        case ("+", _, Date() | Timestamp() | TimestampNTZ()) if coerce.is_interval(left.type):
            return _moved(a, right, left, 1)
        case ("-", Date() | Timestamp() | TimestampNTZ(), _) if coerce.is_interval(right.type):
            return _moved(a, left, right, -1)
        case ("+", Date(), Integer(bits)) if bits <= 32:
            return days_added(a, left, right, 1)
        case ("+", Integer(bits), Date()) if bits <= 32:
            return days_added(a, right, left, 1)
        case ("-", Date(), Integer(bits)) if bits <= 32:
            return days_added(a, left, right, -1)
        case ("-", Date(), Date()):
            return _days_between(a, left, right)
        case ("-", Date(), String()):
            return _days_between(a, left, a.cast(right, DATE))
        case ("-", String(), Date()):
            return _days_between(a, a.cast(left, DATE), right)
        case (_, Null(), _) | (_, _, Null()):
            return _nothing(symbol, left.type, right.type)
        case ("-", Timestamp() | TimestampNTZ(), _) | ("-", _, Timestamp() | TimestampNTZ()):
            return _time_between(a, left, right)
        case ("+" | "-", Date(), _):
            raise _no_days(a, 0, 1, symbol)
        case ("+", _, Date()):
            raise _no_days(a, 1, 0, symbol)
        case ("+" | "-", YearMonthInterval(), YearMonthInterval()) | (
            "+" | "-",
            DayTimeInterval(),
            DayTimeInterval(),
        ):
            type = coerce.tightest(left.type, right.type)
            assert type is not None
            name = "iv_add" if symbol == "+" else "iv_sub"
            return a.call(name, (left, right), type)
        case ("*", YearMonthInterval() | DayTimeInterval(), _):
            return _scaled(a, "iv_mul", left, right)
        case ("*", _, YearMonthInterval() | DayTimeInterval()):
            return _scaled(a, "iv_mul", right, left)
        case ("/", YearMonthInterval() | DayTimeInterval(), _):
            return _scaled(a, "iv_div", left, right)
    return None


_MOVED = (Date, Timestamp, TimestampNTZ, YearMonthInterval, DayTimeInterval)


def moved_name(symbol: str, a: Arguments, shown: Callable[[Node], str]) -> str | None:
    """How Spark prints + - * where it has replaced the operation by one on dates; else None."""
    left, right = a[0].type, a[1].type
    if symbol not in "+-*" or not (isinstance(left, _MOVED) or isinstance(right, _MOVED)):
        return None
    x, y = (shown(part) for part in a.syntax)
    interval = YearMonthInterval | DayTimeInterval
    match symbol, left, right:
        case ("+", Date(), Integer()):
            return f"date_add({x}, {y})"
        case ("+", Integer(), Date()):
            return f"date_add({y}, {x})"
        case ("-", Date(), Integer()):
            return f"date_sub({x}, {y})"
        case ("+", Date(), DayTimeInterval(0, 0)):
            return f"date_add({x}, extractansiintervaldays({y}))"
        case ("+", DayTimeInterval(0, 0), Date()):
            return f"date_add({y}, extractansiintervaldays({x}))"
        case ("-", Date(), DayTimeInterval(0, 0)):
            return f"date_add({x}, (- extractansiintervaldays({y})))"
        case ("+" | "-", Date() | Timestamp() | TimestampNTZ(), _) if isinstance(right, interval):
            return f"{x} {symbol} {y}"
        case ("+", _, Date() | Timestamp() | TimestampNTZ()) if isinstance(left, interval):
            return f"{y} + {x}"
        case ("*", _, YearMonthInterval() | DayTimeInterval()):
            return f"({y} * {x})"
    return None


def _nothing(symbol: str, left: Type, right: Type) -> Expr | None:
    """NULL of the type that the operation with a bare NULL has."""
    other = right if isinstance(left, Null) else left
    match symbol, other:
        case ("+", Date() | Timestamp()):
            return Literal(None, TIMESTAMP)
        case ("+", TimestampNTZ()):
            return Literal(None, TIMESTAMP_NTZ)
        case ("-", Date()):
            return Literal(None, DAYS)
        case ("-", Timestamp() | TimestampNTZ()):
            return Literal(None, DayTimeInterval())
        case ("+" | "-", YearMonthInterval() | DayTimeInterval()):
            return Literal(None, other)
    return None


def _no_days(a: Arguments, date: int, days: int, symbol: str) -> Exception:
    name = "date_add" if symbol == "+" else "date_sub"
    first, second = (a.shown_argument(a.syntax[at]) for at in (date, days))
    return analysis_error(
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        {
            "sqlExpr": f'"{name}({first}, {second})"',
            "paramIndex": "second",
            "inputSql": f'"{second}"',
            "inputType": f'"{sql_name(a[days].type)}"',
            "requiredType": '("INT" or "SMALLINT" or "TINYINT")',
        },
        a.origin,
    )


def days_added(a: Arguments, date: Expr, days: Expr, sign: int) -> Expr:
    """A date some days later (sign 1) or earlier (-1)."""
    days = a.cast(days, INT)
    if sign < 0:
        days = _negative(a, days)
    return a.call("date_add", (date, days), DATE)


def months_added(a: Arguments, date: Expr, months: Expr) -> Expr:
    """A date some months later, at most at the end of its month."""
    return a.call("add_months", (date, months), DATE)


def _negative(a: Arguments, value: Expr) -> Expr:
    if isinstance(value, Literal) and isinstance(value.value, int):
        return Literal(-value.value, value.type)
    if coerce.is_interval(value.type):
        return a.call("iv_neg", (value,), value.type)
    return a.call("neg", (value,), value.type)


def _moved(a: Arguments, when: Expr, by: Expr, sign: int) -> Expr:
    if sign < 0 and not isinstance(by.type, CalendarInterval):
        by = _negative(a, by)
    match when.type, by.type:
        case (Date(), YearMonthInterval()):
            return months_added(a, when, _months(a, by))
        case (Date(), DayTimeInterval(0, 0)):
            return a.call("date_add", (when, _days(a, by)), DATE)
        case (Date(), DayTimeInterval()):
            return a.call("ts_add", (a.cast(when, TIMESTAMP), by), TIMESTAMP)
        case (Timestamp() | TimestampNTZ(), DayTimeInterval()):
            return a.call("ts_add", (when, by), when.type)
        case (Timestamp() | TimestampNTZ(), YearMonthInterval()):
            return a.call("ts_add_months", (when, by, a.zone), when.type)
        case (_, CalendarInterval()):
            return _moved_by_calendar(a, when, by, sign)
    raise AssertionError(f"{when.type} moved by {by.type}")


def _moved_by_calendar(a: Arguments, when: Expr, by: Expr, sign: int) -> Expr:
    """An interval of months, days and microseconds, written in the query, part by part."""
    if not isinstance(by, Literal) or not isinstance(by.value, tuple):
        raise unsupported("adding an interval column of months, days and microseconds")
    months, days, micros = (sign * part for part in by.value)
    if isinstance(when.type, Date):
        if micros:
            raise unsupported("adding hours of a calendar interval to a date")
        moved = months_added(a, when, Literal(months, INT)) if months else when
        return a.call("date_add", (moved, Literal(days, INT)), DATE) if days else moved
    moved = when
    if months:
        moved = a.call("ts_add_months", (moved, Literal(months, MONTHS), a.zone), when.type)
    if days or micros:
        step = Literal(days * MICROS_PER_DAY + micros, DayTimeInterval())
        moved = a.call("ts_add", (moved, step), when.type)
    return moved


def _months(a: Arguments, interval: Expr) -> Expr:
    if isinstance(interval, Literal):
        return Literal(interval.value, INT)
    return a.cast(a.cast(interval, MONTHS), INT)


def _days(a: Arguments, interval: Expr) -> Expr:
    if isinstance(interval, Literal):
        value = interval.value
        return Literal(value // MICROS_PER_DAY if isinstance(value, int) else None, INT)
    return a.cast(interval, INT)


def _days_between(a: Arguments, end: Expr, start: Expr) -> Expr:
    days = a.call("date_diff", (end, start), INT)
    return a.call("iv_mul", (Literal(MICROS_PER_DAY, DAYS), days), DAYS)


def _time_between(a: Arguments, end: Expr, start: Expr) -> Expr | None:
    type = coerce.wider(end.type, start.type)
    if not isinstance(type, Timestamp | TimestampNTZ):
        return None
    return a.call("ts_diff", (a.cast(end, type), a.cast(start, type)), DayTimeInterval())


def _scaled(a: Arguments, function: str, interval: Expr, factor: Expr) -> Expr:
    if isinstance(factor.type, String):
        factor = a.cast(factor, DOUBLE)
    if not coerce.is_numeric(factor.type):
        raise a.unexpected(1 if a[0] is interval else 0, '"NUMERIC"')
    months = isinstance(interval.type, YearMonthInterval)
    type = YearMonthInterval() if months else DayTimeInterval()
    nullable = True if function == "iv_div" else None
    return a.call(function, (interval, factor), type, nullable)
