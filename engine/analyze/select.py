"""Selections: projections, filters, orderings, limits, and the DataFrame's column verbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyflare.codegen.ir.expr import AggregateCall, Column, Expr, Literal
from pyflare.codegen.ir.types import BOOLEAN, Integer
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.aggregates import aggregate, is_global
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.constants import constant
from pyflare.engine.analyze.expressions import Typer
from pyflare.engine.analyze.finish import settled, widened
from pyflare.engine.analyze.functions import AGGREGATES
from pyflare.engine.analyze.functions.casts import castable
from pyflare.engine.analyze.items import Item, items_of, named_columns
from pyflare.engine.analyze.lookup import unresolved
from pyflare.engine.analyze.ordering import sort_key
from pyflare.engine.analyze.scope import Scope, Visible
from pyflare.engine.analyze.setops import distinct
from pyflare.engine.analyze.subqueries import applied
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import columns_of, columns_of_all
from pyflare.engine.types import sql_name


def project(node: s.Project, analysis: Analysis) -> Analyzed:
    """A select list; with aggregates in it, an aggregate over all rows."""
    if is_global(node.items, AGGREGATES):
        return aggregate(s.Aggregate(node.child, (), node.items), analysis)
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope)
    items = items_of(typer, node.items)
    return projected(child, items, typer)


def projected(child: Analyzed, items: Sequence[Item], typer: Typer) -> Analyzed:
    """The items over the child, with the subqueries and windows that they use."""
    columns, entries = named_columns(typer.analysis, items)
    plan = applied(passing(child, [value for _, value in columns], typer), typer.pending)
    if typer.windows:
        plan = p.Window(plan, tuple(typer.windows))
    scope = Scope(entries, None, (child.scope,))
    return Analyzed(p.Project(plan, columns), scope, child.scope)


def passing(child: Analyzed, values: Sequence[Expr], typer: Typer) -> p.Plan:
    """The child's plan, passing on the columns of `values` that it had dropped."""
    if typer.windows and typer.no_aggregates is not None:
        raise unsupported(f"a window function in {typer.no_aggregates}")
    wanted = columns_of_all(values)
    for one in typer.pending:
        wanted |= columns_of_all(one.operands)
    if child.below is not None:
        hidden = {v.column.id for v in child.below.entries}
        plan = widened(child.plan, wanted & hidden)
        if plan is not None:
            return plan
    return child.plan


def filter_(node: s.Filter, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope, below=child.below, no_aggregates="WHERE")
    condition = typer.condition(node.condition, "FILTER")
    plan = applied(passing(child, [condition], typer), typer.pending)
    return replace(child, plan=p.Filter(plan, condition))


def sort(node: s.Sort, analysis: Analysis) -> Analyzed:
    """ORDER BY; over GROUP BY it may name what was grouped but not selected."""
    if node.sql:
        grouped = _grouped(node.child, analysis)
        if grouped is not None and not _is_all(node):
            below, within = grouped
            return aggregate(below, within, node.keys)
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope, below=child.below, no_aggregates="ORDER BY")
    columns = [v.column for v in child.scope.entries]
    nodes = node.keys
    if _is_all(node):
        ordering = node.keys[0]
        keys = []
        for column in columns:
            first = sort_key(
                typer, replace(_ordering(ordering), child=Literal(1, Integer(32))), [column]
            )
            keys.append(first)
    else:
        keys = [sort_key(typer, key, columns if node.sql else ()) for key in nodes]
    plan = applied(passing(child, [key.expr for key in keys], typer), typer.pending)
    if not keys:
        return child
    return replace(child, plan=p.Sort(plan, tuple(keys)))


def _ordering(node: s.SyntaxExpr) -> s.Ordering:
    return node if isinstance(node, s.Ordering) else s.Ordering(node)


def _is_all(node: s.Sort) -> bool:
    """ORDER BY ALL"""
    if not node.sql or len(node.keys) != 1:
        return False
    child = _ordering(node.keys[0]).child
    return isinstance(child, s.Attribute) and tuple(map(str.lower, child.parts)) == ("all",)


