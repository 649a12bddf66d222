"""The proleptic Gregorian calendar without branches, staged and in Python.

Years begin in March here, so that the leap day is the last of its year; counting from a year far
before any date keeps every intermediate non-negative.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyflare.codegen.emit.value import Val

ERA_DAYS = 146097  # 400 years
EPOCH = 719468  # days from 0000-03-01 to 1970-01-01
ERAS = 14700  # eras added so that the smallest 32-bit date is positive
FAR_ERAS = 10**6  # the same for any date plus a 32-bit number of months


@dataclass(frozen=True, slots=True, eq=False)
class Civil:
    """A date in parts; `day_of_year` counts from 0 at March 1st."""

    year: Val
    month: Val
    day: Val
    day_of_year: Val


def civil(days: Val, lo: int, hi: int) -> Civil:
    """Year, month and day of `days` since 1970-01-01, which lie in [lo, hi]."""
    small = lo > -(4 * 10**8) and hi < 4 * 10**8
    lane, eras = ("i32", 2740) if small else ("i64", ERAS)
    shifted = days.resize(lane) + (EPOCH + eras * ERA_DAYS)
    era = shifted.udiv(ERA_DAYS)
    day = shifted - era * ERA_DAYS
    year = (day - day.udiv(1460) + day.udiv(36524) - day.udiv(146096)).udiv(365)
    of_year = day - (year * 365 + year.udiv(4) - year.udiv(100))
    shifted_month = (of_year * 5 + 2).udiv(153)
    month_day = of_year - (shifted_month * 153 + 2).udiv(5) + 1
    wraps = shifted_month.uge(10)
    month = wraps.select(shifted_month - 9, shifted_month + 3)
    return Civil(era * 400 + year - eras * 400 + wraps.zext(lane), month, month_day, of_year)


def days(year: Val, month: Val, day: Val) -> Val:
    """Days since 1970-01-01 (i64) of a date; a day beyond its month counts on."""
    y, m, d = year.resize("i64"), month.resize("i64"), day.resize("i64")
    early = m <= 2
    y = y - early.zext("i64") + FAR_ERAS * 400
    era = y.udiv(400)
    of_era = y - era * 400
    of_year = ((early.select(m + 9, m - 3)) * 153 + 2).udiv(5) + d - 1
    of_days = of_era * 365 + of_era.udiv(4) - of_era.udiv(100) + of_year
    return era * ERA_DAYS + of_days - (EPOCH + FAR_ERAS * ERA_DAYS)


def is_leap(year: Val) -> Val:
    """Leap year; two's complement makes & right for negative years, srem for the centuries."""
    return ((year & 3) == 0) & ((year.srem(100) != 0) | (year.srem(400) == 0))


def month_length(year: Val, month: Val) -> Val:
    """Days of a month, in the lane of `month`."""
    usual = ((month ^ month.lshr(3)) & 1) + 30
    february = is_leap(year).zext(month.type) + 28
    return (month == 2).select(february, usual)


# ---------------------------------------------------------------- in Python


def py_civil(days_: int) -> tuple[int, int, int]:
    """(year, month, day), for any number of days."""
    shifted = days_ + EPOCH
    era, day = divmod(shifted, ERA_DAYS)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    of_year = day - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return (
        era * 400 + year + (month >= 10),
        month - 9 if month >= 10 else month + 3,
        of_year - (153 * month + 2) // 5 + 1,
    )


def py_days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + 9 if month <= 2 else month - 3) + 2) // 5 + day - 1
    return era * ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - EPOCH


def py_month_length(year: int, month: int) -> int:
    return py_days(year + month // 12, month % 12 + 1, 1) - py_days(year, month, 1)


def py_add_months(days_: int, months: int) -> int:
    """The same day of another month, or that month's last day."""
    year, month, day = py_civil(days_)
    total = year * 12 + month - 1 + months
    year, month = total // 12, total % 12 + 1
    return py_days(year, month, min(day, py_month_length(year, month)))
