"""df.show prints Spark's table; the expected texts were recorded from Spark 4.3."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine import show
from pyflare.engine.texts import column_texts, float_text


def schema(**fields: t.Type) -> t.Struct:
    return t.Struct(tuple(t.Field(name, type) for name, type in fields.items()))


def ids(rows: int) -> tuple[pa.Table, t.Struct]:
    return pa.table({"id": pa.array(range(rows), pa.int64())}), schema(id=t.BIGINT)


def test_numbers_stand_on_the_right_under_a_ruler() -> None:
    """show(3) of more rows: a table and a footer without a line break."""
    table, struct = ids(4)
    shown = show.show_string(table, struct, 3, 20, False, "UTC")
    assert shown == ("+---+\n| id|\n+---+\n|  0|\n|  1|\n|  2|\n+---+\nonly showing top 3 rows")


def test_no_columns_and_no_rows() -> None:
    """Empty shapes keep Spark's rulers."""
    table, struct = ids(0)
    assert show.show_string(table, struct, 20, 20, False, "UTC") == "+---+\n| id|\n+---+\n+---+\n"
    assert show.show_string(table, struct, 20, 20, True, "UTC") == "(0 rows)"
    assert show.show_string(pa.table({}), t.Struct(()), 20, 20, False, "UTC") == "++\n||\n++\n++\n"


def test_vertical_records() -> None:
    """vertical=True writes one line per value, padded on the right."""
    table, struct = ids(2)
    assert show.show_string(table, struct, 1, 20, True, "UTC") == (
        "-RECORD 0--\n id  | 0   \nonly showing top 1 row"
    )


def test_long_texts_are_cut_and_wide_ones_counted_twice() -> None:
    """Cells over the limit end in dots; header and full-width characters keep their width."""
    table = pa.table({"dsmall": ["long string of more than twenty characters"], "nl": ["a\nb\tc"]})
    struct = schema(dsmall=t.STRING, nl=t.STRING)
    assert show.show_string(table, struct, 20, 20, False, "UTC") == (
        "+--------------------+-------+\n"
        "|              dsmall|     nl|\n"
        "+--------------------+-------+\n"
        "|long string of mo...|a\\nb\\tc|\n"
        "+--------------------+-------+\n"
    )
    wide = pa.table({"cjk": ["你好"]})
    assert show.show_string(wide, schema(cjk=t.STRING), 20, 0, False, "UTC") == (
        "+----+\n|cjk |\n+----+\n|你好|\n+----+\n"
    )
    assert show.show_string(table, struct, 20, 2, False, "UTC").splitlines()[3] == "|    lo| a\\|"


def test_html_escapes_and_names_the_rest() -> None:
    """Notebooks get an HTML table with escaped texts."""
    table = pa.table({"id": pa.array([0, 1, 2], pa.int64()), "x<": ["<a&b>"] * 3})
    struct = t.Struct((t.Field("id", t.BIGINT), t.Field("x<", t.STRING)))
    assert show.html_string(table, struct, 2, 20, "UTC") == (
        "<table border='1'>\n<tr><th>id</th><th>x&lt;</th></tr>\n"
        "<tr><td>0</td><td>&lt;a&amp;b&gt;</td></tr>\n"
        "<tr><td>1</td><td>&lt;a&amp;b&gt;</td></tr>\n</table>\nonly showing top 2 rows\n"
    )


INTS = t.Array(t.INT)
PAIRS = t.Map(t.STRING, t.INT)
MIXED = t.Struct((t.Field("x", t.INT), t.Field("y", t.STRING), t.Field("zz", t.INT)))
AT = 1577934245_120000


@pytest.mark.parametrize(
    ("value", "arrow", "type", "text"),
    [
        (True, pa.bool_(), t.BOOLEAN, "true"),
        (None, pa.null(), t.NULL, "NULL"),
        (None, pa.int32(), t.INT, "NULL"),
        (Decimal("0.000000100"), pa.decimal128(10, 9), t.Decimal(10, 9), "0.000000100"),
        (Decimal("0E-10"), pa.decimal128(20, 10), t.Decimal(20, 10), "0.0000000000"),
        (18263, pa.date32(), t.DATE, "2020-01-02"),
        (-735525, pa.date32(), t.DATE, "-0044-03-15"),
        (AT, pa.timestamp("us", "UTC"), t.TIMESTAMP, "2020-01-02 03:04:05.12"),
        (AT - 120000, pa.timestamp("us"), t.TIMESTAMP_NTZ, "2020-01-02 03:04:05"),
        (b"abc\xff", pa.binary(), t.BINARY, "[61 62 63 FF]"),
        ([1, None, 3], pa.list_(pa.int32()), INTS, "[1, NULL, 3]"),
        ([("a", 1), ("b", None)], pa.map_(pa.string(), pa.int32()), PAIRS, "{a -> 1, b -> NULL}"),
        (
            93784_500000,
            pa.duration("us"),
            t.DayTimeInterval(),
            "INTERVAL '1 02:03:04.5' DAY TO SECOND",
        ),
        (259200_000000, pa.duration("us"), t.DayTimeInterval(0, 0), "INTERVAL '3' DAY"),
    ],
)
def test_values_read_as_sparks_cast_to_string(
    value: object, arrow: pa.DataType, type: t.Type, text: str
) -> None:
    """Each type has Spark's text."""
    assert column_texts(pa.array([value], arrow), type, "UTC") == [text]


def test_structs_and_zones() -> None:
    """Structs print as {…}; timestamps follow the session's time zone, summer time included."""
    row = pa.array([{"x": 1, "y": "q", "zz": None}])
    assert column_texts(row, MIXED, "UTC") == ["{1, q, NULL}"]
    times = pa.array([AT, AT + 180 * 86_400_000_000], pa.timestamp("us", "UTC"))
    assert column_texts(times, t.TIMESTAMP, "Europe/Berlin") == [
        "2020-01-02 04:04:05.12",
        "2020-06-30 05:04:05.12",
    ]
    assert column_texts(times.slice(0, 1), t.TIMESTAMP, "+05:30") == ["2020-01-02 08:34:05.12"]


def test_floats_read_as_javas() -> None:
    """Shortest digits, powers of ten outside 1e-3 .. 1e7."""
    doubles = {1e10: "1.0E10", 1e-5: "1.0E-5", 1e7: "1.0E7", 0.001: "0.001", -0.0: "-0.0"}
    doubles |= {123456789.125: "1.23456789125E8", float("inf"): "Infinity", float("nan"): "NaN"}
    assert {x: float_text(np.float64(x)) for x in doubles} == doubles
    assert float_text(np.float32(0.1)) == "0.1"
    assert float_text(np.float32(16777216)) == "1.6777216E7"
