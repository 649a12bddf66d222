"""The state of one analysis: column numbers, settings, and what encloses the current relation."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.ir.types import Type
from pyflare.engine.analyze.environment import Environment
from pyflare.engine.analyze.scope import Scope
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s


@dataclass(frozen=True, slots=True)
class Options:
    """The settings that decide meaning, read once per query."""

    ansi: bool
    case_sensitive: bool
    timezone: str

    @staticmethod
    def of(session: Environment) -> Options:
        return Options(
            ansi=session.conf("spark.sql.ansi.enabled").lower() == "true",
            case_sensitive=session.conf("spark.sql.caseSensitive").lower() == "true",
            timezone=session.conf("spark.sql.session.timeZone"),
        )


@dataclass(frozen=True, slots=True)
class Analyzed:
    """A plan and the names it shows. plan.output may hold more columns than `scope` shows.

    `below` is the scope under a select list, where ORDER BY and filters may look for columns
    that were not selected.
    """

    plan: p.Plan
    scope: Scope
    below: Scope | None = None


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A CTE and the analysis in which its body means what it says."""

    relation: s.Relation
    analysis: Analysis


@dataclass(frozen=True)
class Analysis:
    """Where an expression or relation stands. Copies share the counter and the clock."""

    session: Environment
    options: Options
    relation: Callable[[s.Relation, Analysis], Analyzed]
    ids: Iterator[int] = field(default_factory=itertools.count)
    now: int = field(default_factory=lambda: time.time_ns() // 1000)
    outer: tuple[Scope, ...] = ()
    tables: Mapping[str, CommonTable] = field(default_factory=dict)
    windows: Mapping[str, s.WindowOver] = field(default_factory=dict)
    views: tuple[tuple[str, ...], ...] = ()

    def fresh(self, name: str, type: Type, nullable: bool) -> Column:
        """A column that no plan has yet."""
        return Column(next(self.ids), name, type, nullable)

    def fresh_for(self, name: str, value: Expr) -> Column:
        """A column to hold `value`; another name for a column keeps its metadata."""
        metadata = value.metadata if isinstance(value, Column) else None
        return Column(next(self.ids), name, value.type, value.nullable, metadata)

    def inside(self, *scopes: Scope) -> Analysis:
        """For a subquery that stands where `scopes` are visible."""
        return replace(self, outer=(*scopes, *self.outer))

    def top(self) -> Analysis:
        """For the body of a view: nothing around its use is visible in it."""
        return replace(self, outer=(), tables={}, windows={})
