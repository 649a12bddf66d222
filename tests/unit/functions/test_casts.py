"""Casts from and to text, dates and times, compiled and in Python."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyflare.codegen import jit
from pyflare.codegen.functions import formats, parse
from pyflare.codegen.functions.timezones import zone
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Case, Cast, Column
from pyflare.codegen.ir.expr import Literal as OneText
from tests.unit.functions.harness import Input, check

S = Column(0, "s", t.STRING)
TEXTS: list[str | None] = [
    "0", "1", "-1", "+7", " 42 ", "\t5\n", "127", "128", "-128", "-129", "32768", "2147483648",
    "9223372036854775807", "9223372036854775808", "999999999999999999", "1.5", "-1.5", "1.", ".5",
    ".", "", " ", "-", "+", "1e3", "1E-2", "abc", "1 2", "0.005", "0.0049", "-0", "-0.0",
    "12345.675",
    "1234567890123456789012345678901234567890", "nan", "NaN", "inf", "-Infinity", "1d", "1f",
    "0x10",
    "1e400", "1e-400", "3.4028236e38", "1_0", "٣", "true", "T", " yes ", "off", "n", "NO",
    "2020-01-01",
    "2020-1-1", "2020", "2020-02", "2020-02-30", "2020-02-29", "2019-02-29", " 2020-01-01 ",
    "2020-01-01 10:11:12", "2020-01-01T10:11:12.123456789", "2020-01-01 10:11:12.5+01:00",
    "2020-01-01T10", "2020-01-01T", "+2020-01-01", "-0001-01-01", "10000-01-01", "02020-01-01",
    "2020-06-15 10:11:12 America/New_York", "2020-01-01 25:00:00", "0000-01-01", "20-01-01", None,
]  # fmt: skip
Mode = Literal["ansi", "try", "legacy"]
TARGETS: list[t.Type] = [
    t.TINYINT, t.SMALLINT, t.INT, t.BIGINT, t.FLOAT, t.DOUBLE, t.Decimal(5, 2), t.Decimal(38, 0),
    t.Decimal(30, 20), t.BOOLEAN, t.DATE, t.TIMESTAMP, t.TIMESTAMP_NTZ, t.BINARY,
]  # fmt: skip


@pytest.mark.parametrize("mode", ["ansi", "try"])
@pytest.mark.parametrize("index", range(len(TARGETS)))
def test_from_text(index: int, mode: Mode) -> None:
    """The short path and Python's parser read the same."""
    check(Cast(S, TARGETS[index], mode, timezone="Europe/Rome"), Input(S, TEXTS))


def test_from_no_text() -> None:
    """A NULL literal, whose pointer is null, is not read."""
    p = Column(0, "p", t.BOOLEAN)
    text = Case(((p, OneText("12", t.STRING)),), OneText(None, t.STRING), t.STRING)
    for target in TARGETS:
        mode: Mode = "try" if isinstance(target, t.Boolean) else "ansi"
        if not isinstance(target, t.Date | t.Timestamp | t.TimestampNTZ):
            check(Cast(text, target, mode), Input(p, [True, False, None]), tier=jit.Tier.FULL)


STORED: list[tuple[t.Type, list[Any]]] = [
    (t.BOOLEAN, [True, False, None]),
    (t.TINYINT, [0, 5, -128, 127, None]),
    (t.BIGINT, [0, 10, -10, (1 << 63) - 1, -(1 << 63), None]),
    (t.Decimal(5, 2), [0, 1, -1, 99999, -100, 12, None]),
    (t.Decimal(18, 18), [0, 1, -1, 10**18 - 1, None]),
    (t.Decimal(38, 10), [0, 1, -(10**38) + 1, 10**37, None]),
    (t.DOUBLE, [0.0, -0.0, 1.0, 0.1, 1e7, 9999999.0, 1e-3, 9.99e-4, 1e22, 1.7976931348623157e308,
                5e-324, math.inf, -math.inf, math.nan, 123456.789, None]),
    (t.FLOAT, [0.0, 1.0, 1.100000023841858, 3.4028234663852886e38, 1.401298464324817e-45, None]),
    (t.DATE, [0, -1, 18262, 2932896, 2932897, -719528, -719529, (1 << 31) - 1, -(1 << 31), None]),
    (t.TIMESTAMP, [0, -1, 1577836800000000, 1577836800100000, -62135596800000001, None]),
    (t.TIMESTAMP_NTZ, [0, 1, 1577836800123456, None]),
    (t.BINARY, [b"", b"abc", None]),
    (t.YearMonthInterval(), [0, 14, -14, None]),
    (t.DayTimeInterval(), [0, 93784005000, -93784005000, None]),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(STORED)))
