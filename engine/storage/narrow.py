"""Numbers, dates, times and booleans in the fewest bytes that their range needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.bindings import ChunkColumn
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import Storage
from pyflare.engine.storage.canonical import canonical, validity
from pyflare.engine.storage.column import Column, Part, address
from pyflare.engine.storage.memory import Memory
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.table import ColumnFacts
from pyflare.engine.storage.validity import Valid, Validity

Numbers = np.ndarray[Any, np.dtype[Any]]
Bounds = tuple[int, int]

_WIDTHS = (8, 16, 32, 64)
_WIDE = np.dtype([("low", "<u8"), ("high", "<i8")])  # a decimal beyond 64 bits


def bits_for(bounds: Bounds | None) -> int:
    """The narrowest signed machine integer that holds both bounds; 128 beyond 64 bits."""
    lo, hi = bounds or (0, 0)
    for bits in _WIDTHS:
        if -(1 << (bits - 1)) <= lo and hi < 1 << (bits - 1):
            return bits
    return 128


def dtype_for(bits: int) -> np.dtype[Any]:
    return _WIDE if bits == 128 else np.dtype(f"<i{bits // 8}")


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Values waiting for the width of the whole column; `array` keeps their memory."""

    start: int
    values: Numbers
    valid: Valid | None
    array: pa.Array


class IntegerBuilder:
    """A column of integers, decimals, dates or times.

    Bounds known beforehand (from footers) let every piece be written in place at once; otherwise
    pieces wait until the widest is known.
    """

    def __init__(
        self, name: str, type: t.Type, rows: int, bounds: Bounds | None, memory: Memory
    ) -> None:
        self._name, self._type, self._rows, self._memory = name, type, rows, memory
        self._owner = f"column {name}"
        self._validity = Validity(rows, memory, self._owner)
        self._bounds = bounds
        self._pieces: list[_Piece] = []
        self._found: list[Bounds] = []
        self._data = None if bounds is None else self._allocate(bounds)

    def _allocate(self, bounds: Bounds | None) -> Numbers:
        dtype = dtype_for(bits_for(bounds))
        return self._memory.allocate(self._rows * dtype.itemsize, self._owner).view(dtype)

    def add(self, start: int, array: pa.Array) -> None:
        """Takes the values of rows from `start` on; disjoint rows may be added concurrently."""
        array = canonical(array, self._type)
        if not len(array):
            return
        valid = validity(array)
        self._validity.set(start, valid)
        if self._data is not None:
            self._check(bounds_of(array, valid))
            _write(self._data, start, integers(array, self._data.dtype), valid, self._bounds)
            return
        bounds = bounds_of(array, valid)
        wide = bits_for(bounds) == 128
        values = integers(array, _WIDE if wide else np.dtype("<i8"))
        self._pieces.append(_Piece(start, values, valid, array))
        if bounds is not None:
            self._found.append(bounds)

    def _check(self, found: Bounds | None) -> None:
        """Generated code indexes memory by what the bounds allow: footers that lie are no basis."""
        if found is None or self._bounds is None:
            return
        lo, hi = self._bounds
        if found[0] < lo or hi < found[1]:
            what = f"column {self._name} has values from {found[0]} to {found[1]}"
            raise pa.ArrowInvalid(f"{what}, its footer promises {lo} to {hi}")

    def finish(self, threads: int) -> Column:
        """The column, once every row has been added."""
        data, bounds = self._data, self._bounds
        if data is None:
            if self._found:
                bounds = min(lo for lo, _ in self._found), max(hi for _, hi in self._found)
            data = self._allocate(bounds)
            target = data
            parallel(
                lambda piece: _write(target, piece.start, piece.values, piece.valid, bounds),
                self._pieces,
                threads,
            )
            self._pieces.clear()
        bitmap, nulls = self._validity.finish()
        lo, hi = bounds or (None, None)
        bits = data.dtype.itemsize * 8
        return fixed_column(
            data,
            bitmap,
            Storage("fixed", bits, bitmap is not None, lo, hi),
            ColumnFacts(lo, hi, lo is not None, nulls, unique=False, width=bits / 8),
        )


def _write(
    data: Numbers, start: int, values: Numbers, valid: Valid | None, bounds: Bounds | None
) -> None:
    """NULL rows get the least value, so that even they index memory within the bounds."""
    place = data[start : start + len(values)]
    filler = bounds[0] if bounds else 0
    if data.dtype == _WIDE:
        if values.dtype == _WIDE:
            place[:] = values
        else:
            place["low"] = values.astype(np.int64, copy=False).view(np.uint64)
            place["high"] = values >> 63
        if valid is not None:
            place[~valid] = (filler & ((1 << 64) - 1), filler >> 64)
        return
    np.copyto(place, values, casting="unsafe")
    if valid is not None:
        place[~valid] = filler


