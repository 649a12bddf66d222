"""Values that are only carried: nested columns and vectors pass through, or are refused by name."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Literal, SortKey
from pyflare.codegen.ir.operators import (
    Aggregate,
    Filter,
    HashJoin,
    JoinKind,
    Limit,
    Operator,
    Scan,
    Sort,
    Union,
)
from pyflare.codegen.unsupported import Unsupported
from tests.support.programs import compiled, scan

STRUCT = pa.struct([("x", pa.int64()), ("y", pa.string())])
NESTED = pa.table(
    {
        "k": pa.array([3, 1, 2, None], pa.int64()),
        "a": pa.array([[1, 2], None, [], [4]], pa.list_(pa.int64())),
        "st": pa.array([{"x": 1, "y": "p"}, None, {"x": None, "y": "q"}, {"x": 4}], STRUCT),
        "v": pa.array([[1.0, 2.0], None, [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float64(), 2)),
    }
)
TABLES = {"nested": NESTED}


def child(first: int = 0) -> Scan:
    return scan("nested", NESTED, first)


def carried() -> list[Operator]:
    op, other = child(), child(20)
    k = op.output[0]
    large = Call("gt", (k, Literal(1, t.BIGINT)), t.BOOLEAN)
    join = HashJoin(JoinKind.PROBE_OUTER, other, op, (other.output[0],), (k,), (False,))
    full = HashJoin(JoinKind.FULL_OUTER, other, Filter(op, large), join.build_keys, (k,), (False,))
    return [
        op,
        Filter(op, large),
        Filter(op, Call("is_null", (op.output[1],), t.BOOLEAN, False)),
        Limit(op, 2, 1),
        Sort(op, (SortKey(k),)),
        Sort(op, (SortKey(k),), 2),
        join,
        *([full] if all(c.name != "v" for c in full.output) else []),
    ]


def plain(value: Any) -> Any:
    match value:
        case dict():
            return tuple(plain(v) for v in value.values())
        case list() | tuple():
            return tuple(plain(v) for v in value)
        case _:
            return value


@pytest.mark.parametrize("number", range(len(carried())))
def test_nested_columns_are_carried(number: int) -> None:
    """Filters, joins, sorts and limits hand nested values on as they are, NULLs included."""
    from pyflare.codegen.interpret.operators import interpret

    op = carried()[number]
    rows = [tuple(plain(v) for v in row.values()) for row in NESTED.to_pylist()]
    expected = interpret(op, {"nested": rows})
    actual = [tuple(plain(v) for v in row) for row in compiled(op, TABLES)]
    assert sorted(actual, key=repr) == sorted(expected, key=repr)


def test_count_of_nested_values() -> None:
    """NULL is known of a nested value, though nothing else is."""
    op = child()
    calls = tuple(
        (Column(50 + i, "n", t.BIGINT, False), AggregateCall("count", (c,), t.BIGINT, False))
        for i, c in enumerate(op.output)
    )
    assert compiled(Aggregate(op, (), calls), TABLES) == [(3, 3, 3, 3)]


@pytest.mark.parametrize("name", ["a", "st", "v"])
def test_keys_must_not_be_nested(name: str) -> None:
    """Grouping and sorting by a nested value is refused, never done by its place in memory."""
    op = child()
    column = next(c for c in op.output if c.name == name)
    group = Aggregate(op, ((Column(60, name, column.type), column),), ())
    for refused in (group, Sort(op, (SortKey(column),))):
        with pytest.raises(Unsupported, match="type"):
            compiled(refused, TABLES)


def test_union_of_nested_columns() -> None:
    """Two tables' nested columns are not mixed in one result column yet: refused."""
    one, two = child(), child(20)
    columns = tuple(Column(70 + i, c.name, c.type, True) for i, c in enumerate(one.output))
    with pytest.raises(Unsupported, match="union"):
        compiled(Union((one, two), (one.output, two.output), columns), TABLES)


def test_other_columns_of_a_table_with_nested_ones() -> None:
    """What is not read costs nothing and stops nothing."""
    op = child()
    calls = ((Column(50, "s", t.BIGINT), AggregateCall("sum", (op.output[0],), t.BIGINT)),)
    assert compiled(Aggregate(op, (), calls), TABLES) == [(6,)]
