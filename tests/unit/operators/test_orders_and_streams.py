"""Sort, top-k, limit, union, expand, shared and ranges against the interpreter."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Literal, SortKey
from pyflare.codegen.ir.operators import (
    Aggregate,
    Expand,
    Filter,
    HashJoin,
    JoinKind,
    Limit,
    OneRow,
    Operator,
    Project,
    Range,
    Scan,
    Shared,
    Sort,
    Union,
)
from tests.support.data import table
from tests.support.programs import assert_same, compiled, scan

DATA = table(400, 5)
OTHER = table(50, 6)
TABLES = {"data": DATA, "other": OTHER}


def child(name: str = "data", first: int = 0) -> Scan:
    return scan(name, TABLES[name], first)


def keys_of(
    op: Operator, names: str, ascending: bool = True, nulls_first: bool = True
) -> tuple[SortKey, ...]:
    """Keys by the columns' letters; `k` and `d` last make the order total enough to compare."""
    found = {c.name: c for c in op.output}
    return tuple(SortKey(found[n], ascending, nulls_first) for n in names)


@pytest.mark.parametrize("name", ["i", "l", "f", "s", "c", "d", "t", "b", "k"])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("nulls_first", [True, False])
def test_sort_by_keys_of_every_type(name: str, ascending: bool, nulls_first: bool) -> None:
    """Spark's order: NULLs where asked, NaN above all, strings by bytes; equal keys keep the
    order of their rows."""
    op = child()
    assert_same(Sort(op, keys_of(op, name, ascending, nulls_first)), TABLES, ordered=True)


@pytest.mark.parametrize("names", ["sk", "cis", "bft"])
@pytest.mark.parametrize(("threads", "morsel"), [(2, 1), (2, 7), (1, 100)])
def test_sort_by_several_keys(names: str, threads: int, morsel: int) -> None:
    """Runs of any length from any worker merge to the same, stable order."""
    op = child()
    sort = Sort(op, keys_of(op, names))
    assert_same(sort, TABLES, ordered=True, threads=threads, morsel_rows=morsel)


@pytest.mark.parametrize("limit", [0, 1, 5, 399, 400, 1000])
@pytest.mark.parametrize("offset", [0, 3, 500])
@pytest.mark.parametrize("threads", [1, 2])
def test_top_k(limit: int, offset: int, threads: int) -> None:
    """The first rows of the order; ties may fall either way, so only keys are compared."""
    op = child()
    sort = Sort(op, keys_of(op, "sfk"), limit, offset)
    found = {c.name: c for c in op.output}
    keys = Project(sort, tuple((found[n], found[n]) for n in "sfk"))
    assert_same(keys, TABLES, ordered=True, threads=threads, morsel_rows=30)


def test_many_rows_in_order() -> None:
    """More rows than a run holds."""
    op = Range(0, 200_000, 1, Column(1, "n", t.BIGINT, False))
    mixed = Call(
        "pmod",
        (
            Call("mul", (op.column, Literal(7919, t.BIGINT)), t.BIGINT, False),
            Literal(200_003, t.BIGINT),
        ),
        t.BIGINT,
        False,
    )
    value = Column(2, "v", t.BIGINT, False)
    rows = compiled(Sort(Project(op, ((value, mixed),)), (SortKey(value),)), {}, threads=2)
    assert rows == sorted((n * 7919 % 200_003,) for n in range(200_000))


@pytest.mark.parametrize("limit", [None, 0, 1, 10, 1000])
@pytest.mark.parametrize("offset", [0, 5, 395])
@pytest.mark.parametrize("morsel", [1 << 17, 9])
def test_limit(limit: int | None, offset: int, morsel: int) -> None:
    """The first rows of the table, at the root and below other operators."""
    op = child()
    cut = Limit(op, limit, offset)
    assert_same(cut, TABLES, ordered=True, threads=2, morsel_rows=morsel)
    count = ((Column(90, "n", t.BIGINT, False), AggregateCall("count", (), t.BIGINT, False)),)
    assert_same(Aggregate(cut, (), count), TABLES, threads=2, morsel_rows=morsel)


@pytest.mark.parametrize("morsel", [1 << 17, 8])
def test_filtered_rows_keep_their_order(morsel: int) -> None:
    """A scan's rows come out in the order of the table, whoever found them."""
    op = child()
    kept = Filter(op, Call("lt", (op.output[0], Literal(4, t.INT)), t.BOOLEAN, False))
    assert_same(kept, TABLES, ordered=True, threads=2, morsel_rows=morsel)


def union() -> Union:
    one, two = child(), child("other", 30)
    columns = tuple(Column(70 + i, c.name, c.type, True) for i, c in enumerate(one.output))
    return Union((one, two), (one.output, two.output), columns)


