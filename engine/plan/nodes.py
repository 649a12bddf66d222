"""The analysed logical plan: relational algebra over typed expressions. The optimiser's language.

Frozen nodes; every node has `output`, its columns in order. Columns are identities
(codegen.ir.expr.Column): a node refers to its children's columns by id, so nodes move freely. The
same table scanned twice gets fresh ids each time. `map_children` is the only traversal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias
from typing import Literal as OneOf

from pyflare.codegen.ir.expr import AggregateCall, Column, Expr, SortKey, WindowCall

if TYPE_CHECKING:
    from pyflare.engine.storage.table import Table


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows of `table`; `ordinals[i]` is the table column that becomes columns[i].

    `predicates` only let the reader skip parts (row groups): a Filter above still decides.
    """

    table: Table
    columns: tuple[Column, ...]
    ordinals: tuple[int, ...]
    predicates: tuple[Expr, ...] = ()

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Range:
    """The bigints start, start + step, … before `end`."""

    start: int
    end: int
    step: int
    column: Column

    @property
    def output(self) -> tuple[Column, ...]:
        return (self.column,)


@dataclass(frozen=True, slots=True)
class OneRow:
    """A single row without columns."""

    @property
    def output(self) -> tuple[Column, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Empty:
    """No rows, with these columns."""

    columns: tuple[Column, ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Project:
    """For each row of `child`, the values of `columns`."""

    child: Plan
    columns: tuple[tuple[Column, Expr], ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return tuple(column for column, _ in self.columns)


@dataclass(frozen=True, slots=True)
class Filter:
    """Rows of `child` for which `predicate` is true."""

    child: Plan
    predicate: Expr

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


class JoinType(Enum):
    """What a join emits; see Join."""

    INNER = "inner"
    LEFT = "left outer"
    RIGHT = "right outer"
    FULL = "full outer"
    SEMI = "left semi"
    ANTI = "left anti"
    ANTI_NULL_AWARE = "left anti null-aware"  # NOT IN: an unknown comparison also drops the row
    MARK = "left mark"  # left rows + boolean `mark`: some right row satisfies the condition
    MARK_NULL_AWARE = "left mark null-aware"  # IN as a value: `mark` is NULL when unknown
    SINGLE = "left single"  # LEFT, but a second match is SCALAR_SUBQUERY_TOO_MANY_ROWS


@dataclass(frozen=True, slots=True)
class Join:
    """Pairs of left and right rows for which `condition` is true (all pairs if None).

    Outer kinds make the other side's columns nullable: their Column objects in `output` say so.
    """

    left: Plan
    right: Plan
    kind: JoinType
    condition: Expr | None = None
    mark: Column | None = None

    @property
    def output(self) -> tuple[Column, ...]:
        left, right = self.left.output, self.right.output
        match self.kind:
            case JoinType.SEMI | JoinType.ANTI | JoinType.ANTI_NULL_AWARE:
                return left
            case JoinType.MARK | JoinType.MARK_NULL_AWARE:
                assert self.mark is not None
                return (*left, self.mark)
            case JoinType.INNER:
                return left + right
            case JoinType.LEFT | JoinType.SINGLE:
                return left + _nullable(right)
            case JoinType.RIGHT:
                return _nullable(left) + right
            case JoinType.FULL:
                return _nullable(left) + _nullable(right)


@dataclass(frozen=True, slots=True)
class Apply:
    """A dependent join: for each row of `left`, `right` evaluated with left's columns free in it.

    kind "scalar" adds the single column of right (NULL if no row; `column` is that column as seen
    from outside); "exists" adds boolean `column`; "in" adds boolean `column` by SQL's
    three-valued rule for `operands` = right's output; "inner" / "left" / "cross" are LATERAL
    joins on `condition`. The unnesting rules remove every Apply.
    """

    left: Plan
    right: Plan
    kind: OneOf["scalar", "exists", "in", "inner", "left"]
    column: Column | None = None
    operands: tuple[Expr, ...] = ()
    condition: Expr | None = None

    @property
    def output(self) -> tuple[Column, ...]:
        match self.kind:
            case "inner":
                return self.left.output + self.right.output
            case "left":
                return self.left.output + _nullable(self.right.output)
            case _:
                assert self.column is not None
                return (*self.left.output, self.column)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One row per distinct value of `keys` (one in all without keys), with aggregates.

    A distinct is an Aggregate without aggregates.
    """

    child: Plan
    keys: tuple[tuple[Column, Expr], ...]
    aggregates: tuple[tuple[Column, AggregateCall], ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return tuple(c for c, _ in self.keys) + tuple(c for c, _ in self.aggregates)


@dataclass(frozen=True, slots=True)
class Expand:
    """For each row of `child`, one row per projection (grouping sets).

    With `repeat`, a bigint that is never NULL, the only projection comes that many times
    (INTERSECT ALL, EXCEPT ALL).
    """

    child: Plan
    projections: tuple[tuple[Expr, ...], ...]
    columns: tuple[Column, ...]
    repeat: Expr | None = None

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Sort:
    """Rows of `child` in the order of `keys`; from `offset`, at most `limit` (top-k)."""

    child: Plan
    keys: tuple[SortKey, ...]
    limit: int | None = None
    offset: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` rows (all if None) after the first `offset`."""

    child: Plan
    limit: int | None
    offset: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class Tail:
    """The last `limit` rows of `child`."""

    child: Plan
    limit: int

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class Union:
    """All rows of all children; `inputs[i][j]` of child i becomes columns[j] (types agree)."""

    children: tuple[Plan, ...]
    inputs: tuple[tuple[Column, ...], ...]
    columns: tuple[Column, ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of `child` with window results added; planned and shown, not yet executed."""

    child: Plan
    calls: tuple[tuple[Column, WindowCall], ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output + tuple(c for c, _ in self.calls)


@dataclass(frozen=True, slots=True)
class Sample:
    """Each row kept when its random number lies in [lower, upper)."""

    child: Plan
    lower: float
    upper: float
    seed: int

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class MapBatches:
    """`function` (Python, Arrow batches in and out) over the rows of `child`."""

    child: Plan
    function: object
    columns: tuple[Column, ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Shared:
    """A plan used more than once, computed once; columns[i] renames child.output[i] here."""

    name: str
    child: Plan
    columns: tuple[Column, ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Note:
    """`child`, with a remark for explain (a hint or repartition accepted as a no-op)."""

    child: Plan
    text: str

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


Plan: TypeAlias = (
    Scan
    | Range
    | OneRow
    | Empty
    | Project
    | Filter
    | Join
    | Apply
    | Aggregate
    | Expand
    | Sort
    | Limit
    | Tail
    | Union
    | Window
    | Sample
    | MapBatches
    | Shared
    | Note
)


def children(node: Plan) -> tuple[Plan, ...]:
    """The inputs of a node, in order."""
    match node:
        case Scan() | Range() | OneRow() | Empty():
            return ()
        case Join() | Apply():
            return (node.left, node.right)
        case Union():
            return node.children
        case _:
            return (node.child,)


def map_children(node: Plan, fn: Callable[[Plan], Plan]) -> Plan:
    """`node` with fn applied to each child; the same object when nothing changed."""
    match node:
        case Scan() | Range() | OneRow() | Empty():
            return node
        case Join(before_left, before_right) | Apply(before_left, before_right):
            left, right = fn(before_left), fn(before_right)
            if left is before_left and right is before_right:
                return node
            return replace(node, left=left, right=right)
        case Union(before):
            after = tuple([fn(child) for child in before])
            if all(a is b for a, b in zip(after, before, strict=True)):
                return node
            return replace(node, children=after)
        case _:
            child = fn(node.child)
            return node if child is node.child else replace(node, child=child)


def _nullable(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(c if c.nullable else replace(c, nullable=True) for c in columns)
