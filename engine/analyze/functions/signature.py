"""What a function of the table is: how many arguments, and how a typed call comes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pyflare.codegen.ir.expr import Call, Cast, Expr, Literal, Origin
from pyflare.codegen.ir.types import (
    BINARY,
    DOUBLE,
    INT,
    Array,
    Binary,
    Boolean,
    Date,
    Decimal,
    Float,
    Integer,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
    TimestampNTZ,
    Type,
)
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Options
from pyflare.engine.analyze.legacy import refuse_mixed
from pyflare.engine.analyze.names import Node
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.types import sql_name

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def ordinal(index: int) -> str:
    """The place of an argument in words, as errors have it."""
    return _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"


@dataclass(frozen=True, slots=True)
class Arguments:
    """A call with typed arguments: `name` as written, `shown` prints it as Spark does."""

    name: str
    args: tuple[Expr, ...]
    syntax: tuple[Node, ...]
    origin: Origin | None
    options: Options
    now: int
    shown: Callable[[], str]
    shown_argument: Callable[[Node], str]
    seed: Callable[[], int]
    ignore_nulls: bool | None = None
    distinct: bool = False

    def __len__(self) -> int:
        return len(self.args)

    def __getitem__(self, index: int) -> Expr:
        return self.args[index]

    @property
    def timezone(self) -> str:
        return self.options.timezone

    @property
    def zone(self) -> Literal:
        """The session time zone as an argument."""
        return Literal(self.options.timezone, String())

    def call(
        self,
        function: str,
        args: Sequence[Expr],
        type: Type,
        nullable: bool | None = None,
    ) -> Call:
        """A call that is NULL when an argument is, unless `nullable` says otherwise."""
        null = any(arg.nullable for arg in args) if nullable is None else nullable
        return Call(function, tuple(args), type, null, self.origin)

    def cast(self, expr: Expr, type: Type) -> Expr:
        """An implicit cast; it carries the place of the call."""
        made = coerce.cast(expr, type, self.timezone)
        if isinstance(made, Cast) and made is not expr and self.origin is not None:
            return Cast(made.child, type, made.mode, made.nullable, made.timezone, self.origin)
        return made

    def wants(self, index: int, *types: Type) -> Expr:
        """Argument `index` as the first of `types` that it is, else that it converts to."""
        given = self.args[index]
        if given.type in types:
            return given
        for type in types:
            if coerce.implicit(given, type, self.timezone) is not None:
                return self.cast(given, type)
        names = " or ".join(f'"{sql_name(type)}"' for type in types)
        raise self.unexpected(index, f"({names})" if len(types) > 1 else names)

    def number(self, index: int) -> Expr:
        """Argument `index` as a number of its own type; text is read as a double."""
        given = self.args[index]
        if coerce.is_numeric(given.type):
            return given
        if isinstance(given.type, String | Null):
            return self.cast(given, DOUBLE)
        raise self.unexpected(index, '"NUMERIC"')

    def integral(self, index: int) -> Expr:
        """Argument `index` as an integer of its own type; text is refused."""
        given = self.args[index]
        if isinstance(given.type, Integer):
            return given
        if isinstance(given.type, Null):
            return self.cast(given, INT)
        raise self.unexpected(index, '"INTEGRAL"')

    def constant(self, index: int, what: str) -> object:
        """The value of a literal argument."""
        value = self.args[index]
        if isinstance(value, Cast):
            value = value.child
        if isinstance(value, Literal):
            return value.value
        raise self.non_foldable(index, what)

    def integer_constant(self, index: int, what: str) -> int | None:
        """The value of an argument that must be an integer written in the query."""
        value = self.constant(index, what)
        if value is not None and not isinstance(value, int):
            raise self.unexpected(index, '"INT"')
        return value

    def text_constant(self, index: int, what: str) -> str | None:
        """The value of an argument that must be text written in the query."""
        value = self.constant(index, what)
        if value is not None and not isinstance(value, str):
            raise self.unexpected(index, '"STRING"')
        return value

    def written_text(self, index: int) -> Literal:
        """Text that has to be written in the query, though Spark allows a column there."""
        value = self.args[index]
        value = value.child if isinstance(value, Cast) else value
        if not isinstance(value, Literal) or not isinstance(value.value, str | None):
            raise self.not_supported("with a format or unit that depends on the row")
        return Literal(value.value, String())

    def common(self, args: Sequence[Expr] | None = None) -> tuple[tuple[Expr, ...], Type]:
        """All arguments in their least common type."""
        given = self.args if args is None else args
        refuse_mixed((arg.type for arg in given), self.options.ansi)
        widened = coerce.widen(given, self.timezone)
        if widened is None:
            types = ", ".join(f'"{sql_name(arg.type)}"' for arg in given)
            raise self.mismatch(
                "DATA_DIFF_TYPES", functionName=f"`{self.name.lower()}`", dataType=f"[{types}]"
            )
        return widened

    def mismatch(self, kind: str, **parameters: str) -> Exception:
        """DATATYPE_MISMATCH of this call."""
        return analysis_error(
            f"DATATYPE_MISMATCH.{kind}",
            {"sqlExpr": f'"{self.shown()}"', **parameters},
            self.origin,
        )

    def unexpected(self, index: int, required: str) -> Exception:
        """Argument `index` has a type that the function does not take."""
        return self.mismatch(
            "UNEXPECTED_INPUT_TYPE",
            paramIndex=ordinal(index),
            requiredType=required,
            inputSql=f'"{self.shown_argument(self.syntax[index])}"',
            inputType=f'"{sql_name(self.args[index].type)}"',
        )

    def non_foldable(self, index: int, what: str) -> Exception:
        """Argument `index` must not depend on the row."""
        return self.mismatch(
            "NON_FOLDABLE_INPUT",
            inputName=f"`{what}`",
            inputType=f'"{sql_name(self.args[index].type)}"',
            inputExpr=f'"{self.shown_argument(self.syntax[index])}"',
        )

    def not_supported(self, detail: str = "") -> Exception:
        """The function is known to Spark and not built here."""
        suffix = f" {detail}" if detail else ""
        return unsupported(f"the function {self.name}{suffix}")


Rule: TypeAlias = Callable[[Arguments], Expr]


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function: the least and most number of arguments (None: any) and its rule."""

    least: int
    most: int | None
    build: Rule
    aggregate: bool = False

    def takes(self, count: int) -> bool:
        """The function can have `count` arguments."""
        return count >= self.least and (self.most is None or count <= self.most)


