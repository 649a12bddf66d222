"""Strings as codes into one sorted dictionary per column, or as plain text where few repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.bindings import BoundDictionary, ChunkColumn
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import Storage
from pyflare.engine.storage.canonical import canonical, validity
from pyflare.engine.storage.column import Column, Part, address
from pyflare.engine.storage.memory import Memory
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.table import ColumnFacts
from pyflare.engine.storage.validity import Validity

SORTED_ENTRIES = 1 << 16  # larger dictionaries keep the order of first appearance
_SAMPLE = 1 << 14


def dictionary_limit(rows: int) -> int:
    """The most distinct strings for which codes pay."""
    return max(256, min(1 << 18, rows // 8))


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    start: int
    array: pa.Array


class StringBuilder:
    """A column of strings (or binary values, which stay plain)."""

    def __init__(self, name: str, type: t.String | t.Binary, rows: int, memory: Memory) -> None:
        self._name, self._type, self._rows, self._memory = name, type, rows, memory
        self._owner = f"column {name}"
        self._validity = Validity(rows, memory, self._owner)
        self._pieces: list[_Piece] = []

    def add(self, start: int, array: pa.Array) -> None:
        """Takes the values of rows from `start` on; disjoint rows may be added concurrently."""
        array = canonical(array, self._type)
        if len(array):
            self._validity.set(start, validity(array))
            self._pieces.append(_Piece(start, _small_codes(array)))

    def finish(self, threads: int) -> Column:
        """The column, once every row has been added."""
        pieces = sorted(self._pieces, key=lambda piece: piece.start)
        self._pieces.clear()
        bitmap, nulls = self._validity.finish()
        if isinstance(self._type, t.String):
            encoded = self._encode(pieces, threads)
            if encoded is not None:
                return self._codes(encoded, bitmap, nulls, threads)
        return self._plain(pieces, bitmap, nulls, threads)

    def _encode(
        self, pieces: Sequence[_Piece], threads: int
    ) -> tuple[list[_Piece], pa.Array] | None:
        """The pieces dictionary-encoded and the column's dictionary; None if codes do not pay."""
        limit = dictionary_limit(self._rows)
        largest = max(pieces, key=lambda piece: len(piece.array), default=None)
        if largest is not None and _too_many(largest.array, limit, self._rows):
            return None
        coded = parallel(lambda piece: _Piece(piece.start, _coded(piece.array)), pieces, threads)
        if any(len(piece.array.dictionary) > limit * 2 for piece in coded):
            return None
        distinct = _distinct([piece.array.dictionary for piece in coded], limit)
        if distinct is None:
            return None
        if not len(distinct):  # even the codes of NULL rows name an entry
            distinct = pa.array([""])
        if len(distinct) <= SORTED_ENTRIES:
            distinct = distinct.take(pc.sort_indices(distinct))
        return coded, distinct

    def _codes(
        self,
        encoded: tuple[list[_Piece], pa.Array],
        bitmap: np.ndarray[Any, Any] | None,
        nulls: int,
        threads: int,
    ) -> Column:
        pieces, distinct = encoded
        entries = len(distinct)
        dtype = np.dtype("u1" if entries <= 1 << 8 else "<u2" if entries <= 1 << 16 else "<u4")
        raw = self._memory.allocate(self._rows * dtype.itemsize, self._owner)
        data = raw.view(dtype)

        def write(piece: _Piece) -> None:
            indices = piece.array.indices
            if indices.null_count:
                indices = indices.fill_null(0)
            if not len(piece.array.dictionary):  # nothing but NULLs
                data[piece.start : piece.start + len(indices)] = 0
                return
            ranks = pc.index_in(piece.array.dictionary, value_set=distinct).cast(
                pa.from_numpy_dtype(dtype)
            )
            # boundscheck costs more than the lookup; Arrow has checked the codes when decoding
            codes = pc.take(ranks, indices, boundscheck=False)
            values = np.frombuffer(
                codes.buffers()[1], dtype, len(codes), codes.offset * dtype.itemsize
            )
            data[piece.start : piece.start + len(values)] = values

        parallel(write, pieces, threads)
        text = _Text.of([distinct], self._memory, self._owner, threads)
        owners = [data, text.data, text.offsets]
        if bitmap is not None:
            owners.append(bitmap)
        is_sorted = entries <= SORTED_ENTRIES
        bounds = pc.min_max(distinct) if entries else None
        return Column(
            Storage(
                "dictionary",
                dtype.itemsize * 8,
                bitmap is not None,
                ascii=text.ascii,
                entries=entries,
                sorted=is_sorted,
            ),
            (Part(self._rows, ChunkColumn(address(data), validity=_bitmap(bitmap))),),
            tuple(owners),
            dictionary=BoundDictionary(address(text.data), address(text.offsets), entries),
            facts=ColumnFacts(
                None if bounds is None else bounds["min"].as_py(),
                None if bounds is None else bounds["max"].as_py(),
                bounds is not None,
                nulls,
                entries,
                width=text.data.nbytes / max(entries, 1),
            ),
            nbytes=sum(owner.nbytes for owner in owners),
        )

    def _plain(
        self,
        pieces: Sequence[_Piece],
        bitmap: np.ndarray[Any, Any] | None,
        nulls: int,
        threads: int,
    ) -> Column:
        text = _Text.of([piece.array for piece in pieces], self._memory, self._owner, threads)
        owners = [text.data, text.offsets]
        if bitmap is not None:
            owners.append(bitmap)
        at = ChunkColumn(address(text.data), address(text.offsets), _bitmap(bitmap))
        is_text = isinstance(self._type, t.String)
        return Column(
            Storage(
                "string",
                text.offsets.dtype.itemsize * 8,
                bitmap is not None,
                ascii=is_text and text.ascii,
            ),
            (Part(self._rows, at),),
            tuple(owners),
            facts=ColumnFacts(nulls=nulls, width=text.data.nbytes / max(self._rows, 1)),
            nbytes=sum(owner.nbytes for owner in owners),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """Strings laid end to end."""

    data: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any]
    ascii: bool

    @staticmethod
    def of(arrays: Sequence[pa.Array], memory: Memory, owner: str, threads: int) -> _Text:
        """The strings of all arrays, copied; 32-bit offsets if they can reach every byte."""
        arrays = parallel(_undictionary, arrays, threads)
        spans = [_span(array) for array in arrays]
        total = sum(stop - start for _, _, start, stop in spans)
        rows = sum(len(array) for array in arrays)
        dtype = np.dtype("<i4" if total < 1 << 31 else "<i8")
        data = memory.allocate(total, owner)
        offsets = memory.allocate((rows + 1) * dtype.itemsize, owner).view(dtype)
        offsets[-1] = total
        places = []
        row = byte = 0
        for array, span in zip(arrays, spans, strict=True):
            places.append((row, byte, span))
            row, byte = row + len(array), byte + span[3] - span[2]

        def write(place: tuple[int, int, _Span]) -> bool:
            row, byte, (local, bytes_, start, stop) = place
            # offsets and bytes may both begin inside a larger, sliced array
            np.subtract(local[:-1], start - byte, out=offsets[row : row + len(local) - 1])
            data[byte : byte + stop - start] = bytes_[start:stop]
            return not (stop > start and bytes_[start:stop].max() > 127)

        return _Text(data, offsets, all(parallel(write, places, threads)))


