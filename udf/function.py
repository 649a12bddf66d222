"""A function that emits itself into a query's loop: what UDFs and models have in common."""

from __future__ import annotations

from typing import Protocol

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.ir.types import Type


class Function(Protocol):
    """Plain, picklable data; `codegen.functions.expression` calls `emit` for each UdfCall."""

    @property
    def name(self) -> str: ...

    @property
    def result(self) -> Type: ...

    def emit(self, context: Context, args: tuple[Value, ...]) -> Value:
        """Stages one evaluation on the current row and gives its result."""
        ...

    def call(self, *args: object) -> object:
        """The same on storage-form values in plain Python: the interpreter's definition."""
        ...

    def describe(self) -> str:
        """How it runs, for explain: "compiled", "Python per row: line 3, while loop", …"""
        ...
