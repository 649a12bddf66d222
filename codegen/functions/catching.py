"""Failures turned into NULL: a context that collects them instead of reporting them."""

from __future__ import annotations

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.context import Context, Failure, Row
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import Val
from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.ir.types import Type


class Catching:
    """A Context in which a failing row only sets `failed`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.code: Code = context.code
        self.failed: Val | None = None

    def caught(self, value: Value) -> Value:
        """`value`, NULL where its computation failed."""
        if self.failed is None:
            return value
        valid = ~self.failed
        return value.with_valid(valid if value.valid is None else value.valid & valid)

    def fail(
        self,
        failure: Failure,
        when: Val,
        operands: tuple[Value, ...] = (),
        expr: Expr | None = None,
        detail: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.failed = when if self.failed is None else self.failed | when

    def parameter(self, value: object, type_: Type) -> Value:
        return self.context.parameter(value, type_)

    def table(self, data: bytes, key: str) -> Val:
        return self.context.table(data, key)

    def heap(self, size: Val) -> Val:
        return self.context.heap(size)

    def callback(
        self, key: str, function: object, arguments: tuple[Type, ...], result: Type, *args: Value
    ) -> Value:
        return self.context.callback(key, function, arguments, result, *args)

    def row_number(self) -> Val:
        return self.context.row_number()

    def library(self, name: str, bitcode: bytes) -> None:
        self.context.library(name, bitcode)

    def over_dictionary(self, expr: Expr, column: Column, row: Row) -> Value | None:
        return self.context.over_dictionary(expr, column, row)
