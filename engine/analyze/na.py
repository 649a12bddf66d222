"""df.na: filling, dropping and replacing missing values."""

from __future__ import annotations

from collections.abc import Sequence

from pyflare.codegen.ir.expr import Call, Case, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN, DOUBLE, INT, Boolean, Float, String, Type
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.expressions import Typer
from pyflare.engine.analyze.functions.casts import castable
from pyflare.engine.analyze.items import Item
from pyflare.engine.analyze.scope import Visible
from pyflare.engine.analyze.select import projected, same_name
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import conjunction


def operation(node: s.NaOperation, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    chosen = _chosen(child, node.columns, analysis)
    match node.kind:
        case "fill":
            return _fill(node, child, chosen, analysis)
        case "drop":
            return _drop(node, child, chosen)
        case "replace":
            return _replace(node, child, chosen, analysis)


def _chosen(child: Analyzed, names: Sequence[str], analysis: Analysis) -> list[list[Visible]]:
    """The columns of each name; all columns, one by one, without names."""
    entries = child.scope.entries
    if not names:
        return [[v] for v in entries]
    found = []
    for name in names:
        same = [v for v in entries if same_name(v.name, name, analysis)]
        if not same:
            raise analysis_error(
                "UNRESOLVED_COLUMN.WITH_SUGGESTION",
                {
                    "objectName": f"`{name}`",
                    "proposal": ", ".join(f"`{v.name}`" for v in entries[:5]),
                },
            )
        found.append(same)
    return found


def _fits(column: Type, value: Type) -> bool:
    """A fill or replacement value applies only to columns of its class."""
    if coerce.is_numeric(value):
        return coerce.is_numeric(column)
    return isinstance(column, type(value)) and isinstance(value, String | Boolean)


def _fill(
    node: s.NaOperation, child: Analyzed, chosen: list[list[Visible]], analysis: Analysis
) -> Analyzed:
    values = node.values if len(node.values) == len(chosen) else node.values[:1] * len(chosen)
    filled: dict[int, Expr] = {}
    for columns, value in zip(chosen, values, strict=True):
        for v in columns:
            paired = len(node.values) > 1 and castable(value.type, v.column.type)
            if paired or _fits(v.column.type, value.type):
                filled[v.column.id] = _filled(v, value, analysis)
    return _with(child, filled, analysis)


def _filled(v: Visible, value: Literal, analysis: Analysis) -> Expr:
    """coalesce(x, value); in a float column NaN counts as missing"""
    column = v.column
    given: Expr = column
    if isinstance(column.type, Float):
        given = _call("nanvl", (column, Literal(None, column.type)), column.type, True)
    new = coerce.cast(value, column.type, analysis.options.timezone)
    return _call("coalesce", (given, new), column.type, False)


def _call(function: str, args: tuple[Expr, ...], type: Type, nullable: bool) -> Expr:
    return Call(function, args, type, nullable)


def _with(child: Analyzed, values: dict[int, Expr], analysis: Analysis) -> Analyzed:
    items = [
        Item(v.name, values[v.column.id]) if v.column.id in values else Item(v.name, v.column, v)
        for v in child.scope.entries
    ]
    return projected(child, items, Typer(analysis, child.scope))


def _drop(node: s.NaOperation, child: Analyzed, chosen: list[list[Visible]]) -> Analyzed:
    """Rows with at least `threshold` values that are neither NULL nor NaN."""
    present = [_present(v) for columns in chosen for v in columns]
    least = len(present) if node.threshold is None else node.threshold
    if least >= len(present):
        predicate = conjunction(present)
        if least > len(present):
            predicate = Literal(False, BOOLEAN)
    else:
        total: Expr = Literal(0, INT)
        for test in present:
            one = Case(((test, Literal(1, INT)),), Literal(0, INT), INT, False)
            total = _call("add", (total, one), INT, False)
        predicate = _call("ge", (total, Literal(least, INT)), BOOLEAN, False)
    if predicate is None:
        return child
    return Analyzed(p.Filter(child.plan, predicate), child.scope)


def _present(v: Visible) -> Expr:
    known = _call("is_not_null", (v.column,), BOOLEAN, False)
    if not isinstance(v.column.type, Float):
        return known
    nan = _call("is_nan", (v.column,), BOOLEAN, False)
    return _call("and", (known, _call("not", (nan,), BOOLEAN, False)), BOOLEAN, False)


def _replace(
    node: s.NaOperation, child: Analyzed, chosen: list[list[Visible]], analysis: Analysis
) -> Analyzed:
    """CASE x WHEN old THEN new … ELSE x END for the columns of the old values' class"""
    if not node.replacements:
        return child
    target = node.replacements[0][0].type
    zone = analysis.options.timezone
    replaced: dict[int, Expr] = {}
    for v in (v for columns in chosen for v in columns):
        column = v.column
        if not _fits(column.type, target):
            continue
        numeric = coerce.is_numeric(column.type)
        subject = coerce.cast(column, DOUBLE, zone) if numeric else column
        branches: list[tuple[Expr, Expr]] = []
        for old, new in node.replacements:
            key = coerce.cast(old, subject.type, zone)
            test = _call("eq", (subject, key), BOOLEAN, subject.nullable or old.value is None)
            branches.append((test, coerce.cast(new, column.type, zone)))
        nullable = column.nullable or any(value.nullable for _, value in branches)
        replaced[column.id] = Case(tuple(branches), column, column.type, nullable)
    return _with(child, replaced, analysis)
