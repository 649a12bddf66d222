"""What names mean in SQL: aliases, positions, scopes of subqueries, groups and windows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pyflare.codegen.ir.expr import AggregateCall, Column, Frame, Literal
from pyflare.engine.analyze import analyze
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.check import check
from pyflare.engine.plan.traverse import free_columns, walk
from pyflare.engine.sql import parse


def plan_of(sql: str, session: Any) -> p.Plan:
    relation: Any = parse(sql)
    plan = analyze(relation, session)
    check(plan)
    return plan


def only(kind: type[Any], plan: p.Plan) -> Any:
    [found] = [node for node in walk(plan) if isinstance(node, kind)]
    return found


def condition(sql: str, session: Any) -> str:
    with pytest.raises(Exception) as caught:
        plan_of(sql, session)
    error: Any = caught.value
    return str(error.getCondition())


def test_order_by_prefers_the_select_list_and_hides_what_was_not_selected(
    recorded_tables: Any,
) -> None:
    """`select i as l … order by l` sorts by i; `order by s` sorts by a column not shown."""
    by_alias = only(p.Sort, plan_of("select i as l from t order by l", recorded_tables))
    assert by_alias.keys[0].expr == by_alias.output[0]
    hidden = plan_of("select i from t order by s", recorded_tables)
    assert [c.name for c in hidden.output] == ["i"]
    assert isinstance(hidden, p.Project)
    assert isinstance(hidden.child, p.Sort)


def test_an_aggregate_in_order_by_is_computed_with_the_others(recorded_tables: Any) -> None:
    """One Aggregate with both sums; the second is dropped after sorting."""
    plan = plan_of("select i, sum(l) from t group by i order by sum(d)", recorded_tables)
    assert len(only(p.Aggregate, plan).aggregates) == 2
    assert [c.name for c in plan.output] == ["i", "sum(l)"]


def test_equal_aggregates_are_computed_once(recorded_tables: Any) -> None:
    """sum(l) in the select list, in HAVING and in ORDER BY is one aggregate."""
    sql = "select i, sum(l) x from t group by i having sum(l) > 1 order by sum(l) + 1"
    assert len(only(p.Aggregate, plan_of(sql, recorded_tables)).aggregates) == 1


def test_counting_constants_counts_rows(recorded_tables: Any) -> None:
    """count(*), count(1) and count('a') have no argument; count(i) has one."""
    plan = plan_of("select count(*), count(1), count('a'), count(i) from t", recorded_tables)
    calls = [call for _, call in only(p.Aggregate, plan).aggregates]
    assert [len(call.args) for call in calls] == [0, 1]


def test_a_correlated_subquery_has_the_outer_columns_free(recorded_tables: Any) -> None:
    """EXISTS (… where ni = i): an Apply whose right side reads i of its left side."""
    sql = "select i from t where exists (select 1 from nn where ni = i)"
    apply = only(p.Apply, plan_of(sql, recorded_tables))
    assert apply.kind == "exists"
    assert free_columns(apply.right) <= {c.id for c in apply.left.output}
    assert len(free_columns(apply.right)) == 1


def test_a_subquery_in_having_stands_above_the_groups(tpch: Any) -> None:
    """HAVING count(*) > (select …): the Apply is over the Aggregate, not under it."""
    sql = """select n_regionkey from nation group by n_regionkey
             having count(*) > (select count(*) from region)"""
    apply = only(p.Apply, plan_of(sql, tpch))
    assert isinstance(apply.left, p.Aggregate)


def test_a_subquery_inside_an_aggregate_stands_below_the_groups(tpch: Any) -> None:
    """sum(case when x in (select …) …): the Apply feeds the Aggregate."""
    sql = """select sum(case when n_regionkey in (select r_regionkey from region)
                        then 1 else 0 end) from nation"""
    plan = plan_of(sql, tpch)
    outer = next(node for node in walk(plan) if isinstance(node, p.Aggregate))
    assert isinstance(outer.child, p.Apply)


def test_the_types_of_an_in_subquery_meet(recorded_tables: Any) -> None:
    """int IN (select bigint) compares bigints on both sides."""
    sql = "select i from t where i in (select nl from nn)"
    apply = only(p.Apply, plan_of(sql, recorded_tables))
    assert apply.operands[0].type == apply.right.output[0].type


def test_later_items_can_use_earlier_aliases(recorded_tables: Any) -> None:
    """select i + 1 as x, x * 2 as y; a column of the table wins over an alias."""
    plan = plan_of("select i + 1 as x, x * 2 as y, i as l, l as z from t", recorded_tables)
    assert [c.name for c in plan.output] == ["x", "y", "l", "z"]
    assert isinstance(plan, p.Project)
    shown = plan.columns[3][1]
    assert isinstance(shown, Column)
    assert shown.name == "l"


def test_a_random_alias_is_not_copied(recorded_tables: Any) -> None:
    """select rand() as x, x: the alias means one value, which copying would make two."""
    assert condition("select rand() as x, x + 1 from t", recorded_tables).startswith("UNRESOLVED")


def test_two_random_columns_have_two_seeds(recorded_tables: Any) -> None:
    """rand() twice is two independent columns."""
    plan = plan_of("select rand() as x, rand() as y from t", recorded_tables)
    assert isinstance(plan, p.Project)
    first, second = (value for _, value in plan.columns)
    assert first != second


def test_cte_bodies_see_only_what_is_around_them(recorded_tables: Any) -> None:
    """A CTE sees earlier ones, not later ones, and hides a table of its name."""
    plan = plan_of("with t as (select 1 as one), u as (select * from t) select * from u",
                   recorded_tables)  # fmt: skip
    assert [c.name for c in plan.output] == ["one"]
    wrong = "with u as (select * from v), v as (select 1) select * from u"
    assert condition(wrong, recorded_tables) == "TABLE_OR_VIEW_NOT_FOUND"


def test_a_view_that_reads_itself_is_refused(tpch: Any) -> None:
    """create view v as select * from v"""
    tpch.tables["v"] = s.NamedTable(("v",))
    assert condition("select * from v", tpch) == "RECURSIVE_VIEW"


def test_window_functions_are_typed_and_laid_out(recorded_tables: Any) -> None:
    """A Window node under the projection; the default frame depends on ORDER BY."""
    sql = "select sum(l) over (partition by s order by i), max(l) over (partition by s) from t"
    window = only(p.Window, plan_of(sql, recorded_tables))
    frames = [call.frame for _, call in window.calls]
    assert frames == [Frame("range", None, 0), Frame("rows", None, None)]


def test_window_functions_stand_over_groups(recorded_tables: Any) -> None:
    """sum(sum(l)) over (…) adds up the groups' sums."""
    sql = "select i, sum(sum(l)) over (order by i) from t group by i"
    window = only(p.Window, plan_of(sql, recorded_tables))
    assert isinstance(window.child, p.Aggregate)


