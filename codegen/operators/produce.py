"""Every physical operator as staged code: the one match.

`produce(op, builder, emit)` stages pipelines that call `emit(row)` for each row of `op`. A
pipeline calls it at exactly one place; operators with several pipelines (unions, outer joins of
the build side) call it once in each.
"""

from __future__ import annotations

from typing import assert_never

from pyflare.codegen.ir.operators import (
    Aggregate,
    Expand,
    Filter,
    HashJoin,
    Limit,
    NestedLoopJoin,
    OneRow,
    Operator,
    Project,
    Range,
    Scan,
    Shared,
    Sort,
    Union,
    Window,
)
from pyflare.codegen.operators import (
    aggregate,
    filters,
    hash_join,
    nested_loop,
    scan,
    sort,
    streams,
)
from pyflare.codegen.operators.builder import Builder
from pyflare.codegen.operators.types import Emit
from pyflare.codegen.unsupported import Unsupported


def produce(op: Operator, builder: Builder, emit: Emit) -> None:
    match op:
        case Scan():
            scan.scan(op, builder, emit)
        case Range():
            scan.range_(op, builder, emit)
        case OneRow():
            scan.one_row(op, builder, emit)
        case Filter():
            filters.filter_(op, builder, emit, produce)
        case Project():
            filters.project(op, builder, emit, produce)
        case HashJoin():
            hash_join.hash_join(op, builder, emit, produce)
        case NestedLoopJoin():
            nested_loop.nested_loop_join(op, builder, emit, produce)
        case Aggregate():
            aggregate.aggregate(op, builder, emit, produce)
        case Sort():
            sort.sort(op, builder, emit, produce)
        case Limit():
            streams.limit(op, builder, emit, produce)
        case Union():
            streams.union(op, builder, emit, produce)
        case Expand():
            streams.expand(op, builder, emit, produce)
        case Shared():
            streams.shared(op, builder, emit, produce)
        case Window():
            raise Unsupported("window functions (OVER)")
        case _:
            assert_never(op)
