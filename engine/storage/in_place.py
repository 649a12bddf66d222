"""Columns that borrow Arrow's memory: nothing is copied, offsets and chunks are honoured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.bindings import BoundDictionary, ChunkColumn
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import Storage
from pyflare.engine.storage.build import opaque_column
from pyflare.engine.storage.canonical import canonical, validity
from pyflare.engine.storage.column import Column, Part, address
from pyflare.engine.storage.dictionary import is_ascii
from pyflare.engine.storage.narrow import bounds_of
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.table import ColumnFacts


def in_place(field: t.Field, array: pa.ChunkedArray, threads: int) -> Column:
    """A column that borrows Arrow's memory, chunk by chunk."""
    chunks = [canonical(c, field.type) for c in array.chunks if len(c)]
    match field.type:
        case t.String() | t.Binary():
            return _strings(field, chunks)
        case t.Array(element, size=int() as size) if _is_vector(chunks, element):
            return _vectors(chunks, size)
        case t.Array() | t.Map() | t.Struct() | t.YearMonthInterval() | t.CalendarInterval():
            type = chunks[0].type if chunks else array.type
            return replace(opaque_column(pa.chunked_array(chunks, type=type)), nbytes=0)
        case t.Boolean():
            return _column(Storage("bits", lo=0, hi=1), chunks, ColumnFacts(0, 1, True, distinct=2))
        case t.Float(bits):
            finite = not any(parallel(_has_nan, chunks, threads))
            return _column(Storage("fixed", bits, finite=finite), chunks, ColumnFacts())
        case _:
            return _integers(chunks, array.type.bit_width if not chunks else 0, threads)


def _integers(chunks: list[pa.Array], empty_bits: int, threads: int) -> Column:
    pieces = [c.slice(i, 1 << 18) for c in chunks for i in range(0, len(c), 1 << 18)]
    found = [b for b in parallel(_bounds, pieces, threads) if b is not None]
    lo, hi = (min(b[0] for b in found), max(b[1] for b in found)) if found else (None, None)
    bits = chunks[0].type.bit_width if chunks else empty_bits
    return _column(Storage("fixed", bits, lo=lo, hi=hi), chunks, ColumnFacts(lo, hi, bool(found)))


def _bounds(array: pa.Array) -> tuple[int, int] | None:
    if not array.null_count:
        return bounds_of(array, None)
    integers = array.view(
        pa.int64() if array.type.bit_width == 64 else f"int{array.type.bit_width}"
    )
    found = pc.min_max(integers)
    return None if found["min"].as_py() is None else (found["min"].as_py(), found["max"].as_py())


def _has_nan(array: pa.Array) -> bool:
    return bool(pc.any(pc.is_nan(array)).as_py())


def _strings(field: t.Field, chunks: list[pa.Array]) -> Column:
    is_text = isinstance(field.type, t.String)
    if chunks and is_text and all(pa.types.is_dictionary(c.type) for c in chunks):
        return _codes(chunks)
    chunks = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in chunks]
    wide = any(c.type in (pa.large_string(), pa.large_binary()) for c in chunks)
    if wide:
        chunks = [c.cast(pa.large_string() if is_text else pa.large_binary()) for c in chunks]
    ascii = is_text and all(is_ascii(c) for c in chunks)
    width = sum(c.nbytes for c in chunks) / max(sum(len(c) for c in chunks), 1)
    storage = Storage("string", 64 if wide else 32, ascii=ascii)
    return _column(storage, chunks, ColumnFacts(width=width))


def _codes(chunks: list[pa.Array]) -> Column:
    """Arrow's own dictionary codes (32-bit, never negative), over one unified dictionary."""
    unified = pa.chunked_array(chunks).unify_dictionaries()
    values = unified.chunk(0).dictionary
    if pa.types.is_large_string(values.type):
        values = values.cast(pa.string())
    if values.offset or not len(values):
        values = pa.concat_arrays([values if len(values) else pa.array([""])])
    storage = Storage(
        "dictionary",
        32,
        ascii=is_ascii(values),
        entries=len(values),
    )
    bounds = pc.min_max(values)
    # the dictionary may hold strings that no row has, so its bounds are true but not tight
    facts = ColumnFacts(bounds["min"].as_py(), bounds["max"].as_py(), True, distinct=len(values))
    column = _column(storage, [_safe(c.indices) for c in unified.chunks], facts)
    _, offsets, data = values.buffers()
    return replace(
        column,
        dictionary=BoundDictionary(address(data), address(offsets), len(values)),
        owners=(*column.owners, values),
    )


