"""What DataFrame code means: df.col, self joins, column verbs, reshaping, missing values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Column, Literal
from pyflare.engine.analyze import analyze
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.check import check
from pyflare.engine.types import simple_string

T = s.NamedTable(("t",))
NN = s.NamedTable(("nn",))


def plan_of(relation: s.Relation, session: Any) -> p.Plan:
    plan = analyze(relation, session)
    check(plan)
    return plan


def schema(plan: p.Plan) -> list[str]:
    return [
        f"{c.name} {simple_string(c.type)}" + ("" if c.nullable else " not null")
        for c in plan.output
    ]


def failure(relation: s.Relation, session: Any) -> tuple[str, dict[str, str]]:
    with pytest.raises(Exception) as caught:
        analyze(relation, session)
    error: Any = caught.value
    return error.getCondition(), error.getMessageParameters()


def df(plan_id: int, child: s.Relation = T) -> s.Identified:
    return s.Identified(child, plan_id)


def col(name: str, plan_id: int | None = None) -> s.Attribute:
    return s.Attribute((name,), plan_id)


def call(name: str, *args: Any) -> s.Function:
    return s.Function(name, args)


def number(value: int) -> Literal:
    return Literal(value, t.INT)


def select(child: s.Relation, *items: Any) -> s.Project:
    return s.Project(child, items)


def test_a_column_of_a_dataframe_is_found_through_the_nodes_above_it(recorded_tables: Any) -> None:
    """df.filter(…).select(df.i): the column of the inner relation passes through."""
    filtered = df(2, s.Filter(df(1), call(">", col("i", 1), number(1))))
    plan = plan_of(select(filtered, col("i", 1)), recorded_tables)
    assert schema(plan) == ["i int"]


def test_a_self_join_distinguishes_both_sides_by_dataframe(recorded_tables: Any) -> None:
    """a.join(b, a.i == b.l) where b = df.filter(…): each name means its own side."""
    left, right = df(1), df(2, s.Filter(df(1), call(">", col("l", 1), number(0))))
    condition = call("==", col("i", 1), col("i", 2))
    join = s.Join(left, right, "inner", condition)
    plan = plan_of(select(join, col("i", 1), col("i", 2)), recorded_tables)
    first, second = plan.output
    assert first.id != second.id
    assert isinstance(plan, p.Project)
    assert isinstance(plan.child, p.Join)
    assert isinstance(plan.child.condition, Call)
    a, b = plan.child.condition.args
    assert isinstance(a, Column)
    assert isinstance(b, Column)
    assert a.id in {c.id for c in plan.child.left.output}
    assert b.id in {c.id for c in plan.child.right.output}


def test_the_same_dataframe_on_both_sides_is_ambiguous(recorded_tables: Any) -> None:
    """df.join(df, df.i == df.i) has no meaning."""
    join = s.Join(df(1), df(1), "inner", call("==", col("i", 1), col("i", 1)))
    assert failure(join, recorded_tables)[0] == "AMBIGUOUS_COLUMN_REFERENCE"


def test_a_replaced_column_is_not_the_dataframes_column_any_more(recorded_tables: Any) -> None:
    """df.withColumn("i", …).select(df.i) does not see the new i."""
    replaced = s.WithColumns(df(1), (s.Alias(call("+", col("i"), number(1)), ("i",)),))
    assert failure(select(df(2, replaced), col("i", 1)), recorded_tables) == (
        "CANNOT_RESOLVE_DATAFRAME_COLUMN",
        {"name": "`i`"},
    )


def test_sorting_and_filtering_see_columns_that_were_not_selected(recorded_tables: Any) -> None:
    """df.select("i").orderBy(df.l).filter(df.s == "x"): l and s ride along and are dropped."""
    selected = df(2, select(df(1), col("i")))
    ordered = s.Sort(selected, (s.Ordering(col("l", 1)),))
    filtered = s.Filter(ordered, call("==", col("s", 1), Literal("x", t.STRING)))
    assert schema(plan_of(filtered, recorded_tables)) == ["i int"]


def test_a_using_join_shows_the_key_once_and_keeps_each_sides_own(recorded_tables: Any) -> None:
    """a.join(b, "i", "left").select(b.i) is the right side's, nullable; i alone the left's."""
    join = s.Join(df(1, NN), df(2, NN), "left", using=("ni",))
    assert schema(plan_of(select(join, col("ni"), col("ni", 2)), recorded_tables)) == [
        "ni int not null",
        "ni int",
    ]
    names = [c.name for c in plan_of(join, recorded_tables).output]
    assert names.count("ni") == 1
    assert names[0] == "ni"


def test_a_full_using_join_takes_the_key_from_whichever_side_has_it(recorded_tables: Any) -> None:
    """FULL OUTER USING coalesces; the key is nullable only if both sides' keys are."""
    join = s.Join(df(1, NN), df(2, NN), "full", using=("ni",))
    plan = plan_of(select(join, col("ni")), recorded_tables)
    assert schema(plan) == ["ni int"]


