"""Typed expressions: what the analyser produces and the code generator emits.

Columns are resolved once, to an identity (`Column.id`, a number unique within one query), and
never looked up by name again. Identities, not positions, so that pushing a predicate through a
join or reordering joins moves expressions without rewriting them.
Subqueries never appear here: the analyser turns them into `Apply` nodes of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from pyflare.codegen.ir.types import Type


@dataclass(frozen=True, slots=True)
class Column:
    """The value of column `id` in the current row. Two columns are equal when their ids are.

    `metadata` is the JSON text that the user gave the column; only schemas show it.
    """

    id: int
    name: str = field(compare=False)
    type: Type = field(compare=False)
    nullable: bool = field(default=True, compare=False)
    metadata: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant in storage form (codegen.ir.types); emitted as a parameter, not as code."""

    value: object
    type: Type

    @property
    def nullable(self) -> bool:
        return self.value is None


@dataclass(frozen=True, slots=True)
class Call:
    """A function of codegen.functions over arguments that already have the types it wants."""

    function: str
    args: tuple[Expr, ...]
    type: Type
    nullable: bool = True
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Cast:
    """`child` converted to `type`; "ansi" raises on a bad value, "try" and "legacy" give NULL.

    "legacy" (ANSI off) wraps integers where "try" gives NULL. `timezone` is the session's, set
    where the conversion depends on it.
    """

    child: Expr
    type: Type
    mode: OneOf["ansi", "try", "legacy"] = "ansi"
    nullable: bool = True
    timezone: str | None = None
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first branch whose condition is true, else `otherwise` (NULL if None)."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    type: Type
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class UdfCall:
    """A user's function or model, compiled or called over blocks; see udf.function.Function.

    `function` is opaque here (udf lies above codegen); it emits itself through its protocol.
    """

    function: object
    name: str
    args: tuple[Expr, ...]
    type: Type
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """An aggregate function over the rows of a group for which `filter` holds."""

    function: str
    args: tuple[Expr, ...]
    type: Type
    nullable: bool = True
    distinct: bool = False
    filter: Expr | None = None
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an ordering."""

    expr: Expr
    ascending: bool = True
    nulls_first: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """A window frame; bounds are None (unbounded), 0 (current row) or a signed offset."""

    unit: OneOf["rows", "range", "groups"]
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class WindowCall:
    """A window function; laid out for the window operator, which is not built yet."""

    function: str
    args: tuple[Expr, ...]
    partition: tuple[Expr, ...]
    order: tuple[SortKey, ...]
    frame: Frame
    type: Type
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class LambdaVariable:
    """A parameter of a lambda; laid out for the higher-order functions, not built yet."""

    id: int
    name: str
    type: Type
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Lambda:
    """`body` as a function of `parameters`."""

    parameters: tuple[LambdaVariable, ...]
    body: Expr

    @property
    def type(self) -> Type:
        return self.body.type

    @property
    def nullable(self) -> bool:
        return self.body.nullable


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the user wrote an expression: `text` of the fragment, 1-based `line`, 0-based
    `start` offset in the whole `sql` text; or, for DataFrame code, the Python call site."""

    sql: str | None = None
    start: int = 0
    stop: int = 0
    line: int = 1
    column: int = 0
    call_site: str | None = None
    fragment: str = ""


Expr: TypeAlias = (
    Column
    | Literal
    | Call
    | Cast
    | Case
    | UdfCall
    | AggregateCall
    | WindowCall
    | LambdaVariable
    | Lambda
)
