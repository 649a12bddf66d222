"""Dates: parts, arithmetic, truncation."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import Val
from pyflare.codegen.functions import calendar
from pyflare.codegen.functions.calendar import Civil, civil, py_civil, py_days
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.values import bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call

INT_RANGE = (-(1 << 31), (1 << 31) - 1)


def part(
    name: str, python: Callable[[int], int], compute: Callable[[Civil, Val], Val], lo: int, hi: int
) -> None:
    """Enters a part of a date that lies in [lo, hi]."""

    @function(name, lambda call, days: python(days))
    def stage(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (date,) = args
        first, last = bounds(date)
        data = compute(civil(date.data, first, last), date.data)
        return integer(call.type, data.resize(lane_for(lo, hi)), lo, hi, date.valid)


@function("year", lambda call, days: py_civil(days)[0])
def year(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (date,) = args
    first, last = bounds(date)
    lo, hi = py_civil(first)[0], py_civil(last)[0]
    data = civil(date.data, first, last).year.resize(lane_for(lo, hi))
    return integer(call.type, data, lo, hi, date.valid)


def py_day_of_year(days: int) -> int:
    return days - py_days(py_civil(days)[0], 1, 1) + 1


def _day_of_year(date: Civil, days: Val) -> Val:
    """March 1st is day 0 of the shifted year; January and February follow December."""
    shifted, lane = date.day_of_year, date.day_of_year.type
    before_march = calendar.is_leap(date.year).zext(lane) + 59
    return (date.month <= 2).select(shifted - 305, shifted + before_march + 1)


def py_week(days: int) -> int:
    """The ISO 8601 week: that of the same week's Thursday."""
    thursday = days - (days + 3) % 7 + 3
    return (py_day_of_year(thursday) - 1) // 7 + 1


def floor_mod(x: Val, by: int) -> Val:
    """x mod by, never negative."""
    rest = x.srem(by)
    return (rest < 0).select(rest + by, rest)


part("month", lambda days: py_civil(days)[1], lambda date, days: date.month, 1, 12)
part("day", lambda days: py_civil(days)[2], lambda date, days: date.day, 1, 31)
part("quarter", lambda days: (py_civil(days)[1] + 2) // 3, lambda d, _: (d.month + 2).udiv(3), 1, 4)
part("dayofyear", py_day_of_year, _day_of_year, 1, 366)
# 1970-01-01 was a Thursday
part("dayofweek", lambda d: (d + 4) % 7 + 1, lambda _, d: floor_mod(d.sext("i64") + 4, 7) + 1, 1, 7)
part("weekday", lambda d: (d + 3) % 7, lambda _, d: floor_mod(d.sext("i64") + 3, 7), 0, 6)


@function("weekofyear", lambda call, days: py_week(days))
def weekofyear(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (date,) = args
    days = date.data.sext("i64")
    thursday = days - floor_mod(days + 3, 7) + 3
    first, last = bounds(date)
    parts = civil(thursday, first - 7, last + 7)
    week = (_day_of_year(parts, thursday) - 1).udiv(7) + 1
    return integer(call.type, week.trunc("i8"), 1, 53, date.valid)


def wrap(value: int, bits: int = 32) -> int:
    """The value as a two's complement integer of `bits` bits."""
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


@function("date_add", lambda call, days, n: wrap(days + n))
def date_add(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Days later; Java's int arithmetic, which wraps."""
    date, count = args
    (a, b), (c, d) = bounds(date), bounds(count)
    return _wrapping(call, date, count, a + c, b + d, lambda x, y: x + y)


@function("date_diff", lambda call, x, y: wrap(x - y))
def date_diff(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """Days from the second date to the first."""
    x, y = args
    (a, b), (c, d) = bounds(x), bounds(y)
    return _wrapping(call, x, y, a - d, b - c, lambda p, q: p - q)


def _wrapping(
    call: Call, x: Value, y: Value, lo: int, hi: int, compute: Callable[[Val, Val], Val]
) -> Value:
    if lo < INT_RANGE[0] or hi > INT_RANGE[1]:
        lo, hi = INT_RANGE
    lane = lane_for(lo, hi)
    data = compute(x.data.resize(lane), y.data.resize(lane))
    return integer(call.type, data, lo, hi, all_valid(x, y))


def py_add_months(call: Call, days: int, months: int) -> int:
    moved = calendar.py_add_months(days, months)
    if not INT_RANGE[0] <= moved <= INT_RANGE[1]:
        raise Fails(Failure.DATETIME_OVERFLOW)
    return moved


@function("add_months", py_add_months)
def add_months(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The same day of another month, or that month's last day."""
    date, months = args
    (a, b), (c, d) = bounds(date), bounds(months)
    moved = shift_months(date.data, (a, b), months.data)
    lo, hi = calendar.py_add_months(a, c), calendar.py_add_months(b, d)
    if lo < INT_RANGE[0] or hi > INT_RANGE[1]:
        over = (moved < INT_RANGE[0]) | (moved > INT_RANGE[1])
        fail(context, Failure.DATETIME_OVERFLOW, over, (date, months), call)
        lo, hi = max(lo, INT_RANGE[0]), min(hi, INT_RANGE[1])
    return integer(call.type, moved.resize(lane_for(lo, hi)), lo, hi, all_valid(date, months))


def shift_months(days: Val, range_: tuple[int, int], months: Val) -> Val:
    """Days (i64) of the date `months` later."""
    start = civil(days, *range_)
    base = 12 * 400 * calendar.FAR_ERAS
    total = start.year.sext("i64") * 12 + start.month.sext("i64") + months.sext("i64") + (base - 1)
    year = total.udiv(12)
    month = total - year * 12 + 1
    year = year - base // 12
    day = start.day.sext("i64")
    last = calendar.month_length(year, month)
    return calendar.days(year, month, (day < last).select(day, last))


def py_last_day(call: Call, days: int) -> int:
    year, month, day = py_civil(days)
    return days - day + calendar.py_month_length(year, month)


@function("last_day", py_last_day)
def last_day(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The last day of the month."""
    (date,) = args
    first, last = bounds(date)
    parts = civil(date.data, first, last)
    lo, hi = first, min(last + 30, INT_RANGE[1])
    length = calendar.month_length(parts.year, parts.month)
    moved = date.data.sext("i64") - parts.day.sext("i64") + length.sext("i64")
    return integer(call.type, moved.resize(lane_for(lo, hi)), lo, hi, date.valid)
