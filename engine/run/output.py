"""Result chunks to Arrow: the buffers that workers filled become arrays without a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pyflare.codegen.bindings import Binding
from pyflare.codegen.program import Output, OutputColumn
from pyflare.engine.storage.memory import Bytes, Memory
from pyflare.engine.types.arrow import type_to_arrow

FIRST_ROWS = 1 << 10
MOST_ROWS = 1 << 16
FIRST_BYTES = 1 << 14
WORDS = 5
HEADER = 2
Take = Callable[[int, pa.RecordBatch], None]


class OutputMemory:
    """Per worker one chunk: buffers per column; `take(worker, batch)` gets what is finished."""

    def __init__(
        self,
        spec: Output,
        workers: int,
        memory: Memory,
        bindings: Mapping[str, Binding],
        take: Take,
    ) -> None:
        self.spec = spec
        self.memory = memory
        self.take = take
        self.bindings = bindings
        self.schema = output_schema(spec.columns)
        self.words = np.zeros((workers, HEADER + WORDS * len(spec.columns)), np.uint64)
        self.buffers: list[list[list[Bytes | None]]] = [
            [[None, None, None] for _ in spec.columns] for _ in range(workers)
        ]
        self.capacity = [0] * workers

    def local(self, worker: int) -> int:
        return int(self.words[worker].ctypes.data)

    def shared(self) -> int:
        raise AssertionError("it is local")

    def release(self) -> None:
        self.buffers = []

    def flush(self, worker: int, longest: int) -> None:
        """Takes the rows of a full chunk and gives an empty one with room for `longest` bytes in
        every string column."""
        rows = int(self.words[worker, 0])
        if rows:
            self.take(worker, self._batch(worker, rows, copy=False))
        grown = min(max(FIRST_ROWS, self.capacity[worker] * 4), MOST_ROWS)
        self._renew(worker, grown, longest)

    def finish(self, worker: int) -> None:
        """Takes what the chunk holds at the end of a morsel."""
        rows = int(self.words[worker, 0])
        if not rows:
            return
        if rows * 2 < self.capacity[worker]:
            self.take(worker, self._batch(worker, rows, copy=True))
            self.words[worker, 0] = 0
            for i in range(len(self.spec.columns)):
                self.words[worker, HEADER + WORDS * i + 3] = 0
            return
        self.take(worker, self._batch(worker, rows, copy=False))
        self._renew(worker, self.capacity[worker], 0)

    def _renew(self, worker: int, rows: int, longest: int) -> None:
        words = self.words[worker]
        for i, column in enumerate(self.spec.columns):
            at = HEADER + WORDS * i
            held = self.buffers[worker][i]
            used = int(words[at + 3])
            match column.kind:
                case "null":
                    data = None
                case "string":
                    data = self.memory.allocate((rows + 1) * 4, "result")
                    data[:4] = 0
                    before = 0 if held[2] is None else len(held[2])
                    size = max(
                        FIRST_BYTES, min(before * 2, 1 << 22), min(used * 2, 1 << 24), longest
                    )
                    text = self.memory.allocate(size, "result")
                    held[2] = text
                    words[at + 2], words[at + 4] = text.ctypes.data, size
                case _:
                    data = self.memory.allocate(rows * column.width, "result")
            held[0] = data
            words[at] = 0 if data is None else data.ctypes.data
            if column.nullable:
                mask = self.memory.allocate(rows, "result")
                held[1] = mask
                words[at + 1] = mask.ctypes.data
            words[at + 3] = 0
        words[0], words[1] = 0, rows
        self.capacity[worker] = rows

    def _batch(self, worker: int, rows: int, copy: bool) -> pa.RecordBatch:
        arrays = [
            self._array(column, worker, i, rows, copy) for i, column in enumerate(self.spec.columns)
        ]
        if not arrays:
            return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _array(self, column: OutputColumn, worker: int, i: int, rows: int, copy: bool) -> pa.Array:
        data, mask, text = self.buffers[worker][i]
        if column.kind == "null":
            return pa.nulls(rows)
        assert data is not None
        valid = mask[:rows].view(np.bool_) if mask is not None and column.nullable else None
        if valid is not None and bool(valid.all()):
            valid = None
        validity = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))

        def kept(array: npt.NDArray[np.uint8], size: int) -> pa.Buffer:
            part = array[:size]
            return pa.py_buffer(part.copy() if copy else part)

        type_ = type_to_arrow(column.type)
        match column.kind:
            case "bool":
                bits = np.packbits(data[:rows].view(np.bool_), bitorder="little")
                return pa.Array.from_buffers(type_, rows, [validity, pa.py_buffer(bits)])
            case "string":
                assert text is not None
                used = int(self.words[worker, HEADER + WORDS * i + 3])
                buffers = [validity, kept(data, 4 * (rows + 1)), kept(text, used)]
                return pa.Array.from_buffers(type_, rows, buffers)
            case "opaque":
                return self._taken(column, data[: rows * 8].view(np.int64), valid)
            case "vector":
                values = pa.Array.from_buffers(
                    type_.value_type, rows * column.size, [None, kept(data, rows * column.width)]
                )
                offsets = np.arange(0, (rows + 1) * column.size, column.size, dtype=np.int32)
                return pa.Array.from_buffers(
                    type_, rows, [validity, pa.py_buffer(offsets)], children=[values]
                )
            case _:
                return pa.Array.from_buffers(
                    type_, rows, [validity, kept(data, rows * column.width)]
                )

    def _taken(
        self,
        column: OutputColumn,
        numbers: npt.NDArray[np.int64],
        valid: npt.NDArray[np.bool_] | None,
    ) -> pa.Array:
        assert column.source is not None
        source, ordinal = column.source
        array = self.bindings[source].arrays[ordinal]
        indices = pa.array(numbers, mask=None if valid is None else ~valid)
        taken = array.take(indices)  # type: ignore[union-attr]
        combined = taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
        if isinstance(combined, pa.ChunkedArray):
            combined = pa.concat_arrays(combined.chunks)
        return combined.cast(type_to_arrow(column.type))


def output_schema(columns: tuple[OutputColumn, ...]) -> pa.Schema:
    """The schema of the result's record batches."""
    return pa.schema([pa.field(c.name, type_to_arrow(c.type), c.nullable) for c in columns])