def _grouped(node: s.Relation, analysis: Analysis) -> tuple[s.Aggregate, Analysis] | None:
    match node:
        case s.Aggregate():
            return node, analysis
        case s.Project(child, items) if is_global(items, AGGREGATES):
            return s.Aggregate(child, (), items, sql=True), analysis
        case s.WindowDefinitions(child, windows):
            known = {name.lower(): window for name, window in windows}
            inner = replace(analysis, windows={**analysis.windows, **known})
            return _grouped(child, inner)
        case _:
            return None


def limit(node: s.Limit | s.Offset, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    what = "limit" if isinstance(node, s.Limit) else "offset"
    wanted = node.limit if isinstance(node, s.Limit) else node.offset
    count = _count(wanted, what, child.scope, analysis)
    match node:
        case s.Limit():
            plan: p.Plan = p.Limit(child.plan, count)
        case s.Offset():
            plan = p.Limit(child.plan, None, count)
    return Analyzed(plan, child.scope)


def _count(node: s.SyntaxExpr, what: str, scope: Scope, analysis: Analysis) -> int:
    typer = Typer(analysis, scope, no_aggregates=what.upper())
    value = constant(typer.expr(node))
    text = typer.shown(node)
    if value is None:
        raise analysis_error(
            "INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE", {"name": what, "expr": f'"{text}"'}
        )
    if not isinstance(value.type, Integer):
        raise analysis_error(
            "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
            {"name": what, "expr": f'"{text}"', "dataType": f'"{sql_name(value.type)}"'},
        )
    if not isinstance(value.value, int):
        raise analysis_error(
            "INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL", {"name": what, "expr": f'"{text}"'}
        )
    if value.value < 0:
        raise analysis_error(
            "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
            {"name": what, "expr": f'"{text}"', "v": str(value.value)},
        )
    return value.value


def deduplicate(node: s.Deduplicate, analysis: Analysis) -> Analyzed:
    """DISTINCT; or for each value of some columns one of its rows."""
    child = analysis.relation(node.child, analysis)
    plan = settled(child, analysis)
    output = plan.output
    entries = tuple(replace(v, column=c) for v, c in zip(child.scope.entries, output, strict=True))
    scope = replace(child.scope, entries=entries, hidden=())
    if node.columns is None:
        return Analyzed(distinct(plan), scope)
    chosen = {v.column.id for name in node.columns for v in columns_named(scope, name, analysis)}
    keys = tuple((c, c) for c in output if c.id in chosen)
    keep = Literal(False, BOOLEAN)
    kept: dict[int, Column] = {}
    calls: list[tuple[Column, AggregateCall]] = []
    for c in output:
        if c.id not in chosen:
            kept[c.id] = analysis.fresh(c.name, c.type, c.nullable)
            calls.append((kept[c.id], AggregateCall("first", (c, keep), c.type, c.nullable)))
    shown = tuple(
        replace(v, column=kept.get(v.column.id, v.column), identity=v.same) for v in entries
    )
    return Analyzed(p.Aggregate(plan, keys, tuple(calls)), replace(scope, entries=shown))


def columns_named(scope: Scope, name: str, analysis: Analysis) -> list[Visible]:
    """All columns of this name; none is UNRESOLVED_COLUMN_AMONG_FIELD_NAMES."""
    found = [v for v in scope.entries if same_name(v.name, name, analysis)]
    if not found:
        raise analysis_error(
            "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
            {"colName": f'"{name}"', "fieldNames": ", ".join(v.name for v in scope.entries)},
        )
    return found


def same_name(a: str, b: str, analysis: Analysis) -> bool:
    return a == b if analysis.options.case_sensitive else a.lower() == b.lower()


def with_columns(node: s.WithColumns, analysis: Analysis) -> Analyzed:
    """Each column replaces those of its name, or is added."""
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope)
    made: list[Item] = []
    for alias in node.columns:
        value = typer.expr(alias.child)
        made.append(Item(alias.names[0], value, metadata=alias.metadata))
    for at, item in enumerate(made):
        if any(same_name(item.name, other.name, analysis) for other in made[:at]):
            raise analysis_error("COLUMN_ALREADY_EXISTS", {"columnName": f"`{item.name}`"})
    items: list[Item] = []
    used: set[str] = set()
    for v in child.scope.entries:
        new = next((item for item in made if same_name(item.name, v.name, analysis)), None)
        if new is None:
            items.append(Item(v.name, v.column, v))
        else:
            used.add(new.name)
            items.append(new)
    items.extend(item for item in made if item.name not in used)
    return projected(child, items, typer)


