"""JSON values as values of a type, by Spark's rules; what does not fit is malformed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import unsupported
from pyflare.engine.storage.text import values
from pyflare.engine.storage.text.convert import from_storage
from pyflare.engine.storage.text.json_text import List, Number, Object
from pyflare.engine.storage.text.values import Formats
from pyflare.engine.types import type_to_arrow

Convert = Callable[[Any], Any]

_WORDS = {
    "NaN": float("nan"),
    **dict.fromkeys(("Infinity", "+Infinity", "+INF"), float("inf")),
    **dict.fromkeys(("-Infinity", "-INF"), -float("inf")),
}
INTEGER = re.compile(r"-?[0-9]+")


class Malformed(Exception):
    """A value that is not of its type; `partial` is what is left of it."""

    def __init__(self, partial: Any = None) -> None:
        super().__init__()
        self.partial = partial


class NeedsText(Exception):
    """An object or array is wanted as a string, but its text was not kept."""


def converter(type: t.Type, formats: Formats) -> Convert:
    """The function from a parsed value (not null) to storage form."""
    match type:
        case t.String():
            return _string
        case t.Boolean():
            return _boolean
        case t.Integer(bits):
            return lambda v: _integer(v, bits)
        case t.Float():
            return _float
        case t.Decimal():
            return lambda v: _text(v, lambda text: values.decimal(text, type), numbers=True)
        case t.Date():
            read = values.scalar(type, formats)
            return lambda v: _text(v, read)
        case t.Timestamp():
            read = values.scalar(type, formats)
            return lambda v: _instant(v, read)
        case t.TimestampNTZ():
            read = values.scalar(type, formats)
            return lambda v: _text(v, read)
        case t.Binary():
            return _binary
        case t.Array(element):
            return _list(nested(element, formats))
        case t.Map(t.String(), value):
            return _map(nested(value, formats))
        case t.Struct(fields):
            return _struct({f.name: nested(f.type, formats) for f in fields})
        case t.Null():
            return _nothing
        case _:
            raise unsupported(f"reading {type} from JSON")


def nested(type: t.Type, formats: Formats) -> Convert:
    """The same for a value inside another, as pyarrow takes it."""
    convert = converter(type, formats)
    if not isinstance(type, t.Decimal):
        return convert
    scale = type.scale
    return lambda v: Decimal(f"{convert(v)}E-{scale}")


def array(column: list[Any], type: t.Type) -> pa.Array:
    """An Arrow array of converted values."""
    try:
        if isinstance(type, t.Array | t.Map | t.Struct):
            return pa.array(column, type_to_arrow(type))
        return from_storage(column, type)
    except UnicodeEncodeError:  # half a character: Java writes a question mark
        return array([_whole(value) for value in column], type)


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list():
            return [_whole(item) for item in value]
        case tuple():
            return tuple(_whole(item) for item in value)
        case dict():
            return {name: _whole(item) for name, item in value.items()}
        case _:
            return value


def _string(value: Any) -> str:
    match value:
        case Number():
            return str(value)
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Object() | List() if value.raw:
            return value.raw
        case _:
            raise NeedsText


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Malformed
    return value


def _integer(value: Any, bits: int) -> int:
    if not isinstance(value, Number) or not INTEGER.fullmatch(value):
        raise Malformed
    number = int(value)
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise Malformed
    return number


def _float(value: Any) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if not isinstance(value, Number):
        raise Malformed
    return float("inf") if value == "INF" else float(value)


def _text(value: Any, read: Convert, *, numbers: bool = False) -> Any:
    if not isinstance(value, str) or isinstance(value, Number) > numbers:
        raise Malformed
    try:
        return read(value)
    except (ValueError, OverflowError):
        raise Malformed from None


def _instant(value: Any, read: Convert) -> Any:
    if isinstance(value, Number):
        return _integer(value, 64) * 1_000_000
    return _text(value, read)


def _binary(value: Any) -> bytes:
    if not isinstance(value, str) or isinstance(value, Number):
        raise Malformed
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Malformed from None


def _list(element: Convert) -> Convert:
    def convert(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Malformed
        made, partial = [], False
        for item in value:
            try:
                made.append(None if item is None else element(item))
            except Malformed as bad:
                if bad.partial is None:
                    raise
                made.append(bad.partial)
                partial = True
        if partial:
            raise Malformed(made)
        return made

    return convert


def _map(convert_value: Convert) -> Convert:
    def convert(value: Any) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            raise Malformed
        return [(k, None if v is None else convert_value(v)) for k, v in value.items()]

    return convert


def _struct(fields: dict[str, Convert]) -> Convert:
    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Malformed
        made: dict[str, Any] = dict.fromkeys(fields)
        partial = False
        for name, item in value.items():
            if item is not None and name in fields:
                try:
                    made[name] = fields[name](item)
                except Malformed as bad:
                    made[name] = bad.partial
                    partial = True
        if partial:
            raise Malformed(made)
        return made

    return convert


def _nothing(value: Any) -> None:
    raise Malformed
