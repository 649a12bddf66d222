"""The side of an outer join whose columns are NULL in rows that come out later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I32, I64, PTR, Val
from pyflare.codegen.ir.expr import Column
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.runtime.layout import Form, form_of, wide_form

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext


class OuterSide:
    """Remembers the forms in which columns passed, so that their NULLs take the same."""

    def __init__(self) -> None:
        self.forms: dict[int, Form] = {}

    def nullable(self, row: Row, context: PipelineContext) -> LazyRow:
        """The row, each value of which may be NULL in the pipeline that follows."""

        def value(id: int) -> Value:
            found = row[id]
            if found.valid is None:
                found = found.with_valid(context.code.true)
            self.forms[id] = form_of(found)
            return found

        makers: dict[int, Callable[[], Value]] = {id: lambda id=id: value(id) for id in row}  # type: ignore[misc]
        return LazyRow(context.code, makers)

    def nulls(self, columns: Sequence[Column], context: PipelineContext) -> LazyRow:
        """A NULL for each column, in the form in which its values passed."""
        makers: dict[int, Callable[[], Value]] = {}
        for column in columns:
            form = self.forms.get(column.id, wide_form(column.type, True))
            makers[column.id] = lambda form=form: null(form, context)  # type: ignore[misc]
        return LazyRow(context.code, makers)


def null(form: Form, context: PipelineContext) -> Value:
    """NULL in this form: zeros, and a dictionary code that may be looked up."""
    code = context.code
    zero = Val(code, "null" if form.lane == PTR else "zeroinitializer", form.lane)
    return Value(
        form.type,
        zero,
        code.false,
        form.lo,
        form.hi,
        code.const(0, I64) if form.has_length else None,
        code.const(0, I32) if form.coded else None,
        form.dictionary,
        form.ascii,
        form.finite,
    )