def _safe(codes: pa.Array) -> pa.Array:
    """The codes, 0 where NULL: there Arrow allows any number, but a loop may look it up."""
    valid = validity(codes)
    if valid is None:
        return codes
    bits = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    filled = codes.fill_null(0)
    return pa.Array.from_buffers(pa.int32(), len(codes), [bits, filled.buffers()[1]])


def _is_vector(chunks: Iterable[pa.Array], element: t.Type) -> bool:
    return isinstance(element, t.Float | t.Integer) and all(
        pa.types.is_fixed_size_list(c.type) and not c.values.null_count for c in chunks
    )


def _vectors(chunks: list[pa.Array], size: int) -> Column:
    element = chunks[0].type.value_type if chunks else pa.float64()
    parts, owners = [], []
    bits = element.bit_width
    nulls = sum(c.null_count for c in chunks)
    ones = _ones(chunks) if nulls else None
    for chunk in chunks:
        values = chunk.values  # the whole child, whatever the offset of the list
        data = address(values.buffers()[1]) + (values.offset + chunk.offset * size) * bits // 8
        parts.append(Part(len(chunk), _valid(chunk, ChunkColumn(data), ones)))
        owners.append(chunk)
    storage = Storage("vector", bits, nulls > 0, size=size)
    facts = ColumnFacts(nulls=nulls, width=size * bits / 8)
    return Column(storage, tuple(parts), (*owners, ones), facts=facts)


def _column(storage: Storage, chunks: Sequence[pa.Array], facts: ColumnFacts) -> Column:
    """Chunks read where they lie; those without a bitmap share one of ones if others have NULLs."""
    nulls = sum(c.null_count for c in chunks)
    storage = replace(storage, nulls=nulls > 0)
    ones = _ones(chunks) if nulls else None
    chunks = [_aligned(c, storage) for c in chunks]
    parts = tuple(Part(len(c), _valid(c, _place(c, storage), ones)) for c in chunks)
    width = facts.width or (storage.bits or 1) / 8
    return Column(storage, parts, (*chunks, ones), facts=replace(facts, nulls=nulls, width=width))


def _place(chunk: pa.Array, storage: Storage) -> ChunkColumn:
    buffers = chunk.buffers()
    step = chunk.offset * storage.bits // 8
    match storage.kind:
        case "bits":
            data = address(buffers[1]) + chunk.offset // 8
            return ChunkColumn(data, data_bit=chunk.offset % 8)
        case "string":
            return ChunkColumn(address(buffers[2]), address(buffers[1]) + step)
        case _:
            return ChunkColumn(address(buffers[1]) + step)


def _valid(chunk: pa.Array, at: ChunkColumn, ones: np.ndarray | None) -> ChunkColumn:
    if ones is None:
        return at
    bitmap = chunk.buffers()[0]
    if bitmap is None:
        return replace(at, validity=address(ones))
    bit = chunk.offset
    return replace(at, validity=bitmap.address + bit // 8, validity_bit=bit % 8)


def _ones(chunks: Sequence[pa.Array]) -> np.ndarray:
    return np.full(max(len(c) for c in chunks) // 8 + 64, 0xFF, np.uint8)


def _aligned(chunk: pa.Array, storage: Storage) -> pa.Array:
    """A copy if the values do not lie at a multiple of their size, as generated code expects."""
    data = chunk.buffers()[1]
    if data is None or storage.kind == "bits" or data.address % max(storage.bits // 8, 1) == 0:
        return chunk
    return pa.concat_arrays([chunk, chunk.slice(0, 0)])
