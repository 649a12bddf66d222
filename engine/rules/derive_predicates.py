"""Predicates that follow from others: what lets a filter work on every relation of a join."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from pyflare.codegen.ir.expr import Call, Column, Expr, Literal
from pyflare.engine.plan.expressions import (
    MIRRORED,
    columns_of,
    conjunction,
    conjuncts,
    disjunction,
    disjuncts,
    equal,
    substitute,
)
from pyflare.engine.plan.fallible import infallible


@dataclass(slots=True)
class Classes:
    """Sets of columns that are equal on every row that survives: union-find over ids."""

    parent: dict[int, int] = field(default_factory=dict)
    columns: dict[int, Column] = field(default_factory=dict)

    def find(self, id: int) -> int:
        """The representative of `id`."""
        root = id
        while self.parent.get(root, root) != root:
            root = self.parent[root]
        return root

    def unite(self, left: Column, right: Column) -> None:
        """left = right holds."""
        self.columns.setdefault(left.id, left)
        self.columns.setdefault(right.id, right)
        a, b = self.find(left.id), self.find(right.id)
        if a != b:
            self.parent[max(a, b)] = min(a, b)

    def members(self) -> list[list[Column]]:
        """The classes of two and more, in the order of their first members."""
        groups: dict[int, list[Column]] = {}
        for id, column in self.columns.items():
            groups.setdefault(self.find(id), []).append(column)
        return [group for group in groups.values() if len(group) > 1]


def equivalences(predicates: Iterable[Expr]) -> Classes:
    """The classes that conjuncts of the form column = column imply (equal types only)."""
    classes = Classes()
    for predicate in predicates:
        match predicate:
            case Call("eq", (Column() as left, Column() as right)) if left.type == right.type:
                classes.unite(left, right)
    return classes


def derive(predicates: Sequence[Expr], sides: Sequence[Set[int]]) -> list[Expr]:
    """The conjuncts, and those implied: p(a) and a = b -> p(b);  a = b and b = c -> a = c;
    (p(x) and q(y)) or (r(x) and s(y)) -> p(x) or r(x), for relations x, y with columns `sides`."""
    known = dict.fromkeys(predicates)
    for predicate in list(known):
        for side in sides:
            implied = _implied(predicate, side)
            if implied is not None:
                known.setdefault(implied)
    members = equivalences(known).members()
    groups = {column.id: group for group in members for column in group}
    for predicate in list(known):
        used = columns_of(predicate)
        if len(used) != 1 or not infallible(predicate):
            continue
        (id,) = used
        for other in groups.get(id, ()):
            # Equal floats and strings may still be told apart (-0.0), comparisons may not
            if other.id != id and _compares(predicate):
                known.setdefault(substitute(predicate, {id: other}))
    for group in members:
        for i, left in enumerate(group):
            for right in group[i + 1 :]:
                if equal(left, right) not in known and equal(right, left) not in known:
                    known.setdefault(equal(left, right))
    return list(known)


def _implied(predicate: Expr, side: Set[int]) -> Expr | None:
    """The part of a disjunction that one relation can check alone."""
    branches = disjuncts(predicate)
    if len(branches) < 2 or columns_of(predicate) <= side:
        return None
    kept: list[Expr] = []
    for branch in branches:
        own = [p for p in conjuncts(branch) if columns_of(p) <= side and infallible(p)]
        own = [p for p in own if columns_of(p)]
        if not own:
            return None
        part = conjunction(own)
        assert part is not None
        kept.append(part)
    return disjunction(kept)


def _compares(predicate: Expr) -> bool:
    match predicate:
        case Call(name, (Column(), Literal())) if name in MIRRORED or name in (
            "like",
            "startswith",
        ):
            return True
        case Call("in", (Column(), *members)):
            return all(isinstance(member, Literal) for member in members)
        case Call("and" | "or", args):
            return all(_compares(arg) for arg in args)
        case _:
            return False
