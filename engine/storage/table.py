"""What a scan reads: a table knows its schema and statistics and loads columns into memory."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyflare.codegen.bindings import Binding
from pyflare.codegen.ir.operators import Storage
from pyflare.codegen.ir.types import Struct


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is known of a column's values without reading them; None = unknown.

    lo, hi are in storage form (also str for strings); `exact` says they are true bounds, not
    estimates; `nulls` counts NULLs; `distinct` estimates distinct values; `unique` is a proof;
    `width` is the mean bytes per value.
    """

    lo: object = None
    hi: object = None
    exact: bool = False
    nulls: int | None = None
    distinct: int | None = None
    unique: bool = False
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Row count (estimate if not `exact`) and facts per column ordinal."""

    rows: int
    columns: tuple[ColumnFacts, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Key:
    """A key of many parts, hashed once: each query looks up every column of its tables by it."""

    parts: tuple[Hashable, ...]
    number: int

    @staticmethod
    def of(*parts: Hashable) -> Key:
        """The key of these parts."""
        return Key(parts, hash(parts))

    def __hash__(self) -> int:
        return self.number


@dataclass(frozen=True, slots=True)
class Loaded:
    """Columns in memory: how they lie (`storage`) and where (`binding`), in the order asked."""

    storage: tuple[Storage, ...]
    binding: Binding
    rows: int


class Table(Protocol):
    """A source of rows. Identity is by `key`: equal keys hold equal rows."""

    @property
    def name(self) -> str:
        """How explain names it."""
        ...

    @property
    def key(self) -> Hashable:
        """Changes whenever the contents do (path, size, mtime; a counter for local data)."""
        ...

    @property
    def schema(self) -> Struct: ...

    def statistics(self) -> Statistics:
        """From footers, samples or resident columns; cheap after the first call."""
        ...

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        """The asked columns, all rows or fewer: a part may be left out when `predicates`, each
        (ordinal, "<" "<=" "=" ">=" ">" "in", value in storage form), prove that it holds no
        row that satisfies them all. Raises Spark's errors for missing or corrupt files."""
        ...
