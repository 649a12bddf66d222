"""CSV and JSON files, byte for byte what Spark 4.3 wrote for the same rows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

ODD = ["plain", "", None, " lead trail ", "a,b", 'q"q', '"start', "back\\slash", 'b\\"q']
ODD += ["new\nline", "cr\rx", "#c", "tab\tx", "é", "'", "end\\", "a;b"]
STRINGS = pa.table({"a": ODD, "b": pa.array([1] * len(ODD), pa.int32())})
PAIRS = pa.table(
    {
        "a": ["x", "a,\\b", "  ", "a\\,b\\", '""', "\\", "a'b,", None, ""],
        "b": ["#c", "a|b", " ", "\u00a0x", '"', "\\", "z", None, ""],
    }
)
NUMBERS = pa.table(
    {
        "d": [1.0, 1e20, float("nan"), 1e7, 0.001, 123456789.123, -0.0, 4.94e-300, 2e-3],
        "f": pa.array(
            np.array([1.5, 1e-5, -np.inf, 1234567.8, 0.1, 3.4028235e38, 1e10, 1.25e-30, 16777216]),
            pa.float64(),
        ).cast(pa.float32()),
        "e": pa.array([Decimal("1.50"), Decimal("-0.01"), *[None] * 7], pa.decimal128(10, 2)),
        "z": pa.array([Decimal(0), Decimal("1E-7"), *[None] * 7], pa.decimal128(38, 18)),
        "b": [True, False, *[None] * 7],
        "t": pa.array([1, -1, *[None] * 7], pa.int8()),
    }
)
TIMES = pa.table(
    {
        "dt": pa.array([19724, -719162, 2932896, -735525], pa.date32()),
        "ts": pa.array(
            [1719882245123456, -2208992400000000, None, -2824145787876544],
            pa.timestamp("us", tz="UTC"),
        ),
        "ntz": pa.array([datetime(2024, 1, 2, 3, 4, 5, 123456), datetime(1, 1, 1), None, None]),
        "bin": [b"\x00\xff", b"", None, None],
    }
)


def test_csv_quotes_where_needed(desk: Any) -> None:
    """Separators, quotes, line ends and a leading # are quoted; blanks at the ends are trimmed."""
    desk.save(STRINGS, "csv", header="true")
    assert desk.text() == (
        'a,b\nplain,1\n"",1\n,1\nlead trail,1\n"a,b",1\n"q\\"q",1\n"\\"start",1\nback\\slash,1\n'
        '"b\\\\\\"q",1\n"new\nline",1\n"cr\rx",1\n"#c",1\ntab\tx,1\né,1\n\',1\nend\\,1\na;b,1\n'
    )


def test_csv_escapes_inside_quotes_only(desk: Any) -> None:
    """A backslash is doubled only in a quoted field; NULL and the empty text stay apart."""
    desk.save(PAIRS, "csv")
    assert desk.text() == (
        'x,#c\n"a,\\\\b",a|b\n"",""\n"a\\\\,b\\\\",\u00a0x\n"\\"\\"","\\""\n\\,\\\n"a\'b,",z\n,\n'
        '"",""\n'
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"quoteAll": "true", "nullValue": "-"},
            '"x","#c"\n"a,\\\\b","a|b"\n"",""\n"a\\\\,b\\\\","\u00a0x"\n"\\"\\"","\\""\n'
            '"\\\\","\\\\"\n"a\'b,","z"\n"-","-"\n"",""\n',
        ),
        (
            {"sep": "||"},
            'x||#c\na,\\b||a|b\n""||""\na\\,b\\||\u00a0x\n"\\"\\""||"\\""\n\\||\\\na\'b,||z\n||\n'
            '""||""\n',
        ),
        (
            {"charToEscapeQuoteEscaping": "#"},
            'x,#c\n"a,#\\b",a|b\n"",""\n"a#\\,b#\\",\u00a0x\n"\\"\\"","\\""\n\\,\\\n"a\'b,",z\n,\n'
            '"",""\n',
        ),
        (
            {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"},
            'x,#c\n"a,\\\\b",a|b\n  , \n"a\\\\,b\\\\",\u00a0x\n"\\"\\"","\\""\n'
            '\\,\\\n"a\'b,",z\n,\n"",""\n',
        ),
    ],
)
def test_csv_options(desk: Any, options: dict[str, str], expected: str) -> None:
    """Each option of the writer does what it does in Spark."""
    desk.save(PAIRS, "csv", **options)
    assert desk.text() == expected


