"""The session that users hold: settings, names, errors, life and death."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pyspark.errors import (
    AnalysisException,
    IllegalArgumentException,
    ParseException,
    PySparkAttributeError,
    PySparkException,
)

import pyflare
from pyflare.engine.settings import current, settings


def test_settings_of_spark_have_sparks_defaults_and_errors(spark: Any) -> None:
    """spark.conf answers, refuses and resets as Spark does."""
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    assert spark.conf.get("spark.nope", "d") == "d"
    assert spark.conf.get("spark.nope", None) is None
    assert spark.conf.get("spark.sql.shuffle.partitions", "7") == "7"
    spark.conf.set("spark.nope", 3)
    assert spark.conf.get("spark.nope") == "3"
    spark.conf.unset("spark.nope")
    with pytest.raises(PySparkException, match=r'SQL config "spark.nope" cannot be found'):
        spark.conf.get("spark.nope")
    with pytest.raises(IllegalArgumentException, match="It should be a/an 'int' value"):
        spark.conf.set("spark.sql.shuffle.partitions", "x")
    with pytest.raises(IllegalArgumentException, match="Cannot resolve the given timezone"):
        spark.conf.set("spark.sql.session.timeZone", "Nowhere/X")
    with pytest.raises(AnalysisException, match="CANNOT_MODIFY_CONFIG"):
        spark.conf.set("spark.executor.memory", "1g")
    with pytest.raises(AnalysisException, match="CANNOT_MODIFY_STATIC_CONFIG"):
        spark.conf.set("spark.sql.warehouse.dir", "/tmp")
    assert spark.conf.isModifiable("spark.sql.ansi.enabled")
    assert not spark.conf.isModifiable("spark.sql.warehouse.dir")
    assert "spark.app.name" in spark.conf.getAll


def test_sql_commands_run_at_once(spark: Any) -> None:
    """SET answers with the value; a syntax error is raised by spark.sql itself."""
    assert spark.sql("SET spark.sql.ansi.enabled = false").toArrow().to_pylist() == [
        {"key": "spark.sql.ansi.enabled", "value": "false"}
    ]
    assert spark.conf.get("spark.sql.ansi.enabled") == "false"
    with pytest.raises(ParseException, match="PARSE_SYNTAX_ERROR"):
        spark.sql("selec 1")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.sql("DROP VIEW nope")


def test_temporary_views_and_their_listing(spark: Any) -> None:
    """The catalog lists, finds and drops views; a second CREATE is refused."""
    frame = spark.range(3)
    frame.createOrReplaceTempView("v1")
    [listed] = spark.catalog.listTables()
    assert (listed.name, listed.tableType, listed.isTemporary) == ("v1", "TEMPORARY", True)
    assert listed.namespace == []
    assert spark.catalog.tableExists("V1") and not spark.catalog.tableExists("nope")
    [column] = spark.catalog.listColumns("v1")
    assert (column.name, column.dataType, column.nullable) == ("id", "bigint", False)
    with pytest.raises(AnalysisException, match="TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"):
        frame.createTempView("v1")
    assert spark.catalog.currentDatabase() == "default"
    assert spark.catalog.currentCatalog() == "spark_catalog"
    assert [d.name for d in spark.catalog.listDatabases()] == ["default"]
    assert spark.catalog.functionExists("sum") and not spark.catalog.functionExists("nofn")
    with pytest.raises(AnalysisException, match="SCHEMA_NOT_FOUND"):
        spark.catalog.setCurrentDatabase("nope")
    assert spark.table("v1").collect() == frame.collect()
    assert spark.catalog.dropTempView("v1") and not spark.catalog.dropTempView("v1")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.catalog.getTable("v1")


def test_a_view_may_be_replaced_by_itself(spark: Any) -> None:
    """A DataFrame's view keeps what the name meant when it was made."""
    spark.range(3).createOrReplaceTempView("t")
    spark.table("t").limit(2).createOrReplaceTempView("t")
    assert [row.id for row in spark.table("t").collect()] == [0, 1]


