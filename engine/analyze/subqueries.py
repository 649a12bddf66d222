"""Subqueries in expressions become columns of an Apply below the node that uses them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyflare.codegen.ir.expr import Call, Column, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.finish import retyped, settled
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import walk as parts_of
from pyflare.engine.plan.traverse import expressions, free_columns, walk
from pyflare.engine.types import sql_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal as OneOf

    from pyflare.engine.analyze.expressions import Typer


@dataclass(frozen=True, slots=True)
class Pending:
    """A subquery whose Apply the user of `column` still has to make."""

    kind: OneOf["scalar", "exists", "in"]
    plan: p.Plan
    column: Column
    operands: tuple[Expr, ...] = ()


def placeholder(typer: Typer, node: s.ScalarSubquery | s.Exists | s.InSubquery) -> Column:
    """The column that will hold the subquery's value; the subquery joins `typer.pending`."""
    scopes = [scope for scope in (typer.scope, typer.below, typer.rows) if scope is not None]
    inner = typer.analysis.inside(*scopes)
    plan = settled(inner.relation(node.plan, inner), inner)
    match node:
        case s.ScalarSubquery():
            made = _scalar(typer, node, plan)
        case s.Exists():
            made = Pending("exists", plan, typer.analysis.fresh("exists", BOOLEAN, False))
        case s.InSubquery():
            made = _in(typer, node, plan)
    if made.kind != "in":
        name = "scalarsubquery" if made.kind == "scalar" else "exists"
        typer.spelled[id(node)] = f"{name}({', '.join(outer_names(plan))})"
    typer.pending.append(made)
    return made.column


def outer_names(plan: p.Plan) -> list[str]:
    """The columns of outer queries that the subquery reads, as Spark lists them in its name."""
    outer = free_columns(plan)
    found = (
        part.name
        for node in walk(plan)
        for expr in expressions(node)
        for part in parts_of(expr)
        if isinstance(part, Column) and part.id in outer
    )
    return list(dict.fromkeys(found))


def _scalar(typer: Typer, node: s.ScalarSubquery, plan: p.Plan) -> Pending:
    if len(plan.output) != 1:
        raise analysis_error(
            "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
            {"number": str(len(plan.output))},
            node.origin,
        )
    value = plan.output[0]
    return Pending("scalar", plan, typer.analysis.fresh("scalarsubquery", value.type, True))


def _in(typer: Typer, node: s.InSubquery, plan: p.Plan) -> Pending:
    operands = [typer.expr(value) for value in node.values]
    shown = ", ".join(typer.shown(value) for value in node.values)
    if len(operands) != len(plan.output):
        raise analysis_error(
            "DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
            {
                "sqlExpr": f'"({shown} IN (listquery()))"',
                "leftLength": str(len(operands)),
                "rightLength": str(len(plan.output)),
                "leftColumns": ", ".join(f'"{typer.shown(v)}"' for v in node.values),
                "rightColumns": ", ".join(f'"{c.name}"' for c in plan.output),
            },
            node.origin,
        )
    types = []
    for operand, column in zip(operands, plan.output, strict=True):
        type = coerce.wider(operand.type, column.type)
        if type is None:
            raise analysis_error(
                "DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH",
                {
                    "sqlExpr": f'"({shown} IN (listquery()))"',
                    "mismatchedColumns": f"({shown}, {column.name})",
                    "leftType": ", ".join(f'"{sql_name(e.type)}"' for e in operands),
                    "rightType": ", ".join(f'"{sql_name(c.type)}"' for c in plan.output),
                },
                node.origin,
            )
        types.append(type)
    zone = typer.analysis.options.timezone
    left = tuple([coerce.cast(e, type, zone) for e, type in zip(operands, types, strict=True)])
    right = retyped(plan, types, typer.analysis)
    nullable = any(e.nullable for e in (*left, *right.output))
    column = typer.analysis.fresh("in", BOOLEAN, nullable)
    return Pending("in", right, column, left)


def membership(column: Column, negated: bool) -> Expr:
    """The value of IN (subquery), or of NOT IN: false where SQL says unknown.

    Spark answers both through an existence join, which has no third value.
    """
    known = Call("coalesce", (column, Literal(negated, BOOLEAN)), BOOLEAN, column.nullable)
    return Call("not", (known,), BOOLEAN, column.nullable) if negated else known


def as_condition(expr: Expr) -> Expr:
    """coalesce(x, false) -> x; not(coalesce(x, true)) -> not(x): a filter drops both unknown
    and false."""
    match expr:
        case Call("and" | "or", args):
            return replace(expr, args=tuple(as_condition(arg) for arg in args))
        case Call("coalesce", (Column() as column, Literal(False))):
            return column
        case Call("not", (Call("coalesce", (Column() as column, Literal(True))),)):
            return replace(expr, args=(column,))
        case _:
            return expr


def applied(plan: p.Plan, pending: Sequence[Pending]) -> p.Plan:
    """`plan` with the columns of its pending subqueries."""
    for one in pending:
        plan = p.Apply(plan, one.plan, one.kind, one.column, one.operands)
    return plan
