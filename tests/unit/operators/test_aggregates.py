"""Aggregation in registers, arrays and hash tables against the interpreter."""

from __future__ import annotations

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Expr, Literal
from pyflare.codegen.ir.operators import Aggregate, Filter, JoinKind, Operator, Scan
from pyflare.codegen.ir.types import Type
from tests.support.data import table
from tests.support.programs import assert_same, scan

DATA = table(300, 3)
MANY = table(5000, 4, nulls=0.5)
TABLES = {"data": DATA, "many": MANY}


def child(name: str = "data") -> Scan:
    return scan(name, TABLES[name], 0)


def column(op: Operator, name: str) -> Column:
    return next(c for c in op.output if c.name == name)


def call(op: Operator, function: str, *names: str, filter: Expr | None = None) -> AggregateCall:
    args = tuple(column(op, name) for name in names)
    type_ = result_type(function, args)
    return AggregateCall(function, args, type_, function != "count", filter=filter)


def result_type(function: str, args: tuple[Column, ...]) -> Type:
    match function:
        case "count":
            return t.BIGINT
        case "sum" if isinstance(args[0].type, t.Decimal):
            return t.Decimal(min(38, args[0].type.precision + 10), args[0].type.scale)
        case "sum":
            return t.DOUBLE if isinstance(args[0].type, t.Float) else t.BIGINT
        case "avg" if isinstance(args[0].type, t.Decimal):
            precision, scale = args[0].type.precision, args[0].type.scale
            return t.Decimal(precision + 4, scale + 4)
        case "min" | "max" | "first" | "last" | "any_value" | "min_by" | "max_by":
            return args[0].type
        case "bit_and" | "bit_or" | "bit_xor":
            return args[0].type
        case "bool_and" | "bool_or":
            return t.BOOLEAN
        case _:
            return t.DOUBLE


def aggregate(
    op: Operator,
    keys: str,
    calls: list[AggregateCall],
    domains: tuple[tuple[int, int], ...] | None = None,
) -> Aggregate:
    groups = tuple(
        (Column(60 + i, c.name, c.type, c.nullable), c)
        for i, c in enumerate(column(op, name) for name in keys)
    )
    made = tuple((Column(80 + i, c.function, c.type, c.nullable), c) for i, c in enumerate(calls))
    return Aggregate(op, groups, made, domains)


def many_calls(op: Operator) -> list[AggregateCall]:
    small = Call("lt", (column(op, "k"), Literal(6, t.INT)), t.BOOLEAN, False)
    return [
        call(op, "count"),
        call(op, "count", "i"),
        call(op, "count", "i", "s"),
        call(op, "sum", "i"),
        call(op, "sum", "l"),
        call(op, "sum", "d"),
        call(op, "avg", "d"),
        call(op, "avg", "i"),
        call(op, "count", "l", filter=small),
        call(op, "sum", "d", filter=small),
        *(call(op, f, c) for f in ("min", "max") for c in ("i", "l", "s", "c", "d", "t", "b", "f")),
        call(op, "bool_and", "b"),
        call(op, "bool_or", "b"),
        *(call(op, f, "l") for f in ("bit_and", "bit_or", "bit_xor")),
    ]


@pytest.mark.parametrize("name", ["data", "many"])
@pytest.mark.parametrize("keys", ["", "k", "i", "s", "c", "f", "b", "t", "d", "sc", "kbt"])
def test_groups_by_keys_of_every_type(name: str, keys: str) -> None:
    """NULL is a group, so is NaN, and the two zeros are one; aggregates pass NULLs over."""
    op = child(name)
    assert_same(aggregate(op, keys, many_calls(op)), TABLES)


@pytest.mark.parametrize(
    ("keys", "domains"), [("k", [(0, 11)]), ("b", [(0, 1)]), ("cb", [(0, 7), (0, 1)])]
)
@pytest.mark.parametrize("filtered", [False, True])
def test_groups_in_an_array(keys: str, domains: list[tuple[int, int]], filtered: bool) -> None:
    """Keys of a known domain index an array, NULL behind the last; groups without rows are none."""
    op: Operator = child()
    if filtered:
        op = Filter(op, Call("lt", (column(op, "k"), Literal(3, t.INT)), t.BOOLEAN, False))
    assert_same(aggregate(op, keys, many_calls(op), tuple(domains)), TABLES)


