"""Expressions over a dictionary-coded column, evaluated once per distinct string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyflare.codegen.emit.context import Row
from pyflare.codegen.emit.sql import Value, both
from pyflare.codegen.emit.value import I8, I32, I64
from pyflare.codegen.functions import expression
from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.operators.row import LazyRow
from pyflare.codegen.program import DictionaryRows, SharedBlock
from pyflare.codegen.runtime.layout import Layout, form_of, layout

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext

UNKNOWN_ROWS = 1 << 17


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The identity of a dictionary: that of the column of the bound table it came with."""

    source: str
    column: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The identity of the rows behind an opaque value."""

    source: str
    column: int


@dataclass(frozen=True, slots=True)
class Results:
    """A table of results by code."""

    block: str
    layout: Layout


def over_dictionary(context: PipelineContext, expr: Expr, column: Column, row: Row) -> Value | None:
    """The result at the row's code; None if strings are not few, or one of them could fail."""
    builder = context.builder
    value = row[column.id]
    dictionary = value.dictionary
    assert isinstance(dictionary, Dictionary)
    assert value.code is not None
    storage, rows = builder.storage(dictionary.source, dictionary.column)
    if storage.entries * 2 > (rows or UNKNOWN_ROWS):
        return None
    key = ("over", dictionary, expr)
    if key not in builder.shared:
        builder.shared[key] = _evaluate(context, expr, column, value, dictionary)
    results = builder.shared[key]
    if results is None:
        return None
    assert isinstance(results, Results)
    base = context.shared(results.block)
    # a NULL's code is a valid code of some string; its result is masked here
    at = base.at(I8, value.code.zext(I64) * results.layout.width)
    found = results.layout.load(at, 0, context)
    return found.with_valid(both(found.valid, value.valid))


def _evaluate(
    context: PipelineContext, expr: Expr, column: Column, value: Value, dictionary: Dictionary
) -> Results | None:
    builder = context.builder
    name = builder.unique(f"{column.name} table")
    made: Results | None = None
    with builder.pipeline(name, DictionaryRows(dictionary.source, dictionary.column)) as inner:
        code = inner.code
        with code.range_(inner.begin, inner.end, hint="code") as (index, _):
            text = inner.dictionary_string(
                value.type, dictionary, index.trunc(I32), None, value.ascii
            )
            plain = Value(text.type, text.data, None, length=text.length, ascii=text.ascii)
            result = expression.emit(expr, LazyRow(code, {column.id: lambda: plain}), inner)
            form = form_of(result)
            made = Results(name, layout([form]))
            out = inner.shared(name).at(I8, index * made.layout.width)
            made.layout.store(out, 0, result, inner)
    assert made is not None
    if inner.fallible:
        builder.pipelines.pop()
        return None
    builder.structure(
        SharedBlock(name, 0, (dictionary.source, dictionary.column), made.layout.width)
    )
    return made
