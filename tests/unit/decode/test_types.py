"""Types in and out of Arrow, PySpark and Spark's texts."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyspark.sql import types as s
from pyspark.sql.pandas.types import to_arrow_schema

from pyflare.codegen.ir import types as t
from pyflare.engine import types as convert

EVERY = t.Struct(
    (
        t.Field("null", t.NULL),
        t.Field("flag", t.BOOLEAN, False),
        t.Field("tiny", t.TINYINT),
        t.Field("small", t.SMALLINT),
        t.Field("int", t.INT),
        t.Field("big", t.BIGINT),
        t.Field("float", t.FLOAT),
        t.Field("double", t.DOUBLE),
        t.Field("price", t.Decimal(15, 2), True, '{"comment": "it\'s"}'),
        t.Field("text", t.STRING),
        t.Field("bytes", t.BINARY),
        t.Field("day", t.DATE),
        t.Field("at", t.TIMESTAMP),
        t.Field("wall", t.TIMESTAMP_NTZ),
        t.Field("took", t.DayTimeInterval()),
        t.Field("list", t.Array(t.INT, False)),
        t.Field("map", t.Map(t.STRING, t.Array(t.BIGINT), False)),
        t.Field("sub item", t.Struct((t.Field("a", t.INT, False), t.Field("b", t.STRING)))),
    )
)


def test_arrow_schema_is_the_one_the_client_asks_for() -> None:
    """Result columns have exactly the Arrow types PySpark casts to, so the cast copies nothing."""
    ours = convert.schema_to_arrow(EVERY)
    theirs = to_arrow_schema(convert.type_to_spark(EVERY), timezone="UTC")
    assert ours.equals(theirs, check_metadata=True)


def test_arrow_schema_comes_back() -> None:
    """Arrow -> ours undoes ours -> Arrow, nullability and metadata included."""
    assert convert.arrow_to_schema(convert.schema_to_arrow(EVERY)) == EVERY


def test_pyspark_and_json_schemas_come_back() -> None:
    """PySpark's types and Spark's JSON keep every type, nullability and metadata."""
    assert convert.spark_to_type(convert.type_to_spark(EVERY)) == EVERY
    assert convert.json_to_type(convert.type_to_json(EVERY)) == EVERY


@pytest.mark.parametrize(
    ("type", "expected"),
    [
        (pa.large_string(), t.STRING),
        (pa.dictionary(pa.int8(), pa.string()), t.STRING),
        (pa.uint32(), t.BIGINT),
        (pa.uint64(), t.Decimal(20, 0)),
        (pa.timestamp("ns", tz="Europe/Berlin"), t.TIMESTAMP),
        (pa.timestamp("s"), t.TIMESTAMP_NTZ),
        (pa.list_(pa.float32(), 4), t.Array(t.FLOAT, True, 4)),
        (pa.large_list(pa.int64()), t.Array(t.BIGINT)),
        (pa.binary(16), t.BINARY),
        (pa.decimal64(10, 3), t.Decimal(10, 3)),
    ],
)
def test_storage_variants_of_arrow_are_one_type(type: pa.DataType, expected: t.Type) -> None:
    """Offsets, dictionaries, units and list sizes do not change what Spark calls a column."""
    assert convert.arrow_to_type(type) == expected


def test_zoneless_timestamps_follow_the_setting() -> None:
    """spark.sql.timestampType decides what a timestamp without zone is."""
    assert convert.arrow_to_type(pa.timestamp("us"), zoneless=t.TIMESTAMP) == t.TIMESTAMP


def test_simple_string_agrees_with_pyspark() -> None:
    """The lower-case names are those of pyspark.sql.types."""
    assert convert.simple_string(EVERY) == convert.type_to_spark(EVERY).simpleString()
    for type in (t.YearMonthInterval(0, 0), t.YearMonthInterval(), t.DayTimeInterval(1, 3)):
        assert convert.simple_string(type) == convert.type_to_spark(type).simpleString()


def test_sql_names_are_sparks() -> None:
    """Error messages and DDL write types in upper case and quote odd names."""
    assert convert.sql_name(t.BIGINT) == "BIGINT"
    assert convert.sql_name(t.DayTimeInterval(0, 3)) == "INTERVAL DAY TO SECOND"
    assert convert.sql_name(EVERY.fields[16].type) == "MAP<STRING, ARRAY<BIGINT>>"
    assert convert.sql_name(EVERY.fields[17].type) == "STRUCT<a: INT NOT NULL, b: STRING>"
    assert convert.schema_ddl(t.Struct((EVERY.fields[1], EVERY.fields[8], EVERY.fields[17]))) == (
        "flag BOOLEAN NOT NULL,price DECIMAL(15,2) COMMENT 'it\\'s',"
        "`sub item` STRUCT<a: INT NOT NULL, b: STRING>"
    )


def test_tree_string_is_print_schema() -> None:
    """printSchema's text, limited to a depth if asked."""
    schema = t.Struct((t.Field("a", t.Decimal(5, 1), False), EVERY.fields[17]))
    assert convert.tree_string(schema, 1) == (
        "root\n |-- a: decimal(5,1) (nullable = false)\n |-- sub item: struct (nullable = true)\n"
    )
    assert convert.tree_string(schema).endswith(" |    |-- b: string (nullable = true)\n")


def test_char_is_a_string() -> None:
    """char and varchar columns are strings to the engine."""
    assert convert.spark_to_type(s.VarcharType(3)) == t.STRING
