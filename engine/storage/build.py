"""Which builder makes a column of each type, and whole columns from Arrow data in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, assert_never

import pyarrow as pa

from pyflare.codegen.bindings import ChunkColumn
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.operators import Storage
from pyflare.engine.storage.canonical import canonical
from pyflare.engine.storage.column import Column, Part
from pyflare.engine.storage.dictionary import StringBuilder
from pyflare.engine.storage.memory import Memory
from pyflare.engine.storage.narrow import (
    BooleanBuilder,
    Bounds,
    FloatBuilder,
    IntegerBuilder,
    NullBuilder,
)
from pyflare.engine.storage.parallel import parallel
from pyflare.engine.storage.table import ColumnFacts
from pyflare.engine.types import type_to_arrow

_SLICE = 1 << 18  # rows per task, so that a slice stays in the cache between its passes


class Builder(Protocol):
    """Collects a column piece by piece, in any order and from several threads."""

    def add(self, start: int, array: pa.Array) -> None:
        """Takes the values of rows from `start` on."""
        ...

    def finish(self, threads: int) -> Column:
        """The column, once every row has been added."""
        ...


class OpaqueBuilder:
    """A nested column: kept as Arrow data, from which the result border takes rows."""

    def __init__(self, type: t.Type, rows: int) -> None:
        self._type, self._rows = type, rows
        self._pieces: list[tuple[int, pa.Array]] = []

    def add(self, start: int, array: pa.Array) -> None:
        """Takes the values of rows from `start` on."""
        self._pieces.append((start, canonical(array, self._type)))

    def finish(self, threads: int) -> Column:
        """The column, once every row has been added."""
        pieces = [array for _, array in sorted(self._pieces, key=lambda piece: piece[0])]
        return opaque_column(
            pa.chunked_array(pieces, type=pieces[0].type if pieces else type_to_arrow(self._type))
        )


def opaque_column(array: pa.ChunkedArray) -> Column:
    """A column known only by its row numbers."""
    return Column(
        Storage("opaque", nulls=array.null_count > 0),
        (Part(len(array), ChunkColumn()),),
        (array,),
        array=array,
        facts=ColumnFacts(nulls=array.null_count, width=array.nbytes / max(len(array), 1)),
        nbytes=array.nbytes,
    )


def builder(
    name: str, type: t.Type, rows: int, memory: Memory, bounds: Bounds | None = None
) -> Builder:
    """An empty column of `rows` rows; `bounds` are proved limits of an integer column."""
    match type:
        case t.Null():
            return NullBuilder(name, rows, memory)
        case t.Boolean():
            return BooleanBuilder(name, rows, memory)
        case t.Float():
            return FloatBuilder(name, type, rows, memory)
        case t.String() | t.Binary():
            return StringBuilder(name, type, rows, memory)
        case (
            t.Integer()
            | t.Decimal()
            | t.Date()
            | t.Timestamp()
            | t.TimestampNTZ()
            | t.DayTimeInterval()
        ):
            return IntegerBuilder(name, type, rows, bounds, memory)
        case t.YearMonthInterval() | t.CalendarInterval() | t.Array() | t.Map() | t.Struct():
            return OpaqueBuilder(type, rows)
        case _:
            assert_never(type)


def build(
    fields: Sequence[t.Field], columns: Sequence[pa.ChunkedArray], memory: Memory, threads: int
) -> list[Column]:
    """Narrow columns of Arrow data, one per field."""
    builders = [
        builder(field.name, field.type, len(column), memory)
        for field, column in zip(fields, columns, strict=True)
    ]
    tasks = [
        (target, start, piece)
        for target, column in zip(builders, columns, strict=True)
        for start, piece in slices(column)
    ]
    parallel(lambda task: task[0].add(task[1], task[2]), tasks, threads)
    return [target.finish(threads) for target in builders]


def slices(column: pa.ChunkedArray) -> list[tuple[int, pa.Array]]:
    """The chunks of a column cut to slices of moderate size, each with its first row number."""
    pieces, first = [], 0
    for chunk in column.chunks:
        for start in range(0, len(chunk), _SLICE):
            pieces.append((first + start, chunk.slice(start, _SLICE)))
        first += len(chunk)
    return pieces
