"""df.stat, describe and summary: aggregates over the rows, laid out as Spark lays them out."""

from __future__ import annotations

from collections.abc import Sequence

from pyflare.codegen.ir.expr import AggregateCall, Call, Cast, Column, Expr, Literal
from pyflare.codegen.ir.types import BIGINT, DOUBLE, STRING, String
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.aggregates import Grouping
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.expressions import Typer
from pyflare.engine.analyze.quantiles import approx_quantile, at_share, counted, percentile_of
from pyflare.engine.analyze.reshape import pivot
from pyflare.engine.analyze.scope import Scope, Visible, scope_of
from pyflare.engine.analyze.subqueries import Pending, applied
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s

_DESCRIBED = ("count", "mean", "stddev", "min", "max")
_SUMMARY = ("count", "mean", "stddev", "min", "25%", "50%", "75%", "max")


def statistic(node: s.Statistic, analysis: Analysis) -> Analyzed:
    child = analysis.relation(node.child, analysis)
    parameters = dict(node.parameters)
    match node.kind:
        case "describe":
            return _summary(node, child, node.columns, _DESCRIBED, analysis)
        case "summary":
            wanted = tuple(parameters.get("statistics") or _SUMMARY)
            return _summary(node, child, (), wanted, analysis)
        case "corr" | "cov":
            return _pair(node, child, analysis)
        case "crosstab":
            return _crosstab(node, analysis)
        case "approx_quantile":
            return approx_quantile(node, analysis)
        case "freq_items" | "sample_by":
            raise unsupported(f"df.stat.{node.kind}")


def _named(child: Analyzed, name: str, analysis: Analysis) -> Visible:
    value = Typer(analysis, child.scope).expr(s.Attribute((name,)))
    assert isinstance(value, Column)
    found = child.scope.shows_column(value.id)
    assert found is not None
    return found


def _summary(
    node: s.Statistic,
    child: Analyzed,
    names: Sequence[str],
    statistics: Sequence[str],
    analysis: Analysis,
) -> Analyzed:
    """A row per statistic: its name, and its value as text for each number or text column."""
    entries = (
        [_named(child, name, analysis) for name in names] if names else list(child.scope.entries)
    )
    chosen = [v for v in entries if coerce.is_numeric(v.column.type) or v.column.type == STRING]
    grouping = Grouping(analysis, frozenset(), [])
    pending: list[Pending] = []
    counts: dict[int, int] | None = None
    rows: list[tuple[Expr, ...]] = []
    for name in statistics:
        share = percentile_of(name)
        if share is None:
            cells = [_text(grouping.lift(_value(name, v.column))) for v in chosen]
        else:
            positions = [child.scope.entries.index(v) for v in chosen]
            if counts is None:
                found = counted(node.child, positions, analysis)
                counts = dict(zip(positions, found, strict=True))
            made = [_percentile(node.child, at, counts[at], share, analysis) for at in positions]
            pending.extend(made)
            cells = [_text(one.column) for one in made]
        rows.append((Literal(name, STRING), *cells))
    columns = (
        analysis.fresh("summary", STRING, True),
        *(analysis.fresh(v.name, STRING, True) for v in chosen),
    )
    plan = p.Expand(applied(grouping.plan(child.plan), pending), tuple(rows), columns)
    return Analyzed(plan, scope_of(columns))


def _percentile(
    child: s.Relation, position: int, count: int, share: float, analysis: Analysis
) -> Pending:
    plan = at_share(child, position, count, share, analysis)
    column = analysis.fresh("percentile", plan.output[0].type, True)
    return Pending("scalar", plan, column)


def _value(statistic: str, column: Column) -> Expr:
    number: Expr = column
    if isinstance(column.type, String):
        number = Cast(column, DOUBLE, "try", True)
    match statistic:
        case "count":
            return AggregateCall("count", (column,), BIGINT, False)
        case "count_distinct" | "approx_count_distinct":
            return AggregateCall("count", (column,), BIGINT, False, distinct=True)
        case "mean":
            return AggregateCall("avg", (_double(number),), DOUBLE)
        case "stddev":
            return AggregateCall("stddev_samp", (_double(number),), DOUBLE)
        case "min" | "max":
            return AggregateCall(statistic, (column,), column.type)
        case _:
            raise analysis_error("UNRECOGNIZED_STATISTIC", {"stats": f"`{statistic}`"})


def _double(expr: Expr) -> Expr:
    return coerce.cast(expr, DOUBLE, "UTC")


def _text(expr: Expr) -> Expr:
    return coerce.cast(expr, STRING, "UTC")


def _pair(node: s.Statistic, child: Analyzed, analysis: Analysis) -> Analyzed:
    """df.corr and df.cov: one row with one double."""
    method = dict(node.parameters).get("method", "pearson")
    if method != "pearson":
        raise unsupported(f"df.corr by the method {method}")
    first, second = (_named(child, name, analysis).column for name in node.columns)
    for column in (first, second):
        if not coerce.is_numeric(column.type):
            raise unsupported(f"df.{node.kind} of the column {column.name}, which is no number")
    function = "corr" if node.kind == "corr" else "covar_samp"
    grouping = Grouping(analysis, frozenset(), [])
    value = grouping.lift(AggregateCall(function, (_double(first), _double(second)), DOUBLE))
    column = analysis.fresh(node.kind, DOUBLE, True)
    plan = p.Project(grouping.plan(child.plan), ((column, value),))
    return Analyzed(plan, scope_of((column,)))


def _crosstab(node: s.Statistic, analysis: Analysis) -> Analyzed:
    """Counts of pairs: a row per value of the first column, a column per value of the second."""
    first, second = node.columns
    key = s.Alias(_as_text(first), (f"{first}_{second}",))
    count = s.Function("count", (Literal(1, BIGINT),))
    counted = pivot(s.Pivot(node.child, (key,), _as_text(second), (), (count,)), analysis)
    zero = Literal(0, BIGINT)
    columns: list[tuple[Column, Expr]] = []
    for at, v in enumerate(counted.scope.entries):
        if at == 0:
            columns.append((v.column, v.column))
            continue
        value = Call("coalesce", (v.column, zero), BIGINT, False)
        columns.append((analysis.fresh(v.name, BIGINT, False), value))
    plan = p.Project(counted.plan, tuple(columns))
    return Analyzed(plan, Scope(scope_of(plan.output).entries))


def _as_text(name: str) -> s.SyntaxExpr:
    text = s.CastTo(s.Attribute((name,)), STRING)
    return s.Function("coalesce", (text, Literal("null", STRING)))