def test_the_same_view_used_twice_has_different_columns(tpch: Any) -> None:
    """Each use of a table or view gets columns of its own."""
    tpch.tables["v"] = select(s.NamedTable(("nation",)), col("n_nationkey"))
    join = s.Join(s.NamedTable(("v",)), s.NamedTable(("v",)), "cross")
    plan = plan_of(join, tpch)
    assert len({c.id for c in plan.output}) == 2


def test_column_verbs_are_case_insensitive_and_ignore_unknown_names(recorded_tables: Any) -> None:
    """drop, withColumnRenamed, withColumn and toDF work by name."""
    few = select(T, col("i"), col("l"), col("s"))
    assert schema(plan_of(s.DropColumns(few, names=("L", "nope")), recorded_tables)) == [
        "i int",
        "s string",
    ]
    renames = (("I", "x"), ("nope", "y"))
    assert schema(plan_of(s.RenameColumns(few, renames), recorded_tables))[0] == "x int"
    added = s.WithColumns(few, (s.Alias(number(1), ("S",)), s.Alias(number(2), ("n",))))
    assert schema(plan_of(added, recorded_tables)) == [
        "i int",
        "l bigint",
        "S int not null",
        "n int not null",
    ]
    assert schema(plan_of(s.ToDataFrame(few, ("a", "b", "c")), recorded_tables)) == [
        "a int",
        "b bigint",
        "c string",
    ]


def test_dropping_duplicates_by_some_columns_keeps_the_schema(recorded_tables: Any) -> None:
    """dropDuplicates(["i"]) keeps one row per i, with the columns in their order."""
    few = select(T, col("s"), col("i"), col("l"))
    plan = plan_of(s.Deduplicate(few, ("I",)), recorded_tables)
    assert schema(plan) == ["s string", "i int", "l bigint"]


def test_set_operations_by_name_fill_what_is_missing(recorded_tables: Any) -> None:
    """unionByName(allowMissingColumns=True): NULL where a side lacks a column."""
    left = select(T, col("i"), col("s"))
    right = select(NN, s.Alias(col("ns"), ("S",)), s.Alias(col("nl"), ("z",)))
    union = s.SetOperation(left, right, "union", all=True, by_name=True, allow_missing=True)
    assert schema(plan_of(union, recorded_tables)) == ["i int", "s string", "z bigint"]
    strict = s.SetOperation(left, right, "union", all=True, by_name=True)
    assert failure(strict, recorded_tables)[0] == "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES"


def test_missing_values_are_filled_by_class_of_type(recorded_tables: Any) -> None:
    """na.fill(0) fills numbers only; NaN counts as missing in floats."""
    few = select(T, col("i"), col("d"), col("s"))
    filled = s.NaOperation(few, "fill", values=(Literal(0, t.BIGINT),))
    assert schema(plan_of(filled, recorded_tables)) == [
        "i int not null",
        "d double not null",
        "s string",
    ]
    dropped = s.NaOperation(few, "drop", threshold=2)
    assert schema(plan_of(dropped, recorded_tables)) == ["i int", "d double", "s string"]
    pairs = ((Literal(1.0, t.DOUBLE), Literal(2.0, t.DOUBLE)),)
    replaced = s.NaOperation(few, "replace", replacements=pairs)
    assert schema(plan_of(replaced, recorded_tables)) == ["i int", "d double", "s string"]


