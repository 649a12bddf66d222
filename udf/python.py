"""Python UDFs as functions of a query: translated, compiled by numba, or called row by row."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import F64, I1, I32, I64, PTR, Val
from pyflare.codegen.ir import types as t
from pyflare.udf.captured import captured
from pyflare.udf.numba_bitcode import Bitcode, NotCompilable, compile_bitcode
from pyflare.udf.row_call import RowCall
from pyflare.udf.source import syntax_tree
from pyflare.udf.translate import NotTranslatable, Object, Translation, argument

EMPTY = ast.Constant(None)
PLAIN_KINDS: dict[type[t.Type], str] = {t.Boolean: "bool", t.Integer: "int", t.Float: "float"}


@dataclass(frozen=True, slots=True)
class Translated:
    """From the syntax tree straight to staged code."""


@dataclass(frozen=True, slots=True)
class Interpreted:
    """CPython, row by row; `reason` says what kept the function from being compiled."""

    reason: str


Form: TypeAlias = Translated | Bitcode | Interpreted


@dataclass(frozen=True, slots=True, eq=False)
class PythonUdf:
    """A row-at-a-time Python UDF. Rows that compiled code cannot decide go to `row_call`."""

    name: str
    result: t.Type
    row_call: RowCall
    form: Form

    def describe(self) -> str:
        match self.form:
            case Translated():
                return f"{self.name}: compiled from its source"
            case Bitcode():
                return f"{self.name}: compiled by numba"
            case Interpreted(reason):
                return f"{self.name}: runs in Python, row by row: {reason}"

    def call(self, *args: object) -> object:
        return self.row_call(*args)

    def emit(self, context: Context, args: tuple[Value, ...]) -> Value:
        match self.form:
            case Translated():
                return self.emit_translated(context, args)
            case Bitcode() as bitcode:
                return self.emit_linked(context, args, bitcode)
            case Interpreted():
                return self.in_python(context, args)

    def in_python(self, context: Context, args: tuple[Value, ...]) -> Value:
        types = self.row_call.arguments
        return context.callback(self.key, self.row_call, types, self.result, *args)

    @property
    def key(self) -> str:
        return f"udf:{self.name}:{id(self.row_call.function):x}"

    def emit_translated(self, context: Context, args: tuple[Value, ...]) -> Value:
        translation = Translation(context.code, surroundings(self.row_call.function))
        tree = syntax_tree(self.row_call.function)
        assert tree is not None
        names = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args)]
        given = dict(zip(names, map(argument, args), strict=False))
        for name, value in defaults(self.row_call.function).items():
            if name not in given:
                given[name] = translation.constant(value, EMPTY)
        data, none, kind = translation.function(tree, given)
        converted = convert(translation, Object(kind, data.get()), self.result)  # type: ignore[arg-type]
        valid = ~none.get()
        if not translation.can_leave:
            return converted.with_valid(valid)
        return self.unless(context, translation.leave.get(), converted.with_valid(valid), args)

    def emit_linked(self, context: Context, args: tuple[Value, ...], bitcode: Bitcode) -> Value:
        """numba's calling convention; an exception, or a NULL argument, sends the row to CPython.

        The result and exception slots are cleared first, so that LLVM sees no loop-carried value.
        """
        code = context.code
        context.library(bitcode.symbol, bitcode.bitcode)
        lane = bitcode.result
        slot = code.stack(lane, 1, "udf_result")
        exception = code.stack(PTR, 1, "udf_exception")
        slot[0] = 0
        exception.pointer.store(code.null())
        operands = [native(arg) for arg in args]
        types = ", ".join([PTR, PTR, *(o.type for o in operands)])
        status = code.call(
            bitcode.symbol,
            I32,
            slot.pointer,
            exception.pointer,
            *operands,
            declare=f"declare i32 @{bitcode.symbol}({types})",
        )
        assert status is not None
        kind = {F64: "float", I64: "int", "i8": "bool"}[lane]
        loaded = slot[0]
        data = loaded != 0 if lane == "i8" else loaded
        translation = Translation(code, {})
        converted = convert(translation, Object(kind, data), self.result)  # type: ignore[arg-type]
        leave = translation.leave.get() | (status != 0)
        valid = all_valid(*args)
        if valid is not None:
            leave = leave | ~valid
        return self.unless(context, leave, converted, args)

    def unless(self, context: Context, leave: Val, fast: Value, args: tuple[Value, ...]) -> Value:
        """`fast`, but CPython's result where `leave` holds."""
        code = context.code
        data = code.var(fast.data)
        valid = code.var(fast.valid if fast.valid is not None else code.true)
        with code.if_(leave, "python", unlikely=True):
            exact = self.in_python(context, args)
            data.set(
                exact.data.resize(fast.data.type)
                if exact.data.type not in (F64, I1)
                else exact.data
            )
            valid.set(exact.valid if exact.valid is not None else code.true)
        return Value(self.result, data.get(), valid.get(), fast.lo, fast.hi)


