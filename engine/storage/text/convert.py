"""Columns of text to columns of a type: all at once where Arrow agrees with Spark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.canonical import mask
from pyflare.engine.storage.text.values import Formats, scalar
from pyflare.engine.types import type_to_arrow

Failed = np.ndarray[Any, np.dtype[np.bool_]]

# texts of these shapes mean the same to Arrow as to Spark
_SHAPES = {
    "integer": r"^-?[0-9]{1,18}$",
    "float": r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "timestamp": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$",
}

# letters of what only Arrow reads: 0x1F as an integer, nan and inf in any case as floats
_ODD = {"integer": b"xX", "float": b"nN", "date": b""}


def convert(texts: pa.Array, type: t.Type, formats: Formats) -> tuple[pa.Array, Failed | None]:
    """The values, NULL where a text is not one; and which texts were not (None = all were)."""
    match type:
        case t.String():
            return texts, None
        case t.Binary():
            return texts.cast(pa.binary()), None
        case t.Boolean():
            lower = pc.utf8_lower(texts)
            known = pc.index_in(lower, value_set=pa.array(["false", "true"]))
            return _failing(texts, known.cast(pa.bool_()))
        case t.Integer(bits):
            return _try(texts, type, formats, "integer", lambda x: x.cast(f"int{bits}"))
        case t.Float(bits):
            return _try(texts, type, formats, "float", lambda x: x.cast(f"float{bits}"))
        case t.Decimal():
            return _try(texts, type, formats, "float", lambda x: x.cast(type_to_arrow(type)))
        case t.Date() if formats.date is None:
            return _try(texts, type, formats, "date", lambda x: x.cast(pa.date32()))
        case t.Timestamp() if formats.timestamp is None:
            return _try(texts, type, formats, "timestamp", lambda x: _instants(x, formats.zone))
        case t.TimestampNTZ() if formats.timestamp_ntz is None:
            return _try(texts, type, formats, "timestamp", lambda x: x.cast(pa.timestamp("us")))
        case _:
            return _each(texts, type, formats)


def _try(
    texts: pa.Array,
    type: t.Type,
    formats: Formats,
    shape: str,
    vector: Callable[[pa.Array], pa.Array],
) -> tuple[pa.Array, Failed | None]:
    if shape != "timestamp" and _unambiguous(texts, _ODD[shape]):
        try:
            return vector(texts), None
        except pa.ArrowInvalid:
            pass
    alike = pc.match_substring_regex(texts, _SHAPES[shape])
    easy = pc.if_else(alike, texts, pa.scalar(None, texts.type))
    try:
        values = vector(easy)
    except pa.ArrowInvalid:
        return _each(texts, type, formats)
    hard = pc.fill_null(pc.invert(alike), False)
    rest, failed = _each(texts.filter(hard), type, formats)
    values = pc.replace_with_mask(values, hard, rest)
    if failed is None:
        return values, None
    everywhere = np.zeros(len(texts), np.bool_)
    everywhere[np.asarray(hard.to_numpy(zero_copy_only=False))] = failed
    return values, everywhere


def _unambiguous(texts: pa.Array, odd: bytes) -> bool:
    """Whether no text holds a letter by which Arrow reads what Spark does not."""
    data = texts.buffers()[2]
    if data is None:
        return True
    text = np.frombuffer(data, np.uint8)
    return not any(bool((text == letter).any()) for letter in odd)


def _each(texts: pa.Array, type: t.Type, formats: Formats) -> tuple[pa.Array, Failed | None]:
    read = scalar(type, formats)
    values: list[Any] = []
    failed = np.zeros(len(texts), np.bool_)
    for i, text in enumerate(texts.to_pylist()):
        try:
            values.append(None if text is None else read(text))
        except (ValueError, OverflowError):
            values.append(None)
            failed[i] = True
    return from_storage(values, type), failed if failed.any() else None


def from_storage(values: list[Any], type: t.Type) -> pa.Array:
    """An Arrow array of values in storage form (flat types)."""
    target = type_to_arrow(type)
    match type:
        case t.Date():
            return pa.array(values, pa.int32()).view(target)
        case t.Timestamp() | t.TimestampNTZ() | t.DayTimeInterval():
            return pa.array(values, pa.int64()).view(target)
        case t.Decimal():
            # through bytes: Python's Decimal arithmetic would depend on its context
            words = b"".join((v or 0).to_bytes(16, "little", signed=True) for v in values)
            bits = np.packbits(
                np.array([v is not None for v in values], np.bool_), bitorder="little"
            ).tobytes()
            buffers = [pa.py_buffer(bits), pa.py_buffer(words)]
            return pa.Array.from_buffers(target, len(values), buffers)
        case t.Float(32):
            with np.errstate(over="ignore"):
                narrow = np.array([0.0 if v is None else v for v in values], np.float32)
            return pa.array(narrow, mask=np.array([v is None for v in values], np.bool_))
        case _:
            return pa.array(values, target)


def _failing(texts: pa.Array, values: pa.Array) -> tuple[pa.Array, Failed | None]:
    if values.null_count == texts.null_count:
        return values, None
    failed = mask(values)
    assert failed is not None
    given = mask(texts)
    return values, failed if given is None else failed & ~given


def _instants(texts: pa.Array, zone: str) -> pa.Array:
    local = texts.cast(pa.timestamp("us"))
    if zone in ("UTC", "Etc/UTC", "GMT", "Z"):
        return local.view(pa.timestamp("us", "UTC"))
    # a time in a gap raises ArrowInvalid, and is then read one by one
    return pc.assume_timezone(local, zone, ambiguous="earliest").view(pa.timestamp("us", "UTC"))