def rename_columns(node: s.RenameColumns, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    items = []
    for v in child.scope.entries:
        name = v.name
        for old, new in node.renames:
            if same_name(name, old, analysis):
                name = new
        items.append(Item(v.name, v.column, v) if name == v.name else Item(name, v.column))
    return projected(child, items, Typer(analysis, child.scope))


def drop_columns(node: s.DropColumns, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope)
    dropped: set[int] = set()
    for column in node.columns:
        if isinstance(column, s.Attribute) and column.plan_id is None:
            found, _ = child.scope.find(column.parts, analysis.options.case_sensitive)
            if found:
                dropped |= columns_of(typer.expr(column))
            continue
        if not isinstance(column, s.Attribute):
            raise unsupported("drop of an expression")
        if any(True for _ in child.scope.named(column.plan_id or 0)):
            value = typer.expr(column)
            if isinstance(value, Column):
                dropped.add(value.id)
    items = [
        Item(v.name, v.column, v)
        for v in child.scope.entries
        if v.column.id not in dropped
        and not any(same_name(v.name, name, analysis) for name in node.names)
    ]
    return projected(child, items, typer)


def to_dataframe(node: s.ToDataFrame, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    entries = child.scope.entries
    if len(node.names) != len(entries):
        raise analysis_error(
            "ASSIGNMENT_ARITY_MISMATCH",
            {"numExpr": str(len(entries)), "numTarget": str(len(node.names))},
        )
    items = [Item(name, v.column) for name, v in zip(node.names, entries, strict=True)]
    return projected(child, items, Typer(analysis, child.scope))


def to_schema(node: s.ToSchema, analysis: Analysis) -> Analyzed:
    """df.to(schema): columns by name, reordered and cast up; missing nullable ones are NULL."""
    child = analysis.relation(node.child, analysis)
    items: list[Item] = []
    for field in node.schema.fields:
        found, _ = child.scope.find((field.name,), analysis.options.case_sensitive)
        if not found:
            if not field.nullable:
                raise unresolved(child.scope, s.Attribute((field.name,)))
            items.append(Item(field.name, Literal(None, field.type)))
            continue
        column = found[0].column
        if column.nullable and not field.nullable:
            raise analysis_error("NULLABLE_COLUMN_OR_FIELD", {"name": f"`{field.name}`"})
        if not castable(column.type, field.type):
            raise analysis_error(
                "INVALID_COLUMN_OR_FIELD_DATA_TYPE",
                {
                    "name": f"`{field.name}`",
                    "type": f'"{sql_name(column.type)}"',
                    "expectedType": f'"{sql_name(field.type)}"',
                },
            )
        value = coerce.cast(column, field.type, analysis.options.timezone)
        items.append(Item(field.name, value))
    return projected(child, items, Typer(analysis, child.scope))


def no_op(node: s.NoOp, analysis: Analysis) -> Analyzed:
    """repartition, coalesce and hints: their columns must exist, their effect is none."""
    child = analysis.relation(node.child, analysis)
    typer = Typer(analysis, child.scope, below=child.below, no_aggregates="REPARTITION")
    for key in node.checked:
        sort_key(typer, key)
    return replace(child, plan=p.Note(child.plan, node.what))


def sample(node: s.Sample, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    if node.with_replacement:
        raise unsupported("sampling with replacement")
    seed = node.seed if node.seed is not None else analysis.now
    return replace(child, plan=p.Sample(child.plan, node.lower, node.upper, seed), below=None)
