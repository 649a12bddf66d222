"""The schema of JSON records: the union of their fields, sorted by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error
from pyflare.engine.storage.text.json_text import Number
from pyflare.engine.storage.text.json_values import INTEGER
from pyflare.engine.storage.text.values import DEFAULT_FORMATS, Formats, scalar

_EMPTY = t.Struct(())


@dataclass(frozen=True, slots=True)
class Preferences:
    """The options of inference."""

    primitives_as_string: bool = False
    prefers_decimal: bool = False
    infer_timestamp: bool = False
    drop_all_null: bool = False
    formats: Formats = DEFAULT_FORMATS


def kind(value: Any, preferences: Preferences) -> t.Type:
    """The type of one value."""
    match value:
        case None:
            return t.NULL
        case bool():
            return t.STRING if preferences.primitives_as_string else t.BOOLEAN
        case Number():
            return t.STRING if preferences.primitives_as_string else _number(value, preferences)
        case str():
            return _string(value, preferences)
        case list():
            return t.Array(union((kind(v, preferences) for v in value), t.NULL))
        case dict():
            if getattr(value, "repeated", False):
                raise duplicate(next(iter(value)))
            fields = (t.Field(k, kind(v, preferences)) for k, v in sorted(value.items()))
            return t.Struct(tuple(fields))
        case _:
            raise AssertionError(type(value))


def union(kinds: Iterable[t.Type], start: t.Type) -> t.Type:
    """The type that holds values of all these types."""
    for each in kinds:
        start = merge(start, each)
    return start


def _number(value: Number, preferences: Preferences) -> t.Type:
    if INTEGER.fullmatch(value):
        number = int(value)
        if -(1 << 63) <= number < 1 << 63:
            return t.BIGINT
        digits = len(str(abs(number)))
        return t.Decimal(digits, 0) if digits <= t.MAX_PRECISION else t.DOUBLE
    if preferences.prefers_decimal and value[-1:].isdigit():
        _, digits_, exponent = Decimal(value).as_tuple()
        assert isinstance(exponent, int)
        scale = max(-exponent, 0)
        precision = max(len(digits_) + max(exponent, 0), scale)
        if precision <= t.MAX_PRECISION:
            return t.Decimal(precision, scale)
    return t.DOUBLE


def _string(value: str, preferences: Preferences) -> t.Type:
    if preferences.infer_timestamp:
        try:
            scalar(t.TIMESTAMP, preferences.formats)(value)
        except (ValueError, OverflowError):
            return t.STRING
        return t.TIMESTAMP
    return t.STRING


def merge(a: t.Type, b: t.Type) -> t.Type:
    """The type that holds values of both; string if they have nothing in common."""
    if a == b or b == t.NULL:
        return a
    match a, b:
        case t.Null(), _:
            return b
        case t.Struct(), t.Struct():
            return _merge_structs(a, b)
        case t.Array(x), t.Array(y):
            return t.Array(merge(x, y))
        case ((t.Integer() | t.Decimal()), (t.Integer() | t.Decimal())):
            p, q = _decimal(a), _decimal(b)
            scale = max(p.scale, q.scale)
            precision = max(p.precision - p.scale, q.precision - q.scale) + scale
            return t.Decimal(precision, scale) if precision <= t.MAX_PRECISION else t.DOUBLE
        case (t.Float(), t.Integer() | t.Decimal()) | (t.Integer() | t.Decimal(), t.Float()):
            return t.DOUBLE
        case _:
            return t.STRING


def _decimal(type: t.Integer | t.Decimal) -> t.Decimal:
    return type if isinstance(type, t.Decimal) else t.Decimal(20, 0)


def _merge_structs(a: t.Struct, b: t.Struct) -> t.Struct:
    fields = {field.name: field.type for field in a.fields}
    for field in b.fields:
        fields[field.name] = merge(fields.get(field.name, t.NULL), field.type)
    return t.Struct(tuple(t.Field(name, type) for name, type in sorted(fields.items())))


def settled(type: t.Type, preferences: Preferences) -> t.Type | None:
    """The type once all records are seen: NULL becomes string, empty objects vanish."""
    match type:
        case t.Null():
            return None if preferences.drop_all_null else t.STRING
        case t.Array(element):
            inside = settled(element, preferences)
            return None if inside is None else t.Array(inside)
        case t.Struct(fields):
            kept = [(f.name, settled(f.type, preferences)) for f in fields]
            members = tuple(t.Field(name, inside) for name, inside in kept if inside is not None)
            return t.Struct(members) if members else None
        case _:
            return type


def duplicate(name: str) -> Exception:
    """COLUMN_ALREADY_EXISTS."""
    return analysis_error("COLUMN_ALREADY_EXISTS", {"columnName": f"`{name.lower()}`"})


def check_unique(schema: t.Struct) -> None:
    """Names that differ only in case are the same column."""
    seen: set[str] = set()
    for field in schema.fields:
        if field.name.lower() in seen:
            raise duplicate(field.name)
        seen.add(field.name.lower())
