"""Joins of every kind against the interpreter."""

from __future__ import annotations

import itertools

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr, Literal
from pyflare.codegen.ir.operators import (
    Aggregate,
    Filter,
    HashJoin,
    JoinKind,
    NestedLoopJoin,
    Operator,
    Project,
)
from tests.support.data import table
from tests.support.programs import assert_same, scan

K = JoinKind
PROBE, BUILD = table(40, 1), table(30, 2, prefix="r")
TABLES = {"probe": PROBE, "build": BUILD}
MARK = Column(100, "mark", t.BOOLEAN, True)
MARKS = (K.PROBE_MARK, K.PROBE_MARK_NULL_AWARE)
NULL_AWARE = (K.PROBE_ANTI_NULL_AWARE, K.PROBE_MARK_NULL_AWARE)
PLAIN = [k for k in K if k not in NULL_AWARE and k is not K.PROBE_SINGLE]


def column(op: Operator, name: str) -> Column:
    return next(c for c in op.output if c.name == name)


def sides() -> tuple[Operator, Operator]:
    return scan("probe", PROBE, 0), scan("build", BUILD, 50)


def join(
    kind: K,
    keys: str,
    residual: bool = False,
    key_range: tuple[int, int] | None = None,
    null_safe: bool = False,
    build: Operator | None = None,
    unique: bool = False,
) -> HashJoin:
    probe, scanned = sides()
    build = build or scanned
    condition = None
    if residual:
        condition = Call("lt", (column(probe, "k"), column(build, "rk")), t.BOOLEAN, False)
    return HashJoin(
        kind,
        build,
        probe,
        tuple(column(build, "r" + k) for k in keys),
        tuple(column(probe, k) for k in keys),
        (null_safe,) * len(keys),
        condition,
        MARK if kind in MARKS else None,
        key_range,
        unique,
    )


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("keys", ["k", "i", "f", "s", "c", "d", "t", "b", "ks", "cli"])
def test_keys_of_every_type(kind: K, keys: str) -> None:
    """Equal keys meet, NULL meets nothing, NaN meets NaN, whatever the type of the key."""
    assert_same(join(kind, keys), TABLES)


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("keys", ["i", "s", "cf"])
def test_null_safe_keys(kind: K, keys: str) -> None:
    """Under <=> NULL meets NULL, and nothing else."""
    assert_same(join(kind, keys, null_safe=True), TABLES)


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("dense", [False, True])
def test_residual(kind: K, dense: bool) -> None:
    """A pair counts as a match only where the rest of the condition is true."""
    assert_same(join(kind, "k", True, (0, 11) if dense else None), TABLES)


@pytest.mark.parametrize("kind", [*PLAIN, *NULL_AWARE])
def test_dense_keys(kind: K) -> None:
    """A key that indexes an array gives the same rows as one that is hashed."""
    assert_same(join(kind, "k", key_range=(0, 11)), TABLES)


@pytest.mark.parametrize("kind", [*PLAIN, K.PROBE_SINGLE])
@pytest.mark.parametrize("dense", [False, True])
def test_unique_build_keys(kind: K, dense: bool) -> None:
    """A build side with one row per key needs no chains."""
    build = distinct("rk")
    assert_same(
        join(kind, "k", False, (0, 11) if dense else None, build=build, unique=True), TABLES
    )


@pytest.mark.parametrize("kind", NULL_AWARE)
@pytest.mark.parametrize("rows", ["all", "none", "without NULL"])
def test_null_aware(kind: K, rows: str) -> None:
    """NOT IN and IN as a value: a NULL on either side makes a missing match unknown, unless the
    build side is empty."""
    _, build = sides()
    key = column(build, "ri")
    if rows == "none":
        build = Filter(build, Call("lt", (column(build, "rk"), Literal(-1, t.INT)), t.BOOLEAN))
    elif rows == "without NULL":
        build = Filter(build, Call("is_not_null", (key,), t.BOOLEAN))
    assert_same(join(kind, "i", build=build), TABLES)


def distinct(name: str) -> Operator:
    """One row per value of a column, with its count."""
    _, build = sides()
    key = column(build, name)
    group = Column(80, name, key.type, key.nullable)
    count = Column(81, "count", t.BIGINT, False)
    call = AggregateCall("count", (), t.BIGINT, False)
    return Aggregate(build, ((group, key),), ((count, call),))


@pytest.mark.parametrize("kind", list(PLAIN))
@pytest.mark.parametrize("conditioned", [False, True])
def test_nested_loop(kind: K, conditioned: bool) -> None:
    """Without keys every pair is looked at."""
    probe, build = sides()
    condition: Expr | None = None
    if conditioned:
        condition = Call("gt", (column(probe, "i"), column(build, "ri")), t.BOOLEAN)
    mark = MARK if kind in MARKS else None
    assert_same(NestedLoopJoin(kind, build, probe, condition, mark), TABLES)


@pytest.mark.parametrize("kind", PLAIN)
def test_empty_build_side(kind: K) -> None:
    """A build side without rows: outer and anti joins keep the probe rows, others keep none."""
    _, build = sides()
    nothing = Filter(build, Call("lt", (column(build, "rk"), Literal(-1, t.INT)), t.BOOLEAN))
    assert_same(join(kind, "k", build=nothing), TABLES)


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize(("threads", "morsel"), [(2, 1), (2, 3), (1, 7)])
def test_any_morsels_and_threads(kind: K, threads: int, morsel: int) -> None:
    """Neither the size of morsels nor the number of workers changes the rows."""
    assert_same(join(kind, "ks"), TABLES, threads=threads, morsel_rows=morsel)


def test_joins_of_joins() -> None:
    """A pipeline runs through several tables, and an outer join's rows go on like any others."""
    first = join(K.FULL_OUTER, "k")
    probe = first.output
    again = scan("build", BUILD, 200)
    second = HashJoin(
        K.PROBE_OUTER,
        again,
        first,
        (column(again, "rs"),),
        (next(c for c in probe if c.name == "s"),),
    )
    names = [Column(300 + i, f"c{i}", c.type, True) for i, c in enumerate(second.output)]
    op = Project(second, tuple(zip(names, second.output, strict=True)))
    assert_same(op, TABLES, threads=2, morsel_rows=5)


def test_names() -> None:
    """Every kind is covered above."""
    assert {*PLAIN, *NULL_AWARE, K.PROBE_SINGLE} == set(itertools.chain(K))
