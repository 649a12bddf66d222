"""The value of an expression that reads no row, where the grammar wants a number at once."""

from __future__ import annotations

from pyflare.codegen.ir.expr import Call, Cast, Expr, Literal
from pyflare.codegen.ir.types import Integer


def constant(expr: Expr) -> Literal | None:
    """`expr` as a literal if it is one, or integer arithmetic over such; else None."""
    match expr:
        case Literal():
            return expr
        case Cast(child, Integer() as type):
            value = constant(child)
            if value is None or not isinstance(value.value, int):
                return None
            return Literal(value.value, type)
        case Call("add" | "sub" | "mul" as function, (a, b), Integer() as type):
            left, right = constant(a), constant(b)
            if left is None or right is None:
                return None
            x, y = left.value, right.value
            if not isinstance(x, int) or not isinstance(y, int):
                return Literal(None, type)
            value_ = {"add": x + y, "sub": x - y, "mul": x * y}[function]
            return Literal(value_, type)
        case _:
            return None