def test_csv_more_options(desk: Any) -> None:
    """nullValue, emptyValue, escape = quote, escapeQuotes and lineSep."""
    desk.save(STRINGS, "csv", sep=";", nullValue="NULL", emptyValue="E")
    assert desk.text().startswith("plain;1\nE;1\nNULL;1\nlead trail;1\na,b;1\n")
    desk.save(STRINGS, "csv", "overwrite", escape='"')
    assert '\n"q""q",1\n"""start",1\nback\\slash,1\n"b\\""q",1\n' in desk.text()
    desk.save(STRINGS, "csv", "overwrite", escapeQuotes="false")
    assert '\nq"q,1\n"\\"start",1\nback\\slash,1\nb\\"q,1\n' in desk.text()
    desk.save(pa.table({"a": [1], "b": ["x"]}), "csv", "overwrite", lineSep="|")
    assert desk.text() == "1,x|"


def test_csv_header(desk: Any) -> None:
    """Names are fields too; an empty result is a header alone."""
    desk.save(pa.table({"a,b": [1], 'q"': [2], " s ": [3], "#": [4]}), "csv", header="true")
    assert desk.text() == '"a,b","q\\"",s,#\n1,2,3,4\n'
    empty = pa.table({"a": pa.array([], pa.int32()), "b": pa.array([], pa.string())})
    desk.save(empty, "csv", "overwrite", header="true")
    assert desk.text() == "a,b\n"


def test_csv_of_one_column_leaves_out_empty_rows(desk: Any) -> None:
    """Spark writes no line for a row that is nothing but NULL."""
    desk.save(pa.table({"a": ["x", None, ""]}), "csv")
    assert desk.text() == 'x\n""\n'


def test_csv_numbers(desk: Any) -> None:
    """Doubles as Java prints them, decimals as BigDecimal does."""
    desk.save(NUMBERS, "csv")
    assert desk.text() == (
        "1.0,1.5,1.50,0E-18,true,1\n1.0E20,1.0E-5,-0.01,1.00000000000E-7,false,-1\n"
        "NaN,-Infinity,,,,\n1.0E7,1234567.8,,,,\n0.001,0.1,,,,\n1.23456789123E8,3.4028235E38,,,,\n"
        "-0.0,1.0E10,,,,\n4.94E-300,1.25E-30,,,,\n0.002,1.6777216E7,,,,\n"
    )


def test_csv_times(desk: Any) -> None:
    """ISO texts to the millisecond, with the zone's offset; old offsets have seconds."""
    desk.save(TIMES, "csv")
    assert desk.text() == (
        "2024-01-02,2024-07-02T03:04:05.123+02:00,2024-01-02T03:04:05.123,[00 FF]\n"
        "0001-01-01,1900-01-01T00:00:00.000+01:00,0001-01-01T00:00:00.000,[]\n"
        "9999-12-31,,,\n-0044-03-15,1880-07-05T03:30:20.123+00:53:28,,\n"
    ).replace("1880-07-05T03:30:20.123", _berlin(-2824145787876544))


def _berlin(micros: int) -> str:
    from pyflare.engine.texts import time_zone, timestamp_text

    return timestamp_text(micros, time_zone("Europe/Berlin")).replace(" ", "T")[:23]


def test_patterns(desk: Any) -> None:
    """dateFormat and timestampFormat replace the defaults; unknown letters are refused."""
    first = TIMES.slice(0, 1).select(["dt", "ts", "ntz"])
    desk.save(first, "csv", dateFormat="dd/MM/yyyy", timestampFormat="yyyy/MM/dd HH:mm:ss.SSSSSS")
    assert desk.text() == "02/01/2024,2024/07/02 03:04:05.123456,2024-01-02T03:04:05.123\n"
    desk.save(first, "json", "overwrite", dateFormat="d.M.yy", timestampNTZFormat="yyyy")
    assert desk.text() == ('{"dt":"2.1.24","ts":"2024-07-02T03:04:05.123+02:00","ntz":"2024"}\n')
    with pytest.raises(Exception, match="EEE"):
        desk.save(first, "csv", "overwrite", dateFormat="EEE")


def test_time_zone_option(desk: Any) -> None:
    """timeZone wins over the session's; UTC is Z."""
    stamps = TIMES.slice(0, 1).select(["ts"])
    desk.save(stamps, "csv", timeZone="America/New_York")
    assert desk.text() == "2024-07-01T21:04:05.123-04:00\n"
    desk.save(stamps, "csv", "overwrite", timeZone="UTC")
    assert desk.text() == "2024-07-02T01:04:05.123Z\n"


