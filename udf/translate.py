"""Python functions of numbers to staged code, straight from their syntax tree.

Python's own semantics, not SQL's: floor division, growing integers, exceptions, None. Whatever
the fast code cannot decide exactly as CPython would (an integer beyond 64 bits, a division by
zero, None where a number is wanted) sets `leave`: such a row is evaluated by CPython itself
(udf.row_call), which raises or gives the exact value. Loops and objects are not translated.
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from typing import Literal as OneOf

from pyflare.codegen.emit.code import Code, Variable
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import F64, I1, I64, Val
from pyflare.codegen.ir import types as t

INT_LO, INT_HI = -(1 << 63), (1 << 63) - 1
EXACT = 1 << 53  # integers up to here are exact in float64


class NotTranslatable(Exception):
    """The function uses something that has no translation; the message names it and its line."""


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """A Python value at staging time: i1 (bool), i64 within [lo, hi] (int) or double (float).

    `none` is true where the value is None instead; kind "none" is the constant None.
    """

    kind: OneOf["bool", "int", "float", "none"]
    data: Val
    lo: int = INT_LO
    hi: int = INT_HI
    none: Val | None = None


class Translation:
    """The body of one function, staged for one row."""

    def __init__(self, code: Code, names: Mapping[str, Any]) -> None:
        self.code = code
        self.names = names
        self.leave = code.var(False, I1, "leave")
        self.can_leave = False

    # ------------------------------------------------------------ statements

    def function(
        self, tree: ast.FunctionDef | ast.Lambda, arguments: Mapping[str, Object]
    ) -> tuple[Variable, Variable, str]:
        """Stages the call; the result (data, is None) and its kind."""
        if isinstance(tree, ast.Lambda):
            value = self.expression(tree.body, arguments)
            return self.code.var(value.data), self.code.var(self.is_none(value)), value.kind
        kinds = {n.value is not None for n in ast.walk(tree) if isinstance(n, ast.Return)}
        if kinds != {True}:
            raise NotTranslatable("a function that may end without returning a value")
        self.exit = self.code.label("return")
        self.result: Variable | None = None
        self.result_none = self.code.var(False, I1, "none")
        self.result_kind = ""
        self.block(tree.body, dict(arguments))
        if not self.code.body.terminated:
            self.result_none.set(True)
        self.code.start(self.exit)
        if self.result is None:
            raise NotTranslatable("a function that only returns None")
        return self.result, self.result_none, self.result_kind

    def block(self, statements: list[ast.stmt], names: dict[str, Object]) -> dict[str, Object]:
        """Stages statements in order; the local names afterwards."""
        for statement in statements:
            if self.code.body.terminated:
                break
            match statement:
                case ast.Return(value) if value is not None:
                    self.give(self.expression(value, names))
                case ast.Assign([ast.Name(name)], value):
                    names[name] = self.expression(value, names)
                case ast.AnnAssign(ast.Name(name), _, value) if value is not None:
                    names[name] = self.expression(value, names)
                case ast.AugAssign(ast.Name(name), operator, value):
                    left = self.expression(ast.Name(name, ast.Load()), names)
                    names[name] = self.arithmetic(operator, left, self.expression(value, names))
                case ast.If(test, then, otherwise):
                    names = self.branch(test, then, otherwise, names)
                case ast.Expr(ast.Constant()) | ast.Pass():
                    pass
                case _:
                    raise untranslatable(statement)
        return names

    def branch(
        self,
        test: ast.expr,
        then: list[ast.stmt],
        otherwise: list[ast.stmt],
        names: dict[str, Object],
    ) -> dict[str, Object]:
        """if/else; names assigned in both branches, or before, are merged where both go on."""
        code = self.code
        yes, no, after = code.label("if"), code.label("else"), code.label("endif")
        code.branch(self.truth(self.expression(test, names)), yes, no)
        ends: list[tuple[dict[str, Object], str]] = []
        for label, body in ((yes, then), (no, otherwise)):
            code.start(label)
            following = self.block(body, dict(names))
            if not code.body.terminated:
                ends.append((following, code.body.block))
                code.jump(after)
        if not ends:
            return names
        code.start(after)
        if len(ends) == 1:
            return ends[0][0]
        (left, left_end), (right, right_end) = ends
        merged = {}
        for name in left.keys() & right.keys():
            merged[name] = self.merge(left[name], left_end, right[name], right_end)
        return merged

    def merge(self, a: Object, a_end: str, b: Object, b_end: str) -> Object:
        """The value from whichever branch was taken; kinds must agree."""
        if a is b:
            return a
        if a.kind != b.kind:
            raise NotTranslatable(
                f"a variable that is {a.kind} on one branch and {b.kind} on the other"
            )
        data = self.phi(a.data, a_end, b.data, b_end)
        none = None
        if a.none is not None or b.none is not None:
            none = self.phi(self.is_none(a), a_end, self.is_none(b), b_end)
        return Object(a.kind, data, min(a.lo, b.lo), max(a.hi, b.hi), none)

    def phi(self, a: Val, a_end: str, b: Val, b_end: str) -> Val:
        return self.code.value(
            "phi", a.type, f"phi {a.type} [ {a.ref}, %{a_end} ], [ {b.ref}, %{b_end} ]"
        )

    def give(self, value: Object) -> None:
        """return value"""
        if value.kind == "none":
            self.result_none.set(True)
        else:
            if self.result is None:
                self.result = self.code.var(zero(self.code, value.data.type))
                self.result_kind = value.kind
            if value.kind != self.result_kind:
                raise NotTranslatable(f"a function that returns {self.result_kind} or {value.kind}")
            self.result.set(value.data)
            self.result_none.set(self.is_none(value))
        self.code.jump(self.exit)

    # ------------------------------------------------------------ expressions

    def expression(self, node: ast.expr, names: Mapping[str, Object]) -> Object:
        match node:
            case ast.Constant(value):
                return self.constant(value, node)
            case ast.Name(name):
                if name in names:
                    return names[name]
                return self.constant(self.names.get(name, node), node)
            case ast.BinOp(left, operator, right):
                a, b = self.expression(left, names), self.expression(right, names)
                return self.arithmetic(operator, a, b)
            case ast.UnaryOp(ast.USub(), ast.Constant(value)):
                return self.constant(-value if isinstance(value, (int, float)) else node, node)
            case ast.UnaryOp(ast.USub(), operand):
                return self.negate(self.expression(operand, names))
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.number(self.expression(operand, names))
            case ast.UnaryOp(ast.Not(), operand):
                return Object("bool", ~self.truth(self.expression(operand, names)))
            case ast.Compare(left, operators, rights):
                return self.comparison(left, operators, rights, names)
            case ast.BoolOp(operator, operands):
                return self.short_circuit(operator, operands, names)
            case ast.IfExp(test, then, otherwise):
                return self.conditional(
                    self.truth(self.expression(test, names)),
                    lambda: self.expression(then, names),
                    lambda: self.expression(otherwise, names),
                )
            case ast.Call(function, arguments, []):
                return self.call(function, [self.expression(a, names) for a in arguments])
            case _:
                raise untranslatable(node)

    def constant(self, value: object, node: ast.expr) -> Object:
        """A literal, or a number captured from the function's surroundings."""
        code = self.code
        match value:
            case None:
                return Object("none", code.false, none=code.true)
            case bool():
                return Object("bool", code.const(value, I1))
            case int() if INT_LO <= value <= INT_HI:
                return Object("int", code.const(value, I64), value, value)
            case float():
                return Object("float", code.const(value, F64))
            case _:
                raise untranslatable(node)

    def arithmetic(self, operator: ast.operator, left: Object, right: Object) -> Object:
        a, b = self.number(left), self.number(right)
        if isinstance(operator, ast.Div):
            return self.divide(a, b)
        if a.kind == "float" or b.kind == "float":
            return self.float_arithmetic(operator, self.to_float(a), self.to_float(b))
        match operator:
            case ast.Add():
                return self.checked("sadd", a, b, a.lo + b.lo, a.hi + b.hi)
            case ast.Sub():
                return self.checked("ssub", a, b, a.lo - b.hi, a.hi - b.lo)
            case ast.Mult():
                corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
                return self.checked("smul", a, b, min(corners), max(corners))
            case ast.FloorDiv() | ast.Mod():
                return self.floor_division(operator, a, b)
            case ast.Pow() if b.lo == b.hi and 1 <= b.lo <= 4:
                power = a
                for _ in range(b.lo - 1):
                    power = self.arithmetic(ast.Mult(), power, a)
                return power
            case _:
                raise untranslatable(operator)

    def float_arithmetic(self, operator: ast.operator, a: Object, b: Object) -> Object:
        match operator:
            case ast.Add():
                return Object("float", a.data + b.data)
            case ast.Sub():
                return Object("float", a.data - b.data)
            case ast.Mult():
                return Object("float", a.data * b.data)
            case ast.Pow():
                return self.power(a, b)
            case ast.FloorDiv() | ast.Mod():
                return self.float_floor_division(operator, a, b)
            case _:
                raise untranslatable(operator)

    def checked(self, name: str, a: Object, b: Object, lo: int, hi: int) -> Object:
        """Integer +, -, *: leaves where the result needs more than 64 bits."""
        if lo >= INT_LO and hi <= INT_HI:
            plain = {"sadd": Val.__add__, "ssub": Val.__sub__, "smul": Val.__mul__}[name]
            return Object("int", plain(a.data, b.data), lo, hi)
        pair_type = "{ i64, i1 }"
        pair = self.code.intrinsic(f"llvm.{name}.with.overflow.i64", pair_type, a.data, b.data)
        data = self.code.value("part", I64, f"extractvalue {pair_type} {pair.ref}, 0")
        self.leave_if(self.code.value("part", I1, f"extractvalue {pair_type} {pair.ref}, 1"))
        return Object("int", data, max(lo, INT_LO), min(hi, INT_HI))

    def divide(self, a: Object, b: Object) -> Object:
        """a / b in float64; integers beyond 2 ** 53 would be rounded twice, so they leave."""
        x, y = self.exact_float(a), self.exact_float(b)
        if b.kind != "int" or b.lo <= 0 <= b.hi:
            self.leave_if(y.data == 0.0)
        return Object("float", x.data / y.data)

    def floor_division(self, operator: ast.operator, a: Object, b: Object) -> Object:
        """// and % round toward minus infinity; the remainder has the divisor's sign."""
        bad = b.data == 0
        if a.lo == INT_LO:
            bad = bad | ((a.data == INT_LO) & (b.data == -1))
        if b.lo <= 0 <= b.hi or a.lo == INT_LO:
            self.leave_if(bad)
        divisor = bad.select(self.code.const(1, I64), b.data)
        quotient, remainder = a.data.sdiv(divisor), a.data.srem(divisor)
        adjust = (remainder != 0) & ((remainder ^ divisor) < 0)
        if isinstance(operator, ast.FloorDiv):
            bound = max(abs(a.lo), abs(a.hi)) + 1
            return Object(
                "int", quotient - adjust.zext(I64), max(-bound, INT_LO), min(bound, INT_HI)
            )
        bound = max(abs(b.lo), abs(b.hi))
        data = adjust.select(remainder + divisor, remainder)
        return Object("int", data, max(-bound, INT_LO), min(bound, INT_HI))

    def float_floor_division(self, operator: ast.operator, a: Object, b: Object) -> Object:
        """% as CPython's float_rem; // is left to CPython."""
        if isinstance(operator, ast.FloorDiv):
            raise NotTranslatable("floor division of floats")
        self.leave_if(b.data == 0.0)
        remainder = a.data.frem(b.data)
        signs = (remainder < 0.0) ^ (b.data < 0.0)
        adjusted = ((remainder != 0.0) & signs).select(remainder + b.data, remainder)
        zero_ = self.code.binary("copysign", self.code.const(0.0, F64), b.data)
        return Object("float", (remainder == 0.0).select(zero_, adjusted))

    def power(self, a: Object, b: Object) -> Object:
        """float ** float by libm; complex results, 0 ** -1 and overflow leave."""
        result = self.libm("pow", a, b)
        finite = self.finite(a.data) & self.finite(b.data)
        self.leave_if((a.data < 0.0) | ((a.data == 0.0) & (b.data < 0.0)))
        self.leave_if(finite & ~self.finite(result.data))
        return result

    def negate(self, operand: Object) -> Object:
        value = self.number(operand)
        if value.kind == "float":
            return Object("float", -value.data)
        zero_ = Object("int", self.code.const(0, I64), 0, 0)
        return self.checked("ssub", zero_, value, -value.hi, -value.lo)

    # ------------------------------------------------------------ conditions

    def comparison(
        self,
        left: ast.expr,
        operators: list[ast.cmpop],
        rights: list[ast.expr],
        names: Mapping[str, Object],
    ) -> Object:
        """a < b < c is a < b and b < c, each operand evaluated once."""
        a = self.expression(left, names)
        result: Val | None = None
        for operator, node in zip(operators, rights, strict=True):
            b = self.expression(node, names)
            one = self.compare(operator, a, b)
            result = one if result is None else result & one
            a = b
        assert result is not None
        return Object("bool", result)

    def compare(self, operator: ast.cmpop, a: Object, b: Object) -> Val:
        if isinstance(operator, (ast.Is, ast.IsNot)):
            if "none" not in (a.kind, b.kind):
                raise untranslatable(operator)
            same = self.is_none(b if a.kind == "none" else a)
            return ~same if isinstance(operator, ast.IsNot) else same
        x, y = self.number(a), self.number(b)
        if x.kind != y.kind:
            x, y = self.exact_float(x), self.exact_float(y)
        match operator:
            case ast.Eq():
                return x.data == y.data
            case ast.NotEq():
                return x.data != y.data
            case ast.Lt():
                return x.data < y.data
            case ast.LtE():
                return x.data <= y.data
            case ast.Gt():
                return x.data > y.data
            case ast.GtE():
                return x.data >= y.data
            case _:
                raise untranslatable(operator)

    def short_circuit(
        self, operator: ast.boolop, operands: list[ast.expr], names: Mapping[str, Object]
    ) -> Object:
        """and, or: of booleans only, since `a or b` gives an operand and not a truth value."""
        first = self.expression(operands[0], names)
        if len(operands) == 1:
            return first
        if first.kind != "bool" or first.none is not None:
            raise NotTranslatable("and/or of values that are not booleans")

        def rest() -> Object:
            return self.short_circuit(operator, operands[1:], names)

        constant = Object("bool", self.code.const(isinstance(operator, ast.Or), I1))
        if isinstance(operator, ast.And):
            return self.conditional(first.data, rest, lambda: constant)
        return self.conditional(first.data, lambda: constant, rest)

    def conditional(
        self, condition: Val, then: Callable[[], Object], otherwise: Callable[[], Object]
    ) -> Object:
        """Only the chosen side is evaluated."""
        code = self.code
        yes, no, after = code.label("then"), code.label("else"), code.label("end")
        code.branch(condition, yes, no)
        code.start(yes)
        a = then()
        a_end = code.body.block
        code.jump(after)
        code.start(no)
        b = otherwise()
        b_end = code.body.block
        code.jump(after)
        code.start(after)
        if a.kind == "none" and b.kind != "none":
            a = replace(b, data=zero(code, b.data.type), none=code.true)
        elif b.kind == "none" and a.kind != "none":
            b = replace(a, data=zero(code, a.data.type), none=code.true)
        return self.merge(a, a_end, b, b_end)

    # ------------------------------------------------------------ calls

    def call(self, node: ast.expr, arguments: list[Object]) -> Object:
        function = self.resolve(node)
        values = [self.number(a) for a in arguments]
        if function is abs and len(values) == 1:
            return self.absolute(values[0])
        if function in (min, max) and len(values) > 1 and len({v.kind for v in values}) == 1:
            best = values[0]
            for value in values[1:]:
                better = value.data < best.data if function is min else value.data > best.data
                lo = min(best.lo, value.lo) if function is min else max(best.lo, value.lo)
                hi = min(best.hi, value.hi) if function is min else max(best.hi, value.hi)
                best = Object(best.kind, better.select(value.data, best.data), lo, hi)
            return best
        if function is float and len(values) == 1:
            return self.to_float(values[0])
        if function is int and len(values) == 1:
            return values[0] if values[0].kind == "int" else self.to_int("trunc", values[0])
        if function in (round, math.floor, math.ceil) and len(values) == 1:
            name = {round: "roundeven", math.floor: "floor", math.ceil: "ceil"}[function]
            return values[0] if values[0].kind == "int" else self.to_int(name, values[0])
        if function in MATH and len(values) == 1:
            return self.math_function(function, self.to_float(values[0]))
        raise untranslatable(node)

    def resolve(self, node: ast.expr) -> Any:
        """The function object that a name or math.name stands for."""
        match node:
            case ast.Name(name):
                return self.names.get(name, getattr(builtins, name, None))
            case ast.Attribute(ast.Name(module), name) if self.names.get(module) is math:
                return getattr(math, name, None)
        return None

    def absolute(self, value: Object) -> Object:
        if value.kind == "float":
            return Object("float", self.code.unary("fabs", value.data))
        if value.lo >= 0:
            return value
        negative = self.negate(value)
        data = (value.data < 0).select(negative.data, value.data)
        return Object("int", data, 0, min(max(-value.lo, value.hi), INT_HI))

    def to_int(self, rounding: str, value: Object) -> Object:
        """A float rounded to an integer; NaN, infinity and integers beyond 64 bits leave."""
        rounded = self.code.unary(rounding, value.data)
        fits = (rounded >= float(INT_LO)) & (rounded < float(1 << 63))
        self.leave_if(~fits)
        return Object("int", rounded.fptosi_sat(I64))

    def math_function(self, function: Any, value: Object) -> Object:
        """math.f: a result that is not finite where the argument was, or a domain error, leaves."""
        name = MATH[function]
        result = (
            Object("float", self.code.unary(name, value.data))
            if name in ("fabs",)
            else self.libm(name, value)
        )
        if name != "fabs":
            self.leave_if(self.finite(value.data) & ~self.finite(result.data))
        if name in ("sin", "cos", "tan"):
            self.leave_if(self.code.unary("fabs", value.data) == float("inf"))
        if name in ("sqrt", "log", "log2", "log10"):
            self.leave_if(value.data < 0.0)
        return result

    def libm(self, name: str, *args: Object) -> Object:
        parameters = ", ".join(["double"] * len(args))
        value = self.code.call(
            name, F64, *(a.data for a in args), declare=f"declare double @{name}({parameters})"
        )
        assert value is not None
        return Object("float", value)

    # ------------------------------------------------------------ kinds

    def number(self, value: Object) -> Object:
        """The value as an int or float; None leaves, because CPython would raise."""
        if value.kind == "none":
            raise NotTranslatable("None used as a number")
        if value.none is not None:
            self.leave_if(value.none)
        if value.kind == "bool":
            return Object("int", value.data.zext(I64), 0, 1)
        return replace(value, none=None)

    def to_float(self, value: Object) -> Object:
        return value if value.kind == "float" else Object("float", value.data.sitofp(F64))

    def exact_float(self, value: Object) -> Object:
        if value.kind == "int" and not (value.lo >= -EXACT and value.hi <= EXACT):
            self.leave_if((value.data < -EXACT) | (value.data > EXACT))
        return self.to_float(value)

    def truth(self, value: Object) -> Val:
        if value.kind == "none":
            return self.code.false
        truth = value.data if value.kind == "bool" else value.data != 0
        return truth if value.none is None else truth & ~value.none

    def is_none(self, value: Object) -> Val:
        return self.code.false if value.none is None else value.none

    def finite(self, value: Val) -> Val:
        return self.code.unary("fabs", value) < float("inf")

    def leave_if(self, condition: Val) -> None:
        """This row goes to CPython where `condition` holds."""
        self.can_leave = True
        self.leave.set(self.leave.get() | condition)


