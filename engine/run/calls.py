"""Python functions called for single rows, and how native code is kept safe after a failure."""

from __future__ import annotations

import ctypes
import struct
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from pyflare.codegen.ir import types as t
from pyflare.codegen.operators.failures import WORDS
from pyflare.codegen.program import Program
from pyflare.codegen.runtime.calls import Request
from pyflare.engine.storage.memory import Memory

if TYPE_CHECKING:
    from pyflare.engine.run.execute import Run

UNLIMITED = 1 << 62


class Calls:
    """Runs the program's Python functions; results' strings live as long as the query."""

    def __init__(self, program: Program, memory: Memory) -> None:
        self.calls = {call.key: call for call in program.calls}
        self._kept: list[Any] = []
        self._lock = threading.Lock()

    def call(self, key: str, worker: int, arguments: int, result: int) -> None:
        """Boxed words in, boxed words out; see codegen.operators.failures."""
        call = self.calls[key]
        function: Any = call.function
        count = len(call.arguments)
        words = (ctypes.c_uint64 * (WORDS * max(1, count))).from_address(arguments)
        args = [
            unboxed(type_, *words[WORDS * i : WORDS * i + WORDS])
            for i, type_ in enumerate(call.arguments)
        ]
        try:
            value = function(*args) if callable(function) else function.call(*args)
        except Exception as error:
            failed = getattr(function, "failed", None)
            raise (failed(error, args) if failed is not None else error) from error
        out = (ctypes.c_uint64 * WORDS).from_address(result)
        out[:] = list(self._boxed(call.result, value))

    def _boxed(self, type_: t.Type, value: Any) -> tuple[int, int, int]:
        if value is None:
            return 0, 0, 0
        match type_:
            case t.Float():
                return 1, struct.unpack("<Q", struct.pack("<d", value))[0], 0
            case t.String() | t.Binary():
                data = value.encode() if isinstance(value, str) else bytes(value)
                buffer = ctypes.create_string_buffer(data, len(data) + 8)
                with self._lock:
                    self._kept.append(buffer)
                return 1, ctypes.addressof(buffer), len(data)
            case _:
                number = int(value)
                return 1, number & (1 << 64) - 1, (number >> 64) & (1 << 64) - 1


def unboxed(type_: t.Type, valid: int, low: int, high: int) -> object:
    """The storage form of a boxed value."""
    if not valid:
        return None
    match type_:
        case t.Null():
            return None
        case t.Boolean():
            return bool(low & 1)
        case t.Float():
            return struct.unpack("<d", struct.pack("<Q", low))[0]
        case t.String():
            return ctypes.string_at(low, high).decode(errors="replace")
        case t.Binary():
            return ctypes.string_at(low, high)
        case t.Array(t.Float(bits), _, size) if size is not None:
            dtype = np.float32 if bits == 32 else np.float64
            data = ctypes.string_at(low, size * bits // 8)
            return tuple(float(x) for x in np.frombuffer(data, dtype))
        case _:
            number = low | high << 64
            return number - (1 << 128) if number >> 127 else number


def appease(run: Run, request: Request, key: str, worker: int, a: int, b: int) -> None:
    """After a failure native code still gets memory to write to; nobody will read it."""
    unlimited = Memory(UNLIMITED)
    match request:
        case Request.CALL:
            (ctypes.c_uint64 * WORDS).from_address(b)[:] = [0, 0, 0]
        case Request.GROW:
            run.structures.get(key).rewind(worker, a)
        case Request.HEAP:
            structure = run.structures.get(key)
            structure.memory = unlimited
            structure.grow(worker, a)
        case Request.FLUSH:
            structure = run.structures.get(key)
            structure.memory = unlimited
            structure.words[worker, 0] = 0
            structure.flush(worker, a)