Table: TypeAlias = Mapping[str, Builtin]


def rescaled(a: Arguments) -> bool:
    """A written integer meets a decimal: Spark takes its cast to the digits for nullable."""
    written = [isinstance(e, Literal) and isinstance(e.type, Integer) for e in a.args]
    return any(written) and any(isinstance(e.type, Decimal) for e in a.args)


def strict(
    function: str, wanted: Sequence[Type], result: Type, nullable: bool | None = None
) -> Builtin:
    """A function of fixed parameter types that is NULL when an argument is."""

    def build(a: Arguments) -> Expr:
        args = [a.wants(index, type) for index, type in enumerate(wanted)]
        return a.call(function, args, result, nullable)

    return Builtin(len(wanted), len(wanted), build)


def group_of(type: Type) -> str:
    """The family of a type, for choosing among the forms of a function."""
    match type:
        case Integer():
            return "integer"
        case Float():
            return "float"
        case Decimal():
            return "decimal"
        case String():
            return "string"
        case Binary():
            return "binary"
        case Boolean():
            return "boolean"
        case Date() | Timestamp() | TimestampNTZ():
            return "datetime"
        case Array() | Map() | Struct():
            return "nested"
        case Null():
            return "null"
        case _:
            return "interval"


def text_or_bytes(a: Arguments, index: int) -> Expr:
    """Argument `index` as text, or as bytes if it is bytes."""
    return a.args[index] if a.args[index].type == BINARY else a.wants(index, String())
