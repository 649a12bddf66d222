"""Every DataFrame method becomes the syntax node that means it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql.connect import functions as F

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Literal
from pyflare.engine.plan import syntax as s

T = s.NamedTable(("t",))
U = s.NamedTable(("u",))


def attribute(name: str) -> s.Attribute:
    return s.Attribute((name,))


def call(name: str, *args: s.SyntaxExpr) -> s.Function:
    return s.Function(name, args)


def integer(value: int) -> Literal:
    return Literal(value, t.INT)


a, b = attribute("a"), attribute("b")


@pytest.fixture
def df(decode: Any) -> Any:
    return decode.spark.table("t")


@pytest.fixture
def other(decode: Any) -> Any:
    return decode.spark.table("u")


def test_projection_keeps_names_stars_and_aliases(decode: Any, df: Any) -> None:
    """select and selectExpr hand over names, stars, aliases and SQL text as written."""
    assert decode.bare(df.select("a", "*", "t.*", F.col("b").alias("c"))) == s.Project(
        T, (a, s.Star(), s.Star(("t",)), s.Alias(b, ("c",)))
    )
    assert decode.bare(df.selectExpr("a + 1")) == s.Project(T, (attribute("sql a + 1"),))
    assert decode.bare(df[["a", "b"]]) == s.Project(T, (a, b))


def test_conditions(decode: Any, df: Any) -> None:
    """filter and where take a Column or SQL text."""
    assert decode.bare(df.filter(df.a > 1)) == s.Filter(T, call(">", a, integer(1)))
    assert decode.bare(df.where("a > 1")) == s.Filter(T, attribute("sql a > 1"))


def test_columns_of_a_dataframe_carry_its_plan_id(decode: Any, df: Any) -> None:
    """df.a refers to the very node of the plan that is marked with the same id."""
    match decode.plan(df.filter(df.a > 1)):
        case s.Identified(
            s.Filter(
                s.Identified(_, of_table), s.Function(">", (s.Attribute(plan_id=of_column), _))
            )
        ):
            assert of_table == of_column
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("inner", "inner"),
        ("left", "left"),
        ("right_outer", "right"),
        ("outer", "full"),
        ("left_semi", "semi"),
        ("anti", "anti"),
        ("cross", "cross"),
    ],
)
def test_joins(decode: Any, df: Any, other: Any, how: str, kind: Any) -> None:
    """Each join type, on a condition or on names."""
    condition = call("==", a, b)
    assert decode.bare(df.join(other, df.a == other.b, how)) == s.Join(T, U, kind, condition)
    assert decode.bare(df.join(other, ["a", "b"], how)) == s.Join(T, U, kind, using=("a", "b"))


def test_cross_and_lateral_joins(decode: Any, df: Any, other: Any) -> None:
    """crossJoin has no condition; lateralJoin says so."""
    assert decode.bare(df.crossJoin(other)) == s.Join(T, U, "cross")
    assert decode.bare(df.lateralJoin(other)) == s.Join(T, U, "inner", lateral=True)


def test_grouping(decode: Any, df: Any) -> None:
    """groupBy puts the grouping columns before the aggregates; rollup, cube and sets are marked."""
    total = call("sum", b)
    assert decode.bare(df.groupBy("a").agg(F.sum("b"))) == s.Aggregate(T, (a,), (a, total))
    assert decode.bare(df.agg(F.sum("b"))) == s.Aggregate(T, (), (total,))
    assert decode.bare(df.rollup("a").agg(F.sum("b"))) == s.Aggregate(T, (a,), (a, total), "rollup")
    assert decode.bare(df.cube("a").agg(F.sum("b"))) == s.Aggregate(T, (a,), (a, total), "cube")
    sets = df.groupingSets([["a"], []], "a").agg(F.sum("b"))
    assert decode.bare(sets) == s.Aggregate(T, (a,), (a, total), "sets", ((a,), ()))


def test_grouping_shortcuts(decode: Any, df: Any) -> None:
    """count() and agg({...}) are the aggregates they stand for; DISTINCT survives."""
    counted = s.Alias(call("count", integer(1)), ("count",))
    assert decode.bare(df.groupBy("a").count()) == s.Aggregate(T, (a,), (a, counted))
    assert decode.bare(df.agg({"b": "max"})) == s.Aggregate(T, (), (call("max", b),))
    distinct = s.Function("count", (b,), distinct=True)
    assert decode.bare(df.agg(F.countDistinct("b"))) == s.Aggregate(T, (), (distinct,))


def test_pivot(decode: Any, df: Any) -> None:
    """pivot keeps its values, or none to find them."""
    total = call("sum", b)
    assert decode.bare(df.groupBy("a").pivot("c", ["x", "y"]).agg(F.sum("b"))) == s.Pivot(
        T, (a,), attribute("c"), (Literal("x", t.STRING), Literal("y", t.STRING)), (total,)
    )
    assert decode.bare(df.groupBy("a").pivot("c").agg(F.sum("b"))) == s.Pivot(
        T, (a,), attribute("c"), (), (total,)
    )


def test_unpivot(decode: Any, df: Any) -> None:
    """unpivot without values takes all columns that are not ids."""
    assert decode.bare(df.unpivot("a", ["b"], "k", "v")) == s.Unpivot(T, (a,), (b,), "k", "v")
    assert decode.bare(df.melt("a", None, "k", "v")) == s.Unpivot(T, (a,), None, "k", "v")


def test_order(decode: Any, df: Any) -> None:
    """PySpark always says where NULLs go; sortWithinPartitions is not global."""
    keys = (s.Ordering(a, True, True), s.Ordering(b, False, False))
    assert decode.bare(df.orderBy("a", F.desc("b"))) == s.Sort(T, keys)
    assert decode.bare(df.sort(F.asc_nulls_last("a"))) == s.Sort(T, (s.Ordering(a, True, False),))
    assert decode.bare(df.sortWithinPartitions("a")) == s.Sort(T, keys[:1], is_global=False)


def test_cutting(decode: Any, df: Any) -> None:
    """limit, offset and tail keep their numbers."""
    assert decode.bare(df.offset(2).limit(3)) == s.Limit(s.Offset(T, integer(2)), integer(3))


def test_duplicates(decode: Any, df: Any) -> None:
    """distinct and dropDuplicates() look at all columns, dropDuplicates(names) at some."""
    assert decode.bare(df.distinct()) == s.Deduplicate(T)
    assert decode.bare(df.dropDuplicates()) == s.Deduplicate(T)
    assert decode.bare(df.dropDuplicates(["a"])) == s.Deduplicate(T, ("a",))


def test_set_operations(decode: Any, df: Any, other: Any) -> None:
    """DataFrame's union keeps duplicates, as UNION ALL does; intersect and subtract do not."""
    assert decode.bare(df.union(other)) == s.SetOperation(T, U, "union", all=True)
    assert decode.bare(df.unionByName(other, True)) == s.SetOperation(
        T, U, "union", all=True, by_name=True, allow_missing=True
    )
    assert decode.bare(df.intersect(other)) == s.SetOperation(T, U, "intersect")
    assert decode.bare(df.intersectAll(other)) == s.SetOperation(T, U, "intersect", all=True)
    assert decode.bare(df.subtract(other)) == s.SetOperation(T, U, "except")
    assert decode.bare(df.exceptAll(other)) == s.SetOperation(T, U, "except", all=True)


