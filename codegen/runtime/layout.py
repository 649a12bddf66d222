"""How SQL values lie in a row of bytes: forms of values, and layouts of several of them.

Booleans take a byte; strings a pointer and a 64-bit length, or their dictionary code; a nullable
value has a validity byte. Strings' positions are known (`Layout.pointers`), so that rows can be
moved to disk and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyflare.codegen.emit.sql import Value, machine_type, type_range
from pyflare.codegen.emit.value import I1, I8, I32, I64, PTR, Val, bits
from pyflare.codegen.ir import types as t
from pyflare.codegen.unsupported import Unsupported

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext


@dataclass(frozen=True, slots=True)
class Form:
    """What is known of a value at staging time, without its staged parts."""

    type: t.Type
    lane: str
    nullable: bool
    lo: int | None = None
    hi: int | None = None
    has_length: bool = False
    dictionary: object | None = None
    coded: bool = False
    ascii: bool = False
    finite: bool = False

    @property
    def stored(self) -> str:
        """The LLVM type in memory of the data (of the code, if coded)."""
        if self.coded:
            return I32
        return I8 if self.lane == I1 else self.lane

    @property
    def size(self) -> int:
        return bits(self.stored) // 8


def form_of(value: Value) -> Form:
    return Form(
        value.type,
        value.data.type,
        value.valid is not None,
        value.lo,
        value.hi,
        value.length is not None,
        value.dictionary,
        value.code is not None,
        value.ascii,
        value.finite,
    )


def wide_form(type_: t.Type, nullable: bool) -> Form:
    """The form that every value of the type can take."""
    bounds = type_range(type_)
    lo, hi = bounds if bounds is not None else (None, None)
    has_length = isinstance(type_, t.String | t.Binary)
    return Form(type_, machine_type(type_), nullable, lo, hi, has_length)


def converted(value: Value, form: Form) -> Value:
    """`value` in another form of its type: wider, nullable, without its code."""
    if isinstance(value.type, t.Array | t.Map | t.Struct) and value.dictionary != form.dictionary:
        raise Unsupported(
            f"a union or outer join of columns of type {type(value.type).__name__.lower()}"
        )
    data = value.data
    code = data.code
    if data.type != form.lane:
        if value.valid is not None and value.valid.ref == "false":
            data = Val(code, "null" if form.lane == PTR else "zeroinitializer", form.lane)
        else:
            assert bits(data.type) <= bits(form.lane), (value, form)
            data = data.sext(form.lane) if data.type != I1 else data.zext(form.lane)
    valid = value.valid
    if form.nullable and valid is None:
        valid = code.true
    assert form.nullable or valid is None, (value, form)
    length = value.length
    if form.has_length and length is None:
        length = code.const(0, I64)
    return replace(
        value,
        type=form.type,
        data=data,
        valid=valid,
        lo=form.lo,
        hi=form.hi,
        length=length,
        code=value.code if form.coded else None,
        dictionary=form.dictionary,
        ascii=form.ascii,
        finite=form.finite,
    )


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value lies in a row: its data, and its validity byte (or None)."""

    form: Form
    at: int
    valid_at: int | None

    @property
    def length_at(self) -> int:
        return self.at + 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Fields of a row of `width` bytes, of which the first `header` belong to its owner."""

    fields: tuple[Field, ...]
    width: int
    header: int = 0

    @property
    def pointers(self) -> tuple[int, ...]:
        """Offsets of the (pointer, length) pairs."""
        return tuple(f.at for f in self.fields if f.form.has_length and not f.form.coded)

    def store(self, row: Val, index: int, value: Value, context: PipelineContext) -> None:
        """Writes field `index` of the row at `row`; NULLs are written as zeros."""
        field = self.fields[index]
        form = field.form
        value = converted(value, form)
        data = value.data
        if form.coded:
            assert value.code is not None
            data = value.code
        elif form.lane == I1:
            data = data.zext(I8)
        masked = value.valid is not None and value.valid.ref != "true"
        if masked and value.valid is not None:
            zero = Val(data.code, "null" if data.type == PTR else "zeroinitializer", data.type)
            data = value.valid.select(data, zero)
        row.at(I8, field.at).store(data, align=min(8, form.size))
        if form.has_length and not form.coded:
            assert value.length is not None
            length = value.length
            if masked and value.valid is not None:
                length = value.valid.select(length, 0)
            row.at(I8, field.length_at).store(length, align=8)
            context.reset_heap = False
        if field.valid_at is not None:
            assert value.valid is not None
            row.at(I8, field.valid_at).store(value.valid.zext(I8))

    def load(self, row: Val, index: int, context: PipelineContext) -> Value:
        """Field `index` of the row at `row`."""
        field = self.fields[index]
        form = field.form
        valid = None
        if field.valid_at is not None:
            valid = row.at(I8, field.valid_at).load(I8, "valid").trunc(I1)
        data = row.at(I8, field.at).load(form.stored, "field", align=min(8, form.size))
        if form.coded:
            from pyflare.codegen.operators.dictionaries import Dictionary

            assert isinstance(form.dictionary, Dictionary)
            return context.dictionary_string(form.type, form.dictionary, data, valid, form.ascii)
        if form.lane == I1:
            data = data.trunc(I1)
        length = (
            row.at(I8, field.length_at).load(I64, "length", align=8) if form.has_length else None
        )
        return Value(
            form.type,
            data,
            valid,
            form.lo,
            form.hi,
            length,
            None,
            form.dictionary,
            form.ascii,
            form.finite,
        )


def layout(forms: Sequence[Form], header: int = 0) -> Layout:
    """Fields for `forms`, widest first behind the header, so that none is padded."""
    places: dict[int, int] = {}
    at = header
    order = sorted(range(len(forms)), key=lambda i: -min(8, forms[i].size))
    widest = 8 if header % 8 == 0 and header else max(1, header)
    for i in order:
        size = forms[i].size
        align = min(8, size)
        widest = max(widest, align)
        at = -(-at // align) * align
        places[i] = at
        at += size + (8 if forms[i].has_length and not forms[i].coded else 0)
    fields = []
    for i, form in enumerate(forms):
        valid_at = None
        if form.nullable:
            valid_at = at
            at += 1
        fields.append(Field(form, places[i], valid_at))
    align = min(8, widest) if at else 1
    return Layout(tuple(fields), max(1, -(-at // align) * align), header)
