"""Percentiles: the value at a rank, found by a top-k sort. Spark approximates; these are exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pyflare.codegen.ir.expr import AggregateCall, Call, Cast, Column, Expr, SortKey
from pyflare.codegen.ir.types import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    Array,
    Field,
    Float,
    String,
    Struct,
)
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.tables import scan
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import conjunction
from pyflare.engine.types import schema_to_arrow


def counted(child: s.Relation, positions: Sequence[int], analysis: Analysis) -> list[int]:
    """How many values the columns at these positions of `child` have: a query, run now."""
    rows = analysis.relation(child, analysis)
    values = [_value(rows.scope.entries[at].column) for at in positions]
    calls = tuple(
        (
            analysis.fresh("count", BIGINT, False),
            AggregateCall("count", (), BIGINT, False, filter=present(value)),
        )
        for value in values
    )
    table: Any = analysis.session.collect(p.Aggregate(rows.plan, (), calls))
    return [column[0].as_py() for column in table.columns]


def at_share(
    child: s.Relation, position: int, count: int, share: float, analysis: Analysis
) -> p.Plan:
    """One row: the least value of the column that at least `share` of the values do not exceed."""
    rows = analysis.relation(child, analysis)
    value = _value(rows.scope.entries[position].column)
    out = analysis.fresh("percentile", value.type, True)
    known = p.Project(p.Filter(rows.plan, present(value)), ((out, value),))
    rank = max(math.ceil(share * count), 1)
    return p.Sort(known, (SortKey(out),), limit=1, offset=rank - 1)


def _value(column: Column) -> Expr:
    """Text counts as the number that it spells, if any."""
    if isinstance(column.type, String):
        return Cast(column, DOUBLE, "try", True)
    return column


def present(value: Expr) -> Expr:
    """The value is neither NULL nor NaN."""
    known: Expr = Call("is_not_null", (value,), BOOLEAN, False)
    if not isinstance(value.type, Float):
        return known
    nan = Call("is_nan", (value,), BOOLEAN, False)
    both = conjunction((known, Call("not", (nan,), BOOLEAN, False)))
    assert both is not None
    return both


def approx_quantile(node: s.Statistic, analysis: Analysis) -> Analyzed:
    """df.approxQuantile: one row with an array of quantiles per column, found by queries now."""
    probabilities = dict(node.parameters)["probabilities"]
    shown = analysis.relation(node.child, analysis).scope
    positions = []
    for name in node.columns:
        found, _ = shown.find((name,), analysis.options.case_sensitive)
        if not found or not coerce.is_numeric(found[0].column.type):
            raise analysis_error(
                "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                {"colName": f'"{name}"', "fieldNames": ", ".join(v.name for v in shown.entries)},
            )
        positions.append(shown.entries.index(found[0]))
    counts = counted(node.child, positions, analysis)
    answer = [
        [_quantile(node.child, at, count, share, analysis) for share in probabilities]
        if count
        else []
        for at, count in zip(positions, counts, strict=True)
    ]
    type = Array(Array(DOUBLE, False), False)
    schema = Struct((Field("approx_quantile", type, False),))
    table = pa.Table.from_arrays([pa.array([answer])], schema=schema_to_arrow(schema))
    return scan(analysis.session.local(table, schema), analysis, ())


def _quantile(
    child: s.Relation, position: int, count: int, share: float, analysis: Analysis
) -> float:
    plan = at_share(child, position, count, share, analysis)
    value = coerce.cast(plan.output[0], DOUBLE, analysis.options.timezone)
    out = analysis.fresh("percentile", DOUBLE, True)
    table: Any = analysis.session.collect(p.Project(plan, ((out, value),)))
    return float(table.column(0)[0].as_py())


def percentile_of(statistic: str) -> float | None:
    """0.25 of "25%"; None for a name that is no percentile."""
    if not statistic.endswith("%"):
        return None
    try:
        share = float(statistic[:-1]) / 100
    except ValueError as error:
        raise _unparsable(statistic) from error
    if not 0 <= share <= 1:
        raise _unparsable(statistic)
    return share


def _unparsable(statistic: str) -> Exception:
    return analysis_error("UNRECOGNIZED_STATISTIC", {"stats": f"`{statistic}`"})
