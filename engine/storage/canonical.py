"""Arrow data of any flavour in the one Arrow form that each of our types has for loading."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as arrow

from pyflare.codegen.ir import types as t
from pyflare.engine.types import type_to_arrow


def canonical(array: pa.Array, type: t.Type) -> pa.Array:
    """`array` as loading wants it; the same object when it already is.

    Strings may be dictionary-encoded (32-bit codes) or have 32- or 64-bit offsets; every other
    type has the Arrow type of results (type_to_arrow). Raises ArrowInvalid where values do not fit.
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if arrow.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    match type:
        case t.String() | t.Binary():
            return _text(array, type)
        case t.Timestamp() | t.TimestampNTZ() if arrow.is_timestamp(array.type):
            return _timestamp(array, type)
        case t.Array(size=int()) if arrow.is_fixed_size_list(array.type):
            return array
        case t.YearMonthInterval() | t.CalendarInterval():
            return array
    if arrow.is_dictionary(array.type):
        array = array.dictionary_decode()
    target = type_to_arrow(type)
    return array if array.type == target else array.cast(target)


def _text(array: pa.Array, type: t.String | t.Binary) -> pa.Array:
    plain = pa.string() if isinstance(type, t.String) else pa.binary()
    large = pa.large_string() if isinstance(type, t.String) else pa.large_binary()
    if arrow.is_dictionary(array.type):
        if array.dictionary.null_count:
            return _text(array.dictionary_decode(), type)
        values = _text(array.dictionary, type)
        if array.type.index_type == pa.int32() and values is array.dictionary:
            return array
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), values)
    if array.type in (plain, large):
        return array
    return array.cast(large if arrow.is_large_unicode(array.type) else plain)


def _timestamp(array: pa.Array, type: t.Timestamp | t.TimestampNTZ) -> pa.Array:
    target = type_to_arrow(type)
    if array.type == target:
        return array
    if array.type.unit != "ns":
        return array.cast(pa.timestamp("us", array.type.tz)).view(target)
    # Spark floors nanoseconds to microseconds; Arrow's cast truncates towards zero
    ticks = np.frombuffer(array.buffers()[1], np.int64, len(array), array.offset * 8)
    return pa.array(np.floor_divide(ticks, 1000), mask=mask(array)).view(target)


def mask(array: pa.Array) -> np.ndarray | None:
    """True where `array` is NULL; None if it has no NULL."""
    valid = validity(array)
    return None if valid is None else ~valid


def validity(array: pa.Array) -> np.ndarray | None:
    """True where `array` is not NULL, as bytes; None if it has no NULL."""
    if not array.null_count:
        return None
    buffer = array.buffers()[0]
    if buffer is None:  # the null type has no bitmap
        return np.zeros(len(array), np.bool_)
    first = array.offset // 8
    packed = np.frombuffer(buffer, np.uint8)[first : (array.offset + len(array) + 7) // 8]
    skip = array.offset % 8
    bits = np.unpackbits(packed, bitorder="little")[skip : skip + len(array)]
    return bits.view(np.bool_)