def test_show_prints_sparks_table(spark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """show writes the table and the footer to standard output."""
    spark.range(5).show(2)
    assert capsys.readouterr().out == (
        "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+\nonly showing top 2 rows\n"
    )


def test_caching_computes_once_at_the_first_action(spark: Any, asked: list[Any]) -> None:
    """cache() marks, the first action computes, later ones read; unpersist forgets."""
    frame = spark.range(4)
    assert frame.cache() is frame and frame.is_cached
    computed = "OneRowRelation()"  # what the fixture notes for kept rows
    assert computed not in map(repr, asked)
    assert len(frame.collect()) == 4 and len(spark.range(4).collect()) == 4
    assert list(map(repr, asked)).count(computed) == 1
    frame.unpersist()
    assert not frame.is_cached
    spark.range(2).createOrReplaceTempView("v")
    spark.catalog.cacheTable("v")
    assert spark.catalog.isCached("v")
    spark.catalog.clearCache()
    assert not spark.catalog.isCached("v")


def test_explain_has_five_modes(spark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mode reaches the engine under its name."""
    for mode in ("simple", "extended", "codegen", "cost", "formatted"):
        spark.range(1).explain(mode=mode)
        assert capsys.readouterr().out.strip() == f"explained {mode}"


def test_the_spark_context_says_what_scripts_ask(spark: Any) -> None:
    """Log level, names and parallelism are answered; the rest is refused by name."""
    context = spark.sparkContext
    context.setLogLevel("ERROR")
    assert context.appName == "pyspark-shell"
    assert context.defaultParallelism == current().threads
    assert context.version == spark.version
    with pytest.raises(PySparkAttributeError, match=r"sparkContext\.parallelize"):
        context.parallelize([1])


def test_a_stopped_session_refuses_and_the_next_one_is_new() -> None:
    """stop ends a session; getOrCreate then makes another."""
    builder = pyflare.SparkSession.builder.appName("first")
    first = builder.getOrCreate()
    assert pyflare.SparkSession.builder.getOrCreate() is first
    assert first.conf.get("spark.app.name") == "first"
    first.stop()
    first.stop()
    with pytest.raises(PySparkException, match="NO_ACTIVE_SESSION"):
        first.range(1).collect()
    second = pyflare.SparkSession.builder.getOrCreate()
    assert second is not first
    second.stop()


def test_unchanged_scripts_run_after_activate(asked: list[Any]) -> None:
    """pyspark.sql.SparkSession gives our session; local[N] sets the threads; threads share it."""
    before = current().threads
    pyflare.activate()
    try:
        from pyspark.sql import SparkSession
        from pyspark.sql import functions as F

        spark: Any = SparkSession.builder.master("local[3]").appName("script").getOrCreate()
        assert isinstance(spark, pyflare.SparkSession)
        assert current().threads == spark.sparkContext.defaultParallelism == 3
        assert type(F.col("id")).__module__ == "pyspark.sql.connect.column"
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(SparkSession.builder.getOrCreate()))
        thread.start()
        thread.join()
        assert seen == [spark]
        spark.stop()
    finally:
        pyflare.deactivate()
        settings(threads=before)


def test_several_threads_query_one_session(spark: Any) -> None:
    """Results do not mix."""
    results: dict[int, int] = {}

    def work(rows: int) -> None:
        for _ in range(5):
            results[rows] = len(spark.range(rows).collect())

    threads = [threading.Thread(target=work, args=(rows,)) for rows in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {1: 1, 2: 2, 3: 3, 4: 4}


def test_clones_and_new_sessions_are_independent(spark: Any) -> None:
    """A clone starts with the names and settings, a new session with none; both go their way."""
    spark.range(1).createOrReplaceTempView("v")
    spark.conf.set("spark.x", "1")
    clone, fresh = spark.cloneSession(), spark.newSession()
    assert clone.catalog.tableExists("v") and not fresh.catalog.tableExists("v")
    assert clone.conf.get("spark.x") == "1" and fresh.conf.get("spark.x", None) is None
    clone.catalog.dropTempView("v")
    assert spark.catalog.tableExists("v")


def test_metrics_reach_execution_info(spark: Any) -> None:
    """What the engine measured is in df.executionInfo."""
    frame = spark.range(1)
    frame.collect()
    root, graph = frame.executionInfo.metrics.extract_graph()
    [number] = graph[root].children
    assert [(m.name, m.value) for m in graph[number].metrics] == [("executeMs", 1.0)]


def test_notebooks_get_html(spark: Any) -> None:
    """With eager evaluation a DataFrame is an HTML table."""
    assert spark.range(1)._repr_html_() is None
    spark.conf.set("spark.sql.repl.eagerEval.enabled", True)
    assert "<td>0</td>" in spark.range(1)._repr_html_()
    formatter = pytest.importorskip("IPython.core.formatters").HTMLFormatter()
    assert "<td>0</td>" in formatter(spark.range(1))


def test_unknown_failures_name_themselves(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the engine arrives as INTERNAL_ERROR with its cause; the session goes on."""

    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr("pyflare.engine.session.Session._analyse", fail)
        with pytest.raises(PySparkException, match=r"INTERNAL_ERROR.*RuntimeError: broken"):
            spark.range(1).collect()
    assert len(spark.range(1).collect()) == 1
