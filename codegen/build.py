"""From the physical plan to a Program: emission only, no LLVM, no address."""

from __future__ import annotations

from pyflare.codegen.ir.expr import Column
from pyflare.codegen.ir.operators import Limit, Operator, Project, Scan
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
        _in_place(root),
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


def _in_place(root: Operator) -> tuple[str, tuple[int, ...]] | None:
    """(source, ordinals) if the result is nothing but columns of one scan."""
    match root:
        case Scan(source, columns):
            return source, tuple(range(len(columns)))
        case Project(Scan(source, columns), projected):
            ids = [c.id for c in columns]
            exprs = [expr for _, expr in projected]
            if all(isinstance(expr, Column) for expr in exprs):
                return source, tuple(ids.index(e.id) for e in exprs if isinstance(e, Column))
    return None
