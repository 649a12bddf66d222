"""The interpreter of physical plans: joins, aggregates, order."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pyflare.codegen.interpret.failure import EvaluationError
from pyflare.codegen.interpret.operators import interpret
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Literal, SortKey
from pyflare.codegen.ir.operators import (
    Aggregate,
    Expand,
    Filter,
    HashJoin,
    JoinKind,
    Limit,
    NestedLoopJoin,
    Project,
    Range,
    Scan,
    Shared,
    Sort,
    Storage,
    Union,
)

A, B, X, Y = (Column(i, n, t.INT) for i, n in enumerate("abxy"))
M = Column(9, "m", t.BOOLEAN)
FIXED = Storage("fixed", 32, nulls=True)
LEFT = Scan("left", (A, B), (FIXED, FIXED))
RIGHT = Scan("right", (X, Y), (FIXED, FIXED))
TABLES: dict[str, list[tuple[Any, ...]]] = {
    "left": [(1, 10), (2, 20), (2, 21), (None, 30), (4, 40)],
    "right": [(2, 7), (2, 8), (3, 9), (None, 6)],
}
JOINED = [
    (JoinKind.INNER, [(2, 7, 2, 20), (2, 7, 2, 21), (2, 8, 2, 20), (2, 8, 2, 21)]),
    (JoinKind.PROBE_SEMI, [(2, 7), (2, 8)]),
    (JoinKind.PROBE_ANTI, [(3, 9), (None, 6)]),
    (JoinKind.PROBE_MARK, [(2, 7, True), (2, 8, True), (3, 9, False), (None, 6, False)]),
    (
        JoinKind.PROBE_MARK_NULL_AWARE,
        [(2, 7, True), (2, 8, True), (3, 9, None), (None, 6, None)],
    ),
    (JoinKind.PROBE_ANTI_NULL_AWARE, []),
    (JoinKind.BUILD_SEMI, [(2, 20), (2, 21)]),
    (JoinKind.BUILD_ANTI, [(1, 10), (None, 30), (4, 40)]),
]


@pytest.mark.parametrize(("kind", "expected"), JOINED)
def test_hash_joins(kind: JoinKind, expected: list[Any]) -> None:
    """Each kind emits the rows its name says; NULL keys match nothing."""
    op = HashJoin(kind, LEFT, RIGHT, (A,), (X,), mark=M)
    assert interpret(op, TABLES) == expected


def test_outer_joins() -> None:
    """Rows without a match come once, with NULLs for the other side."""
    op = HashJoin(JoinKind.FULL_OUTER, LEFT, RIGHT, (A,), (X,))
    result = interpret(op, TABLES)
    assert (3, 9, None, None) in result and (None, None, 1, 10) in result
    assert len(result) == 4 + 2 + 3
    assert len(interpret(HashJoin(JoinKind.PROBE_OUTER, LEFT, RIGHT, (A,), (X,)), TABLES)) == 6
    assert len(interpret(HashJoin(JoinKind.BUILD_OUTER, LEFT, RIGHT, (A,), (X,)), TABLES)) == 7
    safe = HashJoin(JoinKind.INNER, LEFT, RIGHT, (A,), (X,), null_safe=(True,))
    assert (None, 6, None, 30) in interpret(safe, TABLES)


def test_single_join_refuses_a_second_match() -> None:
    """A scalar subquery with two rows is an error."""
    with pytest.raises(EvaluationError, match="SCALAR_SUBQUERY_TOO_MANY_ROWS"):
        interpret(HashJoin(JoinKind.PROBE_SINGLE, LEFT, RIGHT, (A,), (X,)), TABLES)


def test_nested_loop_join() -> None:
    """Any condition; all pairs without one."""
    less = Call("lt", (A, X), t.BOOLEAN)
    op = NestedLoopJoin(JoinKind.INNER, LEFT, RIGHT, less)
    assert interpret(op, TABLES) == [
        (2, 7, 1, 10), (2, 8, 1, 10), (3, 9, 1, 10), (3, 9, 2, 20), (3, 9, 2, 21),
    ]  # fmt: skip
    assert len(interpret(NestedLoopJoin(JoinKind.INNER, LEFT, RIGHT), TABLES)) == 20


def test_aggregates() -> None:
    """NULL is a group; aggregates skip NULLs; no rows give one row without keys."""
    total, count = Column(5, "s", t.BIGINT), Column(6, "n", t.BIGINT)
    calls = (
        (total, AggregateCall("sum", (B,), t.BIGINT)),
        (count, AggregateCall("count", (), t.BIGINT)),
    )
    assert interpret(Aggregate(LEFT, ((X, A),), calls), TABLES) == [
        (1, 10, 1), (2, 41, 2), (None, 30, 1), (4, 40, 1),
    ]  # fmt: skip
    nothing = Filter(LEFT, Literal(False, t.BOOLEAN))
    assert interpret(Aggregate(nothing, (), calls), TABLES) == [(None, 0)]


def test_float_groups() -> None:
    """All NaNs are one group and so are both zeros."""
    d = Column(0, "d", t.DOUBLE)
    scan = Scan("t", (d,), (Storage("fixed", 64),))
    count = (Column(6, "n", t.BIGINT), AggregateCall("count", (), t.BIGINT))
    rows = [(math.nan,), (0.0,), (-0.0,), (math.nan,)]
    result = interpret(Aggregate(scan, ((Column(1, "k", t.DOUBLE), d),), (count,)), {"t": rows})
    assert [n for _, n in result] == [2, 2]


def test_average_of_decimals() -> None:
    """Rounded once, HALF_UP, to four more digits."""
    d = Column(0, "d", t.Decimal(15, 2))
    scan = Scan("t", (d,), (Storage("fixed", 64),))
    mean = (Column(6, "m", t.Decimal(19, 6)), AggregateCall("avg", (d,), t.Decimal(19, 6)))
    assert interpret(Aggregate(scan, (), (mean,)), {"t": [(1,), (2,), (2,)]}) == [(16667,)]


def test_order_and_limits() -> None:
    """NULLs first or last, descending, offset and limit, stable."""
    keys = (SortKey(A, ascending=False, nulls_first=False), SortKey(B))
    assert [b for _, b in interpret(Sort(LEFT, keys), TABLES)] == [40, 20, 21, 10, 30]
    assert interpret(Sort(LEFT, keys, limit=1, offset=1), TABLES) == [(2, 20)]
    assert interpret(Limit(LEFT, 2, 1), TABLES) == [(2, 20), (2, 21)]


def test_union_expand_shared_range() -> None:
    """Rows pass with their columns renamed, repeated, or counted up."""
    u = Column(20, "u", t.INT)
    assert interpret(Union((LEFT, RIGHT), ((B,), (Y,)), (u,)), TABLES)[-1] == (6,)
    twice = Expand(RIGHT, ((X,), (Y,)), (u,))
    assert [v for (v,) in interpret(twice, TABLES)] == [2, 7, 2, 8, 3, 9, None, 6]
    assert interpret(Shared("s", RIGHT, (A, B)), TABLES) == TABLES["right"]
    numbers = Project(Range(0, 10, 4, A), ((B, Call("add", (A, A), t.BIGINT)),))
    assert interpret(numbers, {}) == [(0,), (8,), (16,)]
