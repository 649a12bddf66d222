"""PIVOT and UNPIVOT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pyflare.codegen.ir.expr import AggregateCall, Call, Case, Column, Expr, Literal
from pyflare.codegen.ir.types import BIGINT, BOOLEAN, STRING, Struct, Type
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.aggregates import Grouping
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.expressions import Typer
from pyflare.engine.analyze.items import Item, items_of, name_of, named_columns
from pyflare.engine.analyze.literals import shown_literal
from pyflare.engine.analyze.lookup import expanded
from pyflare.engine.analyze.scope import Scope, Visible, scope_of
from pyflare.engine.analyze.setops import distinct
from pyflare.engine.analyze.storage_form import storage_value
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import columns_of_all, map_children
from pyflare.engine.types import sql_name

_MOST_VALUES = 10_000
_NULL_WITHOUT_ROWS = frozenset(("sum", "avg", "min", "max", "first", "last", "any_value"))


def pivot(node: s.Pivot, analysis: Analysis) -> Analyzed:
    """One column per pivot value and aggregate; NULL where a group has no row of the value."""
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope)
    column = typer.expr(node.column)
    if isinstance(column.type, Struct):
        raise unsupported("pivot on several columns")
    items = items_of(typer, node.aggregates)
    if node.groups is None:
        read = columns_of_all([column, *(item.value for item in items)])
        groups = [Item(v.name, v.column, v) for v in child.scope.entries if v.column.id not in read]
    else:
        groups = items_of(typer, node.groups)
    if typer.pending or typer.windows:
        raise unsupported("subqueries and window functions in pivot")
    values = _values(node, column, child, typer)
    keys: list[tuple[Column, Expr]] = [
        (g.value, g.value)
        if isinstance(g.value, Column)
        else (analysis.fresh_for(g.name, g.value), g.value)
        for g in groups
    ]
    inside = frozenset(c.id for c in child.plan.output)
    grouping = Grouping(analysis, inside, keys)
    out = [Item(g.name, grouping.lift(g.value), g.visible) for g in groups]
    for name, value in values:
        test = Call("eq_null_safe", (column, value), BOOLEAN, False)
        for item in items:
            title = name if len(items) == 1 else f"{name}_{item.name}"
            out.append(Item(title, grouping.lift(_where(item.value, test))))
    columns, entries = named_columns(analysis, out)
    plan = p.Project(grouping.plan(child.plan), columns)
    return Analyzed(plan, Scope(entries, None, (child.scope,)))


def _where(expr: Expr, test: Expr) -> Expr:
    """The aggregate over the rows that pass `test`, NULL if there is none."""

    def filtered(part: Expr) -> Expr:
        if not isinstance(part, AggregateCall):
            return map_children(part, filtered)
        condition = test
        if part.filter is not None:
            condition = Call("and", (test, part.filter), BOOLEAN, part.filter.nullable)
        return replace(part, filter=condition, nullable=True)

    value = filtered(expr)
    if isinstance(value, AggregateCall) and value.function in _NULL_WITHOUT_ROWS:
        return value
    if isinstance(value, AggregateCall):
        value = replace(value, nullable=value.function != "count")
    rows = AggregateCall("count", (), BIGINT, False, filter=test)
    some = Call("gt", (rows, Literal(0, BIGINT)), BOOLEAN, False)
    return Case(((some, value),), None, value.type, True)


def _values(node: s.Pivot, column: Expr, child: Analyzed, typer: Typer) -> list[tuple[str, Expr]]:
    """The pivot values with the names of their columns; found by a query if none are given."""
    analysis = typer.analysis
    if not node.values:
        return [(_title(v), v) for v in _found(column, child, analysis)]
    values: list[tuple[str, Expr]] = []
    for given in node.values:
        alias = given.names[0] if isinstance(given, s.Alias) else None
        value = typer.expr(given)
        if not isinstance(value, Literal):
            raise analysis_error(
                "NON_LITERAL_PIVOT_VALUES", {"expression": f'"{typer.shown(given)}"'}
            )
        cast = coerce.cast(value, column.type, analysis.options.timezone)
        if coerce.wider(value.type, column.type) is None:
            raise analysis_error(
                "PIVOT_VALUE_DATA_TYPE_MISMATCH",
                {
                    "value": shown_literal(value),
                    "valueType": sql_name(value.type),
                    "pivotType": sql_name(column.type),
                },
            )
        values.append((alias or _title(value), cast))
    return values


def _title(value: Literal) -> str:
    text = shown_literal(value)
    if value.value is None:
        return "null"
    # A date's column is named 2020-01-01, not DATE '2020-01-01'
    return text.split("'")[1] if text.endswith("'") and "'" in text[:-1] else text


def _found(column: Expr, child: Analyzed, analysis: Analysis) -> list[Literal]:
    """The distinct values in order, as Spark finds them with a query of its own."""
    out = analysis.fresh_for("value", column)
    plan = distinct(p.Project(child.plan, ((out, column),)))
    table: Any = analysis.session.collect(plan)
    if table.num_rows > _MOST_VALUES:
        raise analysis_error(
            "_LEGACY_ERROR_TEMP_1324",
            {
                "pivotColumn": out.name,
                "maxValues": str(_MOST_VALUES),
                "config": "`spark.sql.pivotMaxValues`",
            },
        )
    cells: list[Any] = [storage_value(cell, column.type) for cell in table.column(0).to_pylist()]
    known = sorted(cell for cell in cells if cell is not None)
    nulls: list[Any] = [None] * (len(known) < len(cells))
    return [Literal(value, column.type) for value in (*nulls, *known)]


def unpivot(node: s.Unpivot, analysis: Analysis) -> Analyzed:
    """A row per value column: the ids, the column's name, its value."""
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope, no_aggregates="UNPIVOT")
    ids = items_of(typer, node.ids)
    values = _value_items(node, typer, ids)
    type = coerce.common([item.value.type for item in values])
    if type is None or (coerce.wider(type, STRING) and _mixes_text(values)):
        types = ", ".join(f'"{sql_name(item.value.type)}" (`{item.name}`)' for item in values)
        raise analysis_error("UNPIVOT_VALUE_DATA_TYPE_MISMATCH", {"types": types})
    zone = analysis.options.timezone
    names, entries = named_columns(analysis, ids)
    nullable = any(item.value.nullable for item in values)
    variable = analysis.fresh(node.variable_name, STRING, False)
    value = analysis.fresh(node.value_name, type, nullable)
    projections = [
        (
            *(expr for _, expr in names),
            Literal(item.name, STRING),
            coerce.cast(item.value, type, zone),
        )
        for item in values
    ]
    columns = (*(c for c, _ in names), variable, value)
    plan: p.Plan = p.Expand(child.plan, tuple(projections), columns)
    if not node.include_nulls:
        plan = p.Filter(plan, Call("is_not_null", (value,), BOOLEAN, False))
    shown = (*entries, *scope_of((variable, value)).entries)
    return Analyzed(plan, Scope(shown, None, (child.scope,)))


def _mixes_text(values: Sequence[Item]) -> bool:
    """Text and other types together: UNPIVOT does not cast to or from text."""
    types: set[Type] = {item.value.type for item in values}
    return STRING in types and len(types) > 1


def _value_items(node: s.Unpivot, typer: Typer, ids: Sequence[Item]) -> list[Item]:
    if node.values is not None:
        items = []
        for given in expanded(typer, node.values):
            if isinstance(given, Column):
                items.append(Item(given.name, given))
            elif isinstance(given, s.Alias):
                items.append(Item(given.names[0], typer.expr(given.child)))
            else:
                items.append(Item(name_of(typer, given), typer.expr(given)))
        return items
    taken = columns_of_all([item.value for item in ids])
    rest: list[Visible] = [v for v in typer.scope.entries if v.column.id not in taken]
    if not rest:
        raise analysis_error("UNPIVOT_REQUIRES_VALUE_COLUMNS", {})
    return [Item(v.name, v.column) for v in rest]
