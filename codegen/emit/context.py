"""What an expression needs from the pipeline it is emitted into.

codegen.functions emits against this protocol; codegen.operators implements it. Control flow
carries activity: code staged inside an `if_` only fails for rows that reach it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol, TypeAlias

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import Val
from pyflare.codegen.ir.expr import Column, Expr, Origin
from pyflare.codegen.ir.types import Type

Row: TypeAlias = Mapping[int, Value]


class Failure(IntEnum):
    """Why a row failed; bit 1 << failure of the status word. Names follow Spark's error classes."""

    DIVIDE_BY_ZERO = 0
    REMAINDER_BY_ZERO = 1
    ARITHMETIC_OVERFLOW = 2
    NUMERIC_VALUE_OUT_OF_RANGE = 3
    CAST_INVALID_INPUT = 4
    CAST_OVERFLOW = 5
    INVALID_ARRAY_INDEX = 6
    SCALAR_SUBQUERY_TOO_MANY_ROWS = 7
    DATETIME_OVERFLOW = 8
    INTERVAL_OVERFLOW = 9
    USER_RAISED = 10
    UDF_EXCEPTION = 11
    INVALID_INPUT = 12
    INTERVAL_DIVIDED_BY_ZERO = 13


class Context(Protocol):
    """One pipeline function being emitted."""

    code: Code

    def parameter(self, value: object, type_: Type) -> Value:
        """A literal as a state slot, loaded once in the entry block. Its range is its type's
        (for integers and decimals: that of its number of digits), never its value; strings give
        pointer and length. NULL gives a constant-invalid Value."""
        ...

    def table(self, data: bytes, key: str) -> Val:
        """Pointer to constant bytes (8-byte aligned) handed over through a state slot; equal
        `key`s within a program must mean the same role, and the bytes never enter the text."""
        ...

    def fail(
        self,
        failure: Failure,
        when: Val,
        operands: tuple[Value, ...] = (),
        expr: Expr | None = None,
        detail: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Rows that get here with `when` true (already masked by validity) fail. Normally one OR
        into the block's status; in diagnosis mode the first failing row's operands are kept, so
        that the exact Spark error can be built from `failure`, `expr`, `detail` and operands."""
        ...

    def heap(self, size: Val) -> Val:
        """`size` (i64) bytes of the worker's string heap, alive until the query ends."""
        ...

    def callback(
        self, key: str, function: object, arguments: tuple[Type, ...], result: Type, *args: Value
    ) -> Value:
        """A call of the Python callable `function` for this one row: the rare slow path.

        `args` (NULLs as None, storage-form values) are boxed, the GIL is taken, and the result
        (None = NULL) comes back as a Value; a string result lives in the worker's heap. An
        exception is kept by the run and counts as Failure.UDF_EXCEPTION of this row: the run
        raises it (or what `function.failed(exception, args)` makes of it) at the end of the
        morsel. The callable is a named binding of the program (`key`), never an address."""
        ...

    def row_number(self) -> Val:
        """An i64 that tells the pipeline's rows apart, the same each time over the same rows."""
        ...

    def library(self, name: str, bitcode: bytes) -> None:
        """Links `bitcode` (LLVM) into this pipeline's module, so that `code.call(name, …)` of a
        function it defines is inlined. It becomes part of the object cache's key."""
        ...

    def over_dictionary(self, expr: Expr, column: Column, row: Row) -> Value | None:
        """`expr`, whose only column is the dictionary-coded `column`, evaluated once per distinct
        string and looked up by code here; None when that does not pay."""
        ...


__all__ = ["Context", "Failure", "Origin", "Row"]