def test_columns_added_renamed_and_dropped(decode: Any, df: Any) -> None:
    """with*, drop and toDF are by name; drop(df.a) is by column."""
    added = s.WithColumns(T, (s.Alias(call("+", a, integer(1)), ("c",)),))
    assert decode.bare(df.withColumn("c", df.a + 1)) == added
    assert decode.bare(df.withColumns({"c": df.a, "d": df.b})) == s.WithColumns(
        T, (s.Alias(a, ("c",)), s.Alias(b, ("d",)))
    )
    assert decode.bare(df.withColumnRenamed("a", "x")) == s.RenameColumns(T, (("a", "x"),))
    assert decode.bare(df.withColumnsRenamed({"a": "x", "b": "y"})) == s.RenameColumns(
        T, (("a", "x"), ("b", "y"))
    )
    assert decode.bare(df.drop("a", df.b)) == s.DropColumns(T, (b,), ("a",))
    assert decode.bare(df.toDF("x", "y")) == s.ToDataFrame(T, ("x", "y"))
    assert decode.bare(df.alias("z")) == s.SubqueryAlias(T, "z")
    assert decode.bare(df.withMetadata("a", {"k": 1})) == s.WithColumns(
        T, (s.Alias(a, ("a",), '{"k": 1}'),)
    )


