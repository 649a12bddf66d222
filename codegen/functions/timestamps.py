"""Timestamps: parts of the day, truncation, arithmetic, seconds since 1970."""

from __future__ import annotations

from fractions import Fraction

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import I64, Val
from pyflare.codegen.functions import calendar
from pyflare.codegen.functions.arithmetic import multiply_overflow
from pyflare.codegen.functions.calendar import civil, py_civil, py_days
from pyflare.codegen.functions.callbacks import by_python
from pyflare.codegen.functions.dates import floor_mod, shift_months
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.timezones import MICROS, floor_div, to_local, to_utc, zone
from pyflare.codegen.functions.values import bounds, fail, integer, lane_for
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call, Literal
from pyflare.codegen.ir.types import Integer, TimestampNTZ, Type
from pyflare.codegen.unsupported import Unsupported

DAY = 86_400 * MICROS
LONG = (-(1 << 63), (1 << 63) - 1)
INT = (-(1 << 31), (1 << 31) - 1)


def literal_text(call: Call, index: int) -> str | None:
    """The text of an argument that is a literal."""
    argument = call.args[index]
    if not isinstance(argument, Literal) or not isinstance(argument.value, str | None):
        raise Unsupported(f"{call.function} with an argument that is no literal")
    return argument.value


def timezone_of(call: Call, index: int) -> str:
    """The literal time zone; the wall clock of a timestamp_ntz has none."""
    name = literal_text(call, index)
    return "UTC" if name is None or isinstance(call.args[0].type, TimestampNTZ) else name


# ---------------------------------------------------------------- parts of the day


def clock(name: str, unit: int, count: int) -> None:
    """Enters a part of the time of day in a time zone."""

    def python(call: Call, micros: int, timezone: str) -> int:
        return zone(timezone_of(call, 1)).to_local(micros) // unit % count

    @function(name, python)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (stamp, _) = args
        local = to_local(stamp.data.sext(I64), timezone_of(call, 1), context)
        part = floor_mod(floor_div(local, unit), count)
        return integer(call.type, part.trunc("i8"), 0, count - 1, stamp.valid)


clock("hour", 3600 * MICROS, 24)
clock("minute", 60 * MICROS, 60)
clock("second", MICROS, 60)

# ---------------------------------------------------------------- truncation

UNITS = {
    "YEAR": "year", "YYYY": "year", "YY": "year", "QUARTER": "quarter",
    "MONTH": "month", "MM": "month", "MON": "month", "WEEK": "week",
    "DAY": "day", "DD": "day", "HOUR": "hour", "MINUTE": "minute", "SECOND": "second",
    "MILLISECOND": "millisecond", "MICROSECOND": "microsecond",
}  # fmt: skip
DATE_UNITS = frozenset(("year", "quarter", "month", "week"))
FRACTIONS = {
    "day": DAY, "hour": 3600 * MICROS, "minute": 60 * MICROS, "second": MICROS,
    "millisecond": 1000, "microsecond": 1,
}  # fmt: skip


def unit_of(call: Call, index: int) -> str | None:
    return UNITS.get((literal_text(call, index) or "").upper())


