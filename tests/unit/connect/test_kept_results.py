"""Cached plans are found again by what was written, and only where columns stay unmistakable."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pyflare.engine.plan import syntax as s
from pyflare.engine.results import Results, canonical_form
from pyflare.engine.views import inline_views, nodes

SOURCE = s.DataSource("parquet", ("/data",))


def column(name: str, plan_id: int | None = None) -> s.Attribute:
    return s.Attribute((name,), plan_id)


def filtered(plan_id: int) -> s.Relation:
    """df.filter(df.a), as a client numbers it."""
    return s.Identified(
        s.Filter(s.Identified(SOURCE, plan_id), column("a", plan_id)), plan_id + 100
    )


def ready(results: Results, relation: s.Relation) -> Any:
    kept = results.keep(relation, None)
    results.fill(kept, object())  # type: ignore[arg-type]
    return kept


def test_numbers_of_the_client_do_not_matter() -> None:
    """Two DataFrames built alike are one plan; other text is another."""
    assert canonical_form(filtered(1)) == canonical_form(filtered(7))
    other = s.Filter(SOURCE, column("b"))
    assert canonical_form(filtered(1)) != canonical_form(other)


def test_references_between_inputs_stay_distinct() -> None:
    """df1.a = df2.a and df1.a = df1.a are different conditions."""

    def joined(left: int, right: int) -> s.Relation:
        condition = s.Function("==", (column("a", left), column("a", right)))
        return s.Join(s.Identified(SOURCE, 1), s.Identified(SOURCE, 2), "inner", condition)

    assert canonical_form(joined(1, 2)) != canonical_form(joined(1, 1))


def test_a_cached_part_is_read_instead_of_computed() -> None:
    """The part is replaced wherever it stands, until it is forgotten."""
    results = Results()
    kept = results.keep(filtered(1), None)
    query = s.Limit(filtered(5), s.Values(()))  # type: ignore[arg-type]
    assert s.Cached(kept.key) in list(nodes(results.use(query)))
    assert s.Cached(kept.key) not in list(nodes(results.use(query, but=kept)))
    results.forget(filtered(9))
    assert not results


def test_columns_of_an_inner_frame_still_resolve() -> None:
    """cached = df.filter(…); cached.select(df.a): the filter keeps its input's columns."""
    results = Results()
    kept = ready(results, filtered(1))
    query = s.Project(filtered(1), (column("a", 1),))
    used = results.use(query)
    assert s.Cached(kept.key) in list(nodes(used))
    assert 1 in [n.plan_id for n in nodes(used) if isinstance(n, s.Identified)]


def test_columns_hidden_by_a_join_keep_the_plan() -> None:
    """A reference to one side of a cached join could mean either column: nothing is replaced."""
    join = s.Join(s.Identified(SOURCE, 1), s.Identified(SOURCE, 2), "cross")
    results = Results()
    ready(results, join)
    query = s.Project(join, (column("a", 1),))
    assert results.use(query) is query
    plain = s.Project(join, (column("b"),))
    assert results.use(plain) is not plain


def test_local_tables_are_themselves_only() -> None:
    """Two tables with equal rows are two plans."""
    table = pa.table({"a": [1]})
    one, two = s.LocalTable(table), s.LocalTable(table)
    assert canonical_form(one) == canonical_form(s.Identified(one, 3))
    assert canonical_form(one) != canonical_form(two)


def test_views_are_put_in_by_name_except_where_a_cte_hides_them() -> None:
    """NamedTable(v) becomes its tree; WITH v AS … means the CTE."""
    name = s.NamedTable(("v",))
    views = {"v": SOURCE}

    def lookup(parts: tuple[str, ...]) -> s.Relation | None:
        return views.get(parts[-1])

    assert inline_views(name, lookup) == s.SubqueryAlias(SOURCE, "v")
    hidden = s.With((("v", s.OneRowRelation()),), name)
    assert inline_views(hidden, lookup) == hidden
    first = s.With((("w", name), ("v", s.OneRowRelation())), name)
    assert inline_views(first, lookup).ctes[0][1] == s.SubqueryAlias(SOURCE, "v")  # type: ignore[union-attr]
