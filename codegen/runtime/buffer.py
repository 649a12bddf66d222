"""Rows appended to a worker's buffer, and rows by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflare.codegen.emit.value import I8, I64, PTR, Val
from pyflare.codegen.runtime.calls import Request

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext


def append(context: PipelineContext, tuples: str, width: int, partition: Val | int = 0) -> Val:
    """The address of a new row of `width` bytes, whatever they hold, in the worker's buffer."""
    code = context.code
    local = context.local(tuples)
    cursor = (
        local.at(I64, partition * 2) if isinstance(partition, Val) else local.at(I64, 2 * partition)
    )
    free = code.var(cursor.load(PTR, "free"), hint="free")
    with code.if_(free.get().ptrtoint() == cursor.at(I64, 1).load(I64), "grow", unlikely=True):
        context.request(Request.GROW, tuples, partition)
        free.set(cursor.load(PTR, "free"))
    row = free.get()
    cursor.store(row.at(I8, width))
    return row


def row_at(context: PipelineContext, tuples: str, number: Val, width: int) -> Val:
    """The address of row `number` (i64) of the buffer; row 0 is all zeros."""
    return context.shared(tuples).load(PTR, "rows").at(I8, number * width)


def number_of(context: PipelineContext, tuples: str, row: Val, width: int) -> Val:
    """The number (i64) of the row at this address."""
    base = context.shared(tuples).load(I64, "rows")
    return (row.ptrtoint() - base).udiv(width)
