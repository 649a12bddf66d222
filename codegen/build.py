"""From the physical plan to a Program: emission only, no LLVM, no address."""

from __future__ import annotations

from typing import TypeAlias

from pyflare.codegen.emit.context import Row
from pyflare.codegen.ir.operators import Limit, Operator
from pyflare.codegen.operators.builder import Builder
from pyflare.codegen.operators.output import OutputSink
from pyflare.codegen.operators.produce import produce
from pyflare.codegen.program import Program

Cut: TypeAlias = tuple[int | None, int]


def build(root: Operator, diagnose: bool = False) -> Program:
    """The program that computes `root`. With `diagnose` its pipelines, otherwise the same, record
    the first failing row and its operands."""
    builder = Builder(diagnose)
    sink = OutputSink(builder, root.output)
    limit: Cut | None = None
    child = root
    if isinstance(root, Limit):
        limit, child = (root.limit, root.offset), root.child
    produce(child, builder, lambda row: _result(builder, sink, row, limit))
    return Program(
        tuple(builder.pipelines),
        builder.structures,
        builder.constants,
        tuple(builder.calls.values()),
        sink.described(),
        root,
        tuple(builder.literals),
    )


def _result(builder: Builder, sink: OutputSink, row: Row, limit: Cut | None) -> None:
    context = builder.current
    if limit is not None:
        bound, offset = limit
        context.limit = limit
        if bound is not None and context.loop is not None:
            # no morsel alone can add more than this to the first rows
            enough = context.parameter_word(bound + offset)
            count = context.once("limit", lambda: context.register("i64", "0", "emitted"))
            context.loop.break_if(count.get() >= enough)
            count.add(1)
    sink.emit(row)
