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

    def library(self, name: str, bitcode: bytes) -> None:
        self.bitcode[name] = bitcode


def run(function: Any, columns: list[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], int]:
    """The function's results for each row as an array, and the status word."""
    code = Code()
    lane = F64 if function.result == t.DOUBLE else I64
    with code.function("f", I64, [("state", PTR), ("columns", PTR), ("out", PTR), ("n", I64)]) as (
        state,
        pointers,
        out,
        n,
    ):
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
            result = function.emit(context, tuple(args))
            out.at(lane, i).store(result.data if lane == F64 else result.data.zext(I64))
        code.ret(context.status.get())
    address = load(code.module(), ["f"]).addresses["f"]
    tables = [np.frombuffer(data, np.uint8).copy() for data in context.tables]
    state_block = np.array([table.ctypes.data for table in tables] or [0], np.uint64)
    addresses = np.array([c.ctypes.data for c in columns], np.uint64)
    result_array = np.zeros(len(columns[0]), np.float64 if lane == F64 else np.int64)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 3, ctypes.c_int64)(address)
    status = call(
        state_block.ctypes.data, addresses.ctypes.data, result_array.ctypes.data, len(columns[0])
    )
    return result_array, status
