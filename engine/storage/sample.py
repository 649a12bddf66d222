"""Estimates from a few thousand rows: how many distinct values, how wide."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.canonical import canonical
from pyflare.engine.storage.dictionary import estimate_distinct

SAMPLE_ROWS = 1 << 14


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample says: `distinct` values expected in all rows, mean `width` in bytes, and
    whether the sampled values were `unique` (no proof for the rest)."""

    distinct: int | None
    width: float
    unique: bool = False


def sample_column(array: pa.Array, type: t.Type, rows: int) -> Sample:
    """Extrapolates from the first rows of a column of `rows` rows."""
    width = array.nbytes / max(len(array), 1)
    if isinstance(type, t.Array | t.Map | t.Struct | t.CalendarInterval) or not len(array):
        return Sample(None, width)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    array = canonical(array, type)
    counts = pc.value_counts(array.drop_null()).field("counts").to_numpy()
    unique = len(counts) == len(array)
    if len(array) >= rows:
        return Sample(len(counts), width, unique)
    if unique:
        return Sample(rows, width, True)
    if _ascends(array):  # equal values lie together: their share of the rows is the same all over
        return Sample(max(len(counts), rows * len(counts) // len(array)), width)
    return Sample(estimate_distinct(counts, rows), width)


def sample_chunks(array: pa.ChunkedArray, type: t.Type) -> Sample:
    """The same of a whole column in memory."""
    head = array.slice(0, SAMPLE_ROWS)
    chunks = head.chunks or [pa.array([], array.type)]
    first = max(chunks, key=len) if pa.types.is_dictionary(array.type) else None
    return sample_column(pa.concat_arrays(chunks) if first is None else first, type, len(array))


def _ascends(array: pa.Array) -> bool:
    if len(array) < 2 or array.null_count or pa.types.is_boolean(array.type):
        return False
    return bool(pc.all(pc.less_equal(array[:-1], array[1:])).as_py())
