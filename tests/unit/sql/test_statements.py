"""Statements that are not queries."""

from __future__ import annotations

import pytest
from pyspark.errors import ParseException, UnsupportedOperationException

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Literal
from pyflare.engine.plan import syntax as s
from pyflare.engine.sql import parse
from pyflare.engine.sql.bare import bare

ONE = s.Project(s.OneRowRelation(), (Literal(1, t.INT),))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("create temp view v as select 1", s.CreateView(("v",), ONE, False)),
        (
            "create or replace global temporary view v(a, b comment 'x') comment 'y' as select 1",
            s.CreateView(("v",), ONE, True, True, ("a", "b")),
        ),
        (
            "create temp view v (a int) using csv options (path '/x', header = true, 'k.l' -3)",
            s.CreateView(
                ("v",),
                s.DataSource(
                    "csv",
                    ("/x",),
                    t.Struct((t.Field("a", t.INT),)),
                    (("header", "true"), ("k.l", "-3")),
                ),
                False,
            ),
        ),
        ("drop view if exists a.v", s.DropView(("a", "v"), True)),
        ("drop table v", s.DropView(("v",), False)),
        ("show tables in d like 'x*'", s.Show("tables", ("d",), "x*")),
        ("show views", s.Show("views")),
        ("show schemas", s.Show("databases")),
        ("show columns from t in d", s.Show("columns", ("d", "t"))),
        ("show functions", s.Show("functions")),
        ("desc t", s.Show("describe", ("t",))),
        ("set a.b = x y; ", s.SetConfig("a.b", "x y")),
        ("set `a b`", s.SetConfig("a b")),
        ("set", s.SetConfig(None)),
        ("set time zone 'UTC'", s.SetConfig("spark.sql.session.timeZone", "UTC")),
        ("reset a.b", s.SetConfig("a.b", reset=True)),
        ("explain select 1", s.ExplainQuery(ONE)),
        ("explain codegen select 1", s.ExplainQuery(ONE, "codegen")),
        ("cache lazy table t", s.CacheTable(("t",), lazy=True)),
        ("cache table t as select 1", s.CacheTable(("t",), ONE)),
        ("uncache table if exists t", s.CacheTable(("t",), uncache=True, if_exists=True)),
        ("clear cache", s.CacheTable(None, uncache=True)),
        ("refresh table t", s.Show("refresh", ("t",))),
        (
            "insert overwrite directory '/x' using parquet options (a 1) select 1",
            s.Write(ONE, "parquet", "/x", None, "overwrite", options=(("a", "1"),)),
        ),
        ("use database d", s.Show("use", ("d",))),
        (
            "insert into table t select 1",
            s.Write(ONE, "parquet", None, ("t",), "append", insert=True),
        ),
        (
            "create table if not exists t using csv partitioned by (a) as select 1",
            s.Write(ONE, "csv", None, ("t",), "ignore", ("a",)),
        ),
    ],
)
def test_a_command_is_read(text: str, command: s.Command) -> None:
    """Keywords in any case, options in Spark's spellings."""
    assert bare(parse(text)) == command
    assert bare(parse(f"-- note\n  {text}")) == command


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("create table t (a int) as select 1", "CREATE TABLE with columns"),
        ("insert into t (a) select 1", "a list of columns in INSERT"),
        ("merge into t using s on a when matched then delete", "MERGE INTO"),
        ("alter table t rename to u", "ALTER TABLE"),
        ("select a from t qualify a", "QUALIFY"),
        ("select a:b from t", "VARIANT"),
    ],
)
def test_the_rest_is_refused_by_name(text: str, names: str) -> None:
    """The error says which construct it is."""
    with pytest.raises(UnsupportedOperationException, match=names):
        parse(text)


def test_a_syntax_error_shows_where_it_is() -> None:
    """Line, position and a pointer under the offending word."""
    with pytest.raises(ParseException) as caught:
        parse("select a\nfrom t\nwhere a = = 1")
    assert caught.value.getCondition() == "PARSE_SYNTAX_ERROR"
    assert "at or near '='" in str(caught.value)
    assert "(line 3, pos 10)" in str(caught.value)
    assert "where a = = 1\n----------^^^" in str(caught.value)


def test_too_deep_a_query_is_an_error_not_a_crash() -> None:
    """500 parentheses are refused as too complex."""
    with pytest.raises(ParseException, match="FAILED_TO_PARSE_TOO_COMPLEX"):
        parse("select " + "(" * 500 + "1" + ")" * 500)
