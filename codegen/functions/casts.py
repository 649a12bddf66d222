"""Casts: one match over pairs of types; each family in its own file."""

from __future__ import annotations

from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.functions import casts_of_numbers
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Cast


def emit(cast: Cast, x: Value, context: Context) -> Value:
    """Stages the conversion of `x` to cast.type."""
    source, target = cast.child.type, cast.type
    if source == target:
        return x
    match source, target:
        case t.Null(), _:
            return context.parameter(None, target)
        case (
            (t.Integer() | t.Decimal() | t.Float() | t.Boolean()),
            (t.Integer() | t.Decimal() | t.Float() | t.Boolean()),
        ):
            return casts_of_numbers.emit(cast, x, context)
        case _:
            raise NotImplementedError(f"cast from {source} to {target}")


def python(cast: Cast, value: Any) -> Any:
    """The conversion of a storage-form value; None is NULL."""
    source, target = cast.child.type, cast.type
    if value is None or source == target:
        return value
    match source, target:
        case (
            (t.Integer() | t.Decimal() | t.Float() | t.Boolean()),
            (t.Integer() | t.Decimal() | t.Float() | t.Boolean()),
        ):
            return casts_of_numbers.python(cast, value)
        case _:
            raise NotImplementedError(f"cast from {source} to {target}")
