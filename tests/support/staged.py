"""Runs a udf Function over columns of doubles or bigints, without plan or operators."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.context import Failure
from pyflare.codegen.emit.sql import Value, type_range
from pyflare.codegen.emit.value import F64, I64, PTR, Val
from pyflare.codegen.ir import types as t
from pyflare.codegen.jit import load


class StagedContext:
    """A Context whose tables and status lie behind one state pointer."""

    def __init__(self, code: Code, state: Val) -> None:
        self.code = code
        self.state = state
        self.tables: list[bytes] = []
        self.keys: dict[str, Val] = {}
        self.status = code.var(0, I64)
        self.left = code.var(False, "i1")
        self.bitcode: dict[str, bytes] = {}

    def table(self, data: bytes, key: str) -> Val:
        if key not in self.keys:
            at = self.code.entry_value(
                "slot", PTR, f"getelementptr i64, ptr {self.state.ref}, i64 {len(self.tables)}"
            )
            self.keys[key] = self.code.entry_value("table", PTR, f"load ptr, ptr {at.ref}")
            self.tables.append(data)
        return self.keys[key]

    def fail(self, failure: Failure, when: Val, *rest: object, **more: object) -> None:
        self.status.set(self.status.get() | (when.zext(I64) << int(failure)))

    def callback(
        self, key: str, function: object, arguments: object, result: t.Type, *args: Value
    ) -> Value:
        """Marks the row instead of calling: bit 63 of the status."""
        self.left.set(True)
        lane = {t.DOUBLE: F64, t.BOOLEAN: "i1"}.get(result, I64)
        return Value(result, self.code.const(0, lane))

    def library(self, name: str, bitcode: bytes) -> None:
        self.bitcode[name] = bitcode


def run(function: Any, columns: list[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], int]:
    """The function's results for each row as an array, and the status word."""
    result, status, _ = _run(function, columns)
    return result, status


def run_leaving(
    function: Any, columns: list[npt.NDArray[Any]]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The results, and for each row whether it was left to CPython."""
    result, _, left = _run(function, columns)
    return result, left


def _run(
    function: Any, columns: list[npt.NDArray[Any]]
) -> tuple[npt.NDArray[Any], int, npt.NDArray[np.bool_]]:
    code = Code()
    lane = F64 if function.result == t.DOUBLE else I64
    parameters = [("state", PTR), ("columns", PTR), ("out", PTR), ("left", PTR), ("n", I64)]
    with code.function("f", I64, parameters) as (state, pointers, out, left, n):
        context = StagedContext(code, state)
        with code.range_(0, n) as (i, _):
            args = []
            for k, column in enumerate(columns):
                type_ = t.DOUBLE if column.dtype == np.float64 else t.BIGINT
                data = pointers.at(PTR, k).load(PTR).at(F64 if type_ == t.DOUBLE else I64, i)
                lo, hi = type_range(type_) or (None, None)
                args.append(
                    Value(type_, data.load(F64 if type_ == t.DOUBLE else I64), None, lo, hi)
                )
            context.left.set(False)
            result = function.emit(context, tuple(args))
            left.at("i8", i).store(context.left.get().zext("i8"))
            out.at(lane, i).store(result.data if lane == F64 else result.data.zext(I64))
        code.ret(context.status.get())
    address = load(code.module(), ["f"], libraries=context.bitcode).addresses["f"]
    tables = [np.frombuffer(data, np.uint8).copy() for data in context.tables]
    state_block = np.array([table.ctypes.data for table in tables] or [0], np.uint64)
    addresses = np.array([c.ctypes.data for c in columns], np.uint64)
    result_array = np.zeros(len(columns[0]), np.float64 if lane == F64 else np.int64)
    left_array = np.zeros(len(columns[0]), np.uint8)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 4, ctypes.c_int64)(address)
    status = call(
        state_block.ctypes.data,
        addresses.ctypes.data,
        result_array.ctypes.data,
        left_array.ctypes.data,
        len(columns[0]),
    )
    return result_array, status, left_array.astype(bool)
