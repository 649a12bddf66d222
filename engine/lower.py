"""The optimised plan to physical operators: canonical column numbers, proofs from loaded columns.

Columns are numbered in the order in which operators make them, so equal queries lower to equal
programs. Nullability is decided again from the storage: the analyser could not know it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import cast

from pyflare.codegen.ir import operators as ir
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr, Literal, SortKey
from pyflare.codegen.ir.types import BIGINT, BOOLEAN, DOUBLE, Boolean, Date, Integer
from pyflare.engine.errors import unsupported
from pyflare.engine.facts import fact_of
from pyflare.engine.filter_order import cheapest_first
from pyflare.engine.load import Inputs
from pyflare.engine.lower_join import lower_join
from pyflare.engine.lowering import Lowered, Lowering, expression, trim
from pyflare.engine.plan.check import keeps
from pyflare.engine.plan.expressions import columns_of_all
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Empty,
    Expand,
    Filter,
    Join,
    Limit,
    MapBatches,
    Note,
    OneRow,
    Plan,
    Project,
    Range,
    Sample,
    Scan,
    Shared,
    Sort,
    Tail,
    Union,
    Window,
)
from pyflare.engine.plan.traverse import expressions, ids

DIRECT_GROUPS = 1 << 16  # an array of so many groups is small, however few of them occur
DENSE_GROUPS, GROUP_SHARE = 1 << 19, 4  # up to here if every fourth is expected to occur


def lower(plan: Plan, inputs: Inputs) -> ir.Operator:
    """Plan -> Operator with the same output columns in the same order."""
    lowering = Lowering(inputs, node)
    below = node(plan, lowering, ids(plan.output))
    wanted = tuple(below.columns[column.id] for column in plan.output)
    if below.operator.output == wanted and all(
        a.nullable == b.nullable and a.name == b.name
        for a, b in zip(below.operator.output, plan.output, strict=True)
    ):
        return below.operator
    columns: list[tuple[Column, Expr]] = []
    taken: set[int] = set()
    for column, value in zip(plan.output, wanted, strict=True):
        # A column may be asked for twice, or under another name than the one it was made with
        fresh = value.id in taken
        out = lowering.helper(column.name, value) if fresh else replace(value, name=column.name)
        taken.add(value.id)
        columns.append((out, value))
    return ir.Project(below.operator, tuple(columns))


def node(plan: Plan, lowering: Lowering, needed: Set[int]) -> Lowered:
    """The operator of one node; `needed` are the columns that somebody above reads."""
    match plan:
        case Scan():
            return _scan(plan, lowering)
        case Range(start, end, step, column):
            out = lowering.column(column, False)
            return Lowered(ir.Range(start, end, step, out), {column.id: out})
        case OneRow():
            return Lowered(ir.OneRow(), {})
        case Empty():
            return _empty(plan, lowering)
        case Filter(child, predicate):
            below = node(child, lowering, needed | columns_of_all([predicate]))
            ordered = cheapest_first(predicate, lowering.statistics.estimate(child).facts)
            condition = expression(ordered, below.columns)
            return Lowered(ir.Filter(below.operator, condition), below.columns)
        case Project():
            return _project(plan, lowering, needed)
        case Join():
            return lower_join(plan, lowering, needed)
        case Aggregate():
            return _aggregate(plan, lowering)
        case Sort():
            reads = needed | columns_of_all(expressions(plan))
            below = trim(node(plan.child, lowering, reads), reads)
            keys = tuple(
                SortKey(expression(k.expr, below.columns), k.ascending, k.nulls_first)
                for k in plan.keys
            )
            sort = ir.Sort(below.operator, keys, plan.limit, plan.offset)
            return Lowered(sort, below.columns)
        case Limit(child, limit, offset):
            below = trim(node(child, lowering, needed), needed)
            return Lowered(ir.Limit(below.operator, limit, offset), below.columns)
        case Union():
            return _union(plan, lowering)
        case Expand():
            return _expand(plan, lowering)
        case Shared():
            return _shared(plan, lowering)
        case Sample():
            return _sample(plan, lowering, needed)
        case Note(child):
            return node(child, lowering, needed)
        case Window():
            raise unsupported("window functions (OVER)")
        case MapBatches():
            raise unsupported("mapInPandas, mapInArrow, applyInPandas and cogroup")
        case Tail():
            raise unsupported("tail() inside a query", "call it last")
        case Apply():
            raise AssertionError("the unnesting rules remove every Apply")


def _scan(plan: Scan, lowering: Lowering) -> Lowered:
    inputs = lowering.inputs
    loaded = inputs.loaded[id(plan)]
    columns = tuple(
        lowering.column(column, storage.nulls or (storage.kind == "opaque" and column.nullable))
        for column, storage in zip(plan.columns, loaded.storage, strict=True)
    )
    scan = ir.Scan(inputs.names[id(plan)], columns, tuple(loaded.storage), loaded.rows)
    return Lowered(scan, {c.id: out for c, out in zip(plan.columns, columns, strict=True)})


def _empty(plan: Empty, lowering: Lowering) -> Lowered:
    columns = {c.id: lowering.column(c, True) for c in plan.columns}
    values = tuple((columns[c.id], Literal(None, c.type)) for c in plan.columns)
    return Lowered(ir.Project(ir.Limit(ir.OneRow(), 0), values), columns)


def _project(plan: Project, lowering: Lowering, needed: Set[int]) -> Lowered:
    kept = [(column, expr) for column, expr in plan.columns if column.id in needed]
    below = node(plan.child, lowering, columns_of_all(expr for _, expr in kept))
    columns: dict[int, Column] = {}
    computed: list[tuple[Column, Expr]] = []
    for column, expr in kept:
        value = expression(expr, below.columns)
        if isinstance(value, Column):
            # Another name for the same value needs no work
            columns[column.id] = replace(value, name=column.name)
            continue
        out = lowering.column(column, value.nullable)
        columns[column.id] = out
        computed.append((out, value))
    if not computed:
        return Lowered(below.operator, columns)
    passed = {c.id: c for c in columns.values() if c.id not in {out.id for out, _ in computed}}
    operator = ir.Project(below.operator, (*((c, c) for c in passed.values()), *computed))
    return Lowered(operator, columns)


def _aggregate(plan: Aggregate, lowering: Lowering) -> Lowered:
    reads = columns_of_all(expressions(plan))
    below = node(plan.child, lowering, reads)
    keys: list[tuple[Column, Expr]] = []
    columns: dict[int, Column] = {}
    for column, expr in plan.keys:
        value = expression(expr, below.columns)
        out = _made(lowering, column, expr, value)
        keys.append((out, value))
        columns[column.id] = out
    calls: list[tuple[Column, AggregateCall]] = []
    for column, call in plan.aggregates:
        after = cast(AggregateCall, expression(call, below.columns))
        if after.nullable and plan.keys and after.filter is None and _of_some(after):
            after = replace(after, nullable=False)
        elif (
            not after.nullable
            and after.function != "count"
            and (not plan.keys or any(arg.nullable for arg in after.args))
        ):
            after = replace(after, nullable=True)
        if keeps(column, call):
            out = lowering.helper(column.name, after)
        else:
            out = lowering.column(column, after.nullable)
        calls.append((out, after))
        columns[column.id] = out
    groups = int(lowering.statistics.estimate(plan).rows)
    domains = _domains(plan, lowering)
    return Lowered(
        ir.Aggregate(below.operator, tuple(keys), tuple(calls), domains, groups), columns
    )


def _of_some(call: AggregateCall) -> bool:
    """A group has a row, so its sum, average or extreme of a never-NULL argument is not NULL."""
    return call.function in ("sum", "min", "max", "avg", "any_value") and not any(
        arg.nullable for arg in call.args
    )


def _made(lowering: Lowering, column: Column, expr: Expr, value: Expr) -> Column:
    if isinstance(expr, Column) and expr.id == column.id:
        # A key that keeps its column's identity is a new column physically
        return lowering.helper(column.name, value)
    return lowering.column(column, value.nullable)


def _domains(plan: Aggregate, lowering: Lowering) -> tuple[tuple[int, int], ...] | None:
    """A proved range per key, when an array of all combinations is small."""
    facts = lowering.statistics.estimate(plan.child).facts
    groups = int(lowering.statistics.estimate(plan).rows)
    most = max(DIRECT_GROUPS, min(DENSE_GROUPS, GROUP_SHARE * groups))
    domains: list[tuple[int, int]] = []
    size = 1
    for _, expr in plan.keys:
        fact = fact_of(expr, facts)
        if fact.entries and isinstance(expr, Column):
            domain = (0, fact.entries - 1)
        elif isinstance(expr.type, Boolean):
            domain = (0, 1)
        elif (
            isinstance(expr.type, (Integer, Date))
            and fact.exact
            and isinstance(fact.lo, int)
            and isinstance(fact.hi, int)
            and fact.lo <= fact.hi
        ):
            domain = (fact.lo, fact.hi)
        else:
            return None
        domains.append(domain)
        size *= domain[1] - domain[0] + 1
        if size > most:
            return None
    return tuple(domains) if domains else None


def _union(plan: Union, lowering: Lowering) -> Lowered:
    children: list[ir.Operator] = []
    inputs: list[tuple[Column, ...]] = []
    for child, row in zip(plan.children, plan.inputs, strict=True):
        below = node(child, lowering, ids(row))
        children.append(below.operator)
        inputs.append(tuple(below.columns[column.id] for column in row))
    columns = tuple(
        lowering.column(column, any(row[i].nullable for row in inputs))
        for i, column in enumerate(plan.columns)
    )
    union = ir.Union(tuple(children), tuple(inputs), columns)
    return Lowered(union, {c.id: out for c, out in zip(plan.columns, columns, strict=True)})


def _expand(plan: Expand, lowering: Lowering) -> Lowered:
    below = node(plan.child, lowering, columns_of_all(expressions(plan)))
    rows = tuple(
        tuple(expression(expr, below.columns) for expr in projection)
        for projection in plan.projections
    )
    columns = tuple(
        lowering.column(column, any(row[i].nullable for row in rows))
        for i, column in enumerate(plan.columns)
    )
    repeat = None if plan.repeat is None else expression(plan.repeat, below.columns)
    expand = ir.Expand(below.operator, rows, columns, repeat)
    return Lowered(expand, {c.id: out for c, out in zip(plan.columns, columns, strict=True)})


def _shared(plan: Shared, lowering: Lowering) -> Lowered:
    below = lowering.shared.get(plan.name)
    if below is None:
        inner = node(plan.child, lowering, ids(plan.child.output))
        below = _exactly(inner, plan.child.output, lowering)
        lowering.shared[plan.name] = below
    output = below.operator.output
    columns = tuple(
        lowering.column(column, source.nullable)
        for column, source in zip(plan.columns, output, strict=True)
    )
    shared = ir.Shared(plan.name, below.operator, columns)
    return Lowered(shared, {c.id: out for c, out in zip(plan.columns, columns, strict=True)})


def _exactly(below: Lowered, wanted: tuple[Column, ...], lowering: Lowering) -> Lowered:
    """The rows of `below` with just these columns, each once and in this order."""
    values = [below.columns[column.id] for column in wanted]
    if below.operator.output == tuple(values) and all(
        a.nullable == b.nullable for a, b in zip(below.operator.output, values, strict=True)
    ):
        return below
    taken: set[int] = set()
    columns: list[tuple[Column, Expr]] = []
    for column, value in zip(wanted, values, strict=True):
        out = lowering.helper(column.name, value) if value.id in taken else value
        taken.add(value.id)
        columns.append((out, value))
    names = {c.id: out for c, (out, _) in zip(wanted, columns, strict=True)}
    return Lowered(ir.Project(below.operator, tuple(columns)), names)


def _sample(plan: Sample, lowering: Lowering, needed: Set[int]) -> Lowered:
    below = node(plan.child, lowering, needed)
    draw = Call("rand", (Literal(plan.seed, BIGINT),), DOUBLE, False)
    drawn = lowering.helper("rand", draw)
    numbered = ir.Project(below.operator, (*((c, c) for c in below.operator.output), (drawn, draw)))
    bounds = (
        Call("ge", (drawn, Literal(plan.lower, DOUBLE)), BOOLEAN, False),
        Call("lt", (drawn, Literal(plan.upper, DOUBLE)), BOOLEAN, False),
    )
    return Lowered(ir.Filter(numbered, Call("and", bounds, BOOLEAN, False)), below.columns)
