"""spark.sql.ansi.enabled=false: casts give NULL or wrap, where ANSI raises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pyflare.codegen.ir.expr import Cast, Expr
from pyflare.codegen.ir.types import Boolean, Decimal, Float, Integer, String, Type
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan.expressions import map_children
from pyflare.engine.plan.traverse import bottom_up, map_expressions


def without_ansi(plan: p.Plan) -> p.Plan:
    """Every cast that would raise becomes one that does not. Nullability needs no change: Spark
    calls these casts nullable under ANSI too."""
    return bottom_up(plan, lambda node: map_expressions(node, _quiet))


def _quiet(expr: Expr) -> Expr:
    made = map_children(expr, _quiet)
    return replace(made, mode="legacy") if isinstance(made, Cast) and made.mode == "ansi" else made


def refuse_mixed(types: Iterable[Type], ansi: bool) -> None:
    """Without ANSI, text meets numbers by rules of its own, which are not built."""
    if ansi:
        return
    given = set(types)
    if any(isinstance(type, String) for type in given) and any(
        isinstance(type, Integer | Float | Decimal | Boolean) for type in given
    ):
        raise unsupported(
            "text beside numbers with spark.sql.ansi.enabled=false", "cast one of them"
        )
