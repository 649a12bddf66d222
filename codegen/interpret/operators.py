"""A physical plan in plain Python: what each operator means, on rows of storage-form values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, assert_never

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.functions.comparison import order_key
from pyflare.codegen.interpret.aggregates import aggregate
from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.interpret.failure import EvaluationError
from pyflare.codegen.ir.expr import Column, Expr, SortKey
from pyflare.codegen.ir.operators import (
    Aggregate,
    Expand,
    Filter,
    HashJoin,
    JoinKind,
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
from pyflare.codegen.unsupported import Unsupported

Row: TypeAlias = dict[int, Any]
Tables: TypeAlias = Mapping[str, Sequence[tuple[Any, ...]]]
Matches: TypeAlias = Callable[[Row], list[int]]


def interpret(op: Operator, tables: Tables) -> list[tuple[Any, ...]]:
    """The rows of `op`; `tables[source]` holds the rows of a Scan, one value per its column."""
    return [tuple(row[column.id] for column in op.output) for row in rows(op, tables)]


def rows(op: Operator, tables: Tables) -> list[Row]:
    """The rows of `op` by column id."""
    match op:
        case Scan(source, columns):
            return [_row(columns, values) for values in tables[source]]
        case Range(start, end, step, column):
            return [{column.id: value} for value in range(start, end, step)]
        case OneRow():
            return [{}]
        case Filter(child, predicate):
            return [row for row in rows(child, tables) if evaluate(predicate, row) is True]
        case Project(child, columns):
            return [
                {column.id: evaluate(expr, row) for column, expr in columns}
                for row in rows(child, tables)
            ]
        case HashJoin() | NestedLoopJoin():
            return list(_join(op, tables))
        case Aggregate():
            return _aggregate(op, rows(op.child, tables))
        case Sort(child, keys, limit, offset):
            return _cut(ordered(rows(child, tables), keys), limit, offset)
        case Limit(child, limit, offset):
            return _cut(rows(child, tables), limit, offset)
        case Union(children, inputs, columns):
            return [
                {to.id: row[column.id] for to, column in zip(columns, given, strict=True)}
                for child, given in zip(children, inputs, strict=True)
                for row in rows(child, tables)
            ]
        case Expand(child, projections, columns, repeat):
            return [
                _row(columns, [evaluate(expr, row) for expr in projection])
                for row in rows(child, tables)
                for projection in projections
                for _ in range(1 if repeat is None else evaluate(repeat, row))
            ]
        case Shared(_, child, columns):
            renamed = list(zip(columns, child.output, strict=True))
            return [{to.id: row[c.id] for to, c in renamed} for row in rows(child, tables)]
        case Window():
            raise Unsupported("window functions")
        case _:
            assert_never(op)


def _row(columns: Sequence[Column], values: Sequence[Any]) -> Row:
    return {column.id: value for column, value in zip(columns, values, strict=True)}


def _cut(all_rows: list[Row], limit: int | None, offset: int) -> list[Row]:
    return all_rows[offset:] if limit is None else all_rows[offset : offset + limit]


def ordered(all_rows: list[Row], keys: Sequence[SortKey]) -> list[Row]:
    """Stable, by each key in turn; NULLs first or last as the key says."""
    result = list(all_rows)
    for key in reversed(keys):
        values = [(evaluate(key.expr, row), row) for row in result]
        present = [(order_key(value), row) for value, row in values if value is not None]
        present.sort(key=lambda pair: pair[0], reverse=not key.ascending)
        missing = [row for value, row in values if value is None]
        rest = [row for _, row in present]
        result = missing + rest if key.nulls_first else rest + missing
    return result


# ---------------------------------------------------------------- aggregation


def _aggregate(op: Aggregate, child: list[Row]) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    values: dict[tuple[Any, ...], list[Any]] = {}
    if not op.keys:
        groups[()], values[()] = [], []
    for row in child:
        key = [one_zero(evaluate(expr, row)) for _, expr in op.keys]
        hashed = tuple(map(group_key, key))
        groups.setdefault(hashed, []).append(row)
        values.setdefault(hashed, key)
    return [
        {
            **_row([column for column, _ in op.keys], values[hashed]),
            **{column.id: aggregate(call, members) for column, call in op.aggregates},
        }
        for hashed, members in groups.items()
    ]


def group_key(value: Any) -> Any:
    """Equal for values of one group: NULLs, NaNs and both zeros are."""
    return None if value is None else order_key(value)


def one_zero(value: Any) -> Any:
    """-0.0 is grouped, and shown, as 0.0."""
    return 0.0 if isinstance(value, float) and value == 0 else value


# ---------------------------------------------------------------- joins


def _join(op: HashJoin | NestedLoopJoin, tables: Tables) -> Iterator[Row]:
    build, probe = rows(op.build, tables), rows(op.probe, tables)
    nothing_built = dict.fromkeys([c.id for c in op.build.output])
    nothing_probed = dict.fromkeys([c.id for c in op.probe.output])
    matches = _matches(op, build)
    matched: set[int] = set()
    kind = op.kind
    for row in probe:
        found = matches(row)
        matched.update(found)
        match kind:
            case JoinKind.INNER | JoinKind.BUILD_OUTER:
                yield from ({**row, **build[i]} for i in found)
            case JoinKind.PROBE_OUTER | JoinKind.FULL_OUTER:
                yield from ({**row, **build[i]} for i in found)
                if not found:
                    yield {**row, **nothing_built}
            case JoinKind.PROBE_SINGLE:
                if len(found) > 1:
                    raise EvaluationError(Failure.SCALAR_SUBQUERY_TOO_MANY_ROWS)
                yield {**row, **(build[found[0]] if found else nothing_built)}
            case JoinKind.PROBE_SEMI:
                if found:
                    yield row
            case JoinKind.PROBE_ANTI:
                if not found:
                    yield row
            case JoinKind.PROBE_MARK:
                assert op.mark is not None
                yield {**row, op.mark.id: bool(found)}
            case JoinKind.PROBE_ANTI_NULL_AWARE:
                if _is_in(op, row, found, build) is False:
                    yield row
            case JoinKind.PROBE_MARK_NULL_AWARE:
                assert op.mark is not None
                yield {**row, op.mark.id: _is_in(op, row, found, build)}
            case JoinKind.BUILD_SEMI | JoinKind.BUILD_ANTI:
                pass
            case _:
                assert_never(kind)
    for i, row in enumerate(build):
        match kind:
            case JoinKind.BUILD_OUTER | JoinKind.FULL_OUTER:
                if i not in matched:
                    yield {**nothing_probed, **row}
            case JoinKind.BUILD_SEMI:
                if i in matched:
                    yield row
            case JoinKind.BUILD_ANTI:
                if i not in matched:
                    yield row
            case _:
                pass


def _matches(op: HashJoin | NestedLoopJoin, build: list[Row]) -> Matches:
    """For a probe row, the numbers of the build rows that match it."""
    if isinstance(op, NestedLoopJoin):
        condition = op.condition
        return lambda row: [i for i, other in enumerate(build) if _holds(condition, row, other)]
    safe = op.null_safe or (False,) * len(op.build_keys)
    table: dict[tuple[Any, ...], list[int]] = {}
    for i, other in enumerate(build):
        key = _key(op.build_keys, safe, other)
        if key is not None:
            table.setdefault(key, []).append(i)

    def matches(row: Row) -> list[int]:
        key = _key(op.probe_keys, safe, row)
        found = [] if key is None else table.get(key, [])
        return [i for i in found if _holds(op.residual, row, build[i])]

    return matches


def _key(keys: Sequence[Expr], safe: Sequence[bool], row: Row) -> tuple[Any, ...] | None:
    """The values of the keys, or None where a NULL keeps the row from matching anything."""
    values = [evaluate(key, row) for key in keys]
    if any(value is None and not ok for value, ok in zip(values, safe, strict=True)):
        return None
    return tuple(map(group_key, values))


def _holds(condition: Expr | None, probe: Row, build: Row) -> bool:
    return condition is None or evaluate(condition, {**probe, **build}) is True


def _is_in(
    op: HashJoin | NestedLoopJoin, row: Row, found: list[int], build: list[Row]
) -> bool | None:
    """SQL's IN: true, false, or NULL where a NULL on either side could have been the match."""
    assert isinstance(op, HashJoin)
    if found:
        return True
    if not build:
        return False
    (build_key,), (probe_key,) = op.build_keys, op.probe_keys
    unknown = any(evaluate(build_key, other) is None for other in build)
    return None if unknown or evaluate(probe_key, row) is None else False
