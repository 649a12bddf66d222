"""What a relation shows as a plan: exactly its visible columns, in order, each with its own id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.ir.types import Type
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.plan import nodes as p


def settled(analyzed: Analyzed, analysis: Analysis) -> p.Plan:
    """The plan with just the columns that the scope shows, under the names it shows."""
    wanted = analyzed.scope.entries
    output = analyzed.plan.output
    if len(output) == len(wanted) and all(
        c.id == v.column.id and c.name == v.name for c, v in zip(output, wanted, strict=True)
    ):
        return analyzed.plan
    columns: list[tuple[Column, Expr]] = []
    taken: set[int] = set()
    for v in wanted:
        column = v.column if v.name == v.column.name else replace(v.column, name=v.name)
        if column.id in taken:
            column = analysis.fresh(v.name, column.type, column.nullable)
        taken.add(column.id)
        columns.append((column, v.column))
    return p.Project(analyzed.plan, tuple(columns))


def retyped(plan: p.Plan, types: Sequence[Type], analysis: Analysis) -> p.Plan:
    """`plan` with its columns cast to `types`."""
    if all(c.type == type for c, type in zip(plan.output, types, strict=True)):
        return plan
    columns = []
    for column, type in zip(plan.output, types, strict=True):
        value = coerce.cast(column, type, analysis.options.timezone)
        out = column if value is column else analysis.fresh_for(column.name, value)
        columns.append((out, value))
    return p.Project(plan, tuple(columns))


def widened(plan: p.Plan, wanted: set[int]) -> p.Plan | None:
    """`plan` passing on the columns `wanted` from below its projections; None if they are gone."""
    missing = wanted - {c.id for c in plan.output}
    if not missing:
        return plan
    match plan:
        case p.Project(child, columns):
            below = widened(child, missing)
            if below is None:
                return None
            extra = tuple((c, c) for c in below.output if c.id in missing)
            return p.Project(below, columns + extra)
        case p.Filter() | p.Sort() | p.Note():
            below = widened(plan.child, missing)
            return None if below is None else replace(plan, child=below)
        case p.Apply():
            below = widened(plan.left, missing)
            return None if below is None else replace(plan, left=below)
        case _:
            return None
