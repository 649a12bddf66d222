"""Physical plans run compiled, and by the interpreter, over the same Arrow tables."""

from __future__ import annotations

import datetime
import decimal
import math
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pyflare.codegen.build import build
from pyflare.codegen.interpret.operators import interpret
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Column
from pyflare.codegen.ir.operators import Operator, Scan
from pyflare.engine.run.execute import execute
from pyflare.engine.storage.arrow import ArrowTable
from pyflare.engine.storage.memory import Memory
from pyflare.engine.types.arrow import arrow_to_schema

EPOCH = datetime.date(1970, 1, 1)
START = datetime.datetime(1970, 1, 1)


def scan(name: str, table: pa.Table, first_id: int) -> Scan:
    """A scan of all columns, numbered from `first_id`."""
    schema = arrow_to_schema(table.schema)
    loaded = ArrowTable(name, table, schema).load(range(len(schema.fields)), (), 1)
    columns = tuple(
        Column(first_id + i, field.name, field.type, storage.nulls)
        for i, (field, storage) in enumerate(zip(schema.fields, loaded.storage, strict=True))
    )
    return Scan(name, columns, tuple(loaded.storage), loaded.rows)


def compiled(
    op: Operator, tables: Mapping[str, pa.Table], threads: int = 1, morsel_rows: int = 1 << 17
) -> list[tuple[Any, ...]]:
    """The rows as storage-form values, by machine code."""
    program = pickle.loads(pickle.dumps(build(op)))
    bindings = {}
    for name, table in tables.items():
        schema = arrow_to_schema(table.schema)
        every = range(len(schema.fields))
        bindings[name] = ArrowTable(name, table, schema).load(every, (), 1).binding
    memory = Memory(1 << 30)
    batches = list(
        execute(program, bindings, threads=threads, memory=memory, morsel_rows=morsel_rows)
    )
    types = [column.type for column in op.output]
    return [row for batch in batches for row in storage_rows(batch, types)]


def interpreted(op: Operator, tables: Mapping[str, pa.Table]) -> list[tuple[Any, ...]]:
    """The rows as storage-form values, by the interpreter."""
    rows = {
        name: storage_rows(table, [f.type for f in arrow_to_schema(table.schema).fields])
        for name, table in tables.items()
    }
    return interpret(op, rows)


def storage_rows(data: Any, types: Sequence[t.Type]) -> list[tuple[Any, ...]]:
    columns = [
        [storage_form(v, type_) for v in column.to_pylist()]
        for column, type_ in zip(data.columns, types, strict=True)
    ]
    return list(zip(*columns, strict=True)) if columns else [()] * data.num_rows


def storage_form(value: Any, type_: t.Type) -> Any:
    match value:
        case decimal.Decimal():
            assert isinstance(type_, t.Decimal)
            return int(value.scaleb(type_.scale, decimal.Context(prec=60)))
        case datetime.datetime():
            return round((value.replace(tzinfo=None) - START) / datetime.timedelta(microseconds=1))
        case datetime.date():
            return (value - EPOCH).days
        case list():
            return tuple(value)
        case _:
            return value


def comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """NaN equals NaN, -0.0 equals 0.0, and sums of doubles agree to ten digits."""

    def one(value: Any) -> Any:
        if isinstance(value, float):
            if math.isnan(value):
                return "NaN"
            return float(f"{value:.10g}") + 0.0
        return value

    return tuple(one(v) for v in row)


def assert_same(
    op: Operator,
    tables: Mapping[str, pa.Table],
    ordered: bool = False,
    threads: int = 1,
    morsel_rows: int = 1 << 17,
) -> None:
    """The compiled plan gives the interpreter's rows."""
    expected = [comparable(row) for row in interpreted(op, tables)]
    actual = [comparable(row) for row in compiled(op, tables, threads, morsel_rows)]
    if ordered:
        assert actual == expected
    else:
        assert Counter(actual) == Counter(expected)
