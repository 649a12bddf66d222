"""UNION, INTERSECT, EXCEPT: common types by position or by name, and duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal as OneOf

from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr, Literal
from pyflare.codegen.ir.types import BIGINT, BOOLEAN, Map, Type
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.finish import retyped, settled
from pyflare.engine.analyze.legacy import refuse_mixed
from pyflare.engine.analyze.scope import Scope, Visible, scope_of
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import conjunction
from pyflare.engine.types import sql_name

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def set_operation(node: s.SetOperation, analysis: Analysis) -> Analyzed:
    left = analysis.relation(node.left, analysis)
    right = analysis.relation(node.right, analysis)
    a, b = settled(left, analysis), settled(right, analysis)
    if node.by_name:
        a, b = _by_name(a, b, node.allow_missing, analysis)
    a, b = _aligned(a, b, node.kind, analysis)
    match node.kind:
        case "union":
            columns = tuple(
                analysis.fresh(x.name, x.type, x.nullable or y.nullable)
                for x, y in zip(a.output, b.output, strict=True)
            )
            plan: p.Plan = p.Union((a, b), (a.output, b.output), columns)
            entries = tuple(
                Visible(c.name, c, old.qualifier if c.name == old.name else ())
                for c, old in zip(columns, left.scope.entries, strict=False)
            )
            if len(entries) != len(columns):
                entries = scope_of(columns).entries
            scope = Scope(entries, None, (left.scope, right.scope))
        case "intersect" | "except":
            if node.all:
                plan = _multisets(a, b, node.kind, analysis)
            else:
                kind = p.JoinType.SEMI if node.kind == "intersect" else p.JoinType.ANTI
                plan = p.Join(a, b, kind, _same_rows(a.output, b.output))
            scope = Scope(scope_of(plan.output).entries, None, (left.scope, right.scope))
    return Analyzed(plan if node.all else distinct(plan), scope)


def distinct(plan: p.Plan) -> p.Plan:
    """SELECT DISTINCT: grouping by all columns."""
    _comparable(plan)
    return p.Aggregate(plan, tuple((c, c) for c in plan.output), ())


def _comparable(plan: p.Plan) -> None:
    for column in plan.output:
        if isinstance(column.type, Map):
            raise analysis_error(
                "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE",
                {"colName": f"`{column.name}`", "dataType": f'"{sql_name(column.type)}"'},
            )


def _same_rows(left: Sequence[Column], right: Sequence[Column]) -> Expr | None:
    return conjunction(
        Call("eq_null_safe", (x, y), BOOLEAN, False) for x, y in zip(left, right, strict=True)
    )


def _multisets(
    a: p.Plan, b: p.Plan, kind: OneOf["intersect", "except"], analysis: Analysis
) -> p.Plan:
    """INTERSECT ALL: each row min(m, n) times; EXCEPT ALL: max(m - n, 0) times, where it is m
    times in `a` and n times in `b`. Both sides are counted in one grouping."""
    _comparable(a)
    inputs, counted = [], []
    for side, marks in ((a, (1, 0)), (b, (0, 1))):
        ones = [(analysis.fresh("n", BIGINT, False), Literal(m, BIGINT)) for m in marks]
        counted.append(p.Project(side, (*((c, c) for c in side.output), *ones)))
        inputs.append((*side.output, *(c for c, _ in ones)))
    rows = tuple(
        analysis.fresh(x.name, x.type, x.nullable or y.nullable)
        for x, y in zip(a.output, b.output, strict=True)
    )
    marks_ = tuple(analysis.fresh("n", BIGINT, False) for _ in range(2))
    both = p.Union(tuple(counted), tuple(inputs), (*rows, *marks_))
    sums = [
        (analysis.fresh("n", BIGINT, False), AggregateCall("sum", (mark,), BIGINT, False))
        for mark in marks_
    ]
    m, n = (column for column, _ in sums)
    grouped = p.Aggregate(both, tuple((c, c) for c in rows), tuple(sums))
    times = Call("least", (m, n), BIGINT, False)
    if kind == "except":
        times = Call("wrap_sub", (m, n), BIGINT, False)
    out = tuple(
        analysis.fresh(x.name, x.type, x.nullable if kind == "except" else c.nullable)
        for x, c in zip(a.output, rows, strict=True)
    )
    return p.Expand(grouped, (rows,), out, times)


def _aligned(a: p.Plan, b: p.Plan, kind: str, analysis: Analysis) -> tuple[p.Plan, p.Plan]:
    """Both sides with the same number of columns of the same types."""
    if len(a.output) != len(b.output):
        raise analysis_error(
            "NUM_COLUMNS_MISMATCH",
            {
                "operator": kind.upper(),
                "firstNumColumns": str(len(a.output)),
                "invalidOrdinalNum": "second",
                "invalidNumColumns": str(len(b.output)),
            },
        )
    types: list[Type] = []
    for at, (x, y) in enumerate(zip(a.output, b.output, strict=True)):
        refuse_mixed((x.type, y.type), analysis.options.ansi)
        type = coerce.wider(x.type, y.type)
        if type is None:
            raise analysis_error(
                "INCOMPATIBLE_COLUMN_TYPE",
                {
                    "operator": kind.upper(),
                    "columnOrdinalNumber": _ORDINALS[at] if at < 8 else f"{at + 1}th",
                    "tableOrdinalNumber": "second",
                    "dataType1": f'"{sql_name(y.type)}"',
                    "dataType2": f'"{sql_name(x.type)}"',
                    "hint": "",
                },
            )
        types.append(type)
    return retyped(a, types, analysis), retyped(b, types, analysis)


def _by_name(
    a: p.Plan, b: p.Plan, allow_missing: bool, analysis: Analysis
) -> tuple[p.Plan, p.Plan]:
    """The right side in the left's order of names; with `allow_missing` gaps become NULL."""

    def key(name: str) -> str:
        return name if analysis.options.case_sensitive else name.lower()

    right = {key(c.name): c for c in b.output}
    left = {key(c.name): c for c in a.output}
    for names, plan in ((left, a), (right, b)):
        if len(names) != len(plan.output):
            raise unsupported("unionByName of relations with duplicate column names")
    missing_right = [c for c in a.output if key(c.name) not in right]
    missing_left = [c for c in b.output if key(c.name) not in left]
    if not allow_missing and missing_right:
        raise analysis_error(
            "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
            {
                "colName": f"`{missing_right[0].name}`",
                "fieldNames": ", ".join(c.name for c in b.output),
            },
        )
    if not allow_missing and missing_left:
        raise analysis_error(
            "NUM_COLUMNS_MISMATCH",
            {
                "operator": "UNION",
                "firstNumColumns": str(len(a.output)),
                "invalidOrdinalNum": "second",
                "invalidNumColumns": str(len(b.output)),
            },
        )

    def filled(plan: p.Plan, have: dict[str, Column]) -> p.Plan:
        columns: list[tuple[Column, Expr]] = []
        for wanted in (*a.output, *missing_left):
            column = have.get(key(wanted.name))
            if column is not None:
                columns.append((column, column))
            else:
                gap = Literal(None, wanted.type)
                columns.append((analysis.fresh(wanted.name, wanted.type, True), gap))
        return p.Project(plan, tuple(columns))

    return filled(a, left), filled(b, right)
