"""Which side a join stores, and what is proved of keys and groups."""

from __future__ import annotations

from typing import Any

import pytest

from pyflare.codegen.ir.check import inputs
from pyflare.codegen.ir.operators import Aggregate, HashJoin, JoinKind, NestedLoopJoin, Operator
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.load import load
from pyflare.engine.lower import lower
from pyflare.engine.rewrite import rewrite
from pyflare.engine.sql.parse import parse_query
from tests.unit.rules.reference import Tables, table

BIG = table("big", "k g", [(i % 40 + 1, i % 3) for i in range(200)])
SMALL = table("small", "id v", [(i, i * i) for i in range(1, 11)])
HOLES = table("holes", "h", [(1,), (None,), (3,)])
SESSION = Tables(BIG, SMALL, HOLES)


def operators(sql: str) -> list[Operator]:
    """The operators of a query, parents first."""
    plan = rewrite(analyze(parse_query(sql), SESSION), checked=True)
    found: list[Operator] = []
    waiting = [lower(plan, load(plan, 1))]
    while waiting:
        found.append(waiting.pop(0))
        waiting.extend(inputs(found[-1]))
    return found


def only(sql: str, kind: type[Any]) -> Any:
    (found,) = [op for op in operators(sql) if isinstance(op, kind)]
    return found


def test_the_smaller_side_of_an_inner_join_is_stored() -> None:
    """Whatever the written order, with what is proved of its key: dense and unique."""
    for sql in (
        "select v from big join small on k = id",
        "select v from small join big on k = id",
    ):
        join = only(sql, HashJoin)
        assert join.kind is JoinKind.INNER
        assert (join.key_range, join.unique, join.build_rows) == ((1, 10), True, 10)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select * from big left join small on k = id", JoinKind.PROBE_OUTER),
        ("select * from small left join big on k = id", JoinKind.BUILD_OUTER),
        ("select * from big right join small on k = id", JoinKind.BUILD_OUTER),
        ("select * from big full join small on k = id", JoinKind.FULL_OUTER),
        ("select * from big left semi join small on k = id", JoinKind.PROBE_SEMI),
        ("select * from small left semi join big on k = id", JoinKind.BUILD_SEMI),
        ("select * from small left anti join big on k = id", JoinKind.BUILD_ANTI),
        ("select * from big where k not in (select id from small)", JoinKind.PROBE_ANTI),
        ("select * from big where k not in (select h from holes)", JoinKind.PROBE_ANTI_NULL_AWARE),
        ("select k, k in (select h from holes) as x from big", JoinKind.PROBE_MARK_NULL_AWARE),
        ("select k, exists (select 1 from small where id = k) as x from big", JoinKind.PROBE_MARK),
    ],
)
def test_the_kind_of_a_join(sql: str, kind: JoinKind) -> None:
    """The stored side is the right one, unless the left is much smaller; NULLs decide NOT IN."""
    assert only(sql, HashJoin).kind is kind


def test_a_join_without_an_equality_is_a_nested_loop() -> None:
    """Inequalities have no key; the smaller side is kept."""
    join = only("select * from big join small on k < id", NestedLoopJoin)
    assert join.kind is JoinKind.INNER
    assert {column.name for column in join.build.output} == {"id", "v"}


def test_an_inequality_beside_a_key_is_a_residual() -> None:
    """Rows meet by key and are then tested."""
    join = only("select * from big join small on k = id and g < v", HashJoin)
    assert len(join.build_keys) == 1
    assert join.residual is not None


def test_groups_of_a_proved_range_lie_in_an_array() -> None:
    """Domains are bounds of the values that reach the grouping, filters included."""
    assert only("select g, count(*) from big group by g", Aggregate).domains == ((0, 2),)
    narrowed = only("select k, count(*) from big where k <= 5 group by k", Aggregate)
    assert narrowed.domains == ((1, 5),)
    assert only("select k * 2, count(*) from big group by k * 2", Aggregate).domains is None


def test_columns_are_numbered_the_same_for_every_run() -> None:
    """A query lowers to an equal program each time, whatever was planned before it."""
    sql = "select g, sum(v) from big join small on k = id group by g"
    assert operators(sql) == operators(sql)


def test_nullability_comes_from_the_data() -> None:
    """A column that holds no NULL needs no NULL code, whatever its declared nullability."""
    root = operators("select k + 1 as x, h from big join holes on k = h")[0]
    assert [(column.name, column.nullable) for column in root.output] == [("x", False), ("h", True)]
