"""Joins: conditions over both sides, USING and NATURAL, and what each kind shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyflare.codegen.ir.expr import Call, Column, Expr
from pyflare.codegen.ir.types import BOOLEAN
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.expressions import Typer
from pyflare.engine.analyze.scope import Scope, Visible
from pyflare.engine.analyze.subqueries import Pending, applied
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import columns_of, conjunction
from pyflare.engine.types import sql_name

_KINDS = {
    "inner": p.JoinType.INNER,
    "cross": p.JoinType.INNER,
    "left": p.JoinType.LEFT,
    "right": p.JoinType.RIGHT,
    "full": p.JoinType.FULL,
    "semi": p.JoinType.SEMI,
    "anti": p.JoinType.ANTI,
}


def join(node: s.Join, analysis: Analysis) -> Analyzed:
    left = analysis.relation(node.left, analysis)
    if node.lateral:
        return _lateral(node, left, analysis)
    right = analysis.relation(node.right, analysis)
    names = node.using
    if node.natural:
        shared = {v.name.lower() for v in right.scope.entries}
        names = tuple(v.name for v in left.scope.entries if v.name.lower() in shared)
    if names:
        return _using(node, left, right, names, analysis)
    both = Scope(
        left.scope.entries + right.scope.entries,
        None,
        (left.scope, right.scope),
        left.scope.hidden + right.scope.hidden,
    )
    kind = _KINDS[node.kind]
    if node.condition is None:
        plan: p.Plan = p.Join(left.plan, right.plan, kind)
        return Analyzed(plan, _shown(plan, both, left.scope, kind))
    typer = Typer(analysis, both, no_aggregates="a join condition")
    condition = typer.condition(node.condition, "JOIN")
    if typer.windows:
        raise unsupported("a window function in a join condition")
    plan = _joined(left, right, kind, condition, typer.pending)
    return Analyzed(plan, _shown(plan, both, left.scope, kind))


def _joined(
    left: Analyzed, right: Analyzed, kind: p.JoinType, condition: Expr, pending: list[Pending]
) -> p.Plan:
    """The join, with the subqueries of its condition applied where their columns come from."""
    if not pending:
        return p.Join(left.plan, right.plan, kind, condition)
    if kind is p.JoinType.INNER:
        plan = applied(p.Join(left.plan, right.plan, kind), pending)
        return p.Filter(plan, condition)
    ids = {c.id for c in right.plan.output}
    for one in pending:
        read = {id for e in one.operands for id in columns_of(e)}
        if not read <= ids:
            raise unsupported("a subquery over the preserved side in an outer join's condition")
    return p.Join(left.plan, applied(right.plan, pending), kind, condition)


def _shown(plan: p.Plan, both: Scope, left: Scope, kind: p.JoinType) -> Scope:
    """The names of the join, with the nullability that the join gives its columns."""
    if kind in (p.JoinType.SEMI, p.JoinType.ANTI):
        return Scope(left.entries, None, both.children, left.hidden)
    return renewed(both, plan)


def renewed(scope: Scope, plan: p.Plan) -> Scope:
    """`scope` with its columns as `plan` puts them out (an outer join makes them nullable)."""
    out = {c.id: c for c in plan.output}
    return replace(scope, entries=_renew(scope.entries, out), hidden=_renew(scope.hidden, out))


def _renew(entries: Sequence[Visible], out: dict[int, Column]) -> tuple[Visible, ...]:
    return tuple(
        v
        if v.column.id not in out or out[v.column.id].nullable == v.column.nullable
        else replace(v, column=replace(v.column, nullable=out[v.column.id].nullable))
        for v in entries
    )


def _using(
    node: s.Join, left: Analyzed, right: Analyzed, names: Sequence[str], analysis: Analysis
) -> Analyzed:
    """The join columns once and first; each side's own stays reachable by its qualifier."""
    pairs = [
        (_side(left, name, "left", analysis), _side(right, name, "right", analysis))
        for name in names
    ]
    tests = []
    for a, b in pairs:
        type = coerce.wider(a.column.type, b.column.type)
        if type is None:
            raise analysis_error(
                "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
                {
                    "sqlExpr": f'"({a.name} = {b.name})"',
                    "left": f'"{sql_name(a.column.type)}"',
                    "right": f'"{sql_name(b.column.type)}"',
                },
            )
        if not coerce.orderable(type):
            raise analysis_error(
                "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                {
                    "sqlExpr": f'"({a.name} = {b.name})"',
                    "functionName": "`=`",
                    "dataType": f'"{sql_name(type)}"',
                },
            )
        zone = analysis.options.timezone
        args = (coerce.cast(a.column, type, zone), coerce.cast(b.column, type, zone))
        tests.append(Call("eq", args, BOOLEAN, any(x.nullable for x in args)))
    kind = _KINDS[node.kind]
    plan: p.Plan = p.Join(left.plan, right.plan, kind, conjunction(tests))
    if kind in (p.JoinType.SEMI, p.JoinType.ANTI):
        first = {a.column.id for a, _ in pairs}
        entries = tuple(a for a, _ in pairs) + tuple(
            v for v in left.scope.entries if v.column.id not in first
        )
        return Analyzed(plan, Scope(entries, None, (left.scope, right.scope), left.scope.hidden))
    out = {c.id: c for c in plan.output}
    lefts = _renew([a for a, _ in pairs], out)
    rights = _renew([b for _, b in pairs], out)
    merged: tuple[Visible, ...]
    hidden: tuple[Visible, ...]
    match kind:
        case p.JoinType.RIGHT:
            merged, hidden = rights, lefts
        case p.JoinType.FULL:
            plan, merged = _coalesced(plan, lefts, rights, analysis)
            hidden = lefts + rights
        case _:
            merged, hidden = lefts, rights
    keyed = {v.column.id for pair in pairs for v in pair}
    rest = [v for v in (*left.scope.entries, *right.scope.entries) if v.column.id not in keyed]
    older = left.scope.hidden + right.scope.hidden
    return Analyzed(
        plan,
        Scope(
            merged + _renew(rest, out),
            None,
            (left.scope, right.scope),
            hidden + _renew(older, out),
        ),
    )


