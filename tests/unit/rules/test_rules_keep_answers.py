"""An optimised plan has the rows of the plan it came from, whatever the query."""

from __future__ import annotations

from typing import Any

import pytest

from pyflare.codegen.interpret.operators import interpret
from pyflare.codegen.ir.check import check as check_operator
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.load import load
from pyflare.engine.lower import lower
from pyflare.engine.plan.check import check
from pyflare.engine.plan.nodes import Apply
from pyflare.engine.plan.traverse import walk
from pyflare.engine.rewrite import rewrite
from pyflare.engine.sql.parse import parse_query
from tests.unit.rules.reference import Tables, TooManyRows, answer, multiset, table

R = table(
    "r", "a b s", [(1, 10, "x"), (2, 20, "y"), (3, None, "x"), (None, 40, None), (2, 20, "y")]
)
S = table("s", "c d s2", [(1, 10, "x"), (1, 11, "z"), (2, None, None), (4, 40, "y")])
T = table("t", "e f", [(1, 1), (2, 2), (None, 3), (10, 20)])
N = table("n", "k v", [(1, 10), (2, 20), (3, 30), (4, 40)])
E = table("e", "g h", [])
TABLES = (R, S, T, N, E)
SESSION = Tables(*TABLES)

QUERIES = [
    " ".join(each.split())
    for each in """
select * from r where a = 1 + 1 and b > 5;
select a + 1 from r where a + 1 > 2 and true;
select * from r where a in (select c from s);
select * from r where a not in (select c from s);
select * from r where a not in (select e from t);
select * from r where a not in (select e from t where e is not null);
select * from r where a not in (select g from e);
select a, a in (select e from t) from r;
select a, a not in (select c from s where d > b) from r;
select * from r where a not in (select c from s where d > b);
select * from r where a in (select c from s where d >= b);
select * from r where (a, b) in (select c, d from s);
select * from r where (a, b) not in (select c, d from s);
select a, (a, b) in (select c, d from s) from r;
select * from r where exists (select 1 from s where c = a);
select * from r where not exists (select 1 from s where c = a and d <> b);
select * from r where exists (select 1 from s where c > a);
select * from r where exists (select * from e);
select * from r where not exists (select * from s);
select * from r where exists (select count(*) from s where c = a);
select * from r where exists (select c, count(*) from s where c = a group by c having count(*) >
  1);
select * from r where exists (select 1 from s where c = a) or b = 40;
select a, exists (select 1 from s where c = a) from r;
select a, (select max(d) from s where c = a) from r;
select a, (select count(*) from s where c = a) from r;
select a, (select count(d) + 1 from s where c = a) from r;
select a, (select count(*) from s where c = a and d > b) from r;
select a, (select count(*) from s where c > a) from r;
select a, (select sum(d) from s where c < a) from r;
select a, (select count(*) from s where c = a having count(*) > 1) from r;
select a, (select count(*) from s where c = a having count(*) = 0) from r;
select * from r where b > (select avg(d) from s);
select * from r where b = (select max(d) from s where c = a);
select * from r where 0 = (select count(*) from s where c = a);
select * from n where v > (select sum(d) from s where c = k);
select a, (select max(v) from n where k = a) from r;
select a, (select v from n where k = a) from r;
select a, (select v + b from n where k = a) from r;
select * from r where a = (select max(c) from s where exists (select 1 from t where e = c and f =
  a));
select a from r where exists (select 1 from s where c = a and d > (select max(f) from t where e =
  a));
select a from r where exists (select 1 from s where c = a and exists (select 1 from t where e = c
  and f = b));
select a from r where exists (select 1 from s where exists (select 1 from t where e = a and f =
  c));
select a, (select count(*) from s where exists (select 1 from t where e = a and f = c)) from r;
select a, (select count(*) from (select c from s where c = a union all select e from t where e =
  a) q) from r;
select a, (select max(c) from (select distinct c from s where c <= a) q) from r;
select a, (select count(*) from s left join t on c = e where d > b) from r;
select * from r, s where a = c and b = d;
select * from r, s, t where a = c and c = e and a = 1;
select * from r join s on a = c join n on k = c where v > 10;
select * from r left join s on a = c;
select * from r left join s on a = c and d > 10;
select * from r left join s on a = c where d > 10;
select * from r left join s on a = c where d is null;
select * from r left join s on a = c and a > 1;
select * from r right join s on a = c where b > 10;
select * from r full join s on a = c;
select * from r full join s on a = c where a > 1;
select * from r full join s on a = c where c > 1 and a > 1;
select * from r left semi join s on a = c and a > 1;
select * from r left anti join s on a = c and d > 10;
select * from r left join s on a = c left join t on d = e;
select * from r left join s on a = c join n on k = c;
select * from r cross join s where a + c = 4;
select * from r, s where (a = 1 and c = 1) or (a = 2 and c = 2);
select * from r, s where (a = c and b > 5) or (a = c and d > 5);
select * from r, s where a = c and a <=> 1;
select * from (select a, count(*) as n from r group by a) where a = 2 and n > 1;
select * from (select a as x, b + 1 as y from r) where x = 2 and y > 3;
select * from (select a from r union all select c from s) where a = 1;
select * from (select a from r union all select c from s where false);
select a, count(distinct b) from r group by a;
select count(distinct a), count(distinct s), sum(b), count(*) from r;
select a, count(distinct b), count(distinct s), min(b) from r group by a;
select count(distinct a) filter (where b > 10), min(distinct b) from r;
select count(distinct a, b) from r;
select s, sum(distinct b) from r group by s;
select a from r order by a limit 2;
select a from r order by a, b, s limit 3;
select * from (select a from r order by a desc limit 3) limit 2;
select a from r order by a offset 1;
select * from r where false;
select count(*) from r where 1 = 0;
select * from r left join (select * from s where false) on a = c;
select * from r where a not in (select c from s where false);
with q as (select a, sum(b) as t from r group by a) select * from q where t = (select max(t) from
  q);
with q as (select c, sum(d) as t from s group by c) select x.c, y.t from q x join q y on x.c = y.c;
select distinct a from r where a is not null;
select a from r intersect select c from s;
select a from r except select c from s;
select case when a = 1 then 'one' when false then 'never' else 'other' end from r;
select * from r where not (a > 1 or b < 15);
select * from r where a = 1 or a = 2 or a = 3;
select * from r where 10 / a > 4 and a > 0;
select * from r join s on a = c where 10 / (b - 5) > 1;
select a, sum(b) from r group by a having sum(b) > 10 and a > 1;
select k, v, a from n left join r on a = k where coalesce(b, 0) = 0;
select * from n where k in (select a from r where b = v) and v < 25;
select * from n where (select count(*) from r where a = k) > 1;
select k from n where v in (select b from r where a in (select c from s where d = b));
select q.a, q.m from (select a, (select min(d) from s where c = a) as m from r) q where q.m > 1;
select * from r, lateral (select max(d) as m from s where c = a) q;
select * from r, lateral (select count(*) as m from s where c = a) q where m = 0;
select * from r left join lateral (select d from s where c = a) q on true;
select a, s from r group by a, s having a > (select min(e) from t);
select sum(a) from r, s, t, n where a = c and e = k and k = c;
select * from r a1, r a2, r a3 where a1.a = a2.a and a2.b = a3.b and a1.a < 3
""".strip().split(";\n")
]


