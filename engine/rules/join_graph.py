"""A join region as a graph: who may be joined with whom, and how many rows that would have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

from pyflare.codegen.ir.expr import Call, Column, Expr
from pyflare.engine.facts import UNKNOWN, Fact, common_values
from pyflare.engine.plan.expressions import columns_of, conjuncts
from pyflare.engine.plan.nodes import Filter, Join, JoinType, Plan
from pyflare.engine.rules.derive_predicates import equivalences
from pyflare.engine.selectivity import single
from pyflare.engine.statistics import Estimate, Statistics, match_fraction

# A semi- or antijoin: its kind, its right side, its conjuncts
Test = tuple[JoinType, Plan, list[Expr]]


@dataclass(slots=True)
class Graph:
    """A join region: relations (a semijoin's right side too), what connects them, what it costs.

    Sets of relations are bit masks. `classes` are sets of equal columns, by relation; `tests[i]`
    is (the join kind, the mask needed before) when relation i is the right side of a semijoin;
    `others` are the masks and selectivities of predicates that are no class; `keys` the masks of
    all equalities.
    """

    relations: list[Plan] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    columns: list[Set[int]] = field(default_factory=list)
    predicates: list[tuple[int, Expr]] = field(default_factory=list)
    tests: dict[int, tuple[JoinType, int, list[Expr]]] = field(default_factory=dict)
    held: list[Expr] = field(default_factory=list)
    classes: list[dict[int, tuple[Column, Fact]]] = field(default_factory=list)
    neighbours: list[int] = field(default_factory=list)
    others: list[tuple[int, float]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    facts: dict[int, Fact] = field(default_factory=dict)
    rows: dict[int, float] = field(default_factory=dict)
    reaches: dict[int, int] = field(default_factory=dict)

    def mask(self, expr: Expr) -> int:
        """The relations that `expr` reads."""
        used = columns_of(expr)
        mask = 0
        for i, columns in enumerate(self.columns):
            if not used.isdisjoint(columns):
                mask |= 1 << i
        return mask

    def reach(self, mask: int) -> int:
        """The neighbours of all relations in `mask`."""
        known = self.reaches.get(mask)
        if known is None:
            last = mask.bit_length() - 1
            rest = mask & ~(1 << last)
            known = self.neighbours[last] | (self.reach(rest) if rest else 0)
            self.reaches[mask] = known
        return known

    def cardinality(self, mask: int) -> float:
        """Expected rows of joining the relations in `mask`, the same for every order."""
        known = self.rows.get(mask)
        if known is None:
            known = self._cardinality(mask)
            self.rows[mask] = known
        return known

    def _cardinality(self, mask: int) -> float:
        last = mask.bit_length() - 1
        rest = mask & ~(1 << last)
        estimate = self.estimates[last]
        if not rest:
            return estimate.rows
        rows = self.cardinality(rest)
        if last in self.tests:
            kind, needed, on = self.tests[last]
            # Where it cannot be tested yet no plan is built: any number will do
            if needed & ~rest:
                return rows
            part = match_fraction(Estimate(1, self.facts), estimate, on)
            return rows * (part if kind is JoinType.SEMI else max(1 - part, 0.05))
        rows *= estimate.rows
        shared: list[tuple[Fact, list[Fact], int]] = []
        for members in self.classes:
            own = members.get(last)
            if own is None:
                continue
            holders = [i for i in members if rest >> i & 1]
            if holders:
                held = sum(1 << i for i in holders)
                shared.append((own[1], [members[i][1] for i in holders], held))
        rows /= self._values(shared, max(estimate.rows, estimate.base))
        for needed, part in self.others:
            if needed >> last & 1 and not needed & ~mask:
                rows *= part
        return rows

    def _values(self, shared: list[tuple[Fact, list[Fact], int]], own_rows: float) -> float:
        """How many values the join key has: a compound key has no more than its table has rows."""
        if not shared:
            return 1.0
        if len(shared) == 1:
            own, others, _ = shared[0]
            return max(common_values([own, *others]), 1.0)
        mine = theirs = largest = 1.0
        both = -1
        for own, others, holders in shared:
            mine *= common_values([own])
            theirs *= common_values(others)
            largest = max(largest, common_values([own, *others]))
            both &= holders
        limits = [mine, theirs, max(own_rows, 1.0)]
        for i in bits(both) if both > 0 else ():
            limits.append(max(self.estimates[i].rows, self.estimates[i].base, 1.0))
        return max(min(limits), largest)


def flatten_region(
    plan: Plan, relations: list[Plan], held: list[Expr], tests: list[Test]
) -> list[Expr]:
    """The conjuncts of a region; its relations in written order, its semi- and antijoins and the
    filters that must stay above it are appended to the lists."""
    match plan:
        case Join(left, right, JoinType.INNER, condition):
            found = flatten_region(left, relations, held, tests)
            found += flatten_region(right, relations, held, tests)
            return found + conjuncts(condition)
        case Join(left, right, JoinType.SEMI | JoinType.ANTI as kind, condition):
            found = flatten_region(left, relations, held, tests)
            tests.append((kind, right, conjuncts(condition)))
            return found
        case Filter(Join(kind=JoinType.INNER | JoinType.SEMI | JoinType.ANTI) as child, predicate):
            found = flatten_region(child, relations, held, tests)
            held.extend(conjuncts(predicate))
            return found
        case _:
            relations.append(plan)
            return []


def connect(graph: Graph, tests: Sequence[Test], statistics: Statistics) -> list[Test]:
    """Who is joined with whom. Semijoins that test no column stay outside and are returned."""
    count = len(graph.relations)
    graph.predicates = [(graph.mask(p), p) for _, p in graph.predicates]
    loose: list[Test] = []
    for kind, right, on in tests:
        needed = 0
        for p in on:
            needed |= graph.mask(p)
        if not needed:
            loose.append((kind, right, on))
            continue
        graph.tests[len(graph.relations)] = (kind, needed, on)
        graph.relations.append(right)
        graph.estimates.append(statistics.estimate(right))
    facts = graph.facts
    for estimate in graph.estimates[:count]:
        facts.update(estimate.facts)
    home = {id: i for i in range(count) for id in graph.columns[i]}
    graph.neighbours = [0] * len(graph.relations)
    for group in equivalences(p for _, p in graph.predicates).members():
        members: dict[int, tuple[Column, Fact]] = {}
        for column in group:
            if column.id in home:
                members.setdefault(home[column.id], (column, facts.get(column.id, UNKNOWN)))
        graph.classes.append(members)
        _clique(graph, sum(1 << i for i in members))
    represented = {id for members in graph.classes for id in _ids_of(members)}
    rest: list[tuple[int, Expr]] = []
    for mask, predicate in graph.predicates:
        match predicate:
            case Call("eq", (Column(a), Column(b))) if {a, b} <= represented:
                continue
        rest.append((mask, predicate))
        graph.others.append((mask, max(single(predicate, facts), 1e-9)))
        _clique(graph, mask)
        if isinstance(predicate, Call) and predicate.function == "eq":
            graph.keys.append(mask)
    graph.predicates = rest
    graph.keys.extend(sum(1 << i for i in members) for members in graph.classes)
    for i, (_, needed, _on) in graph.tests.items():
        _clique(graph, needed)  # they must meet before the test, be it crosswise
        graph.keys.append(needed | 1 << i)
        graph.neighbours[i] |= needed
        for j in bits(needed):
            graph.neighbours[j] |= 1 << i
    return loose


def _ids_of(members: dict[int, tuple[Column, Fact]]) -> list[int]:
    return [column.id for column, _ in members.values()]


def _clique(graph: Graph, mask: int) -> None:
    for i in bits(mask):
        graph.neighbours[i] |= mask & ~(1 << i)


def bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