def py_truncated_day(days: int, unit: str) -> int:
    if unit == "week":
        return days - (days + 3) % 7
    year, month, _ = py_civil(days)
    first = {"year": 1, "quarter": (month - 1) // 3 * 3 + 1, "month": month}[unit]
    return py_days(year, first, 1)


def truncated_day(days: Val, lo: int, hi: int, unit: str) -> Val:
    """The first day (i64) of the period of `days`."""
    wide = days.sext(I64)
    if unit == "week":
        return wide - floor_mod(wide + 3, 7)
    parts = civil(days, lo, hi)
    month = parts.month
    if unit == "month":
        return wide - parts.day.sext(I64) + 1
    one = month.code.const(1, month.type)
    first = one if unit == "year" else (month - 1).udiv(3) * 3 + 1
    return calendar.days(parts.year, first, one)


def py_trunc_date(call: Call, days: int, unit: str | None) -> int | None:
    known = unit_of(call, 1)
    return py_truncated_day(days, known) if known in DATE_UNITS else None


@function("trunc_date", py_trunc_date)
def trunc_date(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The first day of the year, quarter, month or week; NULL for any other unit."""
    date = args[0]
    unit = unit_of(call, 1)
    if unit not in DATE_UNITS:
        return context.parameter(None, call.type)
    lo, hi = bounds(date)
    data = truncated_day(date.data, lo, hi, unit)
    low = lo - 366
    return integer(call.type, data.resize(lane_for(low, hi)), low, hi, date.valid)


def py_date_trunc(call: Call, unit: str | None, micros: int, timezone: str) -> int | None:
    known = unit_of(call, 0)
    if known is None:
        return None
    if known in ("second", "millisecond", "microsecond"):
        return micros - micros % FRACTIONS[known]
    where = zone(timezone)
    local = where.to_local(micros)
    if known in DATE_UNITS:
        return where.to_utc(py_truncated_day(local // DAY, known) * DAY)
    if known == "day":
        return where.to_utc(local - local % DAY)
    # hours and minutes keep the offset they are in
    return micros - local % FRACTIONS[known]


@function("date_trunc", py_date_trunc)
def date_trunc(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The start of the period of an instant in its time zone; NULL for an unknown unit."""
    stamp = args[1]
    unit = unit_of(call, 0)
    if unit is None:
        return context.parameter(None, call.type)
    timezone = literal_text(call, 2) or "UTC"
    lo, hi = bounds(stamp)
    micros = stamp.data.sext(I64)
    if unit in ("second", "millisecond", "microsecond"):
        data = micros - floor_mod(micros, FRACTIONS[unit])
    else:
        local = to_local(micros, timezone, context)
        if unit in DATE_UNITS:
            days = floor_div(local, DAY)
            first = truncated_day(days, lo // DAY - 1, hi // DAY + 1, unit)
            data = to_utc(first * DAY, timezone, context)
        elif unit == "day":
            data = to_utc(local - floor_mod(local, DAY), timezone, context)
        else:
            data = micros - floor_mod(local, FRACTIONS[unit])
    low, high = max(lo - 368 * DAY, LONG[0]), min(hi + DAY, LONG[1])
    return integer(call.type, data, low, high, stamp.valid)


# ---------------------------------------------------------------- arithmetic


def checked(type_: Type, micros: int) -> int:
    if not LONG[0] <= micros <= LONG[1]:
        raise Fails(Failure.ARITHMETIC_OVERFLOW)
    return micros


def additive(name: str, sign: int) -> None:
    """Enters the sum or difference of two numbers of microseconds."""

    def python(call: Call, x: int, y: int) -> int:
        return checked(call.type, x + sign * y)

    @function(name, python)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        x, y = args
        p, q = x.data.sext(I64), y.data.sext(I64)
        (a, b), (c, d) = bounds(x), bounds(y)
        if sign < 0:
            c, d = -d, -c
        lo, hi = a + c, b + d
        data = p + q if sign > 0 else p - q
        if lo < LONG[0] or hi > LONG[1]:
            signs = (p ^ data) & (q ^ data) if sign > 0 else (p ^ q) & (p ^ data)
            fail(context, Failure.ARITHMETIC_OVERFLOW, signs < 0, (x, y), call)
        return integer(call.type, data, max(lo, LONG[0]), min(hi, LONG[1]), all_valid(x, y))


additive("ts_add", 1)
additive("ts_diff", -1)


def py_ts_add_months(call: Call, micros: int, months: int, timezone: str) -> int:
    where = zone(timezone_of(call, 2))
    local = where.to_local(micros)
    moved = calendar.py_add_months(local // DAY, months) * DAY + local % DAY
    kept = moved - (local - micros)
    return checked(call.type, kept if where.to_local(kept) == moved else where.to_utc(moved))


@function("ts_add_months", py_ts_add_months)
def ts_add_months(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The same wall clock time some months later, with its offset where that is valid too."""
    stamp, months, _ = args
    timezone = timezone_of(call, 2)
    micros = stamp.data.sext(I64)
    local = to_local(micros, timezone, context)
    day = floor_div(local, DAY)
    time = local - day * DAY
    (lo, hi), (c, d) = bounds(stamp), bounds(months)
    moved = shift_months(day, (lo // DAY - 1, hi // DAY + 1), months.data)
    first = calendar.py_add_months(lo // DAY - 1, c) * DAY
    last = calendar.py_add_months(hi // DAY + 1, d) * DAY + DAY
    if first < LONG[0] + DAY or last > LONG[1] - DAY:
        most = LONG[1] // DAY - 1
        over = (moved > most) | (moved < -most)
        fail(context, Failure.ARITHMETIC_OVERFLOW, over, (stamp, months), call)
        first, last = max(first, LONG[0] + DAY), min(last, LONG[1] - DAY)
    there = moved * DAY + time
    data = to_utc(there, timezone, context)
    if not zone(timezone).fixed:
        kept = there - (local - micros)
        data = (to_local(kept, timezone, context) == there).select(kept, data)
    return integer(call.type, data, first - DAY, last + DAY, all_valid(stamp, months))


# ---------------------------------------------------------------- since 1970


@function("unix_seconds", lambda call, micros: micros // MICROS)
def unix_seconds(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    (stamp,) = args
    lo, hi = (b // MICROS for b in bounds(stamp))
    data = floor_div(stamp.data.sext(I64), MICROS)
    return integer(call.type, data.resize(lane_for(lo, hi)), lo, hi, stamp.valid)


def since(name: str, unit: int) -> None:
    """Enters the timestamp of a number of units."""

    def python(call: Call, count: int) -> int:
        if not LONG[0] <= count * unit <= LONG[1]:
            raise Fails(Failure.DATETIME_OVERFLOW)
        return count * unit

    @function(name, python)
    def emit(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (count,) = args
        assert isinstance(count.type, Integer)
        lo, hi = (b * unit for b in bounds(count))
        wide = count.data.sext(I64)
        if lo >= LONG[0] and hi <= LONG[1]:
            return integer(call.type, wide * unit, lo, hi, count.valid)
        data, over = multiply_overflow(wide, wide.code.const(unit, I64))
        fail(context, Failure.DATETIME_OVERFLOW, over, (count,), call)
        return integer(call.type, data, *LONG, count.valid)


since("timestamp_seconds", MICROS)
since("timestamp_millis", 1000)
since("timestamp_micros", 1)


# ---------------------------------------------------------------- dates made and found


YEARS = 999_999_999  # of java.time


def py_make_date(call: Call, year: int, month: int, day: int) -> int:
    good = abs(year) <= YEARS and 1 <= month <= 12
    if not good or not 1 <= day <= calendar.py_month_length(year, month):
        raise Fails(Failure.INVALID_INPUT)
    days = py_days(year, month, day)
    if not INT[0] <= days <= INT[1]:
        raise Fails(Failure.ARITHMETIC_OVERFLOW)
    return days


@function("make_date", py_make_date)
def make_date(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """A date of its parts."""
    y, m, d = (part.data.sext(I64) for part in args)
    bad = (m < 1) | (m > 12) | (d < 1) | (y > YEARS) | (y < -YEARS)
    bad = bad | (d > calendar.month_length(y, m))
    far = (y > 6_000_000) | (y < -6_000_000)
    # garbage must stay within what the calendar computes without overflow
    garbage = bad | far
    y, m = garbage.select(y.code.const(2000, I64), y), garbage.select(m.code.const(1, I64), m)
    days = calendar.days(y, m, garbage.select(d.code.const(1, I64), d))
    fail(context, Failure.INVALID_INPUT, bad, args, call)
    over = far | (days > INT[1]) | (days < INT[0])
    fail(context, Failure.ARITHMETIC_OVERFLOW, over & ~bad, args, call)
    return integer(call.type, days.trunc("i32"), *INT, all_valid(*args))


WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NAMES = {
    name: number
    for number, short in enumerate(WEEKDAYS)
    for name in (
        short,
        ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")[number],
        ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")[number],
    )
}


def next_day(call: Call, days: int, name: str) -> int:
    number = NAMES.get(name.strip().upper())
    if number is None:
        raise Fails(Failure.INVALID_INPUT)
    return days + 1 + (number - (days + 3) - 1) % 7


by_python("next_day", next_day, Failure.INVALID_INPUT)


def months_between(call: Call, end: int, start: int, round_off: bool, timezone: str) -> float:
    """Whole months where both are the same day or both last days, else with 31-day fractions."""
    where = zone(timezone)
    x, y = where.to_local(end), where.to_local(start)
    (y1, m1, d1), (y2, m2, d2) = py_civil(x // DAY), py_civil(y // DAY)
    months = float((y1 * 12 + m1) - (y2 * 12 + m2))
    last1 = d1 == calendar.py_month_length(y1, m1)
    last2 = d2 == calendar.py_month_length(y2, m2)
    if d1 == d2 or (last1 and last2):
        return months
    # elapsed since local midnight, which a change of the clock makes differ from the wall clock
    seconds = (end - where.to_utc(x // DAY * DAY)) // MICROS
    seconds -= (start - where.to_utc(y // DAY * DAY)) // MICROS
    difference = months + ((d1 - d2) * 86400 + seconds) / (31.0 * 86400)
    if not round_off:
        return difference
    scaled = difference * 1e8
    return _java_round(scaled) / 1e8


def _java_round(x: float) -> int:
    """Math.round: floor(x + 1/2) exactly."""
    return int((Fraction(x) + Fraction(1, 2)).__floor__())


by_python("months_between", months_between)
