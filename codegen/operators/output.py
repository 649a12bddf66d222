"""The end of a query: rows written by column into chunks that become Arrow arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyflare.codegen.emit.code import Variable
from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I8, I32, I64, PTR, Val
from pyflare.codegen.functions.text import copy
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Column
from pyflare.codegen.operators.dictionaries import Rows
from pyflare.codegen.program import Output, OutputColumn
from pyflare.codegen.runtime.calls import Request
from pyflare.codegen.unsupported import Unsupported

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.pipeline import PipelineContext

WORDS = 5
HEADER = 2


class OutputSink:
    """Takes the rows of the root; several pipelines may emit into it."""

    def __init__(self, builder: Builder, columns: Sequence[Column]) -> None:
        self.builder = builder
        self.columns = tuple(columns)
        self.structure: Output | None = None

    def emit(self, row: Row) -> None:
        context = self.builder.current
        values = [row[column.id] for column in self.columns]
        if self.structure is None:
            described = [
                output_column(column, value)
                for column, value in zip(self.columns, values, strict=True)
            ]
            self.structure = self.builder.structure(Output("output", tuple(described)))
        context.output = self.structure.name
        Writer(context, self.structure).write(values)

    def described(self) -> tuple[OutputColumn, ...]:
        assert self.structure is not None
        return self.structure.columns


def output_column(column: Column, value: Value) -> OutputColumn:
    """How a column of the result lies in its chunk."""
    type_ = column.type
    nullable = column.nullable or value.valid is not None
    if isinstance(value.dictionary, Rows):
        source = (value.dictionary.source, value.dictionary.column)
        return OutputColumn(column.name, type_, nullable, "opaque", 8, source)
    match type_:
        case t.Null():
            return OutputColumn(column.name, type_, True, "null")
        case t.Boolean():
            return OutputColumn(column.name, type_, nullable, "bool", 1)
        case t.Integer(bits) | t.Float(bits):
            return OutputColumn(column.name, type_, nullable, "fixed", bits // 8)
        case t.Date() | t.YearMonthInterval():
            return OutputColumn(column.name, type_, nullable, "fixed", 4)
        case t.Timestamp() | t.TimestampNTZ() | t.DayTimeInterval():
            return OutputColumn(column.name, type_, nullable, "fixed", 8)
        case t.Decimal() | t.CalendarInterval():
            return OutputColumn(column.name, type_, nullable, "fixed", 16)
        case t.String() | t.Binary():
            return OutputColumn(column.name, type_, nullable, "string", 4)
        case t.Array(t.Float(bits) | t.Integer(bits), _, size) if size is not None:
            return OutputColumn(
                column.name, type_, nullable, "vector", bits // 8 * size, None, size
            )
        case _:
            raise Unsupported(f"a computed result column of type {type(type_).__name__.lower()}")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the local block in a register, loaded again after a flush."""

    variable: Variable
    byte: int


class Writer:
    """The chunk of one worker: addresses and counts in registers between flushes."""

    def __init__(self, context: PipelineContext, output: Output) -> None:
        self.context = context
        self.code = context.code
        self.output = output
        self.local = context.local(output.name)
        self.rows = context.kept("rows", self.local, 0, I64, "out_rows")
        self.capacity = self._pointer(8, I64, "out_capacity")

    def _at(self, column: int, word: int) -> int:
        return 8 * (HEADER + WORDS * column + word)

    def _pointer(self, byte: int, type_: str, hint: str) -> Word:
        key = ("out", byte)

        def make() -> Word:
            initial = self.context.entry_load(self.local, byte, type_, hint)
            return Word(self.context.register(type_, initial.ref, hint), byte)

        return self.context.once(key, make)

    def write(self, values: Sequence[Value]) -> None:
        code = self.code
        columns = self.output.columns
        data = [self._pointer(self._at(i, 0), PTR, "out") for i in range(len(columns))]
        masks = [
            self._pointer(self._at(i, 1), PTR, "out_valid") if c.nullable else None
            for i, c in enumerate(columns)
        ]
        strings = [i for i, c in enumerate(columns) if c.kind == "string"]
        bytes_ = {i: self._pointer(self._at(i, 2), PTR, "out_bytes") for i in strings}
        used = {
            i: self.context.kept(("used", i), self.local, self._at(i, 3), I64, "out_used")
            for i in strings
        }
        there = {i: self._pointer(self._at(i, 4), I64, "out_there") for i in strings}
        lengths = {i: masked_length(values[i]) for i in strings}

        full = self.rows.get() >= get(self.capacity)
        longest = code.const(0, I64)
        for i in strings:
            full = full | (used[i].get() + lengths[i] > get(there[i]))
            longest = code.binary("smax", longest, lengths[i])
        reloaded = [self.capacity, *data, *(m for m in masks if m is not None)]
        reloaded += [*bytes_.values(), *there.values()]
        with code.if_(full, "flush", unlikely=True):
            self.local.store(self.rows.get())
            for i in strings:
                self.local.at(I8, self._at(i, 3)).store(used[i].get())
            self.context.request(Request.FLUSH, self.output.name, longest)
            self.rows.set(self.local.load(I64))
            for i in strings:
                used[i].set(self.local.at(I8, self._at(i, 3)).load(I64))
            for item in reloaded:
                item.variable.set(self.local.at(I8, item.byte).load(item.variable.type))

        at = self.rows.get()
        for i, (column, value) in enumerate(zip(columns, values, strict=True)):
            mask = masks[i]
            if mask is not None:
                valid = value.valid if value.valid is not None else code.true
                get(mask).at(I8, at).store(valid.zext(I8))
            else:
                assert value.valid is None, column
            match column.kind:
                case "null":
                    pass
                case "bool":
                    get(data[i]).at(I8, at).store(value.data.zext(I8))
                case "fixed" if isinstance(column.type, t.Float):
                    get(data[i]).at(value.data.type, at).store(value.data)
                case "fixed" | "opaque":
                    lane = f"i{column.width * 8}"
                    wide = value.data.resize(lane)
                    get(data[i]).at(lane, at).store(wide, align=min(8, column.width))
                case "vector":
                    self._copy_vector(get(data[i]), at, column, value)
                case "string":
                    start = used[i].get()
                    copy(get(bytes_[i]).at(I8, start), value.data, lengths[i])
                    after = start + lengths[i]
                    used[i].set(after)
                    get(data[i]).at(I32, at + 1).store(after.trunc(I32))
        self.rows.set(at + 1)

    def _copy_vector(self, data: Val, at: Val, column: OutputColumn, value: Value) -> None:
        size = self.code.const(column.width, I64)
        if value.valid is not None:
            size = value.valid.select(size, 0)
        copy(data.at(I8, at * column.width), value.data, size)


def get(word: Word) -> Val:
    return word.variable.get()


def masked_length(value: Value) -> Val:
    """The bytes of a string, 0 where it is NULL."""
    code = value.data.code
    if value.length is None:  # a bare NULL
        return code.const(0, I64)
    return value.length if value.valid is None else value.valid.select(value.length, 0)
