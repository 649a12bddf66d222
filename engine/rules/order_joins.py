"""The order of joins: by dynamic programming over connected sets, from estimated rows."""

from __future__ import annotations

from pyflare.engine.plan.expressions import conjunction, equal
from pyflare.engine.plan.nodes import Filter, Join, JoinType, Plan, map_children
from pyflare.engine.plan.traverse import ids
from pyflare.engine.rules.join_graph import Graph, Test, connect, flatten_region
from pyflare.engine.rules.join_search import Tree, search
from pyflare.engine.statistics import Statistics


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
    loose = connect(graph, tests, statistics)
    tree = search(graph)
    built = _build(tree, graph, set())
    for kind, right, on in loose:
        built = Join(built, right, kind, conjunction(on))
    held = conjunction(graph.held)
    return built if held is None else Filter(built, held)


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
