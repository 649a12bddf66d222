"""+ - * / % div and unary minus on numbers; dates and intervals go to `temporal`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyflare.codegen.ir.expr import Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    DOUBLE,
    Date,
    Decimal,
    Float,
    Integer,
    Null,
    String,
    Timestamp,
    TimestampNTZ,
    Type,
)
from pyflare.engine.analyze import coerce, decimals
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, rescaled
from pyflare.engine.analyze.functions.temporal import temporal_arithmetic
from pyflare.engine.analyze.legacy import refuse_mixed
from pyflare.engine.types import sql_name


@dataclass(frozen=True, slots=True)
class Operation:
    """One arithmetic operation: its IR name, and the decimal type of its result.

    `wrapped` is its form for integers with ANSI off, `nulled` the form that gives NULL instead
    of an error, `partial` says that Spark calls its result nullable whatever the operands are.
    """

    function: str
    decimal: Callable[[Decimal, Decimal], Decimal]
    wrapped: str
    nulled: str
    partial: bool = False
    wanted: str = '"NUMERIC"'


_SUMMABLE = '("NUMERIC" or "INTERVAL DAY TO SECOND" or "INTERVAL YEAR TO MONTH" or "INTERVAL")'
_TEMPORAL = Date | Timestamp | TimestampNTZ
_DIVISIBLE = '("BIGINT" or "DECIMAL" or "INTERVAL DAY TO SECOND" or "INTERVAL YEAR TO MONTH")'
ADD = Operation("add", decimals.added, "wrap_add", "try_add", wanted=_SUMMABLE)
SUB = Operation("sub", decimals.added, "wrap_sub", "try_sub", wanted=_SUMMABLE)
MUL = Operation("mul", decimals.multiplied, "wrap_mul", "try_mul")
DIV = Operation("div", decimals.divided, "null_div", "try_div", partial=True)
MOD = Operation("mod", decimals.remainder, "null_mod", "try_mod", partial=True)
PMOD = Operation("pmod", decimals.remainder, "null_mod", "try_mod", partial=True)


def operands(a: Arguments) -> tuple[Expr, Expr]:
    """Both arguments as numbers of one type, or as two decimals of their own types."""
    left, right = a.args
    refuse_mixed((left.type, right.type), a.options.ansi)
    match left.type, right.type:
        case (Null(), Null()):
            return a.cast(left, DOUBLE), a.cast(right, DOUBLE)
        case (Decimal(), Decimal()):
            return left, right
        case (Decimal(), Integer()):
            return left, a.cast(right, _digits(right))
        case (Integer(), Decimal()):
            return a.cast(left, _digits(left)), right
    type = coerce.wider(left.type, right.type)
    if type is not None and not coerce.is_numeric(type) and String() in (left.type, right.type):
        return a.cast(left, type), a.cast(right, type)
    if type is None or (left.type != right.type and not coerce.is_numeric(type)):
        raise a.mismatch(
            "BINARY_OP_DIFF_TYPES",
            left=f'"{sql_name(left.type)}"',
            right=f'"{sql_name(right.type)}"',
        )
    return a.cast(left, type), a.cast(right, type)


def _digits(expr: Expr) -> Decimal:
    assert isinstance(expr.type, Integer)
    if isinstance(expr, Literal) and isinstance(expr.value, int):
        return decimals.of_value(expr.value)
    return decimals.of_integer(expr.type)


def refuse_non_numbers(a: Arguments, left: Expr, right: Expr, required: str) -> None:
    """Operands of one type that is no number."""
    if not coerce.is_numeric(left.type) or not coerce.is_numeric(right.type):
        raise a.mismatch(
            "BINARY_OP_WRONG_TYPE", inputType=required, actualDataType=f'"{sql_name(left.type)}"'
        )


def numeric(a: Arguments, operation: Operation, form: str | None = None) -> Expr:
    """The operation over numbers; `form` overrides the IR function."""
    left, right = operands(a)
    refuse_non_numbers(a, left, right, operation.wanted)
    nullable = True if operation.partial or form or rescaled(a) else None
    match left.type, right.type:
        case (Decimal() as x, Decimal() as y):
            quiet = operation.function if a.options.ansi else operation.nulled
            result = operation.decimal(x, y)
            null = None if a.options.ansi and nullable is None else True
            return a.call(form or quiet, (left, right), result, null)
        case (Integer(), Integer()) if not a.options.ansi and form is None:
            return a.call(operation.wrapped, (left, right), left.type, nullable)
        case _:
            name = operation.function
            if operation.partial and not a.options.ansi:
                name = operation.wrapped
            return a.call(form or name, (left, right), left.type, nullable)


def add(a: Arguments) -> Expr:
    if len(a) == 1:
        return a.number(0)
    return temporal_arithmetic("+", a) or numeric(a, ADD)


def subtract(a: Arguments) -> Expr:
    if len(a) == 1:
        return negate(a)
    return temporal_arithmetic("-", a) or numeric(a, SUB)


def multiply(a: Arguments) -> Expr:
    return temporal_arithmetic("*", a) or numeric(a, MUL)


def divide(a: Arguments) -> Expr:
    return temporal_arithmetic("/", a) or _divide(a, None)


def _divide(a: Arguments, form: str | None) -> Expr:
    if isinstance(a[0].type, Null) and isinstance(a[1].type, Decimal):
        return Literal(None, DOUBLE)
    left, right = operands(a)
    refuse_non_numbers(a, left, right, '("DOUBLE" or "DECIMAL")')
    if isinstance(left.type, Decimal):
        return numeric(a, DIV, form)
    name = form or ("div" if a.options.ansi else "null_div")
    return a.call(name, (a.cast(left, DOUBLE), a.cast(right, DOUBLE)), DOUBLE, True)


def integral_divide(a: Arguments) -> Expr:
    """a div b: the whole part, as a bigint."""
    left, right = operands(a)
    if isinstance(left.type, Float):
        raise a.mismatch(
            "BINARY_OP_WRONG_TYPE",
            inputType=_DIVISIBLE,
            actualDataType=f'"{sql_name(left.type)}"',
        )
    refuse_non_numbers(a, left, right, _DIVISIBLE)
    if isinstance(left.type, Integer):
        left, right = a.cast(left, BIGINT), a.cast(right, BIGINT)
    name = "intdiv" if a.options.ansi else "null_intdiv"
    return a.call(name, (left, right), BIGINT, True)


def modulo(a: Arguments) -> Expr:
    return numeric(a, MOD)


def positive_modulo(a: Arguments) -> Expr:
    if not a.options.ansi:
        raise a.not_supported("with spark.sql.ansi.enabled=false")
    return numeric(a, PMOD)


def negate(a: Arguments) -> Expr:
    """-x; a number written in the query becomes its negative."""
    value = a[0]
    signed = coerce.is_numeric(value.type) or coerce.is_interval(value.type)
    if isinstance(value, Literal) and isinstance(value.value, int | float) and signed:
        return Literal(-value.value, value.type)
    if coerce.is_interval(value.type):
        return a.call("iv_neg", (value,), value.type)
    return _unary("neg", "wrap_neg", a)


def absolute(a: Arguments) -> Expr:
    if coerce.is_interval(a[0].type):
        raise a.not_supported("of an interval")
    return _unary("abs", "wrap_abs", a)


def positive(a: Arguments) -> Expr:
    return a[0] if coerce.is_interval(a[0].type) else a.number(0)


def _unary(function: str, wrapped: str, a: Arguments) -> Expr:
    value = a.number(0)
    wraps = not a.options.ansi and isinstance(value.type, Integer)
    return a.call(wrapped if wraps else function, (value,), value.type)


def trying(operation: Operation, symbol: str) -> Callable[[Arguments], Expr]:
    """try_add and its like: NULL where the operation would fail."""

    def build(a: Arguments) -> Expr:
        types = (a[0].type, a[1].type)
        if any(isinstance(t, _TEMPORAL) or coerce.is_interval(t) for t in types):
            raise a.not_supported(f"on {sql_name(types[0])} {symbol} {sql_name(types[1])}")
        if operation is DIV:
            return _divide(a, operation.nulled)
        return numeric(a, operation, operation.nulled)

    return build


def bitwise(function: str) -> Callable[[Arguments], Expr]:
    """& | ^ on integers of one type."""

    def build(a: Arguments) -> Expr:
        args, type = a.common()
        if not isinstance(type, Integer):
            raise a.mismatch(
                "BINARY_OP_WRONG_TYPE",
                inputType='"INTEGRAL"',
                actualDataType=f'"{sql_name(type)}"',
            )
        return a.call(function, args, type)

    return build


def bit_not(a: Arguments) -> Expr:
    value = a.integral(0)
    return a.call("bitnot", (value,), value.type)


def shift(function: str) -> Callable[[Arguments], Expr]:
    """<< >> >>> on an int or bigint by an int."""

    def build(a: Arguments) -> Expr:
        value = a.wants(0, _INT, BIGINT)
        return a.call(function, (value, a.wants(1, _INT)), value.type)

    return build


_INT: Type = Integer(32)

TABLE = {
    "+": Builtin(1, 2, add),
    "-": Builtin(1, 2, subtract),
    "*": Builtin(2, 2, multiply),
    "/": Builtin(2, 2, divide),
    "%": Builtin(2, 2, modulo),
    "mod": Builtin(2, 2, modulo),
    "div": Builtin(2, 2, integral_divide),
    "pmod": Builtin(2, 2, positive_modulo),
    "negative": Builtin(1, 1, negate),
    "positive": Builtin(1, 1, positive),
    "abs": Builtin(1, 1, absolute),
    "try_add": Builtin(2, 2, trying(ADD, "+")),
    "try_subtract": Builtin(2, 2, trying(SUB, "-")),
    "try_multiply": Builtin(2, 2, trying(MUL, "*")),
    "try_divide": Builtin(2, 2, trying(DIV, "/")),
    "try_mod": Builtin(2, 2, trying(MOD, "%")),
    "&": Builtin(2, 2, bitwise("bitand")),
    "|": Builtin(2, 2, bitwise("bitor")),
    "^": Builtin(2, 2, bitwise("bitxor")),
    "~": Builtin(1, 1, bit_not),
    "shiftleft": Builtin(2, 2, shift("shiftleft")),
    "<<": Builtin(2, 2, shift("shiftleft")),
    "shiftright": Builtin(2, 2, shift("shiftright")),
    ">>": Builtin(2, 2, shift("shiftright")),
    "shiftrightunsigned": Builtin(2, 2, shift("shiftrightunsigned")),
    ">>>": Builtin(2, 2, shift("shiftrightunsigned")),
}
