"""How many rows a plan has, and what is known of its columns: estimates, and a few proofs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.ir.operators import Storage
from pyflare.engine.facts import UNKNOWN, Fact, Facts, fact_of, least, literal_bounds, narrow
from pyflare.engine.plan.expressions import conjuncts
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Empty,
    Expand,
    Filter,
    Join,
    JoinType,
    Limit,
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
    children,
)
from pyflare.engine.selectivity import equal_columns, join_selectivity, selectivity
from pyflare.engine.storage.table import ColumnFacts

Key = frozenset[int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a plan's rows: their expected number, facts per column, proved candidate keys, and
    `base`, the expected number before any filter (a compound key has no more values)."""

    rows: float
    facts: Facts
    keys: tuple[Key, ...] = ()
    base: float = 0.0

    def unique(self, columns: Iterable[int]) -> bool:
        """No two rows agree on `columns`: proved."""
        given = set(columns)
        return any(key <= given for key in self.keys)


class Statistics:
    """Estimates of plan nodes, each computed once. Nodes are held, so identities stay theirs.

    `loaded` gives the storage of scans that are in memory already: tighter facts, and proofs.
    """

    def __init__(self, loaded: Mapping[int, tuple[tuple[Storage, ...], int]] | None = None) -> None:
        self._loaded = loaded or {}
        self._known: dict[int, tuple[Plan, Estimate]] = {}

    def estimate(self, plan: Plan) -> Estimate:
        """What is known of `plan`."""
        known = self._known.get(id(plan))
        if known is None:
            known = (plan, self._estimate(plan))
            self._known[id(plan)] = known
        return known[1]

    def _estimate(self, plan: Plan) -> Estimate:
        match plan:
            case Scan():
                return self._scan(plan)
            case Range(start, end, step, column):
                rows = max(0, -((start - end) // step)) if step else 0
                last = start + step * max(rows - 1, 0)
                fact = Fact(min(start, last), max(start, last), True, rows, rows)
                return Estimate(rows, {column.id: fact}, (frozenset((column.id,)),))
            case OneRow():
                return Estimate(1, {}, (frozenset(),))
            case Empty():
                return Estimate(0, {}, (frozenset(),))
            case Filter(child, predicate):
                return filtered(self.estimate(child), conjuncts(predicate))
            case Project():
                return self._project(plan)
            case Join():
                return self._join(plan)
            case Aggregate():
                return self._aggregate(plan)
            case Sort(child, _, limit, _) | Limit(child, limit):
                below = self.estimate(child)
                return below if limit is None else resized(below, min(limit, below.rows))
            case Tail(child, limit):
                below = self.estimate(child)
                return resized(below, min(limit, below.rows))
            case Sample(child, lower, upper):
                below = self.estimate(child)
                return resized(below, below.rows * (upper - lower))
            case Union():
                return self._union(plan)
            case Shared(_, child, columns):
                below = self.estimate(child)
                pairs = zip(columns, child.output, strict=True)
                facts = {c.id: below.facts.get(source.id, UNKNOWN) for c, source in pairs}
                names = {s.id: c.id for c, s in zip(columns, child.output, strict=True)}
                return Estimate(below.rows, facts, _renamed(below.keys, names))
            case Expand(child, projections):
                return Estimate(self.estimate(child).rows * len(projections), {})
            case Apply(left):
                return self.estimate(left)
            case _:
                return Estimate(self.estimate(children(plan)[0]).rows, {})

    def _scan(self, plan: Scan) -> Estimate:
        loaded = self._loaded.get(id(plan))
        statistics = plan.table.statistics()
        rows = statistics.rows if loaded is None else loaded[1]
        facts: dict[int, Fact] = {}
        keys: list[Key] = []
        for i, (column, ordinal) in enumerate(zip(plan.columns, plan.ordinals, strict=True)):
            known = statistics.columns[ordinal]
            fact = table_fact(column, known, rows)
            if loaded is not None:
                fact = storage_fact(fact, loaded[0][i])
            facts[column.id] = fact
            if known.unique:
                keys.append(frozenset((column.id,)))
        return Estimate(rows, facts, tuple(keys), rows)

    def _project(self, plan: Project) -> Estimate:
        below = self.estimate(plan.child)
        facts = {column.id: fact_of(expr, below.facts) for column, expr in plan.columns}
        names = {expr.id: c.id for c, expr in plan.columns if isinstance(expr, Column)}
        return Estimate(below.rows, facts, _renamed(below.keys, names), below.base)

    def _aggregate(self, plan: Aggregate) -> Estimate:
        below = self.estimate(plan.child)
        if not plan.keys:
            return Estimate(1, {}, (frozenset(),))
        facts = {column.id: fact_of(expr, below.facts) for column, expr in plan.keys}
        names = {expr.id: c.id for c, expr in plan.keys if isinstance(expr, Column)}
        given = _renamed(below.keys, names)
        if given:
            groups = below.rows
        else:
            groups = 1.0
            for fact in facts.values():
                groups *= fact.distinct or max(below.rows / 10, 1)
            groups = max(min(groups, below.rows), min(below.rows, 1))
        for column, call in plan.aggregates:
            if call.function in ("min", "max", "any_value", "first") and len(call.args) == 1:
                fact = fact_of(call.args[0], below.facts)
                distinct = min(fact.distinct or groups, groups)
                facts[column.id] = replace(fact, distinct=distinct, entries=0)
            else:
                facts[column.id] = Fact(distinct=groups, domain=groups)
        facts = {id: fact.within(groups) for id, fact in facts.items()}
        return Estimate(groups, facts, (frozenset(c.id for c, _ in plan.keys), *given))

    def _union(self, plan: Union) -> Estimate:
        parts = [self.estimate(child) for child in plan.children]
        facts: dict[int, Fact] = {}
        for i, column in enumerate(plan.columns):
            fact: Fact | None = None
            for part, inputs in zip(parts, plan.inputs, strict=True):
                other = part.facts.get(inputs[i].id, UNKNOWN)
                fact = other if fact is None else fact.either(other)
            facts[column.id] = fact or UNKNOWN
        return Estimate(sum(part.rows for part in parts), facts)

    def _join(self, plan: Join) -> Estimate:
        left, right = self.estimate(plan.left), self.estimate(plan.right)
        on = conjuncts(plan.condition)
        both = {**left.facts, **right.facts}
        match plan.kind:
            case JoinType.SEMI | JoinType.ANTI | JoinType.ANTI_NULL_AWARE:
                part = match_fraction(left, right, on)
                if plan.kind is not JoinType.SEMI:
                    return resized(left, left.rows * max(1 - part, 0.05))
                return resized(_found(left, right, on), left.rows * part)
            case JoinType.MARK | JoinType.MARK_NULL_AWARE:
                return left
            case JoinType.SINGLE:
                return Estimate(left.rows, both, left.keys)
        most = (max(left.base, left.rows), max(right.base, right.rows))
        rows = left.rows * right.rows * join_selectivity(on, both, *most)
        keys = joined_keys(left, right, on)
        match plan.kind:
            case JoinType.INNER:
                facts = _agreed(both, on)
                within = {i: f.within(rows) for i, f in facts.items()}
                return Estimate(rows, within, keys, max(most))
            case JoinType.LEFT:
                # The right's keys may repeat as NULL
                kept = left.keys if right.unique(_equal_ids(on, right)) else ()
                return Estimate(max(rows, left.rows), {**left.facts, **_padded(right)}, kept)
            case JoinType.RIGHT:
                kept = right.keys if left.unique(_equal_ids(on, left)) else ()
                return Estimate(max(rows, right.rows), {**_padded(left), **right.facts}, kept)
            case _:
                padded = {**_padded(left), **_padded(right)}
                return Estimate(max(rows, left.rows, right.rows), padded)


def _padded(side: Estimate) -> dict[int, Fact]:
    """Facts of columns that an outer join may fill with NULLs: they are no plain codes any more."""
    return {
        id: replace(fact, entries=0) if fact.entries else fact for id, fact in side.facts.items()
    }


def filtered(below: Estimate, predicates: list[Expr]) -> Estimate:
    """The rows for which all `predicates` hold."""
    part = selectivity(predicates, below.facts)
    rows = below.rows * part
    facts = dict(below.facts)
    for predicate in predicates:
        for id, fact in narrow(predicate, facts).items():
            facts[id] = fact
    within = {id: fact.within(rows) for id, fact in facts.items()}
    return Estimate(rows, within, below.keys, below.base)


def resized(below: Estimate, rows: float) -> Estimate:
    """The same facts over fewer rows."""
    facts = {id: fact.within(rows) for id, fact in below.facts.items()}
    return Estimate(rows, facts, below.keys, below.base)


def match_fraction(left: Estimate, right: Estimate, on: list[Expr]) -> float:
    """The part of left's rows that find a match in right."""
    part = 1.0
    keyed = False
    for predicate in on:
        pair = equal_columns(predicate)
        if pair is None:
            part *= 0.9
            continue
        keyed = True
        a, b = (left.facts.get(pair[0]), right.facts.get(pair[1]))
        if a is None or b is None:
            a, b = (left.facts.get(pair[1], UNKNOWN), right.facts.get(pair[0], UNKNOWN))
        domain = max(a.domain or a.distinct or 0, b.domain or b.distinct or 0)
        if domain and b.distinct:
            part = min(part, b.distinct / domain)
    return part if keyed or right.rows >= 1 else 0.5


def _found(left: Estimate, right: Estimate, on: list[Expr]) -> Estimate:
    """left's facts after a semijoin: its keys are among right's."""
    facts = dict(left.facts)
    for pair in map(equal_columns, on):
        if pair is None:
            continue
        a, b = pair if pair[0] in facts else (pair[1], pair[0])
        if a in facts and b in right.facts:
            distinct = least(facts[a].distinct, right.facts[b].distinct)
            facts[a] = replace(facts[a], distinct=distinct, contained=True)
    return replace(left, facts=facts)


def joined_keys(left: Estimate, right: Estimate, on: list[Expr]) -> tuple[Key, ...]:
    """Candidate keys of an inner join: a side whose partner is unique on the join columns."""
    keys: tuple[Key, ...] = ()
    if right.unique(_equal_ids(on, right)):
        keys += left.keys
    if left.unique(_equal_ids(on, left)):
        keys += right.keys
    return keys


def _equal_ids(on: list[Expr], side: Estimate) -> list[int]:
    pairs = [pair for pair in map(equal_columns, on) if pair is not None]
    return [id for pair in pairs for id in pair if id in side.facts]


def _agreed(facts: dict[int, Fact], on: list[Expr]) -> dict[int, Fact]:
    """a = b: both lie where both may lie."""
    for predicate in on:
        pair = equal_columns(predicate)
        if pair is not None and pair[0] in facts and pair[1] in facts:
            both = facts[pair[0]].also(facts[pair[1]])
            facts[pair[0]] = both
            facts[pair[1]] = both
    return facts


def _renamed(keys: tuple[Key, ...], names: Mapping[int, int]) -> tuple[Key, ...]:
    return tuple(frozenset(names[i] for i in key) for key in keys if key <= names.keys())


def table_fact(column: Column, known: ColumnFacts, rows: float) -> Fact:
    """What a table says of a column."""
    lo, hi = literal_bounds(known.lo), literal_bounds(known.hi)
    distinct: float | None = known.distinct
    if known.unique:
        distinct = rows
    elif distinct is None and isinstance(lo, int) and isinstance(hi, int):
        distinct = min(rows, hi - lo + 1)
    nulls = (known.nulls or 0) / rows if rows else 0.0
    return Fact(lo, hi, known.exact, distinct, distinct, nulls)


def storage_fact(fact: Fact, storage: Storage) -> Fact:
    """What the loaded column proves in addition."""
    if storage.kind == "dictionary":
        return Fact(
            None, None, fact.exact, storage.entries, fact.domain, fact.nulls, storage.entries
        )
    if storage.lo is not None and storage.hi is not None:
        return Fact(storage.lo, storage.hi, True, fact.distinct, fact.domain, fact.nulls)
    return fact
