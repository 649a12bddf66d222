"""From what a user registered, a function object or a fitted model, to a Function of a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyflare.codegen.ir.types import STRING, Array, Map, Struct, Type
from pyflare.udf.function import Function
from pyflare.udf.models.from_sklearn import import_sklearn
from pyflare.udf.models.function import ModelFunction
from pyflare.udf.models.simplify import simplify
from pyflare.udf.python import python_udf

# pyspark.util.PythonEvalType: SQL_BATCHED_UDF and SQL_ARROW_BATCHED_UDF, one value per row
ROW_EVAL_TYPES = (100, 101)

_KINDS: dict[type, str] = {Array: "an array", Map: "a map", Struct: "a struct"}


class UnsupportedFunction(TypeError):
    """A kind of user function that is not executed yet; the message names it."""


def compile_udf(
    function: Any, name: str, result: Type | None, arguments: Sequence[Type], eval_type: int
) -> Function:
    """A Function for `function` applied to arguments of these types.

    Raises UnsupportedFunction for batch UDFs, TypeError for a wrong number of model inputs.
    """
    if isinstance(function, ModelFunction):
        wanted = function.model.inputs
        if len(arguments) != len(wanted):
            raise TypeError(
                f"{name} takes {len(wanted)} inputs ({', '.join(wanted)}), not {len(arguments)}"
            )
        return function
    if eval_type not in ROW_EVAL_TYPES:
        raise UnsupportedFunction(f"{name}: pandas and Arrow UDFs (evaluation type {eval_type})")
    given = {"returns": result, **{f"takes as argument {i}": t for i, t in enumerate(arguments, 1)}}
    for verb, type_ in given.items():
        if isinstance(type_, Array | Map | Struct):
            raise UnsupportedFunction(f"{name}: a function that {verb} {_KINDS[type(type_)]}")
    return python_udf(function, name, result if result is not None else STRING, arguments)


def import_model(name: str, model: Any, output: str = "label") -> ModelFunction:
    """A fitted scikit-learn estimator as a function named `name`; see from_sklearn."""
    return ModelFunction(name, simplify(import_sklearn(model, output)))
