"""GROUP BY: keys, aggregates lifted out of the expressions around them, HAVING, ORDER BY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr, Literal, SortKey, WindowCall
from pyflare.codegen.ir.types import BIGINT, TINYINT, Integer, Map
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.expressions import Typer, has_aggregate
from pyflare.engine.analyze.finish import widened
from pyflare.engine.analyze.grouping_sets import Expansion, cube, expansion, rollup
from pyflare.engine.analyze.items import Item, items_of, named_columns
from pyflare.engine.analyze.lookup import expanded, unresolved
from pyflare.engine.analyze.ordering import sort_key
from pyflare.engine.analyze.scope import Scope
from pyflare.engine.analyze.subqueries import Pending, applied
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import columns_of, map_children, substitute
from pyflare.engine.plan.traverse import free_columns


@dataclass
class Grouping:
    """The keys and aggregates of one GROUP BY; `lift` moves expressions above it.

    `shown` is what the select list shows, once HAVING and ORDER BY are being lifted.
    """

    analysis: Analysis
    inside: frozenset[int]
    keys: list[tuple[Column, Expr]]
    expansion: Expansion | None = None
    aggregates: dict[AggregateCall, Column] = field(default_factory=dict)
    shown: Scope | None = None

    def __post_init__(self) -> None:
        columns = [c for c, _ in self.keys] if self.expansion is None else self.expansion.keys
        self._by_key = {value: c for (_, value), c in zip(self.keys, columns, strict=True)}
        self._known = {c.id for c in columns}

    def lift(self, expr: Expr) -> Expr:
        """`expr` over the output of the aggregate: keys and aggregates become its columns."""
        key = self._by_key.get(expr)
        if key is not None:
            return key
        match expr:
            case AggregateCall():
                column = self.aggregates.get(expr)
                if column is None:
                    column = self.analysis.fresh(expr.function, expr.type, expr.nullable)
                    self.aggregates[expr] = column
                return column
            case Call("grouping" | "grouping_id", args):
                return self._grouping(expr, args)
            case Column():
                if expr.id in self.inside and expr.id not in self._known:
                    raise self._missing(expr)
                return expr
            case _:
                return map_children(expr, self.lift)

    def _missing(self, column: Column) -> Exception:
        """A column that is neither grouped nor aggregated."""
        if self.shown is not None:
            return unresolved(self.shown, s.Attribute((column.name,)))
        if not self.keys:
            return analysis_error("MISSING_GROUP_BY", {})
        name = column.name
        return analysis_error(
            "MISSING_AGGREGATION",
            {"expression": f'"{name}"', "expressionAnyValue": f'"any_value({name})"'},
        )

    def lift_window(self, call: WindowCall) -> WindowCall:
        """A window function over the groups."""
        lifted = map_children(call, self.lift)
        assert isinstance(lifted, WindowCall)
        return lifted

    def _grouping(self, call: Call, args: tuple[Expr, ...]) -> Expr:
        if self.expansion is None:
            raise analysis_error("UNSUPPORTED_GROUPING_EXPRESSION", {}, call.origin)
        values = [value for _, value in self.keys]
        if call.function == "grouping_id" and not args:
            args = tuple(values)
        if any(arg not in values for arg in args):
            if call.function == "grouping":
                raise analysis_error(
                    "GROUPING_COLUMN_MISMATCH",
                    {
                        "grouping": ", ".join(_text(arg) for arg in args),
                        "groupingColumns": ", ".join(_text(value) for value in values),
                    },
                    call.origin,
                )
            raise analysis_error(
                "GROUPING_ID_COLUMN_MISMATCH",
                {
                    "groupingIdColumn": ", ".join(_text(arg) for arg in args),
                    "groupByColumns": ", ".join(_text(value) for value in values),
                },
                call.origin,
            )
        type = TINYINT if call.function == "grouping" else BIGINT
        return self.expansion.by_set([values.index(arg) for arg in args], type)

    def plan(self, child: p.Plan) -> p.Plan:
        """The aggregate with everything lifted so far."""
        calls = tuple((column, call) for call, column in self.aggregates.items())
        if self.expansion is None:
            return p.Aggregate(child, tuple(self.keys), calls)
        read: set[int] = set()
        for _, call in calls:
            read |= columns_of(call)
        kept = [c for c in child.output if c.id in read]
        expand = self.expansion.expand(child, [value for _, value in self.keys], kept)
        keys = tuple((c, c) for c in (*self.expansion.keys, *self.expansion.tail))
        return p.Aggregate(expand, keys, calls)


def _text(expr: Expr) -> str:
    return expr.name if isinstance(expr, Column) else "expression"


def aggregate(
    node: s.Aggregate, analysis: Analysis, order: Sequence[s.SyntaxExpr] | None = None
) -> Analyzed:
    """GROUP BY with its select list, HAVING and, for SQL, the ORDER BY that stands over it."""
    child = analysis.relation(node.child, analysis)
    below = Typer(analysis, child.scope, grouped=True)
    items = items_of(below, node.items)
    keys, sets = _keys(below, node, items)
    if any(isinstance(value.type, Map) for value in keys):
        raise unsupported("grouping by a map")
    named = [_key_column(analysis, value, items) for value in keys]
    made = None if sets is None else expansion(analysis, sets, [c for c, _ in named])
    inside = frozenset(c.id for c in child.plan.output)
    grouping = Grouping(analysis, inside, named, made)

    lifted = [replace(item, value=grouping.lift(item.value)) for item in items]
    columns, entries = named_columns(analysis, lifted)
    scope = Scope(entries, None, (child.scope,))
    above = replace(below, scope=scope, below=child.scope, rows=child.scope, aliases={})
    having = None
    if keys:
        grouping.shown = scope
    if node.having is not None:
        condition = grouping.lift(above.condition(node.having, "FILTER"))
        having = substitute(condition, {c.id: value for c, value in columns})
    sort = _order(above, grouping, columns, order)
    windows = tuple((column, grouping.lift_window(call)) for column, call in below.windows)
    return _assemble(child, grouping, below.pending, windows, having, columns, scope, sort)


def _assemble(
    child: Analyzed,
    grouping: Grouping,
    pending: Sequence[Pending],
    windows: tuple[tuple[Column, WindowCall], ...],
    having: Expr | None,
    columns: tuple[tuple[Column, Expr], ...],
    scope: Scope,
    sort: tuple[SortKey, ...],
) -> Analyzed:
    early = _read_early(grouping, pending)
    plan = applied(child.plan, [one for one in pending if one.column.id in early])
    plan = grouping.plan(plan)
    late = [
        replace(one, operands=tuple(grouping.lift(e) for e in one.operands))
        for one in pending
        if one.column.id not in early
    ]
    for one in late:
        ungrouped = free_columns(one.plan) & grouping.inside - {c.id for c in plan.output}
        if ungrouped:
            raise unsupported("a correlated subquery over columns that are not grouped")
    plan = applied(plan, late)
    if having is not None:
        plan = p.Filter(plan, having)
    if windows:
        plan = p.Window(plan, windows)
    plan = p.Project(plan, columns)
    if sort:
        wanted = {id for key in sort for id in columns_of(key.expr)}
        wider = widened(plan, wanted & {c.id for c in plan.child.output})
        assert wider is not None
        plan = p.Sort(wider, sort)
    return Analyzed(plan, scope)


def _read_early(grouping: Grouping, pending: Sequence[Pending]) -> set[int]:
    """The subqueries whose values go into keys or aggregates, with those that they feed."""
    read: set[int] = set()
    for call in grouping.aggregates:
        read |= columns_of(call)
    for _, value in grouping.keys:
        read |= columns_of(value)
    for one in reversed(pending):
        if one.column.id in read:
            for operand in one.operands:
                read |= columns_of(operand)
    return read & {one.column.id for one in pending}


def _keys(
    typer: Typer,
    node: s.Aggregate,
    items: Sequence[Item],
) -> tuple[list[Expr], list[frozenset[int]] | None]:
    """The key values, and the grouping sets as positions among them."""
    if node.grouping == "all":
        values = [item.value for item in items if not has_aggregate(item.value)]
        return list(dict.fromkeys(values)), None
    values = []
    for group in node.groups:
        for one in _group(typer, node, group, items):
            if one not in values:
                values.append(one)
    match node.grouping:
        case "groupby":
            return values, None
        case "rollup":
            return values, rollup(len(values))
        case "cube":
            return values, cube(len(values))
        case "sets":
            sets = []
            for chosen in node.sets:
                parts = [v for g in chosen for v in _group(typer, node, g, items)]
                for part in parts:
                    if part not in values:
                        values.append(part)
                sets.append(frozenset(values.index(part) for part in parts))
            return values, sets


def _group(
    typer: Typer,
    node: s.Aggregate,
    group: s.SyntaxExpr,
    items: Sequence[Item],
) -> list[Expr]:
    """One GROUP BY item: a position or alias of the select list (SQL), or an expression."""
    match group:
        case Literal(value, Integer()) if node.sql and isinstance(value, int):
            if not 1 <= value <= len(items):
                raise analysis_error(
                    "GROUP_BY_POS_OUT_OF_RANGE", {"index": str(value), "size": str(len(items))}
                )
            chosen = items[value - 1].value
            if has_aggregate(chosen):
                text = items[value - 1].name
                raise analysis_error(
                    "GROUP_BY_POS_AGGREGATE", {"index": str(value), "aggExpr": text}
                )
            return [chosen]
        case s.Attribute((name,), None) if node.sql:
            found, _ = typer.scope.find((name,), typer.analysis.options.case_sensitive)
            named = [item for item in items if item.name.lower() == name.lower()]
            if not found and named:
                return [_ungrouped(named[0].value, named[0].name)]
        case s.Star() | s.RegexColumns():
            return [typer.expr(one) for one in expanded(typer, (group,))]
        case s.Alias(child):
            return [typer.expr(child)]
    return [_ungrouped(replace(typer, aliases={}).expr(group), typer.shown(group))]


def _ungrouped(value: Expr, text: str) -> Expr:
    if has_aggregate(value):
        raise analysis_error("GROUP_BY_AGGREGATE", {"sqlExpr": text})
    return value


def _key_column(analysis: Analysis, value: Expr, items: Sequence[Item]) -> tuple[Column, Expr]:
    if isinstance(value, Column):
        return value, value
    name = next((item.name for item in items if item.value == value), "key")
    return analysis.fresh_for(name, value), value


def _order(
    typer: Typer,
    grouping: Grouping,
    columns: tuple[tuple[Column, Expr], ...],
    order: Sequence[s.SyntaxExpr] | None,
) -> tuple[SortKey, ...]:
    if not order:
        return ()
    shown: dict[Expr, Expr] = {
        value: column for column, value in columns if not isinstance(value, Literal)
    }

    def selected(expr: Expr) -> Expr:
        return shown.get(expr) or map_children(expr, selected)

    keys = []
    for node in order:
        key = sort_key(typer, node, [column for column, _ in columns])
        keys.append(replace(key, expr=selected(grouping.lift(key.expr))))
    return tuple(keys)


def is_global(items: Sequence[s.SyntaxExpr], aggregates: frozenset[str]) -> bool:
    """A select list with an aggregate function in it, outside windows and subqueries."""
    return any(_contains(item, aggregates) for item in items)


def _contains(node: object, aggregates: frozenset[str]) -> bool:
    match node:
        case s.Function():
            return node.name.lower() in aggregates or any(
                _contains(arg, aggregates) for arg in node.args
            )
        case s.CaseWhen():
            return _contains(node.otherwise, aggregates) or any(
                _contains(part, aggregates) for branch in node.branches for part in branch
            )
        case s.CastTo() | s.Alias() | s.Ordering():
            return _contains(node.child, aggregates)
        case s.Extract():
            return _contains(node.child, aggregates) or _contains(node.key, aggregates)
        case s.WindowOver(s.Function(_, args), partition, order):
            return any(_contains(part, aggregates) for part in (*args, *partition, *order))
        case s.PythonFunction():
            return any(_contains(arg, aggregates) for arg in node.args)
        case s.InSubquery():
            return any(_contains(value, aggregates) for value in node.values)
        case _:
            return False
