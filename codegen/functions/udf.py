"""What an expression needs of a user's function; udf.function.Function is one."""

from __future__ import annotations

from typing import Protocol

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value


class UserFunction(Protocol):
    def emit(self, context: Context, args: tuple[Value, ...]) -> Value: ...

    def call(self, *args: object) -> object: ...