def _coalesced(
    plan: p.Plan, lefts: Sequence[Visible], rights: Sequence[Visible], analysis: Analysis
) -> tuple[p.Plan, tuple[Visible, ...]]:
    """FULL OUTER USING: the key of whichever side has a row."""
    columns: list[tuple[Column, Expr]] = [(c, c) for c in plan.output]
    merged = []
    for a, b in zip(lefts, rights, strict=True):
        type = coerce.wider(a.column.type, b.column.type)
        assert type is not None
        zone = analysis.options.timezone
        args = (coerce.cast(a.column, type, zone), coerce.cast(b.column, type, zone))
        value = Call("coalesce", args, type, all(x.nullable for x in args))
        column = analysis.fresh_for(a.name, value)
        columns.append((column, value))
        merged.append(Visible(a.name, column))
    return p.Project(plan, tuple(columns)), tuple(merged)


def _side(side: Analyzed, name: str, which: str, analysis: Analysis) -> Visible:
    found, _ = side.scope.find((name,), analysis.options.case_sensitive)
    if not found:
        raise analysis_error(
            "UNRESOLVED_USING_COLUMN_FOR_JOIN",
            {
                "colName": f"`{name}`",
                "side": which,
                "suggestion": "[" + ", ".join(f"`{v.name}`" for v in side.scope.entries) + "]",
            },
        )
    if len(found) > 1:
        raise analysis_error(
            "AMBIGUOUS_REFERENCE",
            {
                "name": f"`{name}`",
                "referenceNames": "["
                + ", ".join(".".join(f"`{part}`" for part in (*v.qualifier, v.name)) for v in found)
                + "]",
            },
        )
    return found[0]


def _lateral(node: s.Join, left: Analyzed, analysis: Analysis) -> Analyzed:
    """LATERAL: the right side is evaluated for each row of the left."""
    inner = analysis.inside(left.scope)
    right = analysis.relation(node.right, inner)
    scope = Scope(left.scope.entries + right.scope.entries, None, (left.scope, right.scope))
    if node.kind not in ("inner", "cross", "left") or node.using or node.natural:
        raise unsupported(f"a {node.kind} LATERAL join")
    condition = None
    if node.condition is not None:
        typer = Typer(analysis, scope, no_aggregates="a join condition")
        condition = typer.condition(node.condition, "JOIN")
        if typer.pending:
            raise unsupported("a subquery in the condition of a LATERAL join")
    kind = "left" if node.kind == "left" else "inner"
    plan = p.Apply(left.plan, right.plan, kind, None, (), condition)  # type: ignore[arg-type]
    return Analyzed(plan, renewed(scope, plan))