def test_unpivot_turns_columns_into_rows(recorded_tables: Any) -> None:
    """The values take their common type; without a list, all columns but the ids are values."""
    few = select(T, col("s"), col("i"), col("l"))
    plan = plan_of(s.Unpivot(few, (col("s"),), None, "name", "value"), recorded_tables)
    assert schema(plan) == ["s string", "name string not null", "value bigint"]
    mixed = s.Unpivot(few, (col("i"),), None, "name", "value")
    assert failure(mixed, recorded_tables)[0] == "UNPIVOT_VALUE_DATA_TYPE_MISMATCH"


def test_pivot_finds_its_values_with_a_query(recorded_tables: Any) -> None:
    """groupBy(i).pivot(s).agg(sum(l)) has a column per value that s has, in order."""
    recorded_tables.answers[:] = [pa.table({"s": ["b", None, "a"]})]
    pivot = s.Pivot(T, (col("i"),), col("s"), (), (call("sum", col("l")),))
    plan = plan_of(pivot, recorded_tables)
    assert schema(plan) == ["i int", "null bigint", "a bigint", "b bigint"]


def test_pivot_names_carry_the_aggregate_if_there_are_several(recorded_tables: Any) -> None:
    """One column per value and aggregate; a count without rows is NULL, as in Spark."""
    values = (Literal("a", t.STRING),)
    aggregates = (call("sum", col("l")), s.Alias(call("count", col("l")), ("n",)))
    pivot = s.Pivot(T, (col("i"),), col("s"), values, aggregates)
    assert schema(plan_of(pivot, recorded_tables)) == ["i int", "a_sum(l) bigint", "a_n bigint"]


def test_describe_has_a_text_column_per_number_or_text(recorded_tables: Any) -> None:
    """Rows count, mean, stddev, min, max; other columns are left out."""
    few = select(T, col("i"), col("s"), col("dt"))
    plan = plan_of(s.Statistic(few, "describe"), recorded_tables)
    assert schema(plan) == ["summary string", "i string", "s string"]


def test_positions_and_aliases_are_an_affair_of_sql(recorded_tables: Any) -> None:
    """df.groupBy(lit(1)) groups by the constant; GROUP BY 1 by the first item."""
    items = (col("i"), call("count", number(1)))
    grouped = s.Aggregate(T, (number(1),), items)
    assert failure(grouped, recorded_tables)[0] == "MISSING_AGGREGATION"
    sql = s.Aggregate(T, (number(1),), items, sql=True)
    assert schema(plan_of(sql, recorded_tables)) == ["i int", "count(1) bigint not null"]


def test_user_functions_are_called_with_typed_arguments(recorded_tables: Any) -> None:
    """A Python function becomes a call of the object that the session compiles."""
    function = s.PythonFunction("f", "object", t.DOUBLE, 100, (col("i"),))
    plan = plan_of(select(T, function), recorded_tables)
    assert schema(plan) == ["f(i) double"]


def test_placement_keeps_rows_and_checks_names(recorded_tables: Any) -> None:
    """repartition(4, "i") is a remark; repartition("nope") is an error as in Spark."""
    noted = plan_of(s.NoOp(T, "repartition", (col("i"),)), recorded_tables)
    assert isinstance(noted, p.Note)
    assert failure(s.NoOp(T, "repartition", (col("nope"),)), recorded_tables)[0] == (
        "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    )


def test_metadata_stays_with_its_column(recorded_tables: Any) -> None:
    """alias(…, metadata=…) shows in the schema, also through further selections."""
    noted = select(T, s.Alias(col("i"), ("x",), '{"max": 99}'), col("s"))
    renamed = select(noted, s.Alias(col("x"), ("y",)), col("s"))
    metadata = [c.metadata for c in plan_of(renamed, recorded_tables).output]
    assert metadata == ['{"max": 99}', None]