def test_to_schema(decode: Any, df: Any) -> None:
    """df.to takes a whole schema."""
    from pyspark.sql.types import LongType, StructField, StructType

    schema = StructType([StructField("a", LongType(), False)])
    assert decode.bare(df.to(schema)) == s.ToSchema(T, t.Struct((t.Field("a", t.BIGINT, False),)))


def test_missing_values(decode: Any, df: Any) -> None:
    """na.fill, na.drop and na.replace with and without a choice of columns."""
    fill = s.NaOperation(T, "fill", (), (Literal(0, t.BIGINT),))
    assert decode.bare(df.fillna(0)) == fill
    assert decode.bare(df.na.fill({"a": 1, "b": "x"})) == s.NaOperation(
        T, "fill", ("a", "b"), (Literal(1, t.BIGINT), Literal("x", t.STRING))
    )
    assert decode.bare(df.dropna()) == s.NaOperation(T, "drop")
    assert decode.bare(df.dropna("all", subset=["a"])) == s.NaOperation(
        T, "drop", ("a",), threshold=1
    )
    assert decode.bare(df.na.replace("x", "y", ["b"])) == s.NaOperation(
        T, "replace", ("b",), replacements=((Literal("x", t.STRING), Literal("y", t.STRING)),)
    )


def test_statistics(decode: Any, df: Any) -> None:
    """describe, summary and stat.* say what is asked of which columns."""
    assert decode.bare(df.describe("a")) == s.Statistic(T, "describe", ("a",))
    assert decode.bare(df.summary("min", "max")) == s.Statistic(
        T, "summary", (), (("statistics", ("min", "max")),)
    )
    assert decode.bare(df.crosstab("a", "b")) == s.Statistic(T, "crosstab", ("a", "b"))
    assert decode.bare(df.freqItems(["a"], 0.5)) == s.Statistic(
        T, "freq_items", ("a",), (("support", 0.5),)
    )
    by = df.sampleBy("a", {1: 0.5}, seed=3)
    parameters = (("column", a), ("fractions", ((integer(1), 0.5),)), ("seed", 3))
    assert decode.bare(by) == s.Statistic(T, "sample_by", (), parameters)


def test_samples(decode: Any, df: Any) -> None:
    """sample has one bound; the parts of randomSplit share a seed and an order."""
    assert decode.bare(df.sample(fraction=0.5, seed=7)) == s.Sample(T, 0.0, 0.5, False, 7)
    match [decode.bare(part) for part in df.randomSplit([1.0, 3.0], seed=7)]:
        case [s.Sample(_, 0.0, 0.25, False, 7, True), s.Sample(_, 0.25, 1.0, False, 7, True)]:
            pass
        case other:
            raise AssertionError(other)


def test_placement_is_noted_and_its_columns_checked(decode: Any, df: Any) -> None:
    """repartition, coalesce and hints change no row, yet unknown columns in them must be found."""
    assert decode.bare(df.repartition(4)) == s.NoOp(T, "repartition(4)")
    assert decode.bare(df.coalesce(1)) == s.NoOp(T, "coalesce(1)")
    assert decode.bare(df.repartition("a")) == s.NoOp(T, "repartition by expression", (a,))
    assert decode.bare(F.broadcast(df)) == s.NoOp(T, "hint broadcast")