def test_json_strings_and_numbers(desk: Any) -> None:
    """NULLs are left out; NaN is a text; control characters are escaped in upper case."""
    desk.save(STRINGS.select(["a"]), "json")
    assert desk.text() == (
        '{"a":"plain"}\n{"a":""}\n{}\n{"a":" lead trail "}\n{"a":"a,b"}\n{"a":"q\\"q"}\n'
        '{"a":"\\"start"}\n{"a":"back\\\\slash"}\n{"a":"b\\\\\\"q"}\n{"a":"new\\nline"}\n'
        '{"a":"cr\\rx"}\n{"a":"#c"}\n{"a":"tab\\tx"}\n{"a":"é"}\n{"a":"\'"}\n{"a":"end\\\\"}\n'
        '{"a":"a;b"}\n'
    )
    desk.save(pa.table({"x": ["a\x01\x1f\x7f/\u2028<😀"]}), "json", "overwrite")
    assert desk.text() == '{"x":"a\\u0001\\u001F\x7f/\u2028<😀"}\n'
    desk.save(NUMBERS.slice(1, 2), "json", "overwrite")
    assert desk.text() == (
        '{"d":1.0E20,"f":1.0E-5,"e":-0.01,"z":1.00000000000E-7,"b":false,"t":-1}\n'
        '{"d":"NaN","f":"-Infinity"}\n'
    )
    desk.save(NUMBERS.slice(2, 1), "json", "overwrite", ignoreNullFields="false")
    assert desk.text() == '{"d":"NaN","f":"-Infinity","e":null,"z":null,"b":null,"t":null}\n'


def test_json_of_nothing_but_nulls(desk: Any) -> None:
    """Rows without any value are still rows."""
    desk.save(pa.table({"a": pa.nulls(2, pa.string()), "b": pa.nulls(2, pa.int32())}), "json")
    assert desk.text() == "{}\n{}\n"


def test_json_nested(desk: Any) -> None:
    """Arrays keep NULLs, structs leave them out, maps keep their keys."""
    table = pa.table(
        {
            "a": pa.array([[1, None], None, []], pa.list_(pa.int32())),
            "m": pa.array([[("k", 1), ("z", None)], None, []], pa.map_(pa.string(), pa.int32())),
            "s": pa.array([{"x": 1, "y": None}, None, {"x": None, "y": None}]),
            "n": [[{"q": 1.5}, {"q": None}], [], None],
            "b": [b"\x00\xff", None, b""],
            "d": [date(2024, 1, 2), None, None],
        }
    ).slice(0)
    desk.save(table, "json")
    assert desk.text() == (
        '{"a":[1,null],"m":{"k":1,"z":null},"s":{"x":1},"n":[{"q":1.5},{}],"b":"AP8=",'
        '"d":"2024-01-02"}\n{"n":[]}\n{"a":[],"m":{},"s":{},"b":""}\n'
    )


def test_text_files(desk: Any) -> None:
    """One string column, one line per row; NULL is an empty line."""
    desk.save(pa.table({"a": ["x", None, "y"]}), "text")
    assert desk.text() == "x\n\ny\n"


@pytest.mark.parametrize(
    ("format", "table"),
    [
        ("csv", pa.table({"a": [[1]]})),
        ("csv", pa.table({"a": pa.nulls(1)})),
        ("text", pa.table({"a": [1]})),
        ("json", pa.table({})),
    ],
)
def test_columns_the_format_cannot_hold(desk: Any, format: str, table: pa.Table) -> None:
    """Nested columns in CSV, numbers in text, no columns at all: refused before anything exists."""
    with pytest.raises(Exception, match="DATASOURCE"):
        desk.save(table, format)
    assert not (desk.folder / "out").exists()


def test_compression(desk: Any) -> None:
    """gzip in the name and in the bytes; an unknown codec is Spark's error."""
    import gzip

    desk.save(pa.table({"a": [1]}), "csv", compression="gzip")
    assert desk.names()[1].endswith("-c000.csv.gz")
    (content,) = desk.files().values()
    assert gzip.decompress(content) == b"1\n"
    with pytest.raises(Exception, match="CODEC_NOT_AVAILABLE"):
        desk.save(pa.table({"a": [1]}), "csv", "overwrite", compression="nope")
