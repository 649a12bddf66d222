"""Comparisons, logic, tests for NULL, membership, and the choices among values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyflare.codegen.ir.expr import Call, Case, Expr, Literal
from pyflare.codegen.ir.types import (
    BOOLEAN,
    DOUBLE,
    INT,
    STRING,
    Array,
    Boolean,
    Decimal,
    Float,
    Integer,
    Map,
    Null,
    String,
    Type,
)
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, rescaled
from pyflare.engine.analyze.legacy import refuse_mixed
from pyflare.engine.types import sql_name


def comparison(function: str) -> Callable[[Arguments], Expr]:
    """A comparison of two values in their common type."""

    def build(a: Arguments) -> Expr:
        bounded = whole_bound(function, a[0], a[1])
        if bounded is not None:
            left, right = bounded
            return a.call(function, (left, right), BOOLEAN)
        left, right = comparable(a, a[0], a[1])
        if not coerce.orderable(left.type):
            raise _not_orderable(a, left.type)
        nullable = False if function == "eq_null_safe" else True if rescaled(a) else None
        return a.call(function, (left, right), BOOLEAN, nullable)

    return build


_DOWN = {"gt": True, "le": True, "ge": False, "lt": False}


def whole_bound(function: str, left: Expr, right: Expr) -> tuple[Expr, Expr] | None:
    """i > 1.5  ->  i > 1: an integer against a written decimal compares with a whole number."""
    if function not in _DOWN:
        return None
    match left, right:
        case (_, Literal(int() as value, Decimal(_, scale))) if isinstance(left.type, Integer):
            bound = _whole(value, scale, _DOWN[function])
            return None if not _fits(bound, left.type) else (left, Literal(bound, left.type))
        case (Literal(int() as value, Decimal(_, scale)), _) if isinstance(right.type, Integer):
            bound = _whole(value, scale, not _DOWN[function])
            return None if not _fits(bound, right.type) else (Literal(bound, right.type), right)
    return None


def bounded_name(symbol: str, a: Arguments, made: Expr) -> str | None:
    """Spark shows the whole number that a written decimal became."""
    if not isinstance(made, Call) or made.function not in _DOWN or made.args == a.args:
        return None
    if whole_bound(made.function, a[0], a[1]) is None:
        return None
    texts = [
        str(new.value) if new is not old and isinstance(new, Literal) else a.shown_argument(part)
        for new, old, part in zip(made.args, a.args, a.syntax, strict=True)
    ]
    return f"({texts[0]} {symbol} {texts[1]})"


def _whole(value: int, scale: int, down: bool) -> int:
    unit: int = 10**scale
    return value // unit if down else -(-value // unit)


def _fits(value: int, type: Integer) -> bool:
    return -(1 << type.bits - 1) <= value < 1 << type.bits - 1


def comparable(a: Arguments, left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Two values in the type in which they compare."""
    refuse_mixed((left.type, right.type), a.options.ansi)
    type = coerce.wider(left.type, right.type)
    if type is None or _mixes_text(left.type, right.type):
        raise a.mismatch(
            "BINARY_OP_DIFF_TYPES",
            left=f'"{sql_name(left.type)}"',
            right=f'"{sql_name(right.type)}"',
        )
    return a.cast(left, type), a.cast(right, type)


def _mixes_text(left: Type, right: Type) -> bool:
    """Arrays of text and of something else do not compare."""
    if not isinstance(left, Array) or not isinstance(right, Array) or left == right:
        return False
    return STRING in (left.element, right.element)


def _not_orderable(a: Arguments, type: Type) -> Exception:
    return a.mismatch(
        "INVALID_ORDERING_TYPE", functionName=f"`{a.name}`", dataType=f'"{sql_name(type)}"'
    )


def different(a: Arguments) -> Expr:
    return negated(comparison("eq")(a))


def negated(expr: Expr) -> Expr:
    """not expr"""
    return Call("not", (expr,), BOOLEAN, expr.nullable)


def connective(function: str) -> Callable[[Arguments], Expr]:
    """and, or: flat, so that a long chain is one call."""

    def build(a: Arguments) -> Expr:
        parts: list[Expr] = []
        _refuse_other_than_boolean(a)
        for index in range(len(a)):
            part = condition(a, index)
            flat = isinstance(part, Call) and part.function == function
            parts.extend(part.args if flat and isinstance(part, Call) else (part,))
        return a.call(function, parts, BOOLEAN)

    return build


