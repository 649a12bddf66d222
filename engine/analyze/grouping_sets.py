"""ROLLUP, CUBE and GROUPING SETS: the sets as positions of keys, the Expand that makes them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyflare.codegen.ir.expr import Call, Case, Column, Expr, Literal
from pyflare.codegen.ir.types import BIGINT, BOOLEAN, INT, Type
from pyflare.engine.analyze.analysis import Analysis
from pyflare.engine.plan import nodes as p


def rollup(count: int) -> list[frozenset[int]]:
    """(0, 1), (0), ()"""
    return [frozenset(range(length)) for length in range(count, -1, -1)]


def cube(count: int) -> list[frozenset[int]]:
    """Every subset, the larger first."""
    return [
        frozenset(chosen)
        for length in range(count, -1, -1)
        for chosen in itertools.combinations(range(count), length)
    ]


def identifier(chosen: frozenset[int], count: int) -> int:
    """Spark's grouping id: a bit per key, the first key highest, 1 where the key is left out."""
    return sum(1 << count - 1 - key for key in range(count) if key not in chosen)


@dataclass(frozen=True, slots=True)
class Expansion:
    """Copies of the keys (NULL where left out of a set), and the columns that tell sets apart.

    `position` exists only where two sets are equal: their groups must not run together.
    """

    sets: tuple[frozenset[int], ...]
    keys: tuple[Column, ...]
    id: Column
    position: Column | None

    def expand(self, child: p.Plan, values: Sequence[Expr], kept: Sequence[Column]) -> p.Expand:
        """Each row of `child` once per set, with the columns `kept` beside the keys."""
        projections = []
        for at, chosen in enumerate(self.sets):
            keys = [
                value if key in chosen else Literal(None, value.type)
                for key, value in enumerate(values)
            ]
            tail: list[Expr] = [Literal(identifier(chosen, len(values)), BIGINT)]
            if self.position is not None:
                tail.append(Literal(at, INT))
            projections.append((*kept, *keys, *tail))
        columns = (*kept, *self.keys, *self.tail)
        return p.Expand(child, tuple(projections), columns)

    @property
    def tail(self) -> tuple[Column, ...]:
        return (self.id,) if self.position is None else (self.id, self.position)

    def by_set(self, keys: Sequence[int], type: Type) -> Expr:
        """The grouping id of the chosen keys: a constant per set."""
        count = len(self.keys)
        branches: dict[int, tuple[Expr, Expr]] = {}
        for chosen in self.sets:
            whole = identifier(chosen, count)
            part = sum(1 << len(keys) - 1 - at for at, key in enumerate(keys) if key not in chosen)
            test = Call("eq", (self.id, Literal(whole, BIGINT)), BOOLEAN, False)
            branches[whole] = (test, Literal(part, type))
        return Case(tuple(branches.values()), Literal(0, type), type, False)


def expansion(
    analysis: Analysis, sets: Sequence[frozenset[int]], keys: Sequence[Column]
) -> Expansion:
    """Columns for the keys as they leave the Expand: nullable where some set leaves them out."""
    copies = tuple(
        replace(
            analysis.fresh_for(column.name, column),
            nullable=column.nullable or any(key not in chosen for chosen in sets),
        )
        for key, column in enumerate(keys)
    )
    repeated = len(set(sets)) < len(sets)
    return Expansion(
        tuple(sets),
        copies,
        analysis.fresh("spark_grouping_id", BIGINT, False),
        analysis.fresh("grouping_position", INT, False) if repeated else None,
    )
