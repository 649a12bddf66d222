"""Commands: views, writes, registered functions, SQL commands."""

from __future__ import annotations

from typing import Any

import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine.plan import syntax as s

T = s.NamedTable(("t",))


def test_views(decode: Any) -> None:
    """The four ways to name a DataFrame."""
    df = decode.spark.table("t")
    df.createTempView("v")
    assert decode.command() == s.CreateView(("v",), T, replace=False)
    df.createOrReplaceTempView("v")
    assert decode.command() == s.CreateView(("v",), T, replace=True)
    df.createOrReplaceGlobalTempView("v")
    assert decode.command() == s.CreateView(("v",), T, replace=True, is_global=True)


def test_view_names_are_identifiers(decode: Any) -> None:
    """A name with a dash needs backquotes, as in SQL."""
    decode.spark.table("t").createTempView("a-b")
    with pytest.raises(Exception, match="INVALID_IDENTIFIER"):
        decode.command()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(None, "error"), ("append", "append"), ("overwrite", "overwrite"), ("ignore", "ignore")],
)
def test_writes_to_folders(decode: Any, mode: str | None, expected: Any) -> None:
    """Format, mode, partition columns and options of df.write."""
    df = decode.spark.table("t")
    df.write.parquet("/x", mode=mode)
    assert decode.command() == s.Write(T, "parquet", "/x", None, expected)
    df.write.partitionBy("a", "b").option("header", True).csv("/x", mode=mode)
    match decode.command():
        case s.Write(child, "csv", "/x", None, found, ("a", "b"), options):
            assert (child, found) == (T, expected)
            assert ("header", "true") in options
        case other:
            raise AssertionError(other)


def test_save_by_option(decode: Any) -> None:
    """save() takes its path from the options too, and parquet is the default format."""
    decode.spark.table("t").write.option("path", "/x").save()
    assert decode.command() == s.Write(T, "parquet", "/x", None, "error")


def test_writes_to_tables(decode: Any) -> None:
    """saveAsTable and insertInto name a table; insertInto wants it to exist."""
    df = decode.spark.table("t")
    df.write.saveAsTable("db.x", mode="overwrite")
    assert decode.command() == s.Write(T, "parquet", None, ("db", "x"), "overwrite")
    df.write.insertInto("x")
    match decode.command():
        case s.Write(_, _, None, ("x",), "append", insert=True):
            pass
        case other:
            raise AssertionError(other)
    df.writeTo("x").createOrReplace()
    assert decode.command() == s.Write(T, "parquet", None, ("x",), "overwrite")


def test_unsupported_writes_are_named(decode: Any) -> None:
    """Bucketing is refused by name."""
    decode.spark.table("t").write.bucketBy(4, "a").saveAsTable("x")
    with pytest.raises(Exception, match="bucketBy"):
        decode.command()


def test_registered_functions(decode: Any) -> None:
    """spark.udf.register hands over name, function and type."""
    from pyspark.sql.connect.plan import LogicalPlan  # noqa: F401  (import order of the client)
    from pyspark.sql.connect.proto import Command
    from pyspark.sql.connect.udf import UserDefinedFunction
    from pyspark.sql.types import IntegerType

    udf = UserDefinedFunction(lambda x: x, IntegerType(), "f", 101)
    command = Command()
    inline = udf._build_common_inline_user_defined_function("a")
    command.register_function.CopyFrom(inline.to_plan_udf(decode.spark._client))
    decode.spark._client.commands.append(command)
    match decode.command():
        case s.RegisterFunction(s.PythonFunction("f", _, type, 101)):
            assert type == t.INT
        case other:
            raise AssertionError(other)


def test_sql_commands_and_queries(decode: Any) -> None:
    """spark.sql answers a command for DDL and a relation for a query."""
    decode.spark.sql("select 1")
    assert decode.command() == s.NamedTable(("select 1",))
    decode.spark.sql("CREATE VIEW v AS x")
    assert decode.command() == s.CreateView(("v",), s.NamedTable(("CREATE VIEW v AS x",)), True)


def test_sql_commands_over_dataframes(decode: Any) -> None:
    """A DataFrame named in the text of a command is a CTE of its query."""
    df = decode.spark.table("t")
    decode.spark.sql("CREATE VIEW v AS select * from {df}", df=df)
    match decode.command():
        case s.CreateView(("v",), s.With(((name, s.SubqueryAlias(child, _)),), _)):
            assert child == T and name
        case other:
            raise AssertionError(other)


def test_checkpoints(decode: Any) -> None:
    """checkpoint keeps rows under a key; the client tells when to forget them."""
    from pyspark.sql.connect.plan import Checkpoint
    from pyspark.sql.connect.proto import Command

    client = decode.spark._client
    plan = Checkpoint(decode.spark.table("t")._plan, local=True, eager=True)
    client.commands.append(plan.command(client))
    assert decode.command() == s.Checkpoint(T)
    command = Command()
    command.remove_cached_remote_relation_command.relation.relation_id = "k"
    client.commands.append(command)
    assert decode.command() == s.DropCheckpoint("k")
