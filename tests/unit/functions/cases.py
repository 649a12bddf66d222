"""Expressions with their Spark SQL text: what is asked of Spark once, and of ours always."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from typing import Literal as OneOf

from pyflare.codegen.functions import formats
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Cast, Expr, Literal

NTZ_EPOCH = "TIMESTAMP_NTZ'1970-01-01 00:00:00'"


def sql_type(type_: t.Type) -> str:
    match type_:
        case t.Integer(bits):
            return {8: "TINYINT", 16: "SMALLINT", 32: "INT", 64: "BIGINT"}[bits]
        case t.Float(bits):
            return "FLOAT" if bits == 32 else "DOUBLE"
        case t.Decimal(p, s):
            return f"DECIMAL({p},{s})"
        case t.YearMonthInterval():
            return "INTERVAL YEAR TO MONTH"
        case t.DayTimeInterval():
            return "INTERVAL DAY TO SECOND"
        case t.TimestampNTZ():
            return "TIMESTAMP_NTZ"
        case _:
            return type(type_).__name__.upper()


def sql_literal(value: Any, type_: t.Type) -> str:
    """A storage-form value as Spark SQL that has exactly this type."""
    if value is None:
        return f"CAST(NULL AS {sql_type(type_)})"
    match type_:
        case t.Boolean():
            return "true" if value else "false"
        case t.Integer():
            return f"CAST('{value}' AS {sql_type(type_)})"
        case t.Decimal(_, scale):
            return f"CAST('{formats.decimal(value, scale)}' AS {sql_type(type_)})"
        case t.Float(bits):
            return f"CAST('{formats.floating(value, bits)}' AS {sql_type(type_)})"
        case t.String():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
            escaped = escaped.replace("\t", "\\t").replace("\r", "\\r")
            return f"'{escaped}'"
        case t.Binary():
            return f"X'{value.hex()}'"
        case t.Date():
            return f"date_from_unix_date({sql_literal(value, t.INT)})"
        case t.Timestamp():
            return f"timestamp_micros({sql_literal(value, t.BIGINT)})"
        case t.TimestampNTZ():
            return f"timestampadd(MICROSECOND, {sql_literal(value, t.BIGINT)}, {NTZ_EPOCH})"
        case t.YearMonthInterval():
            return f"make_ym_interval(0, {sql_literal(value, t.INT)})"
        case t.DayTimeInterval():
            return f"make_dt_interval(0, 0, 0, {sql_literal(value, t.Decimal(18, 6))})"
        case _:
            raise AssertionError(type_)


@dataclass(frozen=True)
class Group:
    """One function (or cast) over every combination of `values`, in a time zone.

    `sql` formats the arguments; `extra` are literal arguments only our form has (a time zone).
    """

    sql: str
    name: str
    result: t.Type
    types: tuple[t.Type, ...]
    values: tuple[list[Any], ...]
    extra: tuple[Literal, ...] = ()
    zone: str = "UTC"
    mode: OneOf["ansi", "try"] = "ansi"
    order: tuple[int, ...] = field(default=())

    def cases(self) -> Iterator[tuple[str, Expr]]:
        for row in itertools.product(*self.values):
            literals = [Literal(v, type_) for v, type_ in zip(row, self.types, strict=True)]
            sql = self.sql.format(*(sql_literal(lit.value, lit.type) for lit in literals))
            args = tuple(literals[i] for i in self.order) if self.order else tuple(literals)
            if self.name == "cast":
                yield sql, Cast(args[0], self.result, self.mode, timezone=self.zone)
            else:
                yield sql, Call(self.name, (*args, *self.extra), self.result)


def call(
    sql: str, name: str, result: t.Type, *columns: tuple[t.Type, list[Any]], **more: Any
) -> Group:
    return Group(
        sql, name, result, tuple(c for c, _ in columns), tuple(v for _, v in columns), **more
    )


def text(value: str) -> Literal:
    return Literal(value, t.STRING)


S, N, L, D = t.STRING, t.INT, t.BIGINT, t.DOUBLE
INT_EDGES = [0, 1, -1, 7, -7, 2147483647, -2147483648, None]
LONG_EDGES = [0, 1, -1, (1 << 63) - 1, -(1 << 63), None]
REALS = [0.0, -0.0, 1.5, -2.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan, None]
SMALL_REALS = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.0,
    -1.0,
    2.0,
    10.0,
    1e-5,
    709.0,
    1000.0,
    -1000.0,
    math.inf,
    -math.inf,
    math.nan,
]
TEXTS = [
    "",
    "a",
    "Hello World",
    "  x ",
    "hello wOrld  foo",
    "日本語",
    "éÀßſıİǅ",
    "a,b,,c",
    "aXbXc",
    "ﬁ",
    None,
]
DEC = t.Decimal(10, 3)
DECS = [0, 1, -1, 499, 500, 1500, -1500, 2500, 9999999999, -9999999999, 12345, None]
NUMBERS = [
    "0",
    "1",
    "-1",
    "+7",
    " 42 ",
    "\t5\n",
    "127",
    "128",
    "-129",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "-1.5",
    "1.",
    ".5",
    ".",
    "-.",
    "",
    " ",
    "-",
    "+",
    "1e3",
    "1E-2",
    "abc",
    "1 2",
    "0.005",
    "0.0049",
    "-0",
    "-0.0",
    "12345.675",
    "1" * 39,
    "nan",
    "NaN",
    "-NaN",
    "inf",
    "-Infinity",
    "infinity",
    "+INF",
    "1d",
    "1f",
    "1.0D",
    "1L",
    "0x10",
    "0x1p3",
    "1e400",
    "1e-400",
    "3.4028236e38",
    "1_0",
    "1,000",
    "--1",
    "true",
    "TRUE",
    "t",
    " yes ",
    "off",
    "on",
    "n",
    "NO",
    "y",
    "1e",
    "e5",
    "1e+5",
    "\u00a05",
    "\x7f5",
    "\x1f5",
]
DATES = [
    "2020-01-01",
    "2020-1-1",
    "2020",
    "2020-02",
    "2020-2",
    "2020-02-30",
    "2020-02-29",
    "2019-02-29",
    " 2020-01-01 ",
    "2020-01-01 10:11:12",
    "2020-01-01T10:11:12.123456789",
    "2020-01-01 10:11:12.5+01:00",
    "2020-01-01 10:11:12.5 +1:30",
    "2020-01-01T10",
    "2020-01-01T",
    "2020-01-01 ",
    "2020-01-01 x",
    "+2020-01-01",
    "-0001-01-01",
    "10000-01-01",
    "02020-01-01",
    "2020-06-15 10:11:12 America/New_York",
    "2020-06-15 10:11:12America/New_York",
    "2020-01-01 25:00:00",
    "0000-01-01",
    "20-01-01",
    "2020-01-01 10:11",
    "2020-01-01 1:2:3",
    "2020-01-01 10:11:12.",
    "2020-01-01 10:11:12Z",
    "2020-01-01 10:11:12 UTC",
    "2020-01-01 10:11:12 UTC+3",
    "2020-01-01 10:11:12 GMT-03:30",
    "2020-01-01 10:11:12 X",
    "2020-01-01T10:11:12.1234567",
    "2020-01-01 10:11:60",
    "2020-13-01",
    "2020-00-01",
    "2020-01-00",
    "abc",
    "",
    "1970-1",
    "2020-01-01 10:",
    "2020-01-01 10:11:",
    "2020-1-1 1",
    "294247-01-10 04:00:54.775807",
    "294248-01-01",
    "9999999-01-01",
    "2020-01-01 10:11Z",
    "2020-01-01+01:00",
    "2020-01-01 10:11:12.123 +0130",
    "2020-01-01  10:11:12",
    "2020/01/01",
    "2020-03-29 02:30:00",
    "2020-10-25 02:30:00",
]
STAMPS = [
    0,
    -1,
    1585443600000000,
    1585443599999999,
    1603587600000000,
    1603589400123456,
    253402300799999999,
    -62135596800000000,
    1577836800100000,
    -2208988800000001,
    None,
]
DAYS = [
    0,
    -1,
    58,
    59,
    60,
    18321,
    18262,
    2932896,
    2932897,
    -719528,
    -719529,
    -141427,
    20000000,
    None,
]


def groups() -> Iterator[Group]:
    """Everything that Spark is asked."""
    column: Any
    result: Any
    symbol: Any
    texts: Any
    type_: Any
    ints = (N, INT_EDGES)
    for symbol, name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("%", "mod")):
        sql = f"{{0}} {symbol} {{1}}"
        yield call(sql, name, N, ints, ints)
        yield call(sql, name, L, (L, LONG_EDGES), (L, LONG_EDGES))
        yield call(
            sql,
            name,
            t.TINYINT,
            (t.TINYINT, [0, 1, -1, 127, -128]),
            (t.TINYINT, [1, -1, 127, -128]),
        )
        yield call(sql, name, D, (D, REALS), (D, REALS))
        yield call(sql, name, t.FLOAT, (t.FLOAT, [0.5, 1.5, -2.5]), (t.FLOAT, [0.25, 3.0]))
    yield call("{0} / {1}", "div", D, (D, REALS), (D, REALS))
    yield call("{0} div {1}", "intdiv", L, (L, LONG_EDGES), (L, LONG_EDGES))
    yield call("{0} div {1}", "intdiv", L, (DEC, DECS), (t.Decimal(4, 1), [0, 3, -25, 9999]))
    yield call("pmod({0}, {1})", "pmod", N, ints, ints)
    yield call("pmod({0}, {1})", "pmod", D, (D, REALS), (D, REALS))
    for name, result in (
        ("add", (11, 3)),
        ("sub", (11, 3)),
        ("mul", (15, 4)),
        ("div", (18, 8)),
        ("mod", (6, 3)),
        ("pmod", (6, 3)),
    ):
        symbol = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}.get(name)
        sql = f"{{0}} {symbol} {{1}}" if symbol else "pmod({0}, {1})"
        yield call(
            sql,
            name,
            t.Decimal(*result),
            (DEC, DECS),
            (t.Decimal(4, 1), [0, 1, 3, -25, 9999, None]),
        )
    wide, top = t.Decimal(38, 10), 10**38 - 1
    wides = (wide, [0, 1, 10**10, -(10**19) - 5, 10**28 // 3, top, -top, None])
    for symbol, name, result in (
        ("+", "add", (38, 9)),
        ("-", "sub", (38, 9)),
        ("*", "mul", (38, 6)),
        ("/", "div", (38, 6)),
        ("%", "mod", (38, 10)),
    ):
        yield call(f"{{0}} {symbol} {{1}}", name, t.Decimal(*result), wides, wides)
    for name, sql in (("neg", "-{0}"), ("abs", "abs({0})")):
        for column in (ints, (L, LONG_EDGES), (D, REALS), (DEC, DECS)):
            yield call(sql, name, column[0], column)
    yield call("sign({0})", "sign", D, (D, REALS))
    for name in ("add", "subtract", "multiply", "divide", "mod"):
        mine = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "mod": "mod"}[
            name
        ]
        type_ = D if name == "divide" else N
        column = (D, [1.0, 0.0, None]) if name == "divide" else ints
        yield call(f"try_{name}({{0}}, {{1}})", f"try_{mine}", type_, column, column)
    for symbol, name in (("&", "bitand"), ("|", "bitor"), ("^", "bitxor")):
        yield call(f"{{0}} {symbol} {{1}}", name, N, ints, ints)
    yield call("~{0}", "bitnot", N, ints)
    for name in ("shiftleft", "shiftright", "shiftrightunsigned"):
        yield call(f"{name}({{0}}, {{1}})", name, N, ints, (N, [0, 1, 31, 32, 33, -1]))
        yield call(f"{name}({{0}}, {{1}})", name, L, (L, LONG_EDGES), (N, [0, 1, 63, 64, -1]))

    comparable: list[tuple[t.Type, list[Any]]] = [
        (D, [0.0, -0.0, 1.0, math.nan, math.inf, None]),
        (S, ["", "a", "A", "ab", "é", "z", "日", None]),
        (t.BOOLEAN, [True, False, None]),
        (t.BINARY, [b"", b"\x00", b"\xff", b"a", None]),
    ]
    for column in comparable:
        for symbol, name in (
            ("=", "eq"),
            ("<", "lt"),
            ("<=", "le"),
            (">", "gt"),
            (">=", "ge"),
            ("<=>", "eq_null_safe"),
        ):
            yield call(f"{{0}} {symbol} {{1}}", name, t.BOOLEAN, column, column)
        for name in ("greatest", "least"):
            yield call(f"{name}({{0}}, {{1}})", name, column[0], column, column)
    yield call("{0} IN ({1}, {2})", "in", t.BOOLEAN, (N, [1, 2, None]), (N, [1, None]), (N, [3]))
    yield call("isnan({0})", "is_nan", t.BOOLEAN, (D, REALS))
    yield call(
        "nanvl({0}, {1})", "nanvl", D, (D, [1.0, math.nan, None]), (D, [2.0, math.nan, None])
    )

    for name in REAL_FUNCTIONS:
        yield call(f"{name}({{0}})", name, D, (D, SMALL_REALS))
    for name in ("pow", "atan2", "hypot"):
        yield call(f"{name}({{0}}, {{1}})", name, D, (D, SMALL_REALS), (D, SMALL_REALS))
    yield call("factorial({0})", "factorial", L, (N, [-1, 0, 5, 20, 21, None]))
    rounded = [
        2.5,
        3.5,
        -2.5,
        1.005,
        2.675,
        1e300,
        0.1,
        123.456,
        -0.4,
        1e-10,
        math.nan,
        math.inf,
        None,
    ]
    for name in ("round", "bround"):
        for places in (0, 1, 2, -1, -2):
            digits = (Literal(places, N),)
            sql = f"{name}({{0}}, {places})"
            yield call(sql, name, D, (D, rounded), extra=digits)
            yield call(
                sql,
                name,
                t.FLOAT,
                (t.FLOAT, [2.5, 0.10000000149011612, 123.45600128173828]),
                extra=digits,
            )
            result = t.Decimal(8 + min(places, 3), places) if places >= 0 else t.Decimal(8, 0)
            yield call(sql, name, result, (DEC, DECS), extra=digits)
            yield call(sql, name, N, (N, [5, 15, 25, -15, 45, 2147483647, None]), extra=digits)
    for name in ("ceil", "floor"):
        yield call(f"{name}({{0}})", name, L, (D, [*SMALL_REALS, 1e30, 1.5, -1.5]))
        yield call(f"{name}({{0}})", name, t.Decimal(8, 0), (DEC, DECS))

    s = (S, TEXTS)
    for name in (
        "upper",
        "lower",
        "trim",
        "ltrim",
        "rtrim",
        "reverse",
        "initcap",
        "soundex",
        "hex",
        "length",
    ):
        result = N if name == "length" else S
        yield call(
            f"{name}({{0}})",
            name,
            result,
            (S, [*TEXTS, "Robert", "Rupert", "Ashcraft", "Tymczak", "Pfister", "\t x \n"]),
        )
    yield call("ascii({0})", "ascii", N, s)
    yield call("octet_length({0})", "octet_length", N, s)
    yield call("unhex({0})", "unhex", t.BINARY, (S, ["4F", "abc", "", "xyz", "0G", None]))
    yield call("base64({0})", "base64", S, (t.BINARY, [b"", b"abc", b"\xff" * 60, None]))
    yield call(
        "unbase64({0})", "unbase64", t.BINARY, (S, ["YWI=", "YWJj", "", "YWI", "Y W\nI=", None])
    )
    for name in ("md5", "sha1", "crc32"):
        yield call(
            f"{name}({{0}})", name, L if name == "crc32" else S, (t.BINARY, [b"", b"abc", None])
        )
    yield call("sha2({0}, {1})", "sha2", S, (t.BINARY, [b"abc"]), (N, [0, 224, 256, 384, 512, 7]))
    yield call(
        "substring({0}, {1}, {2})",
        "substring",
        S,
        (S, ["", "abc", "日本語", None]),
        (N, [0, 1, 2, 5, -1, -2, -5, 2147483647, -2147483648]),
        (N, [0, 1, 2, 100, -1, 2147483647]),
    )
    yield call("trim(BOTH {1} FROM {0})", "trim", S, s, (S, ["", "ax ", "日"]))
    yield call("replace({0}, {1}, {2})", "replace", S, s, (S, ["", "o", "X"]), (S, ["__", ""]))
    yield call(
        "locate({0}, {1}, {2})", "locate", N, (S, ["", "o", "本", "X"]), s, (N, [0, 1, 3, -1])
    )
    for name in ("lpad", "rpad"):
        yield call(
            f"{name}({{0}}, {{1}}, {{2}})", name, S, s, (N, [0, 3, 12, -1]), (S, ["", "*", "ab"])
        )
    yield call("repeat({0}, {1})", "repeat", S, s, (N, [0, -1, 3]))
    yield call("chr({0})", "chr", S, (L, [0, 65, 256, 322, -1, 233, None]))
    yield call(
        "translate({0}, {1}, {2})",
        "translate",
        S,
        s,
        (S, ["aoX", "aa", ""]),
        (S, ["01", "", "123"]),
    )
    yield call(
        "split_part({0}, {1}, {2})",
        "split_part",
        S,
        s,
        (S, [",", "X", "", ",b"]),
        (N, [1, 2, -1, 9, -9, 0]),
    )
    yield call(
        "substring_index({0}, {1}, {2})",
        "substring_index",
        S,
        (S, ["a.b.c", "aaaa", "", "abab", None]),
        (S, [".", "a", "", "aa", "ab"]),
        (N, [1, 2, -1, -2, 0, 9, -9]),
    )
    yield call("concat_ws({0}, {1}, {2})", "concat_ws", S, (S, ["-", None]), s, (S, ["z", None]))
    yield call("concat({0}, {1})", "concat", S, s, s)
    yield call(
        "levenshtein({0}, {1})",
        "levenshtein",
        N,
        (S, ["kitten", "", "é"]),
        (S, ["sitting", "e", None]),
    )
    escape = (text("\\"),)
    likes = [
        "",
        "%",
        "a%",
        "%a",
        "%o%",
        "_",
        "__",
        "a_",
        "a\\%b",
        "\\_",
        "%é",
        "日%",
        "a%b",
        "H%d",
        "%,_,%",
    ]
    liked = (S, [*TEXTS, "a%b", "_", "a\nb", "ab", "😀"])
    yield call("{0} LIKE {1}", "like", t.BOOLEAN, liked, (S, likes), extra=escape)
    yield call(
        "{0} ILIKE {1}", "ilike", t.BOOLEAN, liked, (S, ["%WORLD%", "A%", "%É%", "_"]), extra=escape
    )
    for name in ("startswith", "endswith", "contains"):
        yield call(f"{name}({{0}}, {{1}})", name, t.BOOLEAN, s, (S, ["", "a", "lo", "語"]))
    regular = [
        "^[a-z]+$",
        "o.*o",
        "\\d",
        "(a|b)",
        "^$",
        "\\w+ \\w+",
        "\\p{Alpha}+",
        "[^a]",
        "(?i)HELLO",
        "a{2}",
        "x$",
        "[",
        "\\s",
    ]
    yield call("{0} RLIKE {1}", "rlike", t.BOOLEAN, (S, [*TEXTS, "x\n"]), (S, regular))
    yield call(
        "regexp_extract({0}, {1}, {2})",
        "regexp_extract",
        S,
        s,
        (S, ["(\\w+) (\\w+)", "(a)|(b)", "l+"]),
        (N, [0, 1, 2]),
    )
    yield call(
        "regexp_replace({0}, {1}, {2})",
        "regexp_replace",
        S,
        s,
        (S, ["([a-z])(o)", "l", "^", "x*"]),
        (S, ["$2$1", "\\$", "_", ""]),
    )

    for type_ in (
        t.TINYINT,
        t.SMALLINT,
        N,
        L,
        t.FLOAT,
        D,
        t.Decimal(5, 2),
        t.Decimal(38, 0),
        t.Decimal(30, 20),
        t.BOOLEAN,
    ):
        for mode, function in (("ansi", "CAST"), ("try", "TRY_CAST")):
            yield call(
                f"{function}({{0}} AS {sql_type(type_)})",
                "cast",
                type_,
                (S, [*NUMBERS, None]),
                mode=mode,
            )
    for type_ in (t.DATE, t.TIMESTAMP, t.TIMESTAMP_NTZ):
        # the microseconds of a timestamp_ntz are recorded through the session's zone
        for zone in ("UTC",) if type_ == t.TIMESTAMP_NTZ else ("UTC", "Europe/Rome"):
            for mode, function in (("ansi", "CAST"), ("try", "TRY_CAST")):
                yield call(
                    f"{function}({{0}} AS {sql_type(type_)})",
                    "cast",
                    type_,
                    (S, DATES),
                    zone=zone,
                    mode=mode,
                )
    stored: list[tuple[t.Type, list[Any]]] = [
        (t.BOOLEAN, [True, False, None]),
        (t.TINYINT, [0, 127, -128]),
        (N, INT_EDGES),
        (L, [*LONG_EDGES, 1 << 53, 16777217]),
        (DEC, DECS),
        (wide, wides[1]),
        (t.Decimal(18, 18), [0, 1, 10**17]),
        (t.Decimal(38, 2), [2**53 * 100 + 1, 10**20 + 55]),
        (
            t.FLOAT,
            [
                0.0,
                -0.0,
                0.10000000149011612,
                1.100000023841858,
                3.4028234663852886e38,
                1.401298464324817e-45,
                16777216.0,
                math.nan,
            ],
        ),
        (
            D,
            [
                *REALS,
                0.1,
                1e7,
                9999999.0,
                1e-3,
                9.99e-4,
                1e22,
                123456.789,
                1.005,
                2.5,
                127.9,
                128.0,
                -128.9,
                2147483647.5,
                9.3e18,
                2.0**63,
                2e-3,
            ],
        ),
        (t.DATE, DAYS),
        (t.TIMESTAMP, STAMPS),
        (t.TIMESTAMP_NTZ, STAMPS[:8]),
        (t.YearMonthInterval(), [0, 14, -14, 2147483647, None]),
        (t.DayTimeInterval(), [0, 93784005000, -93784500000, 1, None]),
    ]
    targets = (
        t.TINYINT,
        N,
        L,
        t.FLOAT,
        D,
        t.Decimal(5, 2),
        t.Decimal(25, 5),
        t.Decimal(38, 20),
        t.BOOLEAN,
        S,
        t.DATE,
        t.TIMESTAMP,
        t.TIMESTAMP_NTZ,
    )
    for source, values in stored:
        for target in targets:
            if source != target and castable(source, target):
                zone = (
                    "America/New_York"
                    if isinstance(source, t.Timestamp | t.TimestampNTZ)
                    else "Europe/Rome"
                )
                for mode, function in (("ansi", "CAST"), ("try", "TRY_CAST")):
                    yield call(
                        f"{function}({{0}} AS {sql_type(target)})",
                        "cast",
                        target,
                        (source, values),
                        zone=zone,
                        mode=mode,
                    )

    d = (t.DATE, DAYS)
    for name in DATE_PARTS:
        yield call(f"{name}({{0}})", name, N, d)
    yield call("last_day({0})", "last_day", t.DATE, d)
    yield call("date_add({0}, {1})", "date_add", t.DATE, d, (N, [0, 1, -1, 400]))
    yield call("datediff({0}, {1})", "date_diff", N, d, d)
    yield call("add_months({0}, {1})", "add_months", t.DATE, d, (N, [0, 1, -1, 12, -13, 1000]))
    yield call(
        "make_date({0}, {1}, {2})",
        "make_date",
        t.DATE,
        (N, [0, 2020, -5, 9999, 7000000]),
        (N, [0, 2, 12, 13]),
        (N, [0, 1, 29, 31, None]),
    )
    yield call(
        "next_day({0}, {1})",
        "next_day",
        t.DATE,
        (t.DATE, [0, 3, 7, None]),
        (S, ["MO", "thursday", "Sun", "x", "TUES"]),
    )
    for unit in ("year", "YYYY", "yy", "quarter", "MM", "mon", "month", "week", "day", "x"):
        yield call(f"trunc({{0}}, '{unit}')", "trunc_date", t.DATE, d, extra=(text(unit),))
    for zone in ("UTC", "Europe/Rome", "America/New_York"):
        stamps, where = (t.TIMESTAMP, STAMPS), (text(zone),)
        for name in ("hour", "minute", "second"):
            yield call(f"{name}({{0}})", name, N, stamps, extra=where, zone=zone)
        for unit in (
            "YEAR",
            "quarter",
            "mon",
            "week",
            "DD",
            "hour",
            "minute",
            "second",
            "millisecond",
            "microsecond",
            "x",
        ):
            yield Group(
                f"date_trunc('{unit}', {{0}})",
                "date_trunc_" + unit,
                t.TIMESTAMP,
                (t.TIMESTAMP,),
                (STAMPS,),
                where,
                zone,
            )
        yield call(
            "{0} + {1}",
            "ts_add_months",
            t.TIMESTAMP,
            stamps,
            (t.YearMonthInterval(), [0, 1, -13, 1200]),
            extra=where,
            zone=zone,
        )
        flag = Literal(True, t.BOOLEAN)
        yield call(
            "months_between({0}, {1})",
            "months_between",
            D,
            (t.TIMESTAMP, STAMPS[:6]),
            (t.TIMESTAMP, STAMPS[:6]),
            extra=(flag, *where),
            zone=zone,
        )
        for pattern in (
            "yyyy-MM-dd HH:mm:ss.SSSSSS",
            "EEE EEEE MMM MMMM h a",
            "d/M/yy",
            "D",
            "Q",
            "''yyyy'T'",
        ):
            yield call(
                f"date_format({{0}}, {sql_literal(pattern, S)})",
                "date_format",
                S,
                (t.TIMESTAMP, STAMPS[:6]),
                extra=(text(pattern), *where),
                zone=zone,
            )
        for pattern, texts in PARSED.items():
            literal = sql_literal(pattern, S)
            yield call(
                f"to_timestamp({{0}}, {literal})",
                "to_timestamp_format",
                t.TIMESTAMP,
                (S, texts),
                extra=(text(pattern), *where),
                zone=zone,
            )
            yield call(
                f"to_date({{0}}, {literal})",
                "to_date_format",
                t.DATE,
                (S, texts),
                extra=(text(pattern), *where),
                zone=zone,
            )
    yield call(
        "{0} + {1}",
        "ts_add",
        t.TIMESTAMP,
        (t.TIMESTAMP, STAMPS),
        (t.DayTimeInterval(), [0, 1, -86400000000]),
    )
    yield call(
        "{0} - {1}", "ts_diff", t.DayTimeInterval(), (t.TIMESTAMP, STAMPS), (t.TIMESTAMP, STAMPS)
    )
    yield call("unix_seconds({0})", "unix_seconds", L, (t.TIMESTAMP, STAMPS))
    for name in ("timestamp_seconds", "timestamp_millis", "timestamp_micros"):
        yield call(f"{name}({{0}})", name, t.TIMESTAMP, (L, [0, -1, 1600000000, 1 << 60, None]))
    for column in (
        (t.YearMonthInterval(), [0, 14, -14, 2147483647, None]),
        (t.DayTimeInterval(), [0, 5, -5, 10**17, None]),
    ):
        yield call("{0} + {1}", "iv_add", column[0], column, column)
        yield call("{0} - {1}", "iv_sub", column[0], column, column)
        yield call("-{0}", "iv_neg", column[0], column)
        yield call("{0} * {1}", "iv_mul", column[0], column, (N, [0, 2, -3]))
        yield call("{0} * {1}", "iv_mul", column[0], column, (D, [0.5, -1.5, 0.1]))
        yield call("{0} / {1}", "iv_div", column[0], column, (N, [0, 2, -3]))
        yield call("{0} / {1}", "iv_div", column[0], column, (D, [0.5, -1.5]))
    hashed: list[tuple[t.Type, list[Any]]] = [
        (N, [0, 1, -1, None]),
        (L, [0, 1 << 40, -1]),
        (t.BOOLEAN, [True, False]),
        (S, ["", "a", "abcd", "abcde", "é" * 20, "x" * 100]),
        (t.BINARY, [b"\xff\x80"]),
        (D, [0.0, -0.0, 1.5, math.nan]),
        (t.FLOAT, [0.0, 1.5]),
        (t.DATE, [0, -1]),
        (DEC, [123, -5]),
        (wide, [1, -5, 10**30]),
        (t.TINYINT, [-1, 5]),
        (t.TIMESTAMP, [123456789]),
    ]
    for column in hashed:
        yield call("hash({0})", "hash", N, column)
        yield call("xxhash64({0}, {1})", "xxhash64", L, column, (N, [7, None]))


REAL_FUNCTIONS = (
    "sqrt", "exp", "expm1", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "cot", "sec", "csc", "degrees", "radians", "rint", "ln",
    "log10", "log2", "log1p",
)  # fmt: skip
DATE_PARTS = (
    "year", "quarter", "month", "day", "dayofweek", "weekday", "dayofyear", "weekofyear",
)  # fmt: skip
PARSED = {
    "yyyy-MM-dd": [
        "2020-02-29",
        "2021-02-29",
        "2020-2-9",
        "x",
        " 2020-02-29",
        "2020-02-29x",
        "12020-01-01",
        None,
    ],
    "MM/dd/yyyy hh:mm a": ["02/29/2020 11:05 PM", "02/29/2020 12:05 AM", "02/29/2020 13:05 PM"],
    "d MMM yy HH:mm:ss.SSS": [
        "1 Feb 21 10:11:12.123",
        "01 feb 21 10:11:12.123",
        "1 Feb 21 10:11:12.12",
    ],
    "yyyyMMdd": ["20200229", "2020229"],
    "yyyy-MM-dd'T'HH:mm:ss": ["2020-03-29T02:30:00", "2020-10-25T02:30:00"],
    "yyyy": ["2020", "20"],
    "HH:mm": ["10:11"],
}


def castable(source: t.Type, target: t.Type) -> bool:
    times = (t.Date, t.Timestamp, t.TimestampNTZ)
    match source, target:
        case _, t.String():
            return True
        case ((t.YearMonthInterval() | t.DayTimeInterval()), _):
            return False
        case ((t.Date() | t.TimestampNTZ()), _):
            return isinstance(target, times)
        case t.Timestamp(), _:
            return not isinstance(target, t.Boolean)
        case _, (t.Date() | t.TimestampNTZ()):
            return False
        case t.Boolean(), t.Timestamp():
            return False
        case _:
            return True


def all_cases() -> Iterator[tuple[str, str, Expr]]:
    """(time zone, SQL text, expression)"""
    for group in groups():
        for sql, expr in group.cases():
            if isinstance(expr, Call) and expr.function.startswith("date_trunc_"):
                unit = text(expr.function.removeprefix("date_trunc_"))
                expr = Call("date_trunc", (unit, *expr.args), expr.type)
            yield group.zone, sql, expr
