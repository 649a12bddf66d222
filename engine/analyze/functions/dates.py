"""Dates and timestamps: their fields, moving them, making, parsing and formatting them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pyflare.codegen.ir.expr import Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    Array,
    Date,
    DayTimeInterval,
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
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.functions.casts import explicit_cast
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table, strict
from pyflare.engine.analyze.functions.temporal import days_added
from pyflare.engine.errors import analysis_error

_FIELDS = {
    "year": "year", "y": "year", "years": "year", "yr": "year", "yrs": "year",
    "quarter": "quarter", "qtr": "quarter",
    "month": "month", "mon": "month", "mons": "month", "months": "month",
    "week": "weekofyear", "w": "weekofyear", "weeks": "weekofyear",
    "day": "day", "d": "day", "days": "day",
    "dayofweek": "dayofweek", "dow": "dayofweek",
    "dayofweek_iso": "weekday", "dow_iso": "weekday",
    "doy": "dayofyear",
    "hour": "hour", "h": "hour", "hours": "hour", "hr": "hour", "hrs": "hour",
    "minute": "minute", "m": "minute", "min": "minute", "mins": "minute", "minutes": "minute",
    "second": "second", "s": "second", "sec": "second", "seconds": "second", "secs": "second",
}  # fmt: skip
_TEXT_OR_TIME = '("STRING" or "DATE" or "TIMESTAMP" or "TIMESTAMP WITHOUT TIME ZONE")'
_CLOCK = frozenset(("hour", "minute", "second"))


def field(function: str) -> Builtin:
    """A field of the day: year, month, …"""
    return Builtin(1, 1, lambda a: a.call(function, (a.wants(0, DATE),), INT))


def clock_field(function: str) -> Builtin:
    """A field of the time of day, in the session time zone."""

    def build(a: Arguments) -> Expr:
        if isinstance(a[0].type, TimestampNTZ):
            return a.call(function, (a[0], Literal("UTC", STRING)), INT)
        return a.call(function, (a.wants(0, TIMESTAMP), a.zone), INT)

    return Builtin(1, 1, build)


def extract(a: Arguments) -> Expr:
    """extract(field FROM x), date_part('field', x)"""
    name = a.text_constant(0, "field")
    function = _FIELDS.get((name or "").lower())
    source = a[1]
    if isinstance(source.type, YearMonthInterval | DayTimeInterval):
        raise a.not_supported("of an interval")
    if function is None:
        raise analysis_error(
            "INVALID_EXTRACT_FIELD",
            {"field": f"`{name}`", "expr": f'"{a.shown_argument(a.syntax[1])}"'},
            a.origin,
        )
    if function == "second":
        raise a.not_supported("of seconds (use second)")
    if function == "weekday":
        day = a.call("weekday", (a.wants(1, DATE),), INT)
        return a.call("add", (day, Literal(1, INT)), INT)
    if function in _CLOCK:
        return a.call(function, (a.wants(1, TIMESTAMP), a.zone), INT)
    return a.call(function, (a.wants(1, DATE),), INT)


def moved_by_days(sign: int) -> Callable[[Arguments], Expr]:
    """date_add, date_sub"""

    def build(a: Arguments) -> Expr:
        whole = isinstance(a[1].type, Integer | Null) and a[1].type != BIGINT
        written = isinstance(a[1].type, String) and isinstance(a[1], Literal)
        if not whole and not written:
            raise a.unexpected(1, '("INT" or "SMALLINT" or "TINYINT")')
        return days_added(a, a.wants(0, DATE), a[1], sign)

    return build


def date_diff(a: Arguments) -> Expr:
    return a.call("date_diff", (a.wants(0, DATE), a.wants(1, DATE)), INT)


def months_between(a: Arguments) -> Expr:
    round_off = a.args[2] if len(a) == 3 else Literal(True, BOOLEAN)
    args = (a.wants(0, TIMESTAMP), a.wants(1, TIMESTAMP), round_off, a.zone)
    return a.call("months_between", args, DOUBLE)


def trunc(a: Arguments) -> Expr:
    """trunc(date, unit): NULL for a unit that is none of a date's."""
    unit = a.written_text(1)
    return a.call("trunc_date", (a.wants(0, DATE), unit), DATE, True)


def date_trunc(a: Arguments) -> Expr:
    unit = a.written_text(0)
    if isinstance(a[1].type, TimestampNTZ):
        raise a.not_supported("of a timestamp_ntz")
    return a.call("date_trunc", (unit, a.wants(1, TIMESTAMP), a.zone), TIMESTAMP, True)


def date_format(a: Arguments) -> Expr:
    return a.call("date_format", (a.wants(0, TIMESTAMP), a.written_text(1), a.zone), STRING)