def test_to_text(index: int) -> None:
    """Every type is written by Spark's format."""
    type_, values = STORED[index]
    x = Column(0, "x", type_)
    check(Cast(x, t.STRING, timezone="America/New_York"), Input(x, values))


def test_formats() -> None:
    """Known texts."""
    written = [formats.floating(v) for v in (1e10, 1.0, 0.001, 1e-4, 123.0, 1e7, 9999999.0, 2e-3)]
    assert written == ["1.0E10", "1.0", "0.001", "1.0E-4", "123.0", "1.0E7", "9999999.0", "0.002"]
    assert formats.floating(1.100000023841858, 32) == "1.1"
    assert formats.decimal(-5, 3) == "-0.005" and formats.decimal(1200, 2) == "12.00"
    assert formats.timestamp_ntz(1577836800100000) == "2020-01-01 00:00:00.1"
    assert formats.year_month_interval(-14, 0, 1) == "INTERVAL '-1-2' YEAR TO MONTH"
    assert formats.day_time_interval(93784500000, 0, 3) == "INTERVAL '1 02:03:04.5' DAY TO SECOND"


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Rome", "America/New_York", "+05:30", "Asia/Kolkata"]
)
def test_times(name: str) -> None:
    """Dates and timestamps in zones with and without changes of the clock."""
    hour = 3_600_000_000
    base = [
        1_585_443_600_000_000,
        1_603_587_600_000_000,
        1_583_650_800_000_000,
        0,
        1_604_206_800_000_000,
    ]
    moments = [b + k * hour // 2 for b in base for k in range(-5, 6)]
    moments += [40_000_000_000_000_000, -3_000_000_000_000_000, 4_102_444_800_000_000]
    stamps: list[int | None] = [*moments, None]
    x = Column(0, "x", t.TIMESTAMP)
    for target in (t.DATE, t.TIMESTAMP_NTZ, t.BIGINT, t.DOUBLE, t.INT):
        check(Cast(x, target, "try", timezone=name), Input(x, stamps))
    n = Column(0, "n", t.TIMESTAMP_NTZ)
    check(Cast(n, t.TIMESTAMP, timezone=name), Input(n, stamps))
    check(Cast(n, t.DATE, timezone=name), Input(n, stamps))
    d = Column(0, "d", t.DATE)
    days = [0, -1, 18349, 18350, 18560, 18561, 200000, 1 << 30, None]
    check(Cast(d, t.TIMESTAMP, timezone=name), Input(d, days))
    check(Cast(d, t.TIMESTAMP_NTZ), Input(d, days))


def test_zone_is_pythons() -> None:
    """Offsets agree with zoneinfo, and local times with Java's rule for gaps and overlaps."""
    rome = zone("Europe/Rome")
    gap = 1_585_443_600_000_000  # 2020-03-29 01:00 UTC: 02:00 becomes 03:00
    assert rome.to_local(gap) - gap == 7_200_000_000
    assert rome.to_local(gap - 1) - gap + 1 == 3_600_000_000
    half_past_two = gap + 3_600_000_000 + 1_800_000_000
    assert rome.to_utc(half_past_two) == gap + 1_800_000_000
    overlap = 1_603_587_600_000_000  # 2020-10-25 01:00 UTC: 03:00 becomes 02:00
    assert rome.to_utc(overlap + 3_600_000_000) == overlap - 3_600_000_000


FLOATS = st.floats(allow_nan=False) | st.integers(-(10**12), 10**12).map(lambda n: n / 1000)


@settings(max_examples=10, deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=200))
def test_floats_to_decimals(values: list[float]) -> None:
    """The digits of the float's text decide, not its binary value."""
    x = Column(0, "x", t.DOUBLE)
    halves = [*values, 1.005, 2.675, 1.015, 0.125, 0.375, math.nan, math.inf]
    for target in (t.Decimal(15, 2), t.Decimal(38, 3), t.Decimal(5, 0)):
        check(Cast(x, target), Input(x, halves))


@settings(max_examples=50, deadline=None)
@given(st.floats(), st.decimals(allow_nan=False, allow_infinity=False))
def test_text_reads_back(number: float, other: Any) -> None:
    """A float written and read again is the same float; texts of numbers read as Python's."""
    back = parse.floating(formats.floating(number), 64)
    assert back == number or (math.isnan(number) and back is not None and math.isnan(back))
    assert parse.floating(str(other), 64) == float(other)
