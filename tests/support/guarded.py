"""Arrow buffers that end where memory ends: the page behind them may not be touched."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np
import pyarrow as pa

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)


def guarded(array: pa.Array, garbage: bytes = b"\xff") -> pa.Array:
    """A copy of `array`, without an offset, with `garbage` in the fixed-width values under NULL."""
    if pa.types.is_dictionary(array.type):
        parts = guarded(array.indices, garbage), guarded(array.dictionary)
        return pa.DictionaryArray.from_arrays(*parts, safe=False)
    array = pa.concat_arrays([array])
    validity, *others = array.buffers()
    rows = len(array)
    exact = [None if validity is None else bytes(validity)[: (rows + 7) // 8]]
    if len(others) == 2:
        offsets, text = others
        used = int(np.frombuffer(offsets, np.int32)[rows])
        exact += [bytes(offsets)[: 4 * (rows + 1)], bytes(text or b"")[:used]]
    else:
        width = array.type.bit_width
        data = bytearray(others[0])[: (rows * width + 7) // 8]
        for row in np.flatnonzero(array.is_null()) if width >= 8 else ():
            size = width // 8
            data[row * size : (row + 1) * size] = (garbage * size)[:size]
        exact.append(bytes(data))
    return pa.Array.from_buffers(array.type, rows, [_placed(data) for data in exact])


def _placed(data: bytes | None) -> Any:
    if data is None:
        return None
    pages = max(1, -(-len(data) // PAGE))
    memory = mmap.mmap(-1, (pages + 1) * PAGE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    first = pages * PAGE - len(data)
    memory[first : pages * PAGE] = data
    assert _libc.mprotect(ctypes.c_void_p(base + pages * PAGE), PAGE, 0) == 0
    return pa.foreign_buffer(base + first, len(data), memory)
