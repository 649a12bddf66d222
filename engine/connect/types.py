"""Types between Connect's protobuf and PyFlare."""

from __future__ import annotations

from typing import Any

from pyspark.sql.connect.types import pyspark_types_to_proto_types

from pyflare.codegen.ir import types as t
from pyflare.engine.connect.context import Context
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.types import json_to_type, sql_name, type_to_spark

_PLAIN: dict[str, t.Type] = {
    "null": t.NULL,
    "boolean": t.BOOLEAN,
    "byte": t.TINYINT,
    "short": t.SMALLINT,
    "integer": t.INT,
    "long": t.BIGINT,
    "float": t.FLOAT,
    "double": t.DOUBLE,
    "binary": t.BINARY,
    "date": t.DATE,
    "timestamp": t.TIMESTAMP,
    "timestamp_ntz": t.TIMESTAMP_NTZ,
    "calendar_interval": t.CalendarInterval(),
    # Spark reads and compares char and varchar columns as strings
    "char": t.STRING,
    "var_char": t.STRING,
}


def decode_type(proto: Any, context: Context) -> t.Type:
    """The type that a Connect DataType message names."""
    kind = proto.WhichOneof("kind")
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain
    node = getattr(proto, kind)
    match kind:
        case "string":
            return _string(node)
        case "decimal":
            precision = node.precision if node.HasField("precision") else 10
            return t.Decimal(precision, node.scale)
        case "year_month_interval":
            return t.YearMonthInterval(*_fields(node, 0, 1))
        case "day_time_interval":
            return t.DayTimeInterval(*_fields(node, 0, 3))
        case "array":
            return t.Array(decode_type(node.element_type, context), node.contains_null)
        case "map":
            key, value = decode_type(node.key_type, context), decode_type(node.value_type, context)
            return t.Map(key, value, node.value_contains_null)
        case "struct":
            return t.Struct(tuple(_field(field, context) for field in node.fields))
        case "unparsed":
            return context.parse_type(node.data_type_string)
        case _:
            raise unsupported(f"the type {kind}")


def decode_schema(proto: Any, context: Context) -> t.Struct:
    """A DataType message that must be a struct."""
    type = decode_type(proto, context)
    if not isinstance(type, t.Struct):
        raise analysis_error("INVALID_SCHEMA.NON_STRUCT_TYPE", _not_a_struct(proto, type))
    return type


def parse_schema(text: str, context: Context) -> t.Struct:
    """A schema that the client wrote as JSON or that the user wrote as DDL."""
    type = json_to_type(text) if text.lstrip().startswith("{") else context.parse_type(text)
    if not isinstance(type, t.Struct):
        raise analysis_error("INVALID_SCHEMA.NON_STRUCT_TYPE", _not_a_struct(text, type))
    return type


def encode_type(type: t.Type) -> Any:
    """The Connect DataType message of a type."""
    return pyspark_types_to_proto_types(type_to_spark(type))


def _string(node: Any) -> t.Type:
    if node.collation not in ("", "UTF8_BINARY"):
        raise unsupported(f"the collation {node.collation}")
    return t.STRING


def _fields(node: Any, first: int, last: int) -> tuple[int, int]:
    start = node.start_field if node.HasField("start_field") else first
    return start, (node.end_field if node.HasField("end_field") else last)


def _field(field: Any, context: Context) -> t.Field:
    metadata = field.metadata if field.HasField("metadata") and field.metadata != "{}" else None
    return t.Field(field.name, decode_type(field.data_type, context), field.nullable, metadata)


def _not_a_struct(schema: object, type: t.Type) -> dict[str, str]:
    return {"inputSchema": f'"{str(schema).strip()}"', "dataType": f'"{sql_name(type)}"'}
