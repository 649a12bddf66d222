"""Python functions through numba: LLVM bitcode that links into a pipeline and inlines.

numba's integers wrap where CPython's grow, so a function is refused when its typed code adds,
subtracts, multiplies, shifts or raises integers that are not loop counters. Private names of
numba are used here and nowhere else; `check_numba` says whether they are what we expect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class NotCompilable(Exception):
    """numba cannot compile the function, or its integers could wrap; the message says which."""


@dataclass(frozen=True, slots=True)
class Bitcode:
    """A linkable function `i32 symbol(ptr result, ptr exception, args…)`; status 0 is success,
    -2 a None result, anything above 0 an exception. `result` is "double", "i64" or "i8" (bool)."""

    symbol: str
    bitcode: bytes
    result: str
    optional: bool


def compile_bitcode(function: Callable[..., Any], kinds: tuple[str, ...]) -> Bitcode:
    """numba's code for arguments of `kinds` ("float", "int", "bool").

    Raises NotCompilable. The first call in a process costs numba's import, about half a second.
    """
    import llvmlite.binding as llvm
    from numba.core import compiler, types
    from numba.core.registry import cpu_target

    numba_types = {"float": types.float64, "int": types.int64, "bool": types.boolean}
    typing_context, target_context = cpu_target.typing_context, cpu_target.target_context
    typing_context.refresh()
    target_context.refresh()
    flags = compiler.Flags()
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    flags.nrt = True
    flags.error_model = "python"
    try:
        compiled = compiler.compile_extra(
            typing_context,
            target_context,
            function,
            tuple(numba_types[kind] for kind in kinds),
            None,
            flags,
            {},
        )
    except Exception as error:  # numba raises many classes for what it cannot take
        raise NotCompilable(str(error).strip().splitlines()[0]) from error
    refuse_wrapping_integers(compiled)
    return_type = compiled.signature.return_type
    optional = hasattr(return_type, "type") and type(return_type).__name__ == "Optional"
    value_type = return_type.type if optional else return_type
    result = {types.float64: "double", types.int64: "i64", types.boolean: "i8"}.get(value_type)
    if result is None or optional:
        raise NotCompilable(f"it returns numba's {return_type}")
    module = llvm.parse_bitcode(compiled.library._final_module.as_bitcode())
    symbol = "pyflare_udf_" + compiled.fndesc.unique_name.replace("::", "_")
    symbol = "".join(c if c.isalnum() else "_" for c in symbol)
    for item in module.functions:
        if not item.is_declaration:
            if item.name == compiled.fndesc.llvm_func_name:
                item.name = symbol
            item.linkage = "linkonce_odr"
    for variable in module.global_variables:
        if variable.name.startswith("_ZN08NumbaEnv"):
            variable.linkage = "internal"
    return Bitcode(symbol, module.as_bitcode(), result, optional)


def refuse_wrapping_integers(compiled: Any) -> None:
    """Integer arithmetic could differ from CPython's, except counting by a constant."""
    from numba.core import ir, types

    wrapping = {"+", "-", "*", "**", "<<", "+=", "-=", "*=", "**=", "<<="}
    annotation = compiled.type_annotation
    constants = {
        statement.target.name
        for block in annotation.blocks.values()
        for statement in block.body
        if isinstance(statement, ir.Assign) and isinstance(statement.value, (ir.Const, ir.Global))
    }
    for expression, signature in annotation.calltypes.items():
        if not isinstance(expression, ir.Expr) or expression.op not in ("binop", "inplace_binop"):
            continue
        name = getattr(expression.fn, "__name__", str(expression.fn))
        symbol = OPERATORS.get(name, name)
        integer = signature is not None and isinstance(signature.return_type, types.Integer)
        counting = symbol in ("+", "-", "+=", "-=") and expression.rhs.name in constants
        if integer and symbol in wrapping and not counting:
            line = getattr(expression.loc, "line", "?")
            raise NotCompilable(f"line {line}: integer {symbol} could exceed 64 bits")


OPERATORS = {
    "add": "+", "sub": "-", "mul": "*", "pow": "**", "lshift": "<<",
    "iadd": "+=", "isub": "-=", "imul": "*=", "ipow": "**=", "ilshift": "<<=",
}  # fmt: skip


def check_numba() -> str | None:
    """None if the private names used above exist, else what is missing."""
    try:
        from numba.core import compiler
        from numba.core.registry import cpu_target

        compiler.compile_extra, compiler.Flags  # noqa: B018
        cpu_target.typing_context, cpu_target.target_context  # noqa: B018
    except (ImportError, AttributeError) as error:
        return str(error)
    return None