@pytest.mark.parametrize("sql", QUERIES)
def test_the_optimised_plan_has_the_same_rows(sql: str) -> None:
    """Every rule keeps the answer, NULLs and empty inputs included, and leaves a legal plan."""
    plan = analyze(parse_query(sql), SESSION)
    check(plan, "analysis")
    optimized = rewrite(plan, checked=True)
    assert not any(isinstance(node, Apply) for node in walk(optimized))
    assert [c.id for c in optimized.output] == [c.id for c in plan.output]
    assert multiset(answer(optimized)) == multiset(answer(plan))


@pytest.mark.parametrize("sql", QUERIES)
def test_the_lowered_plan_has_the_same_rows(sql: str) -> None:
    """Lowering keeps the answer, in the order of the output columns, and makes a legal program."""
    plan = analyze(parse_query(sql), SESSION)
    optimized = rewrite(plan)
    inputs = load(optimized, 1)
    operator = lower(optimized, inputs)
    check_operator(operator)
    tables: Any = {source: each.owners[0] for source, each in inputs.bindings.items()}
    assert [c.name for c in operator.output] == [c.name for c in plan.output]
    assert [c.type for c in operator.output] == [c.type for c in plan.output]
    rows = interpret(operator, tables)
    assert multiset(rows) == multiset(answer(plan))
    for column, values in zip(operator.output, zip(*rows, strict=True), strict=False):
        assert column.nullable or None not in values


def test_a_scalar_subquery_with_two_rows_is_an_error() -> None:
    """Unnesting keeps the error of a scalar subquery that finds more than one row."""
    plan = analyze(parse_query("select a, (select d from s where c = a) from r"), SESSION)
    for each in (plan, rewrite(plan, checked=True)):
        with pytest.raises(TooManyRows):
            answer(each)