@pytest.mark.parametrize("keys", ["", "k", "s"])
@pytest.mark.parametrize(("threads", "morsel"), [(2, 1), (2, 17), (1, 64)])
def test_any_morsels_and_threads(keys: str, threads: int, morsel: int) -> None:
    """Partial states merge to the same result however rows are spread over workers."""
    op = child()
    calls = many_calls(op)
    domains = ((0, 11),) if keys == "k" else None
    assert_same(aggregate(op, keys, calls, domains), TABLES, threads=threads, morsel_rows=morsel)


@pytest.mark.parametrize(("threads", "morsel"), [(1, 1 << 17), (2, 40)])
@pytest.mark.parametrize("keys", ["", "k"])
def test_moments(keys: str, threads: int, morsel: int) -> None:
    """Variance, deviation, skewness, kurtosis, covariance and correlation."""
    op = Filter(child(), in_bounds(child()))
    calls = [
        call(op, f, "f")
        for f in ("var_samp", "var_pop", "stddev_samp", "stddev_pop", "skewness", "kurtosis")
    ]
    calls += [call(op, f, "f", "f") for f in ("covar_samp", "covar_pop", "corr")]
    assert_same(aggregate(op, keys, calls), TABLES, threads=threads, morsel_rows=morsel)


def in_bounds(op: Operator) -> Expr:
    f = column(op, "f")
    return Call(
        "and",
        (
            Call("lt", (f, Literal(100.0, t.DOUBLE)), t.BOOLEAN),
            Call("gt", (f, Literal(-100.0, t.DOUBLE)), t.BOOLEAN),
        ),
        t.BOOLEAN,
    )


def test_first_and_last() -> None:
    """The first and the last row by their place in the table, NULLs counted or passed over."""
    op = child()
    calls = []
    for function in ("first", "last"):
        for ignore in (True, False):
            for name in ("i", "s", "c", "b", "f"):
                arg = column(op, name)
                literal = Literal(ignore, t.BOOLEAN)
                calls.append(AggregateCall(function, (arg, literal), arg.type))
    assert_same(aggregate(op, "k", calls), TABLES, threads=2, morsel_rows=20)


def test_no_rows() -> None:
    """Without rows there is one row without keys, and none with keys."""
    op = Filter(child(), Call("lt", (column(child(), "k"), Literal(-1, t.INT)), t.BOOLEAN, False))
    assert_same(aggregate(op, "", many_calls(op)), TABLES)
    assert_same(aggregate(op, "k", many_calls(op)), TABLES)
    assert_same(aggregate(op, "k", many_calls(op), ((0, 11),)), TABLES)


def test_keys_alone() -> None:
    """Groups without aggregates are the distinct keys."""
    op = child()
    assert_same(aggregate(op, "sk", []), TABLES, threads=2, morsel_rows=9)


def test_aggregate_of_an_outer_join() -> None:
    """Both pipelines of a join that keeps build rows add to the same groups."""
    from pyflare.codegen.ir.operators import HashJoin

    probe, build = child(), scan("many", MANY, 30)
    join = HashJoin(
        JoinKind.FULL_OUTER, build, probe, (build.output[1],), (probe.output[2],), (False,)
    )
    groups = (
        (Column(60, "s", t.STRING), probe.output[4]),
        (Column(61, "c", t.STRING), build.output[5]),
    )
    calls = (
        (Column(80, "n", t.BIGINT, False), AggregateCall("count", (), t.BIGINT, False)),
        (
            Column(81, "d", t.Decimal(22, 2)),
            AggregateCall("sum", (probe.output[6],), t.Decimal(22, 2)),
        ),
        (Column(82, "m", t.STRING), AggregateCall("max", (build.output[4],), t.STRING)),
    )
    assert_same(Aggregate(join, groups, calls), TABLES, threads=2, morsel_rows=50)
