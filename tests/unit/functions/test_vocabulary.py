"""The rest of the vocabulary: every function compiled against its Python definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Column, Literal
from tests.unit.functions.harness import Input, check

TEXTS = [
    "",
    "a",
    "Hello World",
    "  x ",
    "hello wOrld  foo",
    "日本語",
    "éÀß",
    "a,b,,c",
    "aXbXc",
    None,
]
INTS = [0, 1, -1, 2, 5, -7, 100, None]


def cross(*lists: list[Any]) -> list[list[Any]]:
    rows = list(itertools.product(*lists))
    return [list(column) for column in zip(*rows, strict=True)]


def run(name: str, result: t.Type, *columns: tuple[t.Type, list[Any]], rest: Any = ()) -> None:
    """Every combination of the values, then literal arguments."""
    values = cross(*[v for _, v in columns])
    inputs = [Input(Column(i, f"c{i}", type_), values[i]) for i, (type_, _) in enumerate(columns)]
    check(Call(name, (*[i.column for i in inputs], *rest), result), *inputs)


def text(value: str | None) -> Literal:
    return Literal(value, t.STRING)


def number(value: int) -> Literal:
    return Literal(value, t.INT)


@pytest.mark.parametrize(
    "name",
    [
        "upper",
        "lower",
        "trim",
        "ltrim",
        "rtrim",
        "reverse",
        "initcap",
        "soundex",
        "hex",
        "unhex",
        "unbase64",
        "ascii",
    ],
)
def test_one_text(name: str) -> None:
    """Functions of one text."""
    others: dict[str, t.Type] = {"unhex": t.BINARY, "unbase64": t.BINARY, "ascii": t.INT}
    result = others.get(name, t.STRING)
    run(name, result, (t.STRING, [*TEXTS, "4F", "abc", "Robert", "YWI=", "\t x \n", "x" * 40]))


@pytest.mark.parametrize("name", ["md5", "sha1", "crc32", "base64"])
def test_digests(name: str) -> None:
    """Digests of bytes."""
    run(name, t.BIGINT if name == "crc32" else t.STRING, (t.BINARY, [b"", b"abc", b"\xff", None]))


def test_texts_and_numbers() -> None:
    """Functions of texts and positions."""
    s = (t.STRING, TEXTS)
    run("trim", t.STRING, s, rest=(text("ax "),))
    run("replace", t.STRING, s, (t.STRING, ["", "o", "X", "日"]), rest=(text("__"),))
    run("locate", t.INT, (t.STRING, ["", "o", "本"]), s, (t.INT, [0, 1, 3, None]))
    run("lpad", t.STRING, s, (t.INT, [0, 3, 12, -1]), (t.STRING, ["", "*", "ab"]))
    run("rpad", t.STRING, s, (t.INT, [0, 3, 12, -1]), (t.STRING, ["", "*", "ab"]))
    run("repeat", t.STRING, s, (t.INT, [0, -1, 3]))
    run("chr", t.STRING, (t.BIGINT, [0, 65, 256 + 66, -1, 233, None]))
    run("translate", t.STRING, s, rest=(text("aoX"), text("01")))
    run("split_part", t.STRING, s, (t.STRING, [",", "X", ""]), (t.INT, [1, 2, -1, 9, 0]))
    run("substring_index", t.STRING, s, (t.STRING, [",", "X", ""]), (t.INT, [1, 2, -1, -2, 0]))
    run("concat_ws", t.STRING, (t.STRING, ["-", None]), s, (t.STRING, ["z", None]))
    run("hex", t.STRING, (t.BIGINT, [0, 255, -1, None]))
    run("sha2", t.STRING, (t.BINARY, [b"abc", None]), (t.INT, [0, 224, 256, 384, 512, 7]))
    run("levenshtein", t.INT, (t.STRING, ["kitten", "", "é"]), (t.STRING, ["sitting", "e"]))


def test_regular_expressions() -> None:
    """Java's dialect where Python's engine agrees."""
    s = (t.STRING, TEXTS)
    run("rlike", t.BOOLEAN, s, rest=(text("^[a-z]+$"),))
    run("ilike", t.BOOLEAN, s, rest=(text("%WORLD%"), text("\\")))
    run("regexp_extract", t.STRING, s, rest=(text("(\\w+) (\\w+)"), number(2)))
    run("regexp_replace", t.STRING, s, rest=(text("([a-z])(o)"), text("$2\\$$1")))


DOUBLES = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 10.0, 1e-5, 709.0, 1000.0, math.inf, -math.inf,
           math.nan, None]  # fmt: skip
REALS = [
    "sqrt",
    "exp",
    "expm1",
    "cbrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "cot",
    "sec",
    "csc",
    "degrees",
    "radians",
    "rint",
    "ln",
    "log10",
    "log2",
    "log1p",
]


@pytest.mark.parametrize("name", REALS)
def test_reals(name: str) -> None:
    """Functions of a double, infinite arguments and NaN included."""
    run(name, t.DOUBLE, (t.DOUBLE, DOUBLES))


def test_more_numbers() -> None:
    """Powers, angles, factorials, shifts and bits, wrapped and lenient arithmetic."""
    for name in ("pow", "atan2", "hypot", "nanvl"):
        run(name, t.DOUBLE, (t.DOUBLE, DOUBLES), (t.DOUBLE, DOUBLES))
    run("factorial", t.BIGINT, (t.INT, [-1, 0, 5, 20, 21, None]))
    edge = [0, 1, -1, 7, -8, (1 << 31) - 1, -(1 << 31), None]
    for name in ("bitand", "bitor", "bitxor", "wrap_add", "wrap_sub", "wrap_mul"):
        run(name, t.INT, (t.INT, edge), (t.INT, edge))
    for name in ("try_add", "try_sub", "try_mul", "try_mod", "null_mod"):
        run(name, t.INT, (t.INT, edge), (t.INT, edge))
    for name in ("bitnot", "wrap_neg", "wrap_abs"):
        run(name, t.INT, (t.INT, edge))
    run("null_intdiv", t.BIGINT, (t.INT, edge), (t.INT, edge))
    for name in ("shiftleft", "shiftright", "shiftrightunsigned"):
        run(name, t.INT, (t.INT, edge), (t.INT, [0, 1, 31, 32, 33, -1]))
        run(name, t.BIGINT, (t.BIGINT, [1, -1, 1 << 62]), (t.INT, [0, 1, 63, 64, -1]))
    run("null_div", t.DOUBLE, (t.DOUBLE, [1.0, 0.0]), (t.DOUBLE, [0.0, 2.0, None]))


def test_rounding() -> None:
    """Half up and half even, of floats by their text, of decimals and integers exactly."""
    floats = [2.5, 3.5, -2.5, 1.005, 2.675, 1e300, 0.1, 123.456, math.nan, math.inf, None]
    units = [0, 5, 15, 25, -25, 12345, 99999, -99999, None]
    for name in ("round", "bround"):
        for places in (0, 1, 2, -1):
            run(name, t.DOUBLE, (t.DOUBLE, floats), rest=(number(places),))
            result = t.Decimal(6, max(min(places, 2), 0))
            run(name, result, (t.Decimal(5, 2), units), rest=(number(places),))
            run(name, t.INT, (t.INT, [5, 15, 25, -15, (1 << 31) - 1, None]), rest=(number(places),))
    for name in ("ceil", "floor"):
        run(name, t.BIGINT, (t.DOUBLE, [*DOUBLES, 1e30, -1.5, 1.5]))
        run(name, t.Decimal(4, 0), (t.Decimal(5, 2), units))


ZONES = ["UTC", "Europe/Rome", "America/New_York", "+05:30"]
STAMPS = [0, -1, 1_585_443_600_000_000, 1_585_443_599_999_999, 1_603_587_600_000_000,
          1_603_589_400_123_456, 253_402_300_799_999_999, -62_135_596_800_000_000,
          None]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_timestamps(zone: str) -> None:
    """Parts, truncation and months in time zones."""
    stamps = (t.TIMESTAMP, STAMPS)
    for name in ("hour", "minute", "second"):
        run(name, t.INT, stamps, rest=(text(zone),))
    for unit in ("YEAR", "quarter", "mon", "week", "DD", "hour", "minute", "second", "x"):
        call_args = (text(unit), Column(0, "c", t.TIMESTAMP), text(zone))
        call = Call("date_trunc", call_args, t.TIMESTAMP)
        check(call, Input(Column(0, "c", t.TIMESTAMP), STAMPS))
    months = (t.YearMonthInterval(), [0, 1, -13, 1200])
    run("ts_add_months", t.TIMESTAMP, stamps, months, rest=(text(zone),))
    pattern = text("yyyy-MM-dd HH:mm:ss.SSSSSS EEEE MMM h a")
    run("date_format", t.STRING, stamps, rest=(pattern, text(zone)))
    flag = Literal(True, t.BOOLEAN)
    run("months_between", t.DOUBLE, stamps, stamps, rest=(flag, text(zone)))


def test_instants() -> None:
    """Sums and differences overflow; seconds since 1970."""
    stamps = (t.TIMESTAMP, [*STAMPS, (1 << 63) - 1, -(1 << 63)])
    spans = (t.DayTimeInterval(), [0, 1, -1, 86_400_000_000, (1 << 63) - 1, -(1 << 63)])
    run("ts_add", t.TIMESTAMP, stamps, spans)
    run("ts_diff", t.DayTimeInterval(), stamps, stamps)
    run("unix_seconds", t.BIGINT, stamps)
    for name in ("timestamp_seconds", "timestamp_millis", "timestamp_micros"):
        run(name, t.TIMESTAMP, (t.BIGINT, [0, -1, 1_600_000_000, 1 << 60, -(1 << 62), None]))
    run("from_unixtime", t.STRING, (t.BIGINT, [0, None]), rest=(text("yyyy"), text("UTC")))


def test_dates_made() -> None:
    """Dates of parts, of texts, of names of days; truncated dates."""
    run("make_date", t.DATE, (t.INT, [0, 2020, -5, 9999, 7_000_000]), (t.INT, [0, 2, 12, 13]),
        (t.INT, [0, 1, 29, 31, None]))  # fmt: skip
    run("next_day", t.DATE, (t.DATE, [0, 3, None]), (t.STRING, ["MO", "thursday", "Sun", "x"]))
    for unit in ("year", "quarter", "MM", "week", "day"):
        run("trunc_date", t.DATE, (t.DATE, [0, -1, 18321, -800000, None]), rest=(text(unit),))
    texts = (t.STRING, ["2020-02-29", "2021-02-29", "2020-2-9", "x", None])
    run("to_date_format", t.DATE, texts, rest=(text("yyyy-MM-dd"), text("UTC")))
    moments = (t.STRING, ["02/29/2020 11:05 PM", "02/29/2020 13:05 PM", None])
    pattern = text("MM/dd/yyyy hh:mm a")
    run("to_timestamp_format", t.TIMESTAMP, moments, rest=(pattern, text("Europe/Rome")))


def test_intervals() -> None:
    """Overflow and division by zero of intervals."""
    months = (t.YearMonthInterval(), [0, 14, -14, (1 << 31) - 1, -(1 << 31), None])
    micros = (t.DayTimeInterval(), [0, 5, -5, (1 << 63) - 1, -(1 << 63), None])
    for column in (months, micros):
        type_ = column[0]
        run("iv_add", type_, column, column)
        run("iv_sub", type_, column, column)
        run("iv_neg", type_, column)
        run("iv_mul", type_, column, (t.INT, [0, 2, -3, None]))
        run("iv_mul", type_, column, (t.DOUBLE, [0.5, -1.5, math.nan]))
        run("iv_div", type_, column, (t.INT, [0, 2, -3, None]))
        run("iv_div", type_, column, (t.Decimal(5, 2), [50, 0, -300]))


def test_hashes() -> None:
    """Murmur3 and xxhash64 of every type; NULLs leave the hash as it is."""
    values: list[tuple[t.Type, list[Any]]] = [
        (t.INT, [0, 1, -1, None]), (t.BIGINT, [0, 1 << 40, -1, None]), (t.BOOLEAN, [True, False]),
        (t.STRING, ["", "a", "abcd", "abcde", "é" * 20, None]), (t.BINARY, [b"\xff\x80", None]),
        (t.DOUBLE, [0.0, -0.0, 1.5, math.nan, None]), (t.FLOAT, [0.0, -0.0, 1.5, math.nan]),
        (t.DATE, [0, -1]), (t.Decimal(10, 2), [123, -5, None]), (t.TINYINT, [-1, 5]),
    ]  # fmt: skip
    for type_, column in values:
        run("hash", t.INT, (type_, column), (t.INT, [7, None]))
        run("xxhash64", t.BIGINT, (type_, column), (t.INT, [7, None]))
    spark = Call("hash", (Literal("Spark", t.STRING),), t.INT)
    assert check(spark, Input(Column(0, "x", t.INT), [1])) == [228093765]