def integers(array: pa.Array, dtype: np.dtype[Any]) -> Numbers:
    """The values as integers without copying; of a decimal, the low word unless `dtype` is wide."""
    if pa.types.is_decimal128(array.type):
        words = _view(array, np.dtype("<i8"), 2)
        if dtype == _WIDE:
            return words.view(_WIDE)
        return words[0::2]
    return _view(array, np.dtype(f"<i{array.type.bit_width // 8}"), 1)


def _view(array: pa.Array, dtype: np.dtype[Any], lanes: int) -> Numbers:
    buffer = array.buffers()[1]
    count = len(array) * lanes
    if buffer is None or not count:
        return np.zeros(count, dtype)
    return np.frombuffer(buffer, dtype, count, array.offset * dtype.itemsize * lanes)


def bounds_of(array: pa.Array, valid: Valid | None) -> Bounds | None:
    """The least and the greatest non-NULL value in storage form; None if there is none."""
    if array.null_count == len(array):
        return None
    if not pa.types.is_decimal128(array.type):
        values = integers(array, np.dtype("<i8"))
        if valid is not None:
            values = values[valid]
        return int(values.min()), int(values.max())
    words = _view(array, np.dtype("<i8"), 2)
    low, high = words[0::2], words[1::2]
    if valid is not None:
        low, high = low[valid], high[valid]
    if np.array_equal(low >> 63, high):
        return int(low.min()), int(low.max())
    found = pc.min_max(array)
    return unscaled(found["min"].as_py()), unscaled(found["max"].as_py())


def unscaled(value: Decimal) -> int:
    """A decimal in storage form."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    with localcontext() as context:
        context.prec = 80
        return int(value.scaleb(-exponent))


class FloatBuilder:
    """A column of floats, as they are."""

    def __init__(self, name: str, type: t.Float, rows: int, memory: Memory) -> None:
        self._type = type
        self._validity = Validity(rows, memory, f"column {name}")
        raw = memory.allocate(rows * type.bits // 8, f"column {name}")
        self._data = raw.view(f"<f{type.bits // 8}")
        self._nans: list[bool] = []

    def add(self, start: int, array: pa.Array) -> None:
        """Takes the values of rows from `start` on; disjoint rows may be added concurrently."""
        array = canonical(array, self._type)
        valid = validity(array)
        self._validity.set(start, valid)
        place = self._data[start : start + len(array)]
        place[:] = _view(array, self._data.dtype, 1)
        if valid is not None:
            place[~valid] = 0.0
        self._nans.append(bool(np.isnan(place).any()))

    def finish(self, threads: int) -> Column:
        """The column, once every row has been added."""
        bitmap, nulls = self._validity.finish()
        storage = Storage("fixed", self._type.bits, bitmap is not None, finite=not any(self._nans))
        return fixed_column(
            self._data, bitmap, storage, ColumnFacts(nulls=nulls, width=self._type.bits / 8)
        )


class BooleanBuilder:
    """A column of booleans, a byte each."""

    def __init__(self, name: str, rows: int, memory: Memory) -> None:
        self._validity = Validity(rows, memory, f"column {name}")
        self._data = memory.allocate(rows, f"column {name}")

    def add(self, start: int, array: pa.Array) -> None:
        """Takes the values of rows from `start` on; disjoint rows may be added concurrently."""
        array = canonical(array, t.BOOLEAN)
        valid = validity(array)
        self._validity.set(start, valid)
        place = self._data[start : start + len(array)]
        place[:] = _view(array.fill_null(False).cast(pa.uint8()), np.dtype("u1"), 1)

    def finish(self, threads: int) -> Column:
        """The column, once every row has been added."""
        bitmap, nulls = self._validity.finish()
        storage = Storage("fixed", 8, bitmap is not None, 0, 1)
        facts = ColumnFacts(0, 1, True, nulls, 2, width=1.0)
        return fixed_column(self._data, bitmap, storage, facts)


class NullBuilder:
    """A column of nothing but NULLs."""

    def __init__(self, name: str, rows: int, memory: Memory) -> None:
        self._rows = rows
        self._data = memory.allocate(rows, f"column {name}")
        self._data.fill(0)

    def add(self, start: int, array: pa.Array) -> None:
        """Every value is NULL already."""

    def finish(self, threads: int) -> Column:
        """The column."""
        facts = ColumnFacts(nulls=self._rows, distinct=0, width=1.0)
        return fixed_column(self._data, self._data, Storage("fixed", 8, True), facts)


def fixed_column(
    data: Numbers, bitmap: np.ndarray[Any, Any] | None, storage: Storage, facts: ColumnFacts
) -> Column:
    """A column of one contiguous part."""
    owners: Sequence[Numbers] = [data] if bitmap is None else [data, bitmap]
    at = ChunkColumn(address(data), validity=0 if bitmap is None else address(bitmap))
    return Column(
        storage,
        (Part(len(data), at),),
        tuple(owners),
        facts=facts,
        nbytes=sum(owner.nbytes for owner in owners),
    )
