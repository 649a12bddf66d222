"""Which of Spark's errors a failing row raises, with its values in Spark's notation."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from typing import assert_never

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Cast, Expr
from pyflare.codegen.program import Site
from pyflare.engine.errors import runtime_error
from pyflare.engine.run.invalid_input import invalid_input
from pyflare.engine.types.names import sql_name

SYMBOLS = {"add": ("+", "try_add"), "sub": ("-", "try_subtract"), "mul": ("*", "try_multiply")}
SUFFIX = {8: "Y", 16: "S", 32: "", 64: "L"}
EXACT = decimal.Context(prec=200)


def error_of(site: Site, operands: Sequence[object]) -> Exception:
    """The exception for the first row that failed at `site`."""
    expr, types = site.expr, site.operands
    error_class, parameters = _error(site.failure, expr, operands, types)
    return runtime_error(
        error_class, {**parameters, **dict(site.detail)}, getattr(expr, "origin", None)
    )


def _error(
    failure: Failure, expr: Expr | None, operands: Sequence[object], types: Sequence[t.Type]
) -> tuple[str, dict[str, str]]:
    match failure:
        case (
            Failure.DIVIDE_BY_ZERO
            | Failure.REMAINDER_BY_ZERO
            | Failure.INTERVAL_DIVIDED_BY_ZERO
            | Failure.SCALAR_SUBQUERY_TOO_MANY_ROWS
        ):
            return failure.name, {}
        case Failure.ARITHMETIC_OVERFLOW:
            return _overflow(expr, operands, types)
        case Failure.NUMERIC_VALUE_OUT_OF_RANGE:
            type_ = getattr(expr, "type", None)
            precision, scale = (
                (type_.precision, type_.scale) if isinstance(type_, t.Decimal) else (38, 0)
            )
            return "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", {
                "value": _result(expr, operands, types),
                "precision": str(precision),
                "scale": str(scale),
                "config": '"spark.sql.ansi.enabled"',
            }
        case Failure.CAST_INVALID_INPUT:
            return "CAST_INVALID_INPUT", {
                "expression": sql_value(operands[0], types[0]) if operands else "",
                "sourceType": _quoted(types[0]) if types else '"STRING"',
                "targetType": _quoted(expr.type) if expr is not None else "",
            }
        case Failure.CAST_OVERFLOW:
            return "CAST_OVERFLOW", {
                "value": sql_value(operands[0], types[0]) if operands else "",
                "sourceType": _quoted(types[0]) if types else "",
                "targetType": _quoted(expr.type) if expr is not None else "",
            }
        case Failure.INVALID_ARRAY_INDEX:
            index, size = (str(o) for o in (*operands, "", "")[:2])
            return failure.name, {
                "indexValue": index,
                "arraySize": size,
                "ansiConfig": '"spark.sql.ansi.enabled"',
            }
        case Failure.DATETIME_OVERFLOW:
            return failure.name, {"operation": _operation(expr, operands, types)}
        case Failure.INTERVAL_OVERFLOW:
            return "INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", {}
        case Failure.USER_RAISED:
            message = "null" if not operands or operands[0] is None else str(operands[0])
            return "USER_RAISED_EXCEPTION", {"errorMessage": message}
        case Failure.UDF_EXCEPTION:
            return "FAILED_EXECUTE_UDF", {}
        case Failure.INVALID_INPUT:
            shown = [sql_value(o, k) for o, k in zip(operands, types, strict=False)]
            return invalid_input(expr, operands, shown)
        case _:
            assert_never(failure)


def _overflow(
    expr: Expr | None, operands: Sequence[object], types: Sequence[t.Type]
) -> tuple[str, dict[str, str]]:
    type_ = getattr(expr, "type", None)
    name = expr.function if isinstance(expr, Call | AggregateCall) else ""
    if isinstance(expr, AggregateCall):
        what = "long overflow" if isinstance(type_, t.Integer) else "Overflow in sum of decimals"
        return _arithmetic(what, "try_add")
    narrow = isinstance(type_, t.Integer) and type_.bits < 32
    if name in SYMBOLS:
        symbol, instead = SYMBOLS[name]
        if narrow:
            left, right = (sql_value(o, k) for o, k in zip(operands, types, strict=False))
            return "BINARY_ARITHMETIC_OVERFLOW", {
                "value1": left,
                "symbol": symbol,
                "value2": right,
                "functionName": f"`{instead}`",
            }
        return _arithmetic(_whole(type_), instead)
    if name == "intdiv":
        return _arithmetic("Overflow in integral divide", "try_divide")
    if name in ("neg", "abs") and narrow:
        return _arithmetic(f"- {sql_value(operands[0], types[0])} caused overflow", "")
    return _arithmetic(_whole(type_), "")


def _whole(type_: object) -> str:
    return (
        "integer overflow"
        if isinstance(type_, t.Integer) and type_.bits == 32
        else ("long overflow")
    )


def _arithmetic(message: str, instead: str) -> tuple[str, dict[str, str]]:
    alternative = (
        f" Use '{instead}' to tolerate overflow and return NULL instead." if instead else ""
    )
    return "ARITHMETIC_OVERFLOW", {"message": message, "alternative": alternative}


def _operation(expr: Expr | None, operands: Sequence[object], types: Sequence[t.Type]) -> str:
    values = ", ".join(sql_value(o, k) for o, k in zip(operands, types, strict=False))
    name = expr.function if isinstance(expr, Call) else ""
    return f"{name}({values})"


def _result(expr: Expr | None, operands: Sequence[object], types: Sequence[t.Type]) -> str:
    """The exact number that does not fit."""
    numbers = [_number(o, k) for o, k in zip(operands, types, strict=False)]
    known = [n for n in numbers if n is not None]
    if isinstance(expr, Call) and len(known) == 2:
        x, y = known
        match expr.function:
            case "add":
                return format(EXACT.add(x, y), "f")
            case "sub":
                return format(EXACT.subtract(x, y), "f")
            case "mul":
                return format(EXACT.multiply(x, y), "f")
            case "div" if y:
                precise = decimal.Context(prec=38, rounding=decimal.ROUND_HALF_UP)
                return format(precise.divide(x, y), "f")
            case _:
                pass
    if known:
        return format(known[0], "f")
    return str(operands[0]) if operands else ""


def _number(value: object, type_: t.Type) -> decimal.Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return decimal.Decimal(repr(value))
    scale = type_.scale if isinstance(type_, t.Decimal) else 0
    return EXACT.scaleb(decimal.Decimal(value), -scale)


def sql_value(value: object, type_: t.Type) -> str:
    """A value as Spark writes it in messages: 1, 1L, 1.5BD, 'text'."""
    match value, type_:
        case None, _:
            return "NULL"
        case bool(), _:
            return str(value).lower()
        case str(), _:
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case int(), t.Integer(bits):
            return f"{value}{SUFFIX[bits]}"
        case int(), t.Decimal():
            return f"{_number(value, type_):f}BD"
        case float(), t.Float(bits):
            text = _double(value)
            if bits == 32:
                return (
                    f"CAST('{text}' AS FLOAT)" if text[-1].isalpha() else f"CAST({text} AS FLOAT)"
                )
            return f"CAST('{text}' AS DOUBLE)" if text[-1].isalpha() else f"{text}D"
        case _:
            return str(value)


def _double(value: float) -> str:
    """As Java prints it, e.g. 1.0E10."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    magnitude = abs(value)
    if value == 0 or 1e-3 <= magnitude < 1e7:
        return repr(value)
    digits, exponent = f"{decimal.Decimal(repr(value)).normalize(EXACT):E}".split("E")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _quoted(type_: t.Type) -> str:
    return f'"{sql_name(type_)}"'


__all__ = ["Cast", "error_of", "sql_value"]
