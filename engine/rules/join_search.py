"""The cheapest join tree over a graph: dynamic programming, or greedily when it is large."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pyflare.engine.rules.join_graph import Graph, bits

EXHAUSTIVE = 10
BUILD, PROBE, OUTPUT = 2.0, 1.0, 1.0


@dataclass(frozen=True, slots=True)
class Tree:
    """A join tree over the relations `mask`, and what it costs."""

    mask: int
    cost: float
    left: Tree | None = None
    right: Tree | None = None


def search(graph: Graph) -> Tree:
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
        wider = mask | graph.reach(mask)
        if wider == mask:
            return mask
        mask = wider


def _around(graph: Graph, mask: int) -> int:
    """The relations beside those of `mask`."""
    return graph.reach(mask) & ~mask


def _exhaustive(graph: Graph, component: int) -> Tree | None:
    """DPccp (Moerkotte and Neumann): every connected set with every connected complement."""
    best: dict[int, Tree] = {1 << i: Tree(1 << i, 0.0) for i in bits(component)}
    pairs: dict[int, list[tuple[int, int]]] = {}
    for first, second in _pairs(graph, component):
        pairs.setdefault(first | second, []).append((first, second))
    for mask in sorted(pairs, key=lambda m: (m.bit_count(), m)):
        for first, second in pairs[mask]:
            a, b = best.get(first), best.get(second)
            if a is None or b is None:
                continue
            known = best.get(mask)
            tree = _joined(graph, a, b, math.inf if known is None else known.cost)
            if tree is not None:
                best[mask] = tree
    return best.get(component)


def _pairs(graph: Graph, component: int) -> Iterator[tuple[int, int]]:
    for i in sorted(bits(component), reverse=True):
        start = 1 << i
        below = (start << 1) - 1
        for first in _grow(graph, start, below):
            excluded = below | first
            around = _around(graph, first) & ~excluded
            for j in sorted(bits(around), reverse=True):
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


def _joined(graph: Graph, a: Tree, b: Tree, limit: float = math.inf) -> Tree | None:
    """The join of two trees; None if it would test a semijoin on columns that are not there, or
    costs `limit` or more."""
    for left, right in ((a, b), (b, a)) if graph.tests else ():
        test = right.mask.bit_length() - 1
        if right.mask == 1 << test and test in graph.tests:
            _, needed, _ = graph.tests[test]
            if needed & ~left.mask:
                return None
            a, b = left, right
            break
    build, probe = graph.cardinality(a.mask), graph.cardinality(b.mask)
    if probe < build:
        build, probe = probe, build
    rows = graph.cardinality(a.mask | b.mask)
    cost = a.cost + b.cost + BUILD * build + PROBE * probe + OUTPUT * rows
    for key in graph.keys:
        if key & a.mask and key & b.mask:
            break
    else:
        cost += build * probe  # a nested loop
    return Tree(a.mask | b.mask, cost, a, b) if cost < limit else None


def _greedy(graph: Graph, component: int) -> Tree:
    """The pair with the smallest result, again and again (greedy operator ordering)."""
    trees = [Tree(1 << i, 0.0) for i in bits(component)]
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
