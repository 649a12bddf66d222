"""The order of joins: by dynamic programming over connected sets, from estimated rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

from pyflare.codegen.ir.expr import Call, Column, Expr
from pyflare.engine.facts import UNKNOWN, Fact, common_values
from pyflare.engine.plan.expressions import columns_of, conjunction, conjuncts, equal
from pyflare.engine.plan.nodes import Filter, Join, JoinType, Plan, map_children
from pyflare.engine.plan.traverse import ids
from pyflare.engine.rules.derive_predicates import equivalences
from pyflare.engine.selectivity import single
from pyflare.engine.statistics import Estimate, Statistics, match_fraction

EXHAUSTIVE = 10
BUILD, PROBE, OUTPUT = 2.0, 1.0, 1.0

# A semi- or antijoin: its kind, its right side, its conjuncts
Test = tuple[JoinType, Plan, list[Expr]]


def order_joins(plan: Plan) -> Plan | None:
    """Join(Join(a, b), c)  ->  the cheapest tree over a, b and c, bushy if need be.

    Cost = the sum over joins of 2 x build + probe + output rows. Semi- and antijoins on one
    region take part: each may run as soon as the columns it tests are there. Up to ten relations
    all orders of connected parts are tried, beyond that the cheapest join is taken at each step.
    """
    statistics = Statistics()
    after = _visit(plan, statistics)
    return None if after is plan else after


def _visit(plan: Plan, statistics: Statistics) -> Plan:
    match plan:
        case Join(kind=JoinType.INNER | JoinType.SEMI | JoinType.ANTI):
            return _region(plan, statistics)
        case Filter(Join(kind=JoinType.INNER | JoinType.SEMI | JoinType.ANTI)):
            return _region(plan, statistics)
        case _:
            return map_children(plan, lambda child: _visit(child, statistics))


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
    rows: dict[int, float] = field(default_factory=dict)

    def mask(self, expr: Expr) -> int:
        """The relations that `expr` reads."""
        used = columns_of(expr)
        mask = 0
        for i, columns in enumerate(self.columns):
            if not used.isdisjoint(columns):
                mask |= 1 << i
        return mask

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
            part = self._fraction(last, on)
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
        for i in _bits(both) if both > 0 else ():
            limits.append(max(self.estimates[i].rows, self.estimates[i].base, 1.0))
        return max(min(limits), largest)

    def _fraction(self, test: int, on: list[Expr]) -> float:
        facts: dict[int, Fact] = {}
        for i, estimate in enumerate(self.estimates):
            if i != test:
                facts.update(estimate.facts)
        return match_fraction(Estimate(1, facts), self.estimates[test], on)


@dataclass(frozen=True, slots=True)
class Tree:
    """A join tree over the relations `mask`, and what it costs."""

    mask: int
    cost: float
    left: Tree | None = None
    right: Tree | None = None


def _region(plan: Plan, statistics: Statistics) -> Plan:
    graph = Graph()
    pending: list[Test] = []
    graph.predicates = [(0, p) for p in flatten_region(plan, graph.relations, graph.held, pending)]
    graph.relations = [_visit(relation, statistics) for relation in graph.relations]
    tests = [(kind, _visit(right, statistics), on) for kind, right, on in pending]
    if len(graph.relations) + len(tests) == 1:
        return graph.relations[0]
    graph.columns = [ids(relation.output) for relation in graph.relations]
    graph.estimates = [statistics.estimate(relation) for relation in graph.relations]
    loose = _connect(graph, tests)
    tree = _search(graph)
    built = _build(tree, graph, set())
    for kind, right, on in loose:
        built = Join(built, right, kind, conjunction(on))
    held = conjunction(graph.held)
    return built if held is None else Filter(built, held)


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


def _connect(graph: Graph, tests: Sequence[Test]) -> list[Test]:
    """Who is joined with whom. Semijoins that test no column stay outside and are returned."""
    count = len(graph.relations)
    graph.predicates = [(graph.mask(p), p) for _, p in graph.predicates]
    loose: list[Test] = []
    statistics = Statistics()
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
    facts: dict[int, Fact] = {}
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
        graph.neighbours[i] |= needed
        for j in _bits(needed):
            graph.neighbours[j] |= 1 << i
    return loose


def _ids_of(members: dict[int, tuple[Column, Fact]]) -> list[int]:
    return [column.id for column, _ in members.values()]


def _clique(graph: Graph, mask: int) -> None:
    for i in _bits(mask):
        graph.neighbours[i] |= mask & ~(1 << i)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _search(graph: Graph) -> Tree:
    """The best tree of each connected component; components are joined crosswise, small first."""
    parts: list[Tree] = []
    seen = 0
    for i in range(len(graph.relations)):
        if not seen >> i & 1:
            component = _reach(graph, 1 << i)
            seen |= component
            small = component.bit_count() <= EXHAUSTIVE
            tree = _exhaustive(graph, component) if small else None
            parts.append(tree or _greedy(graph, component))
    parts.sort(key=lambda part: graph.cardinality(part.mask))
    tree = parts[0]
    for part in parts[1:]:
        mask = tree.mask | part.mask
        tree = Tree(mask, tree.cost + part.cost, tree, part)
    return tree


def _reach(graph: Graph, mask: int) -> int:
    while True:
        wider = mask
        for i in _bits(mask):
            wider |= graph.neighbours[i]
        if wider == mask:
            return mask
        mask = wider


def _around(graph: Graph, mask: int) -> int:
    found = 0
    for i in _bits(mask):
        found |= graph.neighbours[i]
    return found & ~mask


def _exhaustive(graph: Graph, component: int) -> Tree | None:
    """DPccp (Moerkotte and Neumann): every connected set with every connected complement."""
    best: dict[int, Tree] = {1 << i: Tree(1 << i, 0.0) for i in _bits(component)}
    pairs: dict[int, list[tuple[int, int]]] = {}
    for first, second in _pairs(graph, component):
        pairs.setdefault(first | second, []).append((first, second))
    for mask in sorted(pairs, key=lambda m: (m.bit_count(), m)):
        for first, second in pairs[mask]:
            a, b = best.get(first), best.get(second)
            if a is None or b is None:
                continue
            tree = _joined(graph, a, b)
            if tree is not None and (mask not in best or tree.cost < best[mask].cost):
                best[mask] = tree
    return best.get(component)


def _pairs(graph: Graph, component: int) -> Iterator[tuple[int, int]]:
    for i in sorted(_bits(component), reverse=True):
        start = 1 << i
        below = (start << 1) - 1
        for first in _grow(graph, start, below):
            excluded = below | first
            around = _around(graph, first) & ~excluded
            for j in sorted(_bits(around), reverse=True):
                second = 1 << j
                lower = ((second << 1) - 1) & around
                for other in _grow(graph, second, excluded | lower):
                    yield first, other


def _grow(graph: Graph, mask: int, excluded: int) -> Iterator[int]:
    """`mask` and every connected superset of it that avoids `excluded`."""
    yield mask
    around = _around(graph, mask) & ~excluded
    if not around:
        return
    part = around
    subsets = []
    while part:
        subsets.append(part)
        part = (part - 1) & around
    for subset in reversed(subsets):
        yield from _grow(graph, mask | subset, excluded | around)


def _joined(graph: Graph, a: Tree, b: Tree) -> Tree | None:
    """The join of two trees; None if it would test a semijoin on columns that are not there."""
    for left, right in ((a, b), (b, a)):
        test = right.mask.bit_length() - 1
        if right.mask == 1 << test and test in graph.tests:
            _, needed, _ = graph.tests[test]
            if needed & ~left.mask:
                return None
            a, b = left, right
            break
    rows_a, rows_b = graph.cardinality(a.mask), graph.cardinality(b.mask)
    rows = graph.cardinality(a.mask | b.mask)
    build, probe = min(rows_a, rows_b), max(rows_a, rows_b)
    cost = a.cost + b.cost + BUILD * build + PROBE * probe + OUTPUT * rows
    if not graph.tests.keys() & set(_bits(b.mask)) and not any(
        key & a.mask and key & b.mask for key in graph.keys
    ):
        cost += build * probe  # a nested loop
    return Tree(a.mask | b.mask, cost, a, b)


def _greedy(graph: Graph, component: int) -> Tree:
    """The pair with the smallest result, again and again (greedy operator ordering)."""
    trees = [Tree(1 << i, 0.0) for i in _bits(component)]
    while len(trees) > 1:
        best: tuple[float, Tree, Tree, Tree] | None = None
        for i, a in enumerate(trees):
            around = _around(graph, a.mask)
            for b in trees[i + 1 :]:
                if not around & b.mask:
                    continue
                tree = _joined(graph, a, b)
                if tree is None:
                    continue
                rows = graph.cardinality(tree.mask)
                if best is None or rows < best[0]:
                    best = (rows, tree, a, b)
        assert best is not None
        _, tree, a, b = best
        trees = [t for t in trees if t is not a and t is not b]
        trees.append(tree)
    return trees[0]


def _build(tree: Tree, graph: Graph, used: set[int]) -> Plan:
    """The plan of a tree; each conjunct where both its sides have just met.

    Of a class of equal columns one equality per join is enough: the others follow.
    """
    if tree.left is None or tree.right is None:
        return graph.relations[tree.mask.bit_length() - 1]
    left, right = _build(tree.left, graph, used), _build(tree.right, graph, used)
    test = tree.right.mask.bit_length() - 1
    if tree.right.mask == 1 << test and test in graph.tests:
        kind, _, on = graph.tests[test]
        return Join(left, right, kind, conjunction(on))
    on = []
    for members in graph.classes:
        a = [column for i, (column, _) in members.items() if tree.left.mask >> i & 1]
        b = [column for i, (column, _) in members.items() if tree.right.mask >> i & 1]
        if a and b:
            on.append(equal(a[0], b[0]))
    for i, (mask, predicate) in enumerate(graph.predicates):
        if i not in used and not mask & ~tree.mask:
            used.add(i)
            on.append(predicate)
    return Join(left, right, JoinType.INNER, conjunction(on))