MATH: dict[Any, str] = {
    math.sqrt: "sqrt",
    math.exp: "exp",
    math.log: "log",
    math.log2: "log2",
    math.log10: "log10",
    math.sin: "sin",
    math.cos: "cos",
    math.tan: "tan",
    math.atan: "atan",
    math.tanh: "tanh",
    math.fabs: "fabs",
}


def argument(value: Value) -> Object:
    """A SQL argument as the Python object that PySpark would hand over."""
    none = None if value.valid is None else ~value.valid
    match value.type:
        case t.Boolean():
            return Object("bool", value.data, none=none)
        case t.Integer():
            assert value.lo is not None and value.hi is not None
            return Object("int", value.data.resize(I64), value.lo, value.hi, none)
        case t.Float():
            return Object("float", value.data.fpext(), none=none)
    raise NotTranslatable(f"an argument of type {value.type}")


def zero(code: Code, type_: str) -> Val:
    return code.const(0.0 if type_ == F64 else 0, type_)


def untranslatable(node: ast.AST) -> NotTranslatable:
    line = getattr(node, "lineno", None)
    where = f" (line {line} of the function)" if line else ""
    text = ast.unparse(node) if isinstance(node, (ast.expr, ast.stmt)) else type(node).__name__
    return NotTranslatable(f"{text.splitlines()[0]}{where}")