def parsed(type: Type) -> Callable[[Arguments], Expr]:
    """to_date, to_timestamp: a cast, or with a format a parse."""

    def build(a: Arguments) -> Expr:
        if len(a) == 1:
            return _read(a, type, trying=False)
        if not isinstance(a[0].type, String):
            return a.wants(0, type)
        if type == TIMESTAMP_NTZ:
            raise a.not_supported("with a format")
        if not a.options.ansi:
            raise a.not_supported("with a format and spark.sql.ansi.enabled=false")
        name = "to_date_format" if type == DATE else "to_timestamp_format"
        return a.call(name, (a[0], a.written_text(1), a.zone), type)

    return build


def _read(a: Arguments, type: Type, trying: bool) -> Expr:
    """A cast; what is neither text nor time is written out first."""
    given = a[0]
    if isinstance(given.type, Array | Map | Struct):
        raise a.unexpected(0, _TEXT_OR_TIME)
    timed = isinstance(given.type, String | Null | Date | Timestamp | TimestampNTZ)
    if not timed and not (type == TIMESTAMP and coerce.is_numeric(given.type)):
        a = replace(a, args=(a.cast(given, STRING), *a.args[1:]))
    return explicit_cast(a, type, trying)


def tried(type: Type) -> Callable[[Arguments], Expr]:
    """try_to_date, try_to_timestamp without a format: TRY_CAST."""

    def build(a: Arguments) -> Expr:
        if len(a) == 2:
            raise a.not_supported("with a format")
        return _read(a, type, trying=True)

    return build


