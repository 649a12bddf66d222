"""Types between PyFlare and Arrow; the way out matches pyspark.sql.pandas.types.to_arrow_type."""

from __future__ import annotations

from typing import assert_never

import pyarrow as pa
from pyarrow import types as arrow

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import unsupported

_METADATA = b"SPARK::metadata::json"  # the key under which PySpark keeps a column's metadata


def type_to_arrow(type: t.Type) -> pa.DataType:
    """The Arrow type that the Connect client expects of a result column of `type`."""
    match type:
        case t.Null():
            return pa.null()
        case t.Boolean():
            return pa.bool_()
        case t.Integer(bits):
            return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[bits]
        case t.Float(bits):
            return pa.float32() if bits == 32 else pa.float64()
        case t.Decimal(precision, scale):
            return pa.decimal128(precision, scale)
        case t.String():
            return pa.string()
        case t.Binary():
            return pa.binary()
        case t.Date():
            return pa.date32()
        case t.Timestamp():
            return pa.timestamp("us", tz="UTC")
        case t.TimestampNTZ():
            return pa.timestamp("us")
        case t.DayTimeInterval():
            return pa.duration("us")
        case t.Array(element, contains_null):
            return pa.list_(pa.field("element", type_to_arrow(element), contains_null))
        case t.Map(key, value, value_contains_null):
            return pa.map_(
                pa.field("key", type_to_arrow(key), nullable=False),
                pa.field("value", type_to_arrow(value), value_contains_null),
            )
        case t.Struct():
            return pa.struct([_field_to_arrow(field) for field in type.fields])
        case t.YearMonthInterval():
            raise unsupported("a year-month interval in a result", "cast it to a string")
        case t.CalendarInterval():
            raise unsupported("a calendar interval in a result", "cast it to a string")
        case _:
            assert_never(type)


def schema_to_arrow(schema: t.Struct) -> pa.Schema:
    """The Arrow schema that the Connect client expects of a result."""
    return pa.schema([_field_to_arrow(field) for field in schema.fields])


def _field_to_arrow(field: t.Field) -> pa.Field:
    metadata = {_METADATA: field.metadata.encode()} if field.metadata else None
    return pa.field(field.name, type_to_arrow(field.type), field.nullable, metadata=metadata)


_PLAIN: dict[pa.DataType, t.Type] = {
    pa.null(): t.NULL,
    pa.bool_(): t.BOOLEAN,
    pa.int8(): t.TINYINT,
    pa.int16(): t.SMALLINT,
    pa.int32(): t.INT,
    pa.int64(): t.BIGINT,
    # Spark reads Parquet's unsigned integers as the next wider signed type
    pa.uint8(): t.SMALLINT,
    pa.uint16(): t.INT,
    pa.uint32(): t.BIGINT,
    pa.uint64(): t.Decimal(20, 0),
    pa.float32(): t.FLOAT,
    pa.float64(): t.DOUBLE,
    pa.string(): t.STRING,
    pa.large_string(): t.STRING,
    pa.string_view(): t.STRING,
    pa.binary(): t.BINARY,
    pa.large_binary(): t.BINARY,
    pa.binary_view(): t.BINARY,
    pa.date32(): t.DATE,
    pa.date64(): t.DATE,
}


def arrow_to_type(type: pa.DataType, *, zoneless: t.Type = t.TIMESTAMP_NTZ) -> t.Type:
    """The type by which Spark shows a column of this Arrow type.

    Units of time, offset widths and dictionaries are storage, not type: the loader converts.
    `zoneless` is the type of a timestamp without a time zone (spark.sql.timestampType).
    """
    plain = _PLAIN.get(type)
    if plain is not None:
        return plain
    if arrow.is_decimal(type):
        return _decimal(type)
    if arrow.is_timestamp(type):
        return zoneless if type.tz is None else t.TIMESTAMP
    if arrow.is_duration(type):
        return t.DayTimeInterval()
    if arrow.is_fixed_size_binary(type):
        return t.BINARY
    if arrow.is_dictionary(type) or arrow.is_run_end_encoded(type):
        return arrow_to_type(type.value_type, zoneless=zoneless)
    if isinstance(type, pa.BaseExtensionType):
        return arrow_to_type(type.storage_type, zoneless=zoneless)
    return _nested(type, zoneless)


def _nested(type: pa.DataType, zoneless: t.Type) -> t.Type:
    if arrow.is_map(type):
        key = arrow_to_type(type.key_type, zoneless=zoneless)
        value = arrow_to_type(type.item_type, zoneless=zoneless)
        return t.Map(key, value, type.item_field.nullable)
    if arrow.is_fixed_size_list(type):
        element = arrow_to_type(type.value_type, zoneless=zoneless)
        return t.Array(element, type.value_field.nullable, type.list_size)
    if any(f(type) for f in (arrow.is_list, arrow.is_large_list, arrow.is_list_view)):
        element = arrow_to_type(type.value_type, zoneless=zoneless)
        return t.Array(element, type.value_field.nullable)
    if arrow.is_struct(type):
        return _struct(type, zoneless)
    raise unsupported(f"a column of the Arrow type {type}")


def _decimal(type: pa.DataType) -> t.Type:
    if type.precision > t.MAX_PRECISION or not 0 <= type.scale <= type.precision:
        raise unsupported(f"a column of the Arrow type {type}", "Spark's limit is decimal(38)")
    return t.Decimal(type.precision, type.scale)


def arrow_to_schema(schema: pa.Schema, *, zoneless: t.Type = t.TIMESTAMP_NTZ) -> t.Struct:
    """The schema that Spark shows for Arrow data; see arrow_to_type."""
    return _struct(schema, zoneless)


def _struct(fields: pa.Schema | pa.StructType, zoneless: t.Type) -> t.Struct:
    return t.Struct(
        tuple(
            t.Field(
                field.name,
                arrow_to_type(field.type, zoneless=zoneless),
                field.nullable,
                _metadata(field),
            )
            for field in fields
        )
    )


def _metadata(field: pa.Field) -> str | None:
    text = (field.metadata or {}).get(_METADATA)
    return None if text is None else text.decode()
