"""Connect's literals to ours, in storage form (codegen.ir.types)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Literal
from pyflare.engine.connect.context import Context
from pyflare.engine.connect.types import decode_type
from pyflare.engine.errors import analysis_error, unsupported

_PLAIN: dict[str, t.Type] = {
    "boolean": t.BOOLEAN,
    "byte": t.TINYINT,
    "short": t.SMALLINT,
    "integer": t.INT,
    "long": t.BIGINT,
    "float": t.FLOAT,
    "double": t.DOUBLE,
    "string": t.STRING,
    "binary": t.BINARY,
    "date": t.DATE,
    "timestamp": t.TIMESTAMP,
    "timestamp_ntz": t.TIMESTAMP_NTZ,
    "year_month_interval": t.YearMonthInterval(),
    "day_time_interval": t.DayTimeInterval(),
}
_SPECIALIZED: dict[str, t.Type] = {
    "bools": t.BOOLEAN,
    "ints": t.INT,
    "longs": t.BIGINT,
    "floats": t.FLOAT,
    "doubles": t.DOUBLE,
    "strings": t.STRING,
}


def decode_literal(proto: Any, context: Context) -> Literal:
    """The constant that a Connect Literal message holds."""
    kind = proto.WhichOneof("literal_type")
    plain = _PLAIN.get(kind)
    if plain is not None:
        return Literal(getattr(proto, kind), plain)
    match kind:
        case "null":
            return Literal(None, decode_type(proto.null, context))
        case "decimal":
            return _decimal(proto.decimal)
        case "calendar_interval":
            it = proto.calendar_interval
            return Literal((it.months, it.days, it.microseconds), t.CalendarInterval())
        case "array":
            return _array(proto, context)
        case "map":
            return _map(proto, context)
        case "struct":
            return _struct(proto, context)
        case "specialized_array":
            name = proto.specialized_array.WhichOneof("value_type")
            values = getattr(proto.specialized_array, name).values
            return Literal(tuple(values), t.Array(_SPECIALIZED[name], contains_null=False))
        case _:
            raise unsupported(f"a literal of the type {kind}")


def _decimal(proto: Any) -> Literal:
    """Spark: at least as many digits as the value has, whatever the client declares."""
    sign, digits, exponent = Decimal(proto.value).as_tuple()
    if not isinstance(exponent, int):
        raise analysis_error("INVALID_NUMERIC_LITERAL", {"literal": proto.value})
    scale = max(-exponent, proto.scale, 0)
    unscaled = int("".join(map(str, digits))) * 10 ** (exponent + scale)
    precision = max(len(digits) + max(exponent, 0), -exponent, proto.precision, scale)
    needed = len(str(unscaled))
    type = t.Decimal(max(precision, needed), scale)
    if type.precision > t.MAX_PRECISION:
        raise analysis_error(
            "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
            {"precision": str(type.precision), "maxPrecision": str(t.MAX_PRECISION)},
        )
    return Literal(-unscaled if sign else unscaled, type)


def _array(proto: Any, context: Context) -> Literal:
    elements = [decode_literal(element, context) for element in proto.array.elements]
    declared = _declared(proto, context)
    if declared is None and proto.array.HasField("element_type"):
        declared = t.Array(decode_type(proto.array.element_type, context))
    type = declared or t.Array(elements[0].type if elements else t.NULL)
    assert isinstance(type, t.Array)
    return Literal(tuple(_stored(element, type.element) for element in elements), type)


def _map(proto: Any, context: Context) -> Literal:
    keys = [decode_literal(key, context) for key in proto.map.keys]
    values = [decode_literal(value, context) for value in proto.map.values]
    declared = _declared(proto, context)
    if declared is None and proto.map.HasField("key_type"):
        key, value = proto.map.key_type, proto.map.value_type
        declared = t.Map(decode_type(key, context), decode_type(value, context))
    type = declared or t.Map(keys[0].type, values[0].type)
    assert isinstance(type, t.Map)
    pairs = zip(keys, values, strict=True)
    return Literal(tuple((_stored(k, type.key), _stored(v, type.value)) for k, v in pairs), type)


def _struct(proto: Any, context: Context) -> Literal:
    elements = [decode_literal(element, context) for element in proto.struct.elements]
    type = _declared(proto, context) or decode_type(proto.struct.struct_type, context)
    assert isinstance(type, t.Struct)
    pairs = zip(elements, type.fields, strict=True)
    return Literal(tuple(_stored(element, field.type) for element, field in pairs), type)


def _declared(proto: Any, context: Context) -> t.Type | None:
    return decode_type(proto.data_type, context) if proto.HasField("data_type") else None


def _stored(literal: Literal, type: t.Type) -> object:
    """The value of a member as its container stores it: decimals of one array share a scale."""
    match literal.value, literal.type, type:
        case int(value), t.Decimal(_, have), t.Decimal(_, want):
            if want < have and value % 10 ** (have - want):
                raise unsupported("a decimal array literal whose elements have more digits")
            return value * 10 ** (want - have) if want >= have else value // 10 ** (have - want)
        case value, _, _:
            return value