_Span = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int, int]


def _span(array: pa.Array) -> _Span:
    """Offsets of each value and the end, all bytes, and which of them belong to `array`."""
    large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    dtype = np.dtype("<i8" if large else "<i4")
    _, offsets, data = array.buffers()
    if not len(array) or offsets is None:
        return np.zeros(1, dtype), np.zeros(0, np.uint8), 0, 0
    local = np.frombuffer(offsets, dtype, len(array) + 1, array.offset * dtype.itemsize)
    bytes_ = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return local, bytes_, int(local[0]), int(local[-1])


def is_ascii(array: pa.Array) -> bool:
    """Whether every byte of these plain strings is below 128."""
    _, data, start, stop = _span(array)
    return not (stop > start and data[start:stop].max() > 127)


def _undictionary(array: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(array.type):
        return array
    values = array.dictionary
    average = (_span(values)[3] - _span(values)[2]) // max(len(values), 1)
    if (average + 1) * len(array) * 4 > 1 << 31:
        wide = pa.large_binary() if pa.types.is_binary(values.type) else pa.large_string()
        array = pa.DictionaryArray.from_arrays(array.indices, values.cast(wide))
    return array.dictionary_decode()


def _small_codes(array: pa.Array) -> pa.Array:
    """Bytes for codes while the piece is in the cache: it will be read again much later."""
    if not pa.types.is_dictionary(array.type) or len(array.dictionary) > 1 << 8:
        return array
    codes = array.indices.cast(pa.uint8(), safe=False)
    return pa.DictionaryArray.from_arrays(codes, array.dictionary, safe=False)


def _coded(array: pa.Array) -> pa.DictionaryArray:
    return array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array)


def _too_many(array: pa.Array, limit: int, rows: int) -> bool:
    """A sample that seldom repeats promises more than `limit` distinct strings."""
    if pa.types.is_dictionary(array.type):
        return len(array.dictionary) > limit
    if rows <= limit:
        return False
    sample = array.slice(0, _SAMPLE)
    counts = pc.value_counts(sample).field("counts").to_numpy()
    if len(sample) < _SAMPLE:
        return len(counts) > limit
    return estimate_distinct(counts, rows) > limit


def estimate_distinct(counts: np.ndarray[Any, Any], rows: int) -> int:
    """Chao's estimator: distinct values among `rows` from how often each occurs in a sample."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    if once == len(counts):
        return rows
    unseen = once * (once - 1) // (2 * (twice + 1))
    return min(rows, len(counts) + unseen)


def _distinct(dictionaries: Sequence[pa.Array], limit: int) -> pa.Array | None:
    """The distinct strings of all dictionaries; None as soon as they exceed `limit`."""
    seen: pa.Array = pa.array([], pa.string())
    for start in range(0, len(dictionaries), 16):
        batch = dictionaries[start : start + 16]
        seen = pc.unique(pa.concat_arrays([seen, *(d.cast(pa.string()) for d in batch)]))
        if len(seen) > limit:
            return None
    return seen


def _bitmap(bitmap: np.ndarray[Any, Any] | None) -> int:
    return 0 if bitmap is None else address(bitmap)
