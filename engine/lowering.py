"""What the lowering of one query carries along: numbering, inputs, statistics, environments."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace

from pyflare.codegen.ir import operators as ir
from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal
from pyflare.engine.load import Inputs
from pyflare.engine.plan.expressions import map_children
from pyflare.engine.plan.nodes import Plan
from pyflare.engine.plan.nulls import STRICT
from pyflare.engine.statistics import Statistics

# NULL exactly when an argument is: what is proved not NULL stays so through these
EXACT = STRICT | {"and", "or", "in"}
NEVER_NULL = frozenset(("is_null", "is_not_null", "eq_null_safe", "is_nan", "hash", "xxhash64"))

Environment = Mapping[int, Column]


@dataclass(frozen=True, slots=True)
class Lowered:
    """An operator, and the physical column that stands for each logical id in its rows."""

    operator: ir.Operator
    columns: Environment


class Lowering:
    """The lowering of one query. `node` lowers any plan, for the columns that are needed."""

    def __init__(self, inputs: Inputs, node: Callable[[Plan, Lowering, Set[int]], Lowered]) -> None:
        self.inputs = inputs
        loaded = {i: (known.storage, known.rows) for i, known in inputs.loaded.items()}
        self.statistics = Statistics(loaded)
        self.shared: dict[str, Lowered] = {}
        self._node = node
        self._numbers: dict[int, int] = {}
        self._next = itertools.count()

    def node(self, plan: Plan, needed: Set[int]) -> Lowered:
        """The operator of a node below."""
        return self._node(plan, self, needed)

    def column(self, column: Column, nullable: bool) -> Column:
        """The physical column of a logical one: numbered when first made."""
        number = self._numbers.get(column.id)
        if number is None:
            number = self._numbers[column.id] = next(self._next)
        return Column(number, column.name, column.type, nullable)

    def helper(self, name: str, like: Expr) -> Column:
        """A column that no logical plan has."""
        return Column(next(self._next), name, like.type, like.nullable)


def expression(expr: Expr, columns: Environment) -> Expr:
    """`expr` over physical columns, with nullability decided anew."""
    if isinstance(expr, Column):
        return columns[expr.id]
    if isinstance(expr, Literal):
        return expr
    after = map_children(expr, lambda part: expression(part, columns))
    match after:
        case Call(function, args, _, nullable) if function in EXACT:
            now = any(arg.nullable for arg in args)
            return after if now == nullable else replace(after, nullable=now)
        case Call("coalesce", args, _, nullable):
            now = all(arg.nullable for arg in args)
            return after if now == nullable else replace(after, nullable=now)
        case Call(_, args, _, False) if after.function not in NEVER_NULL:
            # An outer join below may have made an argument nullable
            now = any(arg.nullable for arg in args)
            return replace(after, nullable=True) if now else after
        case Cast(child, _, "ansi", nullable) if nullable != child.nullable:
            return replace(after, nullable=child.nullable)
        case Cast(child, _, _, False) if child.nullable:
            return replace(after, nullable=True)
        case Case(branches, otherwise, _, nullable):
            now = otherwise is None or otherwise.nullable or any(v.nullable for _, v in branches)
            return after if now == nullable else replace(after, nullable=now)
        case _:
            return after


def trim(below: Lowered, needed: Set[int]) -> Lowered:
    """Drops the columns that nobody reads, where rows are about to be stored."""
    wanted = {below.columns[id].id for id in needed if id in below.columns}
    output = below.operator.output
    if all(column.id in wanted for column in output):
        return below
    kept = tuple((c, c) for c in output if c.id in wanted)
    return Lowered(
        ir.Project(below.operator, kept), {i: c for i, c in below.columns.items() if i in needed}
    )
