"""DDL types and schemas are read as Spark reads them."""

from __future__ import annotations

import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine.sql import parse_ddl, parse_schema, parse_type

F = t.Field


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("boolean", t.BOOLEAN),
        ("tinyint", t.TINYINT),
        ("byte", t.TINYINT),
        ("SHORT", t.SMALLINT),
        ("smallint", t.SMALLINT),
        ("int", t.INT),
        ("Integer", t.INT),
        ("long", t.BIGINT),
        ("bigint", t.BIGINT),
        ("float", t.FLOAT),
        ("real", t.FLOAT),
        ("double", t.DOUBLE),
        ("string", t.STRING),
        ("string collate utf8_binary", t.STRING),
        ("char(3)", t.STRING),
        ("varchar(10)", t.STRING),
        ("binary", t.BINARY),
        ("date", t.DATE),
        ("timestamp", t.TIMESTAMP),
        ("timestamp_ltz", t.TIMESTAMP),
        ("timestamp_ntz", t.TIMESTAMP_NTZ),
        ("timestamp without time zone", t.TIMESTAMP_NTZ),
        ("void", t.NULL),
        ("decimal", t.Decimal(10, 0)),
        ("dec(5)", t.Decimal(5, 0)),
        ("numeric(38, 18)", t.Decimal(38, 18)),
        ("interval", t.CalendarInterval()),
        ("interval year to month", t.YearMonthInterval(0, 1)),
        ("interval month", t.YearMonthInterval(1, 1)),
        ("interval day to second", t.DayTimeInterval(0, 3)),
        ("interval hour", t.DayTimeInterval(1, 1)),
        ("array<int>", t.Array(t.INT)),
        ("array<array<string>>", t.Array(t.Array(t.STRING))),
        ("map<string, array<int>>", t.Map(t.STRING, t.Array(t.INT))),
        ("struct<>", t.Struct(())),
        ("struct<a:int,b:string>", t.Struct((F("a", t.INT), F("b", t.STRING)))),
        ("struct<a int not null>", t.Struct((F("a", t.INT, False),))),
        ("struct<`a b`: struct<c: int>>", t.Struct((F("a b", t.Struct((F("c", t.INT),))),))),
    ],
)
def test_a_type_is_read_as_spark_reads_it(text: str, expected: t.Type) -> None:
    """Every spelling of a type gives the one value of the type system."""
    assert parse_type(text) == expected


def test_a_schema_keeps_names_nullability_and_comments() -> None:
    """Colons are optional, NOT NULL and COMMENT may come in either order."""
    schema = parse_schema(
        "a long, `b``c`: string NOT NULL COMMENT 'it''s', d int comment 'x' not null"
    )
    assert schema == t.Struct(
        (
            F("a", t.BIGINT),
            F("b`c", t.STRING, False, '{"comment": "it\'s"}'),
            F("d", t.INT, False, '{"comment": "x"}'),
        )
    )


def test_a_struct_type_is_a_schema() -> None:
    """struct<...> and the list of its fields are one schema."""
    assert parse_schema("struct<a: int, b: array<int>>") == parse_schema("a int, b array<int>")


def test_keywords_may_name_columns() -> None:
    """Spark's keywords are not reserved in a schema."""
    schema = parse_schema("date date, timestamp timestamp, order int, struct struct<map: int>")
    assert [f.name for f in schema.fields] == ["date", "timestamp", "order", "struct"]


def test_ddl_is_a_schema_or_else_a_type() -> None:
    """createDataFrame accepts both."""
    assert parse_ddl("int") == t.INT
    assert parse_ddl("a int") == t.Struct((F("a", t.INT),))
    assert parse_ddl("interval day") == parse_type("interval day")