def test_show(decode: Any, df: Any) -> None:
    """show and the notebook's HTML are relations of one string."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.plan import HtmlString, ShowString, Tail

    shown = DataFrame(ShowString(df._plan, 20, 0, True), decode.spark)
    assert decode.bare(shown) == s.ShowString(T, 20, 0, True)
    html = DataFrame(HtmlString(df._plan, 20, 5), decode.spark)
    assert decode.bare(html) == s.ShowString(T, 20, 5, False, html=True)
    assert decode.bare(DataFrame(Tail(df._plan, 2), decode.spark)) == s.Tail(T, 2)


def test_observations(decode: Any, df: Any) -> None:
    """observe names metrics over the rows that pass."""
    observed = df.observe("m", F.count(F.lit(1)).alias("n"))
    metric = s.Alias(call("count", integer(1)), ("n",))
    assert decode.bare(observed) == s.Observed(T, "m", (metric,))


def test_reading_files(decode: Any) -> None:
    """spark.read keeps format, paths, options and a schema in DDL; parquet is the default."""
    read = decode.spark.read
    assert decode.bare(read.parquet("/x", "/y")) == s.DataSource("parquet", ("/x", "/y"))
    assert decode.bare(read.load("/x")) == s.DataSource("parquet", ("/x",))
    csv = decode.spark.read.schema("a long").option("header", True).csv("/x")
    schema = t.Struct((t.Field("a", t.BIGINT),))
    assert decode.bare(csv) == s.DataSource("csv", ("/x",), schema, (("header", "true"),))
    by_option = decode.spark.read.format("json").option("path", "/x").load()
    assert decode.bare(by_option) == s.DataSource("json", ("/x",))


def test_tables_by_name(decode: Any) -> None:
    """Table names split at dots outside backquotes."""
    assert decode.bare(decode.spark.table("db.`a.b`")) == s.NamedTable(("db", "a.b"))


def test_range(decode: Any) -> None:
    """spark.range with one and with three numbers."""
    assert decode.bare(decode.spark.range(5)) == s.RangeTable(0, 5, 1)
    assert decode.bare(decode.spark.range(2, 9, 3, numPartitions=2)) == s.RangeTable(2, 9, 3)


def test_local_data(decode: Any) -> None:
    """createDataFrame's rows come as Arrow, with the schema the user gave."""
    match decode.bare(decode.spark.createDataFrame([(1, "x"), (2, None)], ["a", "b"])):
        case s.ToDataFrame(s.LocalTable(table, _), ("a", "b")) | s.LocalTable(table, _):
            assert table.num_rows == 2
        case other:
            raise AssertionError(other)
    from pyspark.sql.types import LongType, StructField, StructType

    schema = StructType([StructField("a", LongType())])
    match decode.bare(decode.spark.createDataFrame([], schema)):
        case s.LocalTable(table, given):
            assert table.num_rows == 0
            assert given == t.Struct((t.Field("a", t.BIGINT),))
        case other:
            raise AssertionError(other)


def test_stored_local_data_is_taken_by_reference(decode: Any) -> None:
    """A table that the session keeps is handed on, not copied."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.plan import ChunkedCachedLocalRelation

    table = s.LocalTable(pa.table({"a": [1]}))
    decode.context.local_tables["key"] = table
    stored = DataFrame(ChunkedCachedLocalRelation(["key"], None), decode.spark)
    match decode.plan(stored):
        case s.Identified(child, _):
            assert child is table
        case other:
            raise AssertionError(other)


def test_sql_text_and_its_parameters(decode: Any) -> None:
    """spark.sql's named and positional arguments replace the markers in the parsed text."""
    one = integer(1)
    assert decode.bare(decode.spark.sql("select 1")) == s.NamedTable(("select 1",))
    named = decode.spark.sql("x = :x", args={"x": 7})
    assert decode.bare(named) == s.Filter(
        s.NamedTable(("x = :x",)), call("==", Literal(7, t.INT), one)
    )
    positional = decode.spark.sql("x = ?", args=["y"])
    assert decode.bare(positional) == s.Filter(
        s.NamedTable(("x = ?",)), call("==", Literal("y", t.STRING), one)
    )


def test_missing_parameters_are_named(decode: Any) -> None:
    """A marker without a value is an error, not NULL."""
    with pytest.raises(Exception, match=r"UNBOUND_SQL_PARAMETER.*: x"):
        decode.bare(decode.spark.sql("x = :x", args={"y": 7}))


def test_self_joins_tell_their_sides_apart(decode: Any, df: Any) -> None:
    """Each side's columns carry the id of that side, though both read the same table."""
    left, right = df.filter("p"), df.filter("q")
    match decode.plan(left.join(right, left.a == right.a)):
        case s.Identified(
            s.Join(
                s.Identified(_, left_id),
                s.Identified(_, right_id),
                condition=s.Function("==", (s.Attribute(plan_id=one), s.Attribute(plan_id=two))),
            )
        ):
            assert (one, two) == (left_id, right_id)
            assert left_id != right_id
        case tree:
            raise AssertionError(tree)