def test_union() -> None:
    """All rows of all children, in their order; another dictionary is another coding."""
    assert_same(union(), TABLES, ordered=True, threads=2, morsel_rows=33)


def test_groups_of_a_union() -> None:
    """Strings of different dictionaries are one group."""
    both = union()
    keys = ((Column(120, "c", t.STRING), both.columns[5]),)
    count = ((Column(121, "n", t.BIGINT, False), AggregateCall("count", (), t.BIGINT, False)),)
    assert_same(Aggregate(both, keys, count), TABLES, threads=2, morsel_rows=33)


def test_expand() -> None:
    """One row per projection, as grouping sets need them."""
    op = child()
    s, c, k = op.output[4], op.output[5], op.output[0]
    nothing = Literal(None, t.STRING)
    columns = (
        Column(70, "s", t.STRING),
        Column(71, "c", t.STRING),
        Column(72, "set", t.INT, False),
        Column(73, "k", t.INT, False),
    )
    projections = (
        (s, c, Literal(0, t.INT), k),
        (s, nothing, Literal(1, t.INT), k),
        (nothing, nothing, Literal(3, t.INT), k),
    )
    op_ = Expand(op, projections, columns)
    assert_same(op_, TABLES)
    keys = tuple((Column(80 + i, x.name, x.type, x.nullable), x) for i, x in enumerate(columns[:3]))
    total = ((Column(90, "n", t.BIGINT), AggregateCall("sum", (columns[3],), t.BIGINT)),)
    assert_same(Aggregate(op_, keys, total), TABLES, threads=2, morsel_rows=50)


def test_shared() -> None:
    """Computed once, read by every use under its own columns."""
    kept = Filter(child(), Call("lt", (child().output[0], Literal(3, t.INT)), t.BOOLEAN, False))
    uses = [
        Shared(
            "x",
            kept,
            tuple(Column(b + i, c.name, c.type, c.nullable) for i, c in enumerate(kept.output)),
        )
        for b in (100, 200)
    ]
    join = HashJoin(
        JoinKind.INNER, uses[0], uses[1], (uses[0].columns[4],), (uses[1].columns[4],), (False,)
    )
    assert_same(join, TABLES, threads=2, morsel_rows=20)


@pytest.mark.parametrize(
    ("start", "end", "step"), [(0, 10, 1), (5, -5, -3), (3, 3, 1), (0, 10, 4), (10, 0, 1)]
)
def test_range(start: int, end: int, step: int) -> None:
    """start, start + step, … before end."""
    op = Range(start, end, step, Column(1, "id", t.BIGINT, False))
    assert_same(op, {}, ordered=True)


def test_one_row() -> None:
    """A row without columns, to project literals on."""
    column = Column(1, "x", t.STRING, False)
    assert_same(Project(OneRow(), ((column, Literal("a", t.STRING)),)), {})
    assert_same(Project(Limit(OneRow(), 0), ((column, Literal("a", t.STRING)),)), {})


def test_wide_results() -> None:
    """Results larger than a chunk, with strings longer than it, arrive whole."""
    op = Range(0, 150_000, 1, Column(1, "id", t.BIGINT, False))
    text = Call("repeat", (Literal("abc", t.STRING), Literal(9, t.INT)), t.STRING, False)
    x = Column(2, "x", t.STRING, False)
    rows = compiled(Project(op, ((op.column, op.column), (x, text))), {}, threads=2)
    assert rows == [(n, "abc" * 9) for n in range(150_000)]


@pytest.mark.parametrize("morsel", [1 << 17, 700])
def test_rows_chosen_by_block(morsel: int) -> None:
    """A search in strings chooses the rows of a block before they go on; their order stays."""
    texts = pa.table(
        {
            "n": pa.array(range(5000), pa.int64()),
            "s": pa.array([f"row {i} {'even' if i % 2 == 0 else 'odd'}" for i in range(5000)]),
        }
    )
    op = scan("texts", texts, 0)
    pattern = (op.output[1], Literal("%7%odd", t.STRING), Literal("\\", t.STRING))
    kept = Filter(op, Call("like", pattern, t.BOOLEAN, False))
    tables = {"texts": texts}
    assert_same(kept, tables, ordered=True, threads=2, morsel_rows=morsel)
    assert_same(Limit(kept, 300, 10), tables, ordered=True, threads=2, morsel_rows=morsel)
    total = ((Column(9, "n", t.BIGINT), AggregateCall("sum", (op.output[0],), t.BIGINT)),)
    assert_same(Aggregate(kept, (), total), tables, threads=2, morsel_rows=morsel)