def _refuse_other_than_boolean(a: Arguments) -> None:
    """Operands of and, or: booleans, or text or NULL beside a boolean."""
    left, right = a[0].type, a[1].type
    if len(a) > 2 or all(isinstance(type, Boolean | Null) for type in (left, right)):
        return
    text = isinstance(left, String | Null) or isinstance(right, String | Null)
    if Boolean() in (left, right) and text:
        return
    common = coerce.wider(left, right) if String() in (left, right) else None
    if left == right or (common is not None and not isinstance(common, Boolean)):
        actual = left if left == right else common
        assert actual is not None
        raise a.mismatch(
            "BINARY_OP_WRONG_TYPE", inputType='"BOOLEAN"', actualDataType=f'"{sql_name(actual)}"'
        )
    raise a.mismatch(
        "BINARY_OP_DIFF_TYPES", left=f'"{sql_name(left)}"', right=f'"{sql_name(right)}"'
    )


def condition(a: Arguments, index: int) -> Expr:
    """Argument `index` as a truth value."""
    given = a.args[index]
    if isinstance(given.type, Boolean):
        return given
    if isinstance(given.type, Null | String):
        return a.cast(given, BOOLEAN)
    raise a.unexpected(index, '"BOOLEAN"')


def invert(a: Arguments) -> Expr:
    return negated(condition(a, 0))


def null_test(function: str) -> Callable[[Arguments], Expr]:
    return lambda a: a.call(function, a.args, BOOLEAN, False)


def is_nan(a: Arguments) -> Expr:
    return a.call("is_nan", (_float(a, 0),), BOOLEAN, False)


def _float(a: Arguments, index: int) -> Expr:
    given = a.args[index]
    return given if isinstance(given.type, Float) else a.cast(a.number(index), DOUBLE)


def between(a: Arguments) -> Expr:
    """x BETWEEN low AND high  ->  x >= low and x <= high"""
    low = a.call("ge", comparable(a, a[0], a[1]), BOOLEAN)
    high = a.call("le", comparable(a, a[0], a[2]), BOOLEAN)
    return a.call("and", (low, high), BOOLEAN)


def member(a: Arguments) -> Expr:
    """x IN (…): values written in the query are a set, others a chain of comparisons."""
    if len(a) == 1:
        return Literal(False, BOOLEAN)  # col.isin([]): Spark says false even for NULL
    args, type = a.common()
    if isinstance(type, Map):
        raise _not_orderable(a, type)
    nullable = any(arg.nullable for arg in args)
    if all(isinstance(arg, Literal) for arg in args[1:]):
        return a.call("in", args, BOOLEAN, nullable)
    tests = [a.call("eq", (args[0], value), BOOLEAN) for value in args[1:]]
    return tests[0] if len(tests) == 1 else a.call("or", tests, BOOLEAN, nullable)


def coalesce(a: Arguments) -> Expr:
    args, type = a.common()
    if len(args) == 1:
        return args[0]
    return a.call("coalesce", args, type, all(arg.nullable for arg in args))


def nvl2(a: Arguments) -> Expr:
    test = a.call("is_not_null", (a[0],), BOOLEAN, False)
    return choice(a, ((test, a[1]),), a[2])


def null_if(a: Arguments) -> Expr:
    """CASE WHEN x = y THEN NULL ELSE x END"""
    test = a.call("eq", comparable(a, a[0], a[1]), BOOLEAN)
    return Case(((test, Literal(None, a[0].type)),), a[0], a[0].type, True)


def zero_if_null(a: Arguments) -> Expr:
    args, type = a.common((a[0], Literal(0, INT)))
    return a.call("coalesce", args, type, False)


def null_if_zero(a: Arguments) -> Expr:
    test = a.call("eq", comparable(a, a[0], Literal(0, INT)), BOOLEAN)
    return Case(((test, Literal(None, a[0].type)),), a[0], a[0].type, True)


def if_(a: Arguments) -> Expr:
    if not isinstance(a[0].type, Boolean | Null):
        raise a.unexpected(0, '"BOOLEAN"')
    return choice(a, ((condition_of(a, a[0]), a[1]),), a[2])


def condition_of(a: Arguments, expr: Expr) -> Expr:
    return expr if isinstance(expr.type, Boolean) else a.cast(expr, BOOLEAN)


