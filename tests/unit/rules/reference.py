"""The meaning of a logical plan in plain Python: slow, obvious, the oracle of every rule."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyflare.codegen.bindings import Binding
from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.ir.expr import AggregateCall, Expr, SortKey
from pyflare.codegen.ir.operators import Storage
from pyflare.codegen.ir.types import INT, STRING, Field, Struct, Type
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Empty,
    Expand,
    Filter,
    Join,
    JoinType,
    Limit,
    Note,
    OneRow,
    Plan,
    Project,
    Range,
    Scan,
    Shared,
    Sort,
    Union,
)
from pyflare.engine.session import Session
from pyflare.engine.storage.table import ColumnFacts, Loaded, Statistics

Row = dict[int, Any]


class TooManyRows(Exception):
    """A scalar subquery has more than one row."""


@dataclass(frozen=True)
class Rows:
    """A table that is a list of tuples in storage form."""

    name: str
    schema: Struct
    rows: tuple[tuple[Any, ...], ...]

    @property
    def key(self) -> Hashable:
        return self.name

    def statistics(self) -> Statistics:
        columns = [
            facts(tuple(row[i] for row in self.rows)) for i in range(len(self.schema.fields))
        ]
        return Statistics(len(self.rows), tuple(columns))

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        """The columns as storage says they lie; the binding holds the rows themselves."""
        columns = self.statistics().columns
        storage = tuple(self._storage(i, columns[i]) for i in ordinals)
        rows = tuple(tuple(row[i] for i in ordinals) for row in self.rows)
        return Loaded(storage, Binding((), (), (), (rows,)), len(rows))

    def _storage(self, i: int, known: ColumnFacts) -> Storage:
        nulls = any(row[i] is None for row in self.rows)
        if self.schema.fields[i].type == STRING:
            return Storage("string", 32, nulls)
        lo, hi = (known.lo, known.hi) if known.exact else (None, None)
        assert not isinstance(lo, str) and not isinstance(hi, str)
        return Storage("fixed", 32, nulls, lo, hi)  # type: ignore[arg-type]


def facts(values: tuple[Any, ...]) -> ColumnFacts:
    """Exact facts of a column."""
    known = [value for value in values if value is not None]
    if not known:
        return ColumnFacts(nulls=len(values))
    distinct = len(set(known))
    unique = distinct == len(values)
    return ColumnFacts(min(known), max(known), True, len(values) - len(known), distinct, unique)


def table(name: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> Rows:
    """`columns` like "a b s": s and anything that starts with it is a string, the others ints."""
    types: list[Type] = [STRING if c.startswith("s") else INT for c in columns.split()]
    rows = tuple(rows)
    nullable = [any(row[i] is None for row in rows) for i in range(len(types))]
    fields = zip(columns.split(), types, nullable, strict=True)
    return Rows(name, Struct(tuple(Field(n, t, null) for n, t, null in fields)), rows)


class Tables(Session):
    """A session that knows tables of rows."""

    def __init__(self, *tables: Rows) -> None:
        super().__init__()
        self.known = {each.name: each for each in tables}

    def lookup_table(self, parts: tuple[str, ...]) -> Any:
        return self.known.get(parts[-1].lower()) or super().lookup_table(parts)


def answer(plan: Plan) -> list[tuple[Any, ...]]:
    """The output rows of a plan."""
    return [tuple(row[c.id] for c in plan.output) for row in run(plan, {})]


def run(plan: Plan, outer: Mapping[int, Any]) -> list[Row]:
    """The rows of a plan, columns by id; `outer` holds the columns of enclosing queries."""
    match plan:
        case Scan(data, columns, ordinals):
            assert isinstance(data, Rows)
            pairs = list(zip(columns, ordinals, strict=True))
            return [{c.id: row[i] for c, i in pairs} for row in data.rows]
        case Range(start, end, step, column):
            return [{column.id: i} for i in range(start, end, step)]
        case OneRow():
            return [{}]
        case Empty():
            return []
        case Filter(child, predicate):
            return [row for row in run(child, outer) if value(predicate, row, outer) is True]
        case Project(child, columns_):
            return [{c.id: value(e, row, outer) for c, e in columns_} for row in run(child, outer)]
        case Join():
            return join(plan, outer)
        case Apply():
            return apply(plan, outer)
        case Aggregate():
            return aggregate(plan, outer)
        case Expand(child, projections, columns):
            return [
                {c.id: value(e, row, outer) for c, e in zip(columns, exprs, strict=True)}
                for row in run(child, outer)
                for exprs in projections
            ]
        case Sort(child, keys, limit, offset):
            rows = ordered(run(child, outer), keys, outer)
            return rows[offset : None if limit is None else offset + limit]
        case Limit(child, limit, offset):
            return run(child, outer)[offset : None if limit is None else offset + limit]
        case Union(children, inputs, columns):
            return [
                {c.id: row[source.id] for c, source in zip(columns, sources, strict=True)}
                for child, sources in zip(children, inputs, strict=True)
                for row in run(child, outer)
            ]
        case Shared(_, child, columns):
            renamed = list(zip(columns, child.output, strict=True))
            return [{c.id: row[source.id] for c, source in renamed} for row in run(child, {})]
        case Note(child):
            return run(child, outer)
        case _:
            raise NotImplementedError(type(plan).__name__)


def value(expr: Expr, row: Row, outer: Mapping[int, Any]) -> Any:
    return evaluate(expr, {**outer, **row})


def join(plan: Join, outer: Mapping[int, Any]) -> list[Row]:
    left, right = run(plan.left, outer), run(plan.right, outer)
    no_left: Row = {c.id: None for c in plan.left.output}
    no_right: Row = {c.id: None for c in plan.right.output}
    result: list[Row] = []
    used: set[int] = set()
    for row in left:
        verdicts = [
            True if plan.condition is None else value(plan.condition, {**row, **other}, outer)
            for other in right
        ]
        matches = [i for i, verdict in enumerate(verdicts) if verdict is True]
        used.update(matches)
        pairs = [{**row, **right[i]} for i in matches]
        match plan.kind:
            case JoinType.INNER | JoinType.RIGHT:
                result += pairs
            case JoinType.LEFT | JoinType.FULL:
                result += pairs or [{**row, **no_right}]
            case JoinType.SINGLE:
                if len(pairs) > 1:
                    raise TooManyRows
                result += pairs or [{**row, **no_right}]
            case JoinType.SEMI:
                result += [row] if matches else []
            case JoinType.ANTI:
                result += [] if matches else [row]
            case JoinType.ANTI_NULL_AWARE:
                result += [] if matches or None in verdicts else [row]
            case JoinType.MARK:
                assert plan.mark is not None
                result.append({**row, plan.mark.id: bool(matches)})
            case JoinType.MARK_NULL_AWARE:
                assert plan.mark is not None
                unknown = None if None in verdicts else False
                result.append({**row, plan.mark.id: True if matches else unknown})
    if plan.kind in (JoinType.RIGHT, JoinType.FULL):
        result += [{**no_left, **row} for i, row in enumerate(right) if i not in used]
    return result


def apply(plan: Apply, outer: Mapping[int, Any]) -> list[Row]:
    result: list[Row] = []
    for row in run(plan.left, outer):
        inner = run(plan.right, {**outer, **row})
        match plan.kind:
            case "exists":
                assert plan.column is not None
                result.append({**row, plan.column.id: bool(inner)})
            case "scalar":
                assert plan.column is not None
                if len(inner) > 1:
                    raise TooManyRows
                name = plan.right.output[0].id
                result.append({**row, plan.column.id: inner[0][name] if inner else None})
            case "in":
                assert plan.column is not None
                asked = [value(each, row, outer) for each in plan.operands]
                verdict: bool | None = False
                for other in inner:
                    pairs = zip(asked, (other[c.id] for c in plan.right.output), strict=True)
                    each = [None if a is None or b is None else a == b for a, b in pairs]
                    if all(each):
                        verdict = True
                        break
                    if False not in each:
                        verdict = None
                result.append({**row, plan.column.id: verdict})
            case _:
                pairs_ = [{**row, **other} for other in inner]
                if plan.condition is not None:
                    on = plan.condition
                    pairs_ = [pair for pair in pairs_ if value(on, pair, outer) is True]
                if not pairs_ and plan.kind == "left":
                    pairs_ = [{**row, **{c.id: None for c in plan.right.output}}]
                result += pairs_
    return result


def aggregate(plan: Aggregate, outer: Mapping[int, Any]) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in run(plan.child, outer):
        key = tuple(value(e, row, outer) for _, e in plan.keys)
        groups.setdefault(key, []).append(row)
    if not plan.keys and not groups:
        groups[()] = []
    return [
        {
            **{c.id: each for (c, _), each in zip(plan.keys, key, strict=True)},
            **{c.id: total(call, rows, outer) for c, call in plan.aggregates},
        }
        for key, rows in groups.items()
    ]


def total(call: AggregateCall, rows: list[Row], outer: Mapping[int, Any]) -> Any:
    if call.filter is not None:
        rows = [row for row in rows if value(call.filter, row, outer) is True]
    values = [tuple(value(arg, row, outer) for arg in call.args) for row in rows]
    kept = [each for each in values if None not in each]
    if call.distinct:
        kept = list(dict.fromkeys(kept))
    firsts = [each[0] for each in kept if each]
    match call.function:
        case "count":
            return len(kept)
        case "sum":
            return sum(firsts) if firsts else None
        case "min" | "any_value":
            return min(firsts, default=None)
        case "max":
            return max(firsts, default=None)
        case "avg":
            return sum(firsts) / len(firsts) if firsts else None
        case _:
            raise NotImplementedError(call.function)


def ordered(rows: list[Row], keys: Sequence[SortKey], outer: Mapping[int, Any]) -> list[Row]:
    def compare(a: Row, b: Row) -> int:
        for key in keys:
            x, y = value(key.expr, a, outer), value(key.expr, b, outer)
            if x == y:
                continue
            if x is None or y is None:
                return -1 if (x is None) == key.nulls_first else 1
            return (-1 if x < y else 1) * (1 if key.ascending else -1)
        return 0

    return sorted(rows, key=functools.cmp_to_key(compare))


def multiset(rows: list[tuple[Any, ...]]) -> list[str]:
    """Rows for comparison: order does not count, repetition does."""
    return sorted(map(repr, rows))


def small(values: Sequence[Any], width: int) -> list[tuple[Any, ...]]:
    """All tuples of `width` values: a table in which every combination occurs."""
    return list(itertools.product(values, repeat=width))