def test_grouping_sets_expand_the_rows(recorded_tables: Any) -> None:
    """ROLLUP (i, s) has three sets; grouping() is a constant per set."""
    sql = "select i, s, grouping(i), count(*) from t group by rollup(i, s)"
    expand = only(p.Expand, plan_of(sql, recorded_tables))
    ids = [projection[-1] for projection in expand.projections]
    assert [one.value for one in ids if isinstance(one, Literal)] == [0, 1, 3]


def test_equal_grouping_sets_give_their_groups_twice(recorded_tables: Any) -> None:
    """GROUPING SETS ((i), (i)): a position keeps the sets apart."""
    sql = "select i, count(*) from t group by grouping sets ((i), (i))"
    assert len(only(p.Aggregate, plan_of(sql, recorded_tables)).keys) == 3


def test_percentiles_are_the_values_at_their_ranks(recorded_tables: Any) -> None:
    """summary("50%") of five values sorts and takes the third."""
    recorded_tables.answers[:] = [pa.table({"n": [5]})]
    few = s.Project(s.NamedTable(("t",)), (s.Attribute(("i",)),))
    node = s.Statistic(few, "summary", (), (("statistics", ("count", "50%")),))
    plan = analyze(node, recorded_tables)
    check(plan)
    sort = only(p.Sort, plan)
    assert (sort.limit, sort.offset) == (1, 2)


def test_a_filter_clause_restricts_every_part_of_an_aggregate(recorded_tables: Any) -> None:
    """regr_slope(l, i) FILTER (WHERE b) is made of two aggregates, both restricted."""
    plan = plan_of("select regr_slope(l, i) filter (where b) from t", recorded_tables)
    calls = [call for _, call in only(p.Aggregate, plan).aggregates]
    assert len(calls) == 2
    assert all(isinstance(call, AggregateCall) and call.filter is not None for call in calls)
