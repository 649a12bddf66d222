"""Loaded columns read back from their addresses, as a compiled loop would see them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pyflare.codegen.bindings import ChunkColumn
from pyflare.codegen.ir.operators import Storage
from pyflare.codegen.ir.types import Float, Type
from pyflare.engine.storage.table import Loaded, Table

Reader = Callable[[Table, Loaded, int], list[Any]]


def _bytes(address: int, count: int) -> Any:
    if not count:
        return np.zeros(0, np.uint8)
    return np.frombuffer(ctypes.string_at(address, count), np.uint8).copy()


def _bits(address: int, first: int, count: int) -> Any:
    packed = _bytes(address, (first + count + 7) // 8)
    return np.unpackbits(packed, bitorder="little")[first : first + count]


def _texts(data: int, offsets: int, bits: int, count: int) -> list[bytes]:
    ends = _bytes(offsets, (count + 1) * bits // 8).view(f"<i{bits // 8}")
    text = _bytes(data, int(ends[-1])).tobytes()
    return [text[a:b] for a, b in pairwise(ends)]


def _values(
    loaded: Loaded, ordinal: int, storage: Storage, at: ChunkColumn, rows: int, type: Type
) -> list[Any]:
    letter = "f" if isinstance(type, Float) or storage.kind == "vector" else "i"
    match storage.kind:
        case "fixed" if storage.bits == 128:
            words = _bytes(at.data, 16 * rows).view([("low", "<u8"), ("high", "<i8")])
            return [int(w["low"]) + (int(w["high"]) << 64) for w in words]
        case "fixed":
            dtype = f"<{letter}{storage.bits // 8}"
            return list(_bytes(at.data, rows * storage.bits // 8).view(dtype).tolist())
        case "bits":
            return list(_bits(at.data, at.data_bit, rows).tolist())
        case "string":
            return list(_texts(at.data, at.offsets, storage.bits, rows))
        case "dictionary":
            dictionary = loaded.binding.dictionaries[ordinal]
            assert dictionary is not None
            entries = _texts(dictionary.data, dictionary.offsets, 32, dictionary.entries)
            codes = _bytes(at.data, rows * storage.bits // 8).view(f"<u{storage.bits // 8}")
            return [entries[code] if entries else b"" for code in codes]
        case _:
            dtype = f"<{letter}{storage.bits // 8}"
            flat = _bytes(at.data, rows * storage.size * storage.bits // 8).view(dtype)
            return list(flat.reshape(rows, storage.size).tolist())


def _column(table: Table, loaded: Loaded, ordinal: int, type: Type) -> list[Any]:
    storage = loaded.storage[ordinal]
    found: list[Any] = []
    for chunk in loaded.binding.chunks:
        at = chunk.columns[ordinal]
        assert chunk.first == len(found)
        if storage.kind == "opaque":
            array: Any = loaded.binding.arrays[ordinal]
            found += array.slice(chunk.first, chunk.rows).to_pylist()
            continue
        values = _values(loaded, ordinal, storage, at, chunk.rows, type)
        if storage.nulls:
            valid = _bits(at.validity, at.validity_bit, chunk.rows)
            values = [v if ok else None for v, ok in zip(values, valid, strict=True)]
        found += values
    assert len(found) == loaded.rows
    if storage.lo is not None and storage.hi is not None and storage.kind == "fixed":
        assert all(v is None or storage.lo <= v <= storage.hi for v in found)
    return found


@pytest.fixture
def column_of() -> Reader:
    """Values, in storage form, of the i-th column of a load that asked for all columns."""

    def read(table: Table, loaded: Loaded, ordinal: int) -> list[Any]:
        return _column(table, loaded, ordinal, table.schema.fields[ordinal].type)

    return read


@pytest.fixture
def rows_of(column_of: Reader) -> Callable[[Table], list[list[Any]]]:
    """All columns of a table, in storage form."""

    def read(table: Table) -> list[list[Any]]:
        count = len(table.schema.fields)
        loaded = table.load(range(count), [], 2)
        return [column_of(table, loaded, i) for i in range(count)]

    return read
