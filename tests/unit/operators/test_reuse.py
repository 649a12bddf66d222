"""Queries that differ only in literals share a program, and each gets its own answer."""

from __future__ import annotations

from itertools import product
from typing import Any

import pyarrow as pa
import pytest

from pyflare.codegen import reuse

NAMES = ["ash", "elm", "fir", "oak", "yew", None, "", "größe", "a longer name than most"]


@pytest.fixture(scope="module")
def spark() -> Any:
    import pyflare

    session = pyflare.SparkSession.builder.getOrCreate()
    rows = 3000
    table = pa.table(
        {
            "i": pa.array([k % 40 - 5 for k in range(rows)], pa.int32()),
            "l": pa.array([k * 10**13 for k in range(rows)], pa.int64()),
            "d": pa.array([k / 8 for k in range(rows)]),
            "s": pa.array([NAMES[k % len(NAMES)] for k in range(rows)]),
        }
    )
    session.createDataFrame(table).createOrReplaceTempView("reuse_t")
    return session


def answers(spark: Any, texts: list[str], fresh: bool) -> list[Any]:
    found = []
    for text in texts:
        if fresh:
            reuse._programs.clear()
        found.append(spark.sql(text).toArrow().to_pylist())
    return found


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("select count(*) c, sum(i) s from reuse_t where i > {} and i < {}", [0, 7, 12, 99, -3]),
        ("select count(*) c from reuse_t where i = {} or i + {} = 9", [1, 5, 9, 10, 120]),
        ("select count(*) c from reuse_t where l >= {} and l <> {}", [0, 10**13, 2 * 10**16]),
        ("select count(*) c, max(d) m from reuse_t where d < {}D or d > {}D", [0.5, 1e2, 300.25]),
        ("select count(*) c from reuse_t where s = {} or s > {}",
         ["'ash'", "'oak'", "'größe'", "''"]),
        ("select s, count(*) c from reuse_t where s in ({}, {}) group by s order by s",
         ["'fir'", "'yew'", "'nothing'", "'a longer name than most'"]),
        ("select i * {} a, i - {} b from reuse_t order by i, l limit 5", [2, 3, 50, 1000]),
    ],
)  # fmt: skip
def test_each_literal_counts(spark: Any, template: str, values: list[Any]) -> None:
    """In any order, equal or different, long or short: as if the program were built for them."""
    texts = [template.format(a, b) for a, b in product(values, repeat=template.count("{}"))]
    assert answers(spark, texts, fresh=False) == answers(spark, texts, fresh=True)


def test_a_shape_is_built_once(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second query of the shape stages nothing."""
    spark.sql("select count(*) from reuse_t where i > 3 and s = 'elm'").toArrow()
    monkeypatch.setattr(reuse, "build", lambda _: pytest.fail("built again"))
    spark.sql("select count(*) from reuse_t where i > 4 and s = 'fir'").toArrow()


def test_an_error_names_the_query_s_own_values(spark: Any) -> None:
    """A reused program that fails is diagnosed with the literals of the failing query."""
    from pyspark.errors import ArithmeticException

    spark.sql("select sum(i * 2) from reuse_t where i < 30").toArrow()
    for factor in (2_000_000_001, 2_100_000_002):
        with pytest.raises(ArithmeticException) as caught:
            spark.sql(f"select max(i * {factor}) from reuse_t where i > 1").toArrow()
        assert caught.value.getCondition() == "ARITHMETIC_OVERFLOW"
