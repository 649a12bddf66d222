"""The table of functions: one entry per function, its staged code beside its Python definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pyflare.codegen.emit.context import Context, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.ir.expr import Call, Expr

Emit: TypeAlias = Callable[[Call, tuple[Value, ...], Context], Value]
Python: TypeAlias = Callable[..., Any]
EmitLazily: TypeAlias = Callable[[Call, Row, Context], Value]
PythonLazily: TypeAlias = Callable[[Call, Callable[[Expr], Any]], Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of evaluated arguments.

    `emit` stages it; `python` defines it over storage-form values as `python(call, *values)`.
    A strict one is NULL when an argument is NULL, and its `python` never sees None.
    """

    name: str
    emit: Emit
    python: Python
    strict: bool = True


@dataclass(frozen=True, slots=True)
class LazyFunction:
    """A function that evaluates its arguments itself, or not at all."""

    name: str
    emit: EmitLazily
    python: PythonLazily


FUNCTIONS: dict[str, Function | LazyFunction] = {}


def function(name: str, python: Python, strict: bool = True) -> Callable[[Emit], Emit]:
    """Enters the decorated staging function under `name` with its Python definition."""

    def enter(emit: Emit) -> Emit:
        assert name not in FUNCTIONS, name
        FUNCTIONS[name] = Function(name, emit, python, strict)
        return emit

    return enter


def lazy_function(name: str, python: PythonLazily) -> Callable[[EmitLazily], EmitLazily]:
    """Enters a function that stages its own arguments."""

    def enter(emit: EmitLazily) -> EmitLazily:
        assert name not in FUNCTIONS, name
        FUNCTIONS[name] = LazyFunction(name, emit, python)
        return emit

    return enter