def test_dataframes_in_sql_text_become_ctes(decode: Any, df: Any) -> None:
    """spark.sql("… {df}", df=df) names the DataFrame for the text."""
    match decode.bare(decode.spark.sql("select * from {frame}", frame=df)):
        case s.With(((name, s.SubqueryAlias(child, alias)),), s.NamedTable((text,))):
            assert name == alias and name in text
            assert child == T
        case other:
            raise AssertionError(other)


def test_subqueries_take_the_place_of_their_references(decode: Any, df: Any, other: Any) -> None:
    """scalar(), exists() and isin(df) carry the plan they refer to."""
    inner = other.select("b")
    scalar = s.Filter(T, call(">", a, s.ScalarSubquery(s.Project(U, (b,)))))
    assert decode.bare(df.where(df.a > inner.scalar())) == scalar
    assert decode.bare(df.where(inner.exists())) == s.Filter(T, s.Exists(s.Project(U, (b,))))
    member = s.InSubquery((a,), s.Project(U, (b,)))
    assert decode.bare(df.where(df.a.isin(inner))) == s.Filter(T, member)


def test_table_functions_and_catalog_calls(decode: Any) -> None:
    """spark.tvf and spark.catalog keep name and arguments."""
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.plan import ListTables

    exploded = decode.spark.tvf.explode(F.col("a"))
    assert decode.bare(exploded) == s.TableFunction("explode", (a,))
    query = DataFrame(ListTables("db", "a*"), decode.spark)
    assert decode.bare(query) == s.CatalogQuery(
        "list_tables", (("db_name", "db"), ("pattern", "a*"))
    )


def test_python_over_batches(decode: Any, df: Any, other: Any) -> None:
    """mapInArrow, applyInPandas and cogroup carry the Python function itself and its schema."""
    from pyspark.sql.types import LongType, StructField, StructType

    schema = StructType([StructField("a", LongType())])
    ours = t.Struct((t.Field("a", t.BIGINT),))
    df._cached_schema = schema
    other._cached_schema = StructType([StructField("b", LongType())])
    mapped = df.mapInArrow(lambda batches: batches, schema)
    match decode.bare(mapped):
        case s.MapBatches(child, s.PythonFunction(type=type, eval_type=207, function=function)):
            assert child == T and type == ours
            assert function(5) == 5
        case tree:
            raise AssertionError(tree)
    pairs = df.groupBy("a").cogroup(other.groupBy("b"))
    match decode.bare(pairs.applyInPandas(lambda left, right: left + right, schema)):
        case s.MapBatches(left, s.PythonFunction(function=function), groups, right, others):
            assert (left, groups, right, others) == (T, (a,), U, (b,))
            assert function(2, 3) == 5
        case tree:
            raise AssertionError(tree)


def test_the_same_dataframe_is_decoded_once(decode: Any, df: Any) -> None:
    """Twenty self-unions double the written plan each time; the tree shares its nodes instead."""
    frame = df
    for _ in range(12):
        frame = frame.union(frame)
    match decode.plan(frame):
        case s.Identified(s.SetOperation(left, right), _):
            assert left is right
        case tree:
            raise AssertionError(tree)


def test_long_chains(decode: Any, df: Any, other: Any) -> None:
    """Chains as long as the client itself can write need no deep stack here."""
    frame = df
    for number in range(300):
        frame = frame.withColumn(f"c{number}", frame.a + number)
    depth, tree = 0, decode.plan(frame)
    while not isinstance(tree, s.NamedTable):
        match tree:
            case s.Identified(child, _) | s.WithColumns(child, _):
                tree = child
                depth += 1
    assert depth == 601


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda spark, df: df.transpose(), "transpose"),
        (lambda spark, df: df.dropDuplicatesWithinWatermark(), "dropDuplicatesWithinWatermark"),
        (lambda spark, df: spark.read.jdbc("u", "t", predicates=["a"]), "jdbc"),
        (lambda spark, df: spark.readStream.load("/x"), "readStream"),
        (lambda spark, df: df.select(F.col("a").cast("int")).zip(df), "zip"),
    ],
)
def test_the_unsupported_is_named(decode: Any, df: Any, build: Any, name: str) -> None:
    """What the engine cannot do fails at the border, under the name the user knows."""
    with pytest.raises(Exception, match=name):
        decode.plan(build(decode.spark, df))
