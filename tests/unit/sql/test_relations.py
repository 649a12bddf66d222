"""Queries of SQL text become the relations that Spark's parser gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Literal
from pyflare.engine.plan import syntax as s
from pyflare.engine.sql import parse
from pyflare.engine.sql.bare import bare

QUERIES = sorted((Path(__file__).parents[3] / "tpch" / "queries").glob("q*.sql"))
A, B, C, T, U = (s.Attribute((n,)) for n in ("a", "b", "c", "t", "u"))
TABLE, OTHER = s.NamedTable(("t",)), s.NamedTable(("u",))
ONE, TWO = Literal(1, t.INT), Literal(2, t.INT)
STAR = (s.Star(),)
UNNAMED = "__auto_generated_subquery_name"


def read(text: str) -> object:
    """The relation without its places in the text."""
    return bare(parse(text))


def select(child: s.Relation, *items: s.SyntaxExpr) -> s.Project:
    """SELECT items FROM child; without items all columns."""
    return s.Project(child, items or STAR)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_every_query_of_tpch_is_read(path: Path) -> None:
    """The 22 queries are plain Spark SQL."""
    assert len(QUERIES) == 22
    relation = parse(path.read_text())
    assert isinstance(relation, s.Sort | s.Limit | s.Project | s.With)


def test_the_clauses_of_a_query_nest_in_sparks_order() -> None:
    """FROM, WHERE, GROUP BY with HAVING, DISTINCT, ORDER BY, OFFSET, LIMIT, from inside out."""
    text = (
        "select distinct a, b from t where c group by a, b having a order by b desc "
        "limit 2 offset 1"
    )
    grouped = s.Aggregate(s.Filter(TABLE, C), (A, B), (A, B), having=A, sql=True)
    ordered = s.Sort(s.Deduplicate(grouped), (s.Ordering(B, False),), sql=True)
    assert read(text) == s.Limit(s.Offset(ordered, ONE), TWO)


def test_having_alone_groups_all_rows() -> None:
    """HAVING without GROUP BY is a global aggregate."""
    count = s.Function("count", (ONE,))
    assert read("select count(*) from t having a") == s.Aggregate(
        TABLE, (), (count,), having=A, sql=True
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("join", "inner"),
        ("inner join", "inner"),
        ("left join", "left"),
        ("left outer join", "left"),
        ("right join", "right"),
        ("full outer join", "full"),
        ("left semi join", "semi"),
        ("semi join", "semi"),
        ("left anti join", "anti"),
        ("anti join", "anti"),
        ("cross join", "inner"),
    ],
)
def test_joins(text: str, kind: str) -> None:
    """Each spelling is one of seven kinds; a cross join with a condition is an inner join."""
    joined = read(f"select * from t {text} u on a")
    assert joined == select(s.Join(TABLE, OTHER, kind, A))  # type: ignore[arg-type]


def test_joins_without_condition() -> None:
    """A comma is a cross join; USING and NATURAL name columns."""
    assert read("select * from t, u") == select(s.Join(TABLE, OTHER, "cross"))
    assert read("select * from t join u using (a, b)") == select(
        s.Join(TABLE, OTHER, "inner", using=("a", "b"))
    )
    assert read("select * from t natural left join u") == select(
        s.Join(TABLE, OTHER, "left", natural=True)
    )


def test_commas_and_joins_go_from_left_to_right() -> None:
    """t, u JOIN v is (t, u) JOIN v."""
    both = s.Join(TABLE, OTHER, "cross")
    assert read("select * from t, u join v on a") == select(
        s.Join(both, s.NamedTable(("v",)), "inner", A)
    )
    inner = s.Join(OTHER, s.NamedTable(("v",)), "inner", A)
    assert read("select * from t join (u join v on a) on b") == select(
        s.Join(TABLE, inner, "inner", B)
    )


def test_lateral_subqueries_and_views() -> None:
    """LATERAL marks the join; LATERAL VIEW applies to all relations before it."""
    sub = s.SubqueryAlias(select(s.OneRowRelation(), A), "x", ("y",))
    assert read("select * from t, lateral (select a) x(y)") == select(
        s.Join(TABLE, sub, "cross", lateral=True)
    )
    explode = s.Function("explode", (A,))
    assert read("select * from t lateral view outer explode(a) x as b, c where b") == select(
        s.Filter(s.LateralView(TABLE, explode, True, "x", ("b", "c")), B)
    )


def test_tables_functions_values_and_files() -> None:
    """What may stand in FROM."""
    assert read("select * from a.b.c as x(y)") == select(
        s.SubqueryAlias(s.NamedTable(("a", "b", "c")), "x", ("y",))
    )
    assert read("select * from range(1, 10, 2)") == select(s.RangeTable(1, 10, 2))
    assert read("select * from explode(a)") == select(s.TableFunction("explode", (A,)))
    assert read("select * from parquet.`/x/y`") == select(s.DataSource("parquet", ("/x/y",)))
    rows = s.Values(((ONE, TWO), (TWO, ONE)))
    assert read("values (1, 2), (2, 1)") == rows
    assert read("select * from values (1, 2), (2, 1) as x(a, b)") == select(
        s.SubqueryAlias(rows, "x", ("a", "b"))
    )
    assert read("values 1, (2)") == s.Values(((ONE,), (TWO,)))
    assert read("select * from (select a from t)") == select(
        s.SubqueryAlias(select(TABLE, A), UNNAMED)
    )
    assert read("table t") == select(TABLE)


def test_ctes_keep_their_scopes() -> None:
    """A WITH inside of parentheses belongs to its own query."""
    text = "with a as (select 1), b(x) as (select 2) (with a as (select 2) select * from a)"
    one, two = select(s.OneRowRelation(), ONE), select(s.OneRowRelation(), TWO)
    inner = s.With((("a", two),), select(s.NamedTable(("a",))))
    assert read(text) == s.With((("a", one), ("b", s.SubqueryAlias(two, "b", ("x",)))), inner)


def test_set_operations() -> None:
    """INTERSECT binds tighter; ORDER BY and LIMIT at the end belong to the whole."""
    a, b, c = (select(s.NamedTable((n,))) for n in "abc")
    text = "table a union all table b intersect table c order by 1 limit 2"
    both = s.SetOperation(a, s.SetOperation(b, c, "intersect"), "union", all=True)
    assert read(text) == s.Limit(s.Sort(both, (s.Ordering(ONE),), sql=True), TWO)
    first = s.Limit(a, ONE)
    assert read("(table a limit 1) except table b") == s.SetOperation(first, b, "except")
    assert read("table a minus all table b") == s.SetOperation(a, b, "except", all=True)


@pytest.mark.parametrize(
    ("text", "kind", "sets"),
    [
        ("rollup(a, b)", "rollup", ()),
        ("a, b with rollup", "rollup", ()),
        ("cube(a, b)", "cube", ()),
        ("a, b with cube", "cube", ()),
        ("grouping sets ((a, b), a, ())", "sets", ((A, B), (A,), ())),
        ("a, b grouping sets ((a, b), a, ())", "sets", ((A, B), (A,), ())),
        ("a, rollup(b)", "sets", ((A, B), (A,))),
        ("rollup((a, b))", "sets", ((A, B), ())),
        ("grouping sets (rollup(a, b))", "sets", ((A, B), (A,), ())),
        ("cube(a), cube(b)", "sets", ((A, B), (A,), (B,), ())),
    ],
)
def test_grouping_analytics(text: str, kind: str, sets: tuple[object, ...]) -> None:
    """ROLLUP and CUBE of plain columns keep their kind; every mixture becomes its sets."""
    grouped = read(f"select a from t group by {text}")
    assert isinstance(grouped, s.Aggregate)
    assert (grouped.grouping, grouped.groups, grouped.sets) == (kind, (A, B), sets)


def test_group_by_all_and_order_by_all() -> None:
    """ALL is left to the analyser."""
    grouped = s.Aggregate(TABLE, (), (A,), "all", sql=True)
    assert read("select a from t group by all") == grouped
    keys = (s.Ordering(s.Attribute(("all",))),)
    assert read("select * from t order by all") == s.Sort(select(TABLE), keys, sql=True)


def test_pivot_and_unpivot() -> None:
    """They apply to all relations before them; UNPIVOT keeps all other columns."""
    total = s.Function("sum", (A,))
    joined = s.Join(TABLE, OTHER, "inner", C)
    text = "select * from t join u on c pivot (sum(a) as x for b in (1 as one, 2)) p"
    pivot = s.Pivot(joined, None, B, (s.Alias(ONE, ("one",)), TWO), (s.Alias(total, ("x",)),))
    assert read(text) == select(s.SubqueryAlias(pivot, "p"))
    rest = (s.Star(excluded=(("a",), ("b",))),)
    unpivot = s.Unpivot(TABLE, rest, (A, s.Alias(B, ("y",))), "n", "v", include_nulls=False)
    assert read("select * from t unpivot (v for n in (a, b as y))") == select(unpivot)


def test_samples() -> None:
    """A percentage is a fraction, a number of rows a limit."""
    assert read("select * from t tablesample (10 percent) repeatable (7) x") == select(
        s.SubqueryAlias(s.Sample(TABLE, 0.0, 0.1, False, 7), "x")
    )
    assert read("select * from t tablesample (2 rows)") == select(s.Limit(TABLE, TWO))


def test_hints_and_distribution_do_nothing() -> None:
    """They are kept for explain only."""
    assert read("select /*+ broadcast(t) */ * from t") == s.NoOp(select(TABLE), "hint broadcast(t)")
    by_a = (s.Ordering(A),)
    assert read("select * from t sort by a") == s.Sort(select(TABLE), by_a, False, True)
    assert read("select * from t distribute by b") == s.NoOp(select(TABLE), "DISTRIBUTE BY")


def test_named_windows() -> None:
    """The WINDOW clause stands around the select list that uses it."""
    window = s.WindowOver(Literal(None, t.NULL), (A,))
    over = s.WindowOver(s.Function("rank", ()), name="w")
    assert read("select rank() over w from t window w as (partition by a)") == (
        s.WindowDefinitions(select(TABLE, over), (("w", window),))
    )


def test_a_table_knows_its_place() -> None:
    """TABLE_OR_VIEW_NOT_FOUND points at the dotted name."""
    relation = parse("select *\nfrom a.`b c`")
    assert isinstance(relation, s.Project) and isinstance(relation.child, s.NamedTable)
    origin = relation.child.origin
    assert origin is not None
    assert (origin.fragment, origin.line, origin.column) == ("a.`b c`", 2, 5)