def choice(a: Arguments, branches: Sequence[tuple[Expr, Expr]], otherwise: Expr | None) -> Expr:
    """A CASE whose values have their least common type."""
    values = [then for _, then in branches]
    if otherwise is not None:
        values.append(otherwise)
    refuse_mixed((value.type for value in values), a.options.ansi)
    widened = coerce.widen(values, a.timezone)
    if widened is None:
        types = ", ".join(f'"{sql_name(value.type)}"' for value in values)
        raise a.mismatch(
            "DATA_DIFF_TYPES", functionName=f"`{a.name.lower()}`", dataType=f"[{types}]"
        )
    args, type = widened
    return Case(
        tuple([(when, then) for (when, _), then in zip(branches, args, strict=False)]),
        None if otherwise is None else args[-1],
        type,
        otherwise is None or any(arg.nullable for arg in args),
    )


def decode(a: Arguments) -> Expr:
    """decode(x, a, 1, b, 2, other): a CASE in which NULL equals NULL"""
    if len(a) == 2:
        raise a.not_supported("of bytes in a character set")
    pairs = list(zip(a.args[1::2], a.args[2::2], strict=False))
    branches = []
    for search, result in pairs:
        left, right = comparable(a, a[0], search)
        branches.append((a.call("eq_null_safe", (left, right), BOOLEAN, False), result))
    return choice(a, branches, a.args[-1] if len(a) % 2 == 0 else None)


def nanvl(a: Arguments) -> Expr:
    left, right = _float(a, 0), _float(a, 1)
    type = coerce.wider(left.type, right.type)
    assert type is not None
    return a.call("nanvl", (a.cast(left, type), a.cast(right, type)), type)


def extreme(function: str) -> Callable[[Arguments], Expr]:
    """greatest, least: NULLs are skipped."""

    def build(a: Arguments) -> Expr:
        args, type = a.common()
        if not coerce.orderable(type):
            raise _not_orderable(a, type)
        return a.call(function, args, type, all(arg.nullable for arg in args))

    return build


def raise_error(a: Arguments) -> Expr:
    if len(a) != 1:
        raise a.not_supported("with an error class")
    return a.call("raise_error", (a.wants(0, STRING),), Null(), True)


def assert_true(a: Arguments) -> Expr:
    if len(a) != 1:
        raise a.not_supported("with a message")
    if not isinstance(a[0].type, Boolean | Null):
        raise a.unexpected(0, '"BOOLEAN"')
    return a.call("assert_true", (condition_of(a, a[0]),), Null(), True)


TABLE = {
    "=": Builtin(2, 2, comparison("eq")),
    "==": Builtin(2, 2, comparison("eq")),
    "<=>": Builtin(2, 2, comparison("eq_null_safe")),
    "equal_null": Builtin(2, 2, comparison("eq_null_safe")),
    "!=": Builtin(2, 2, different),
    "<>": Builtin(2, 2, different),
    "<": Builtin(2, 2, comparison("lt")),
    "<=": Builtin(2, 2, comparison("le")),
    ">": Builtin(2, 2, comparison("gt")),
    ">=": Builtin(2, 2, comparison("ge")),
    "and": Builtin(2, None, connective("and")),
    "or": Builtin(2, None, connective("or")),
    "!": Builtin(1, 1, invert),
    "not": Builtin(1, 1, invert),
    "isnull": Builtin(1, 1, null_test("is_null")),
    "isnotnull": Builtin(1, 1, null_test("is_not_null")),
    "isnan": Builtin(1, 1, is_nan),
    "between": Builtin(3, 3, between),
    "in": Builtin(1, None, member),
    "coalesce": Builtin(1, None, coalesce),
    "ifnull": Builtin(2, 2, coalesce),
    "nvl": Builtin(2, 2, coalesce),
    "nvl2": Builtin(3, 3, nvl2),
    "nullif": Builtin(2, 2, null_if),
    "zeroifnull": Builtin(1, 1, zero_if_null),
    "nullifzero": Builtin(1, 1, null_if_zero),
    "if": Builtin(3, 3, if_),
    "decode": Builtin(2, None, decode),
    "nanvl": Builtin(2, 2, nanvl),
    "greatest": Builtin(2, None, extreme("greatest")),
    "least": Builtin(2, None, extreme("least")),
    "raise_error": Builtin(1, 2, raise_error),
    "assert_true": Builtin(1, 2, assert_true),
}