def python_udf(
    function: Callable[..., Any], name: str, result: t.Type, arguments: Sequence[t.Type]
) -> PythonUdf:
    """The best form for `function` over arguments of these types; never fails."""
    row_call = RowCall(function, name, tuple(arguments), result)
    return PythonUdf(name, result, row_call, form(function, result, tuple(arguments)))


def form(function: Callable[..., Any], result: t.Type, arguments: tuple[t.Type, ...]) -> Form:
    """Translated if the syntax tree allows it, else numba, else CPython with the reason."""
    return _form(function, result, arguments, captured(function))


@functools.lru_cache(maxsize=256)
def _form(
    function: Callable[..., Any], result: t.Type, arguments: tuple[t.Type, ...], state: Hashable
) -> Form:
    """numba makes constants of what a function has captured, so `state` is part of the key."""
    plain = [PLAIN_KINDS.get(type(a)) for a in arguments]
    if None in plain or type(result) not in PLAIN_KINDS:
        return Interpreted("its arguments or result are not plain numbers")
    try:
        dry_run(function, result, arguments)
        return Translated()
    except NotTranslatable as refusal:
        reason = str(refusal)
    try:
        return compile_bitcode(function, tuple(k for k in plain if k is not None))
    except NotCompilable as refusal:
        return Interpreted(f"{reason}; numba: {refusal}")


def dry_run(function: Callable[..., Any], result: t.Type, arguments: Sequence[t.Type]) -> None:
    """Translates into scratch code; raises NotTranslatable where the real emission would."""
    from pyflare.codegen.emit.code import Code
    from pyflare.codegen.emit.sql import machine_type, type_range

    tree = syntax_tree(function)
    if tree is None:
        raise NotTranslatable("its source is not available")
    if tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs:
        raise NotTranslatable("star or keyword-only arguments")
    code = Code()
    parameters = [(f"a{i}", machine_type(a)) for i, a in enumerate(arguments)]
    with code.function("dry", "void", [*parameters, ("null", I1)]) as values:
        translation = Translation(code, surroundings(function))
        names = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args)]
        given = {}
        for name, type_, value in zip(names, arguments, values, strict=False):
            lo, hi = type_range(type_) or (None, None)
            given[name] = argument(Value(type_, value, values[-1], lo, hi))
        for name, default in defaults(function).items():
            if name not in given:
                given[name] = translation.constant(default, EMPTY)
        if set(names) - given.keys():
            raise NotTranslatable("arguments without a value")
        data, _, kind = translation.function(tree, given)
        convert(translation, Object(kind, data.get()), result)  # type: ignore[arg-type]
        code.ret()


def convert(translation: Translation, value: Object, result: t.Type) -> Value:
    """The Python value as PySpark's declared type; what PySpark would refuse leaves."""
    match result, value.kind:
        case t.Boolean(), "bool":
            return Value(result, value.data)
        case t.Integer(bits), "int" | "float":
            whole = value
            if value.kind == "float":
                whole = translation.to_int("trunc", value)
                translation.leave_if(whole.data.sitofp(F64) != value.data)
            lo, hi = -(1 << bits - 1), (1 << bits - 1) - 1
            if whole.lo < lo or whole.hi > hi:
                translation.leave_if((whole.data < lo) | (whole.data > hi))
            return Value(result, whole.data, None, max(lo, whole.lo), min(hi, whole.hi))
        case t.Float(bits), "int" | "float":
            data = translation.to_float(value).data
            return Value(result, data.fptrunc() if bits == 32 else data)
        case _:
            raise NotTranslatable(f"a result that is {value.kind} where {result} is declared")


def native(value: Value) -> Val:
    """An argument as numba passes it: booleans i1, integers i64, floats double."""
    match value.type:
        case t.Boolean():
            return value.data
        case t.Float():
            return value.data.fpext()
        case _:
            return value.data.resize(I64)


def surroundings(function: Callable[..., Any]) -> dict[str, Any]:
    """Global and closure names the function sees, as they are now."""
    names = dict(getattr(function, "__globals__", {}))
    code = getattr(function, "__code__", None)
    for name, cell in zip(
        getattr(code, "co_freevars", ()), getattr(function, "__closure__", None) or (), strict=False
    ):
        names[name] = cell.cell_contents
    return names


def defaults(function: Callable[..., Any]) -> dict[str, Any]:
    code = getattr(function, "__code__", None)
    values = getattr(function, "__defaults__", None) or ()
    if code is None or not values:
        return {}
    return dict(zip(code.co_varnames[: code.co_argcount][-len(values) :], values, strict=True))
