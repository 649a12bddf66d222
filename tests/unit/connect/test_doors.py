"""Rows and tables go through door B by reference; door A answers the same over messages."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.errors import AnalysisException, ParseException
from pyspark.sql.connect.functions import builtin as F
from pyspark.sql.connect.session import SparkSession

from pyflare.engine.connect.channel import InProcessChannelBuilder
from pyflare.engine.connect.client import check_names
from pyflare.engine.connect.core import Core
from pyflare.engine.connect.markers import cached_parse
from pyflare.engine.connect.servicer import FlareServicer
from pyflare.engine.plan import syntax as s


def addresses(table: pa.Table) -> list[int]:
    return [
        buffer.address
        for column in table.columns
        for chunk in column.chunks
        for buffer in chunk.buffers()
        if buffer is not None
    ]


DATA = pa.table(
    {
        "i": pa.array([1, 2, None], pa.int64()),
        "s": pa.array(["a", None, "ccc"]),
        "d": pa.array([1, 2, 3], pa.int32()).cast(pa.decimal128(15, 2)),
        "t": pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
        "x": pa.array([0.5, None, 1.5]),
    }
)


def test_arrow_is_not_copied_in_or_out(spark: Any) -> None:
    """createDataFrame(table).toArrow() holds the very buffers that went in."""
    assert addresses(spark.createDataFrame(DATA).toArrow()) == addresses(DATA)


def test_local_tables_live_as_long_as_their_plans(spark: Any) -> None:
    """A table is freed with its DataFrame, unless a view still reads it."""
    held = spark.client.core._held
    frame = spark.createDataFrame(DATA)
    assert len(held) == 1
    frame.createOrReplaceTempView("v")
    del frame
    assert len(held) == 0
    assert spark.table("v").toArrow() == DATA


@pytest.mark.parametrize(
    "given",
    [
        [(1, "a"), (2, None)],
        [{"a": 1, "b": "a"}, {"a": 2, "b": None}],
        pd.DataFrame({"a": [1, 2], "b": ["a", None]}),
    ],
)
def test_rows_dicts_and_pandas_come_in(spark: Any, given: Any) -> None:
    """createDataFrame takes what PySpark takes; a DDL schema names and types the columns."""
    frame = spark.createDataFrame(given, "a int, b string")
    assert frame.dtypes == [("a", "int"), ("b", "string")]
    assert [tuple(row) for row in frame.collect()] == [(1, "a"), (2, None)]
    assert frame.toPandas()["a"].tolist() == [1, 2]


def test_empty_results_keep_their_schema(spark: Any) -> None:
    """No rows is a table with columns."""
    frame = spark.createDataFrame([], "a int, b string")
    assert frame.collect() == []
    assert frame.toArrow().schema.names == ["a", "b"]


def test_python_functions_go_by_reference(spark: Any, asked: list[Any]) -> None:
    """The decoded plan holds the user's own function object, however much it has captured."""
    captured = object()  # cannot be pickled usefully; identity is what counts
    twice = F.udf(lambda x: (captured, x * 2)[1], "long")
    frame = spark.range(1).select(twice("id"))
    with pytest.raises(Exception, match="Project"):
        frame.collect()
    [call] = [n for r in asked for n in _nodes(r) if isinstance(n, s.PythonFunction)]
    assert call.function is twice.func


def _nodes(relation: Any) -> Any:
    from pyflare.engine.views import nodes

    return nodes(relation)


def test_registered_functions_keep_what_they_captured(spark: Any) -> None:
    """spark.udf.register takes a snapshot, as pickling to a server does."""
    scale = [2]

    def scaled(x: int) -> int:
        return x * scale[0]

    spark.udf.register("scaled", scaled, "long")
    scale[0] = 100
    assert spark._flare.functions["scaled"].function(3) == 6


def test_a_pyspark_with_other_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start-up check names what an unknown version lacks."""
    check_names()
    monkeypatch.delattr("pyspark.sql.connect.client.core.SparkConnectClient.clone")
    with pytest.raises(ImportError, match=r"lacks SparkConnectClient\.clone"):
        check_names()


@pytest.fixture
def remote(asked: list[Any]) -> Any:
    """Door A: PySpark's own client and session, messages in both directions."""
    session = SparkSession(InProcessChannelBuilder(FlareServicer()))
    yield session
    session.stop()


def test_door_a_answers_as_door_b(remote: Any) -> None:
    """Rows, schema, settings, views, commands and errors over Connect's messages."""
    frame = remote.createDataFrame(DATA)
    assert frame.toArrow() == DATA
    assert frame.schema.names == DATA.schema.names
    assert remote.conf.get("spark.sql.ansi.enabled") == "true"
    frame.createOrReplaceTempView("v")
    assert remote.table("v").limit(1).collect()[0].i == 1
    assert remote.sql("SET spark.x = 1").collect()[0].value == "1"
    with pytest.raises(ParseException) as parse:
        remote.sql("selec 1")
    assert parse.value.getCondition() == "PARSE_SYNTAX_ERROR"
    with pytest.raises(AnalysisException) as missing:
        remote.table("nope").collect()
    assert missing.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"
    assert missing.value.getSqlState() == "42P01"
    assert "`nope`" in str(missing.value)
    assert remote.interruptAll() == []
    assert remote.range(1).explain() is None


def test_sessions_are_apart(remote: Any) -> None:
    """One servicer keeps the sessions of its clients apart."""
    assert not remote.catalog.listTables()
    assert Core().session.catalog is not Core().session.catalog


def test_parsing_is_remembered_by_text() -> None:
    """spark.sql, schema and the action parse a text once."""
    assert cached_parse("SELECT 1 AS one") is cached_parse("SELECT 1 AS one")
