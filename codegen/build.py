"""From the physical plan to a Program: emission only, no LLVM, no address."""

from __future__ import annotations

from pyflare.codegen.ir.operators import Limit, Operator
from pyflare.codegen.operators.builder import Builder
from pyflare.codegen.operators.output import OutputSink
from pyflare.codegen.operators.produce import produce
from pyflare.codegen.program import Program


def build(root: Operator, diagnose: bool = False) -> Program:
    """The program that computes `root`. With `diagnose` its pipelines, otherwise the same, record
    the first failing row and its operands."""
    builder = Builder(diagnose)
    sink = OutputSink(builder, root.output)
    limit: tuple[int | None, int] | None = None
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
    )


def _result(builder: Builder, sink: OutputSink, row: object, limit: object) -> None:
    context = builder.current
    if limit is not None:
        bound, offset = limit  # type: ignore[misc]
        context.limit = (bound, offset)
        if bound is not None and context.loop is not None:
            # no morsel alone can add more than this to the first rows
            enough = context.parameter_word(bound + offset)
            count = context.once("limit", lambda: context.register("i64", "0", "emitted"))
            context.loop.break_if(count.get() >= enough)
            count.add(1)
    sink.emit(row)  # type: ignore[arg-type]

