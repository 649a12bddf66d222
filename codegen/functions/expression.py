"""An expression as staged code: one match over the IR."""

from __future__ import annotations

from typing import assert_never, cast

from pyflare.codegen.emit.context import Context, Row
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.functions import casts, vocabulary
from pyflare.codegen.functions.conditional import emit_case
from pyflare.codegen.functions.dictionary import coded_column
from pyflare.codegen.functions.registry import FUNCTIONS, Function, LazyFunction
from pyflare.codegen.functions.udf import UserFunction
from pyflare.codegen.ir.expr import (
    AggregateCall,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Lambda,
    LambdaVariable,
    Literal,
    UdfCall,
    WindowCall,
)
from pyflare.codegen.unsupported import Unsupported

vocabulary.load()


def emit(expr: Expr, row: Row, context: Context) -> Value:
    """Stages `expr` on the current row."""
    match expr:
        case Column(id):
            return row[id]
        case Literal(value, type_):
            return context.parameter(value, type_)
        case Call() | Cast():
            column = coded_column(expr, row)
            if column is not None:
                found = context.over_dictionary(expr, column, row)
                if found is not None:
                    return found
            if isinstance(expr, Cast):
                return casts.emit(expr, emit(expr.child, row, context), context)
            return _call(expr, row, context)
        case Case():
            return emit_case(expr, row, context, emit)
        case UdfCall(function, _, args):
            values = tuple(emit(arg, row, context) for arg in args)
            return cast(UserFunction, function).emit(context, values)
        case AggregateCall() | WindowCall() | Lambda() | LambdaVariable():
            raise AssertionError(f"{type(expr).__name__} is not a value of one row")
        case _:
            assert_never(expr)


def _call(call: Call, row: Row, context: Context) -> Value:
    if call.function not in FUNCTIONS:
        raise Unsupported(f"the function {call.function}")
    match FUNCTIONS[call.function]:
        case Function(_, stage, _, strict):
            args = tuple(emit(arg, row, context) for arg in call.args)
            if not strict:
                return stage(call, args, context)
            value = stage(call, args, context)
            valid = all_valid(*args)
            return value if valid is None or value.valid is not None else value.with_valid(valid)
        case LazyFunction(_, stage_lazily):
            return stage_lazily(call, row, context)
        case never:
            assert_never(never)