def unix_timestamp(a: Arguments) -> Expr:
    if not a.args:
        return Literal(a.now // 1_000_000, BIGINT)
    if isinstance(a[0].type, Date | Timestamp | TimestampNTZ):
        return a.call("unix_seconds", (a.cast(a[0], TIMESTAMP),), BIGINT)
    if not isinstance(a[0].type, String | Null):
        raise a.unexpected(0, _TEXT_OR_TIME)
    if not a.options.ansi:
        raise a.not_supported("of text with spark.sql.ansi.enabled=false")
    pattern = a.written_text(1) if len(a) == 2 else Literal("yyyy-MM-dd HH:mm:ss", STRING)
    moment = a.call("to_timestamp_format", (a.wants(0, STRING), pattern, a.zone), TIMESTAMP)
    return a.call("unix_seconds", (moment,), BIGINT)


def unix(divisor: int) -> Callable[[Arguments], Expr]:
    """unix_seconds, unix_millis, unix_micros: since 1970."""

    def build(a: Arguments) -> Expr:
        if divisor != 1_000_000:
            raise a.not_supported()
        if not isinstance(a[0].type, Timestamp | TimestampNTZ | Null):
            raise a.unexpected(0, '"TIMESTAMP"')
        return a.call("unix_seconds", (a.wants(0, TIMESTAMP),), BIGINT)

    return build


def from_unixtime(a: Arguments) -> Expr:
    pattern = a.written_text(1) if len(a) == 2 else Literal("yyyy-MM-dd HH:mm:ss", STRING)
    return a.call("from_unixtime", (a.wants(0, BIGINT), pattern, a.zone), STRING, True)


def seconds(function: str) -> Callable[[Arguments], Expr]:
    """timestamp_seconds, timestamp_millis, timestamp_micros"""

    def build(a: Arguments) -> Expr:
        value = a[0]
        if not isinstance(value.type, Integer | Null):
            raise a.not_supported("of this type")
        return a.call(function, (a.cast(value, BIGINT),), TIMESTAMP)

    return build


def named(pattern: str) -> Callable[[Arguments], Expr]:
    """dayname, monthname: the short English name."""

    def build(a: Arguments) -> Expr:
        moment = a.cast(a.wants(0, DATE), TIMESTAMP)
        return a.call("date_format", (moment, Literal(pattern, STRING), a.zone), STRING)

    return build


def epoch_day(a: Arguments) -> Expr:
    """unix_date: days since 1970"""
    if not isinstance(a[0].type, Date | Null):
        raise a.unexpected(0, '"DATE"')
    return a.call("date_diff", (a.wants(0, DATE), Literal(0, DATE)), INT)


def of_epoch_day(a: Arguments) -> Expr:
    return a.call("date_add", (Literal(0, DATE), a.wants(0, INT)), DATE)


def added_units(a: Arguments) -> Expr:
    """dateadd(unit, n, moment), timestampadd: n units later."""
    unit = _unit(a)
    count = a.cast(a[1], INT) if a[1].type != BIGINT else a[1]
    moment = a[2] if isinstance(a[2].type, TimestampNTZ) else a.wants(2, TIMESTAMP)
    if unit in _MONTHS:
        months = _times(a, count, Literal(_MONTHS[unit], YearMonthInterval(1, 1)))
        return a.call("ts_add_months", (moment, months, a.zone), moment.type)
    step = _times(a, count, Literal(_MICROS[unit], DayTimeInterval()))
    return a.call("ts_add", (moment, step), moment.type)


def _times(a: Arguments, count: Expr, interval: Literal) -> Expr:
    if isinstance(count, Literal) and isinstance(count.value, int):
        assert isinstance(interval.value, int)
        return Literal(count.value * interval.value, interval.type)
    return a.call("iv_mul", (interval, count), interval.type)


_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_MICROS = {
    "week": 7 * 86_400_000_000,
    "day": 86_400_000_000,
    "dayofyear": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}


def _unit(a: Arguments) -> str:
    name = (a.text_constant(0, "unit") or "").lower()
    if name not in _MONTHS and name not in _MICROS:
        raise a.not_supported(f"with the unit {name}")
    return name


def date_add_or_units(sign: int) -> Callable[[Arguments], Expr]:
    """dateadd(date, days) or dateadd(unit, n, moment)"""
    days = moved_by_days(sign)
    return lambda a: added_units(a) if len(a) == 3 else days(a)


def diff_or_units(a: Arguments) -> Expr:
    """datediff(end, start) in days, or datediff(unit, start, end)"""
    if len(a) == 2:
        return date_diff(a)
    raise a.not_supported("with a unit")


def make_date(a: Arguments) -> Expr:
    if not a.options.ansi:
        raise a.not_supported("with spark.sql.ansi.enabled=false")
    return a.call("make_date", [a.wants(index, INT) for index in range(3)], DATE)


def next_day(a: Arguments) -> Expr:
    if not a.options.ansi:
        raise a.not_supported("with spark.sql.ansi.enabled=false")
    return a.call("next_day", (a.wants(0, DATE), a.wants(1, STRING)), DATE, True)


TABLE: Table = {
    "year": field("year"),
    "quarter": field("quarter"),
    "month": field("month"),
    "day": field("day"),
    "dayofmonth": field("day"),
    "dayofweek": field("dayofweek"),
    "weekday": field("weekday"),
    "dayofyear": field("dayofyear"),
    "weekofyear": field("weekofyear"),
    "hour": clock_field("hour"),
    "minute": clock_field("minute"),
    "second": clock_field("second"),
    "extract": Builtin(2, 2, extract),
    "date_part": Builtin(2, 2, extract),
    "datepart": Builtin(2, 2, extract),
    "date_add": Builtin(2, 3, date_add_or_units(1)),
    "dateadd": Builtin(2, 3, date_add_or_units(1)),
    "timestampadd": Builtin(3, 3, added_units),
    "date_sub": Builtin(2, 2, moved_by_days(-1)),
    "date_diff": Builtin(2, 3, diff_or_units),
    "datediff": Builtin(2, 3, diff_or_units),
    "add_months": strict("add_months", (DATE, INT), DATE),
    "months_between": Builtin(2, 3, months_between),
    "last_day": strict("last_day", (DATE,), DATE),
    "next_day": Builtin(2, 2, next_day),
    "trunc": Builtin(2, 2, trunc),
    "date_trunc": Builtin(2, 2, date_trunc),
    "make_date": Builtin(3, 3, make_date),
    "to_date": Builtin(1, 2, parsed(DATE)),
    "to_timestamp": Builtin(1, 2, parsed(TIMESTAMP)),
    "to_timestamp_ltz": Builtin(1, 2, parsed(TIMESTAMP)),
    "to_timestamp_ntz": Builtin(1, 2, parsed(TIMESTAMP_NTZ)),
    "try_to_date": Builtin(1, 2, tried(DATE)),
    "try_to_timestamp": Builtin(1, 2, tried(TIMESTAMP)),
    "date_format": Builtin(2, 2, date_format),
    "unix_timestamp": Builtin(0, 2, unix_timestamp),
    "to_unix_timestamp": Builtin(1, 2, unix_timestamp),
    "from_unixtime": Builtin(1, 2, from_unixtime),
    "timestamp_seconds": Builtin(1, 1, seconds("timestamp_seconds")),
    "timestamp_millis": Builtin(1, 1, seconds("timestamp_millis")),
    "timestamp_micros": Builtin(1, 1, seconds("timestamp_micros")),
    "unix_seconds": Builtin(1, 1, unix(1_000_000)),
    "unix_millis": Builtin(1, 1, unix(1_000)),
    "unix_micros": Builtin(1, 1, unix(1)),
    "unix_date": Builtin(1, 1, epoch_day),
    "date_from_unix_date": Builtin(1, 1, of_epoch_day),
    "dayname": Builtin(1, 1, named("EEE")),
    "monthname": Builtin(1, 1, named("MMM")),
}
