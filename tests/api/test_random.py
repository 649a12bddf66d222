"""rand, sample and randomSplit draw by seed and row, whatever the threads do."""

from __future__ import annotations

from typing import Any

from pyspark.sql.connect import functions as F

from pyflare.codegen.functions.randomness import draws, unit


def test_a_seed_gives_each_row_its_number(spark: Any) -> None:
    """rand(seed) is the published hash of seed and row number, in generated code."""
    rows = spark.range(5).select(F.rand(7)).collect()
    assert [row[0] for row in rows] == [unit(draws(7, row)[0]) for row in range(5)]


def test_numbers_are_uniform_and_normal(spark: Any) -> None:
    """Moments of many draws are those of the distributions."""
    drawn = spark.range(100_000).select(F.rand(1).alias("u"), F.randn(2).alias("n"))
    (row,) = drawn.agg(F.avg("u"), F.stddev("u"), F.avg("n"), F.stddev("n")).collect()
    expected = (0.5, 12**-0.5, 0.0, 1.0)
    assert all(abs(x - y) < 0.02 for x, y in zip(row, expected, strict=True))


def test_the_parts_of_a_split_are_a_partition(spark: Any) -> None:
    """No row is lost or in two parts, and the split repeats."""
    rows = spark.range(10_000)
    first, second = rows.randomSplit([0.7, 0.3], seed=3)
    assert first.count() + second.count() == 10_000
    assert first.intersect(second).isEmpty()
    assert first.exceptAll(rows.randomSplit([0.7, 0.3], seed=3)[0]).isEmpty()
    assert 6_500 < first.count() < 7_500


def test_a_sample_has_about_its_share(spark: Any) -> None:
    """df.sample(0.1) keeps about a tenth; all and nothing are exact."""
    rows = spark.range(10_000)
    assert 800 < rows.sample(0.1, seed=5).count() < 1_200
    assert rows.sample(1.0).count() == 10_000
    assert rows.sample(0.0).count() == 0


def test_rows_of_a_join_draw_apart(spark: Any) -> None:
    """A row of the source that becomes several gives each its own number."""
    pairs = spark.range(30).crossJoin(spark.range(30)).select(F.rand(5).alias("r"))
    assert pairs.agg(F.countDistinct("r")).first()[0] == 900
