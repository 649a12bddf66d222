"""Types between PyFlare and pyspark.sql.types, and through it Spark's JSON and schema tree."""

from __future__ import annotations

import json
from typing import Any, assert_never

from pyspark.sql import types as s

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import unsupported

_INTEGERS: dict[int, type[s.DataType]] = {
    8: s.ByteType,
    16: s.ShortType,
    32: s.IntegerType,
    64: s.LongType,
}


def type_to_spark(type: t.Type) -> Any:
    """The pyspark.sql.types.DataType that shows `type` to the user."""
    match type:
        case t.Null():
            return s.NullType()
        case t.Boolean():
            return s.BooleanType()
        case t.Integer(bits):
            return _INTEGERS[bits]()
        case t.Float(bits):
            return s.FloatType() if bits == 32 else s.DoubleType()
        case t.Decimal(precision, scale):
            return s.DecimalType(precision, scale)
        case t.String():
            return s.StringType()
        case t.Binary():
            return s.BinaryType()
        case t.Date():
            return s.DateType()
        case t.Timestamp():
            return s.TimestampType()
        case t.TimestampNTZ():
            return s.TimestampNTZType()
        case t.YearMonthInterval(start, end):
            return s.YearMonthIntervalType(start, end)
        case t.DayTimeInterval(start, end):
            return s.DayTimeIntervalType(start, end)
        case t.CalendarInterval():
            return s.CalendarIntervalType()
        case t.Array(element, contains_null):
            return s.ArrayType(type_to_spark(element), contains_null)
        case t.Map(key, value, value_contains_null):
            return s.MapType(type_to_spark(key), type_to_spark(value), value_contains_null)
        case t.Struct():
            return s.StructType([_field_to_spark(field) for field in type.fields])
        case _:
            assert_never(type)


def _field_to_spark(field: t.Field) -> Any:
    metadata = json.loads(field.metadata) if field.metadata else None
    return s.StructField(field.name, type_to_spark(field.type), field.nullable, metadata)


_PLAIN: dict[type[s.DataType], t.Type] = {
    s.NullType: t.NULL,
    s.BooleanType: t.BOOLEAN,
    s.ByteType: t.TINYINT,
    s.ShortType: t.SMALLINT,
    s.IntegerType: t.INT,
    s.LongType: t.BIGINT,
    s.FloatType: t.FLOAT,
    s.DoubleType: t.DOUBLE,
    # Spark reads and compares char and varchar columns as strings
    s.CharType: t.STRING,
    s.VarcharType: t.STRING,
    s.BinaryType: t.BINARY,
    s.DateType: t.DATE,
    s.TimestampType: t.TIMESTAMP,
    s.TimestampNTZType: t.TIMESTAMP_NTZ,
    s.CalendarIntervalType: t.CalendarInterval(),
}


def spark_to_type(type: s.DataType) -> t.Type:
    """Our type for a pyspark.sql.types.DataType."""
    plain = _PLAIN.get(type.__class__)
    if plain is not None:
        return plain
    match type:
        case s.StringType():
            return _string(type)
        case s.DecimalType():
            return t.Decimal(type.precision, type.scale)
        case s.YearMonthIntervalType():
            return t.YearMonthInterval(type.startField, type.endField)
        case s.DayTimeIntervalType():
            return t.DayTimeInterval(type.startField, type.endField)
        case s.ArrayType():
            return t.Array(spark_to_type(type.elementType), type.containsNull)
        case s.MapType():
            key, value = spark_to_type(type.keyType), spark_to_type(type.valueType)
            return t.Map(key, value, type.valueContainsNull)
        case s.StructType():
            return spark_to_schema(type)
        case _:
            raise unsupported(f"the type {type.simpleString()}")


def spark_to_schema(type: s.StructType) -> t.Struct:
    """Our schema for a StructType."""
    return t.Struct(
        tuple(
            t.Field(f.name, spark_to_type(f.dataType), f.nullable, _metadata(f.metadata))
            for f in type.fields
        )
    )


def _metadata(value: dict[str, Any] | None) -> str | None:
    return json.dumps(value) if value else None


def _string(type: Any) -> t.Type:
    if type.collation != "UTF8_BINARY":
        raise unsupported(f"the collation {type.collation}")
    return t.STRING


def type_to_json(type: t.Type) -> str:
    """Spark's JSON notation of a type or schema."""
    text: str = type_to_spark(type).json()
    return text


def json_to_type(text: str) -> t.Type:
    """The type written in Spark's JSON notation."""
    return spark_to_type(s._parse_datatype_json_string(text))


def tree_string(schema: t.Struct, depth: int = 0) -> str:
    """What printSchema prints, to `depth` levels (0 = all)."""
    spark = type_to_spark(schema)
    text: str = spark.treeString(depth) if depth else spark.treeString()
    return text
