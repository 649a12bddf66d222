"""The physical plan: closed, frozen, plain data. No address, thread count or lane width.

`lower` (engine) makes it, `show` prints it, `check` says what is legal, codegen.operators emits
it and the interpreter runs it. Every operator has `output`, the columns of the rows it emits, in
order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal as OneOf
from typing import TypeAlias

from pyflare.codegen.ir.expr import AggregateCall, Column, Expr, SortKey, WindowCall


@dataclass(frozen=True, slots=True)
class Storage:
    """How the values of a scanned column lie in memory, and what is proved of them.

    kind        "fixed": one element of `bits` per row (int, float, decimal as scaled integer of
                8..128 bits, date, timestamp; booleans as bytes with bits = 8);
                "bits": Arrow's packed booleans; "string": `bits`-wide (32 or 64) offsets into
                UTF-8 or binary data; "dictionary": unsigned codes of `bits` bits into a
                dictionary of `entries` strings (string storage with 32-bit offsets, no NULLs);
                "vector": `size` elements of `bits` per row; "opaque": no memory at all, the
                value is the row's number in the source and is taken from it at the result border.
    nulls       a validity bitmap (Arrow's LSB order) accompanies the values
    lo, hi      every non-NULL value lies in [lo, hi] (storage form); None = not proved
    finite      a float column without NaN
    ascii       every byte of the strings is below 128
    sorted      dictionary codes are in the order of their strings
    """

    kind: OneOf["fixed", "bits", "string", "dictionary", "vector", "opaque"]
    bits: int = 0
    nulls: bool = False
    lo: int | None = None
    hi: int | None = None
    finite: bool = False
    ascii: bool = False
    entries: int = 0
    sorted: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """All rows of the bound table `source`, one `Storage` per column."""

    source: str
    columns: tuple[Column, ...]
    storage: tuple[Storage, ...]
    rows: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Range:
    """The integers start, start + step, … before `end`, as a bigint column."""

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
class Filter:
    """Rows of `child` for which `predicate` is true."""

    child: Operator
    predicate: Expr

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class Project:
    """For each row of `child`, the values of `columns`; other columns are dropped."""

    child: Operator
    columns: tuple[tuple[Column, Expr], ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return tuple(column for column, _ in self.columns)


class JoinKind(Enum):
    """What a join emits. Build rows are stored in the hash table, probe rows stream past it."""

    INNER = "inner"  # each matching pair
    PROBE_OUTER = "probe outer"  # pairs, and probe rows without a match (build columns NULL)
    BUILD_OUTER = "build outer"  # pairs, and build rows without a match (probe columns NULL)
    FULL_OUTER = "full outer"  # both of the above
    PROBE_SEMI = "probe semi"  # probe rows with a match
    PROBE_ANTI = "probe anti"  # probe rows without a match
    PROBE_ANTI_NULL_AWARE = "probe anti null-aware"  # NOT IN: see HashJoin
    PROBE_MARK = "probe mark"  # probe rows with a boolean: has a match (never NULL)
    PROBE_MARK_NULL_AWARE = "probe mark null-aware"  # IN as a value: true, false or NULL
    PROBE_SINGLE = (
        "probe single"  # like PROBE_OUTER; a second match is SCALAR_SUBQUERY_TOO_MANY_ROWS
    )
    BUILD_SEMI = "build semi"  # build rows with a match
    BUILD_ANTI = "build anti"  # build rows without a match


@dataclass(frozen=True, slots=True)
class HashJoin:
    """Pairs of build and probe rows whose keys are equal and for which `residual` is true.

    A NULL key matches nothing unless `null_safe[i]` (SQL's <=>). `residual` may name columns of
    both sides. NULL-aware kinds have exactly one key and no residual: if the build side is empty
    nothing is NULL; if it holds a NULL key, or the probe key is NULL, a missing match is NULL.
    `mark` is the boolean column of the mark kinds. `key_range` = (lo, hi) proves that a single
    integer build key lies in a range small enough to be an array index; `unique` that build keys
    are unique; `build_rows` estimates the build side.
    """

    kind: JoinKind
    build: Operator
    probe: Operator
    build_keys: tuple[Expr, ...]
    probe_keys: tuple[Expr, ...]
    null_safe: tuple[bool, ...] = ()
    residual: Expr | None = None
    mark: Column | None = None
    key_range: tuple[int, int] | None = None
    unique: bool = False
    build_rows: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return join_output(self.kind, self.build, self.probe, self.mark)


@dataclass(frozen=True, slots=True)
class NestedLoopJoin:
    """Pairs for which `condition` holds (all pairs if None); build rows are kept in a buffer."""

    kind: JoinKind
    build: Operator
    probe: Operator
    condition: Expr | None = None
    mark: Column | None = None

    @property
    def output(self) -> tuple[Column, ...]:
        return join_output(self.kind, self.build, self.probe, self.mark)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One row per distinct value of `keys` (one row in all without keys), with aggregates.

    NULL keys form one group. No aggregate is DISTINCT (a rule has rewritten those). `domains`,
    when set, proves for each key that its value (an integer, date, boolean) or dictionary code
    lies in [lo, hi], so that groups may live in an array; `groups` estimates their number.
    """

    child: Operator
    keys: tuple[tuple[Column, Expr], ...]
    aggregates: tuple[tuple[Column, AggregateCall], ...]
    domains: tuple[tuple[int, int], ...] | None = None
    groups: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return tuple(c for c, _ in self.keys) + tuple(c for c, _ in self.aggregates)


@dataclass(frozen=True, slots=True)
class Sort:
    """Rows of `child` in the order of `keys`, from `offset`, at most `limit` of them (top-k)."""

    child: Operator
    keys: tuple[SortKey, ...]
    limit: int | None = None
    offset: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` rows of `child` (all if None) after the first `offset`, in its order."""

    child: Operator
    limit: int | None
    offset: int = 0

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output


@dataclass(frozen=True, slots=True)
class Union:
    """The rows of all children, duplicates kept; `inputs[i][j]` of child i becomes columns[j]."""

    children: tuple[Operator, ...]
    inputs: tuple[tuple[Column, ...], ...]
    columns: tuple[Column, ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Expand:
    """For each row of `child`, one row per projection (grouping sets, distinct aggregates).

    With `repeat`, a bigint that is never NULL, the only projection comes that many times.
    """

    child: Operator
    projections: tuple[tuple[Expr, ...], ...]
    columns: tuple[Column, ...]
    repeat: Expr | None = None

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Shared:
    """The rows of `child`, computed once per query under `name` and read by each use.

    Every use holds the same child; `columns[i]` renames child.output[i] for this use.
    """

    name: str
    child: Operator
    columns: tuple[Column, ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.columns


@dataclass(frozen=True, slots=True)
class Window:
    """Rows of `child` with window function results added; laid out, not yet executed."""

    child: Operator
    calls: tuple[tuple[Column, WindowCall], ...]

    @property
    def output(self) -> tuple[Column, ...]:
        return self.child.output + tuple(c for c, _ in self.calls)


Operator: TypeAlias = (
    Scan
    | Range
    | OneRow
    | Filter
    | Project
    | HashJoin
    | NestedLoopJoin
    | Aggregate
    | Sort
    | Limit
    | Union
    | Expand
    | Shared
    | Window
)


def join_output(
    kind: JoinKind, build: Operator, probe: Operator, mark: Column | None
) -> tuple[Column, ...]:
    """The columns a join of this kind emits."""
    match kind:
        case JoinKind.BUILD_SEMI | JoinKind.BUILD_ANTI:
            return build.output
        case JoinKind.PROBE_SEMI | JoinKind.PROBE_ANTI | JoinKind.PROBE_ANTI_NULL_AWARE:
            return probe.output
        case JoinKind.PROBE_MARK | JoinKind.PROBE_MARK_NULL_AWARE:
            assert mark is not None
            return (*probe.output, mark)
        case _:
            return probe.output + build.output
