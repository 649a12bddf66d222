"""One worker in one pipeline: its state block, filled once and per chunk, and its morsels."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
import pyarrow as pa

from pyflare.codegen.operators.failures import RECORD_WORDS
from pyflare.codegen.program import (
    BoundRows,
    Callback,
    Cancel,
    ColumnPart,
    Constant,
    Diagnosis,
    DictionaryPart,
    Fill,
    FirstRow,
    Heap,
    Local,
    Offset,
    Pipeline,
    Shared,
    Status,
    Tuples,
    Word,
    Worker,
)
from pyflare.engine.run.morsels import Morsel

if TYPE_CHECKING:
    from pyflare.engine.run.execute import Run


NATIVE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


@dataclass(slots=True)
class Failed:
    """The earliest morsel that failed."""

    pipeline: int
    number: int
    morsel: Morsel
    status: int


@dataclass(slots=True)
class Work:
    """One worker in one pipeline: its state block, and what each morsel needs around it."""

    run_: Run
    index: int
    pipeline: Pipeline
    worker: int
    addresses: Mapping[Fill, int]
    state: Any = field(init=False)

    def run(self, function: Any, take: Callable[[], tuple[int, Morsel] | None]) -> None:
        run, worker = self.run_, self.worker
        state = np.zeros(max(1, len(self.pipeline.slots)), np.uint64)
        self.state = state
        structures = run.structures
        offsets = [i for i, f in enumerate(self.pipeline.slots) if isinstance(f, Offset)]
        status = [i for i, f in enumerate(self.pipeline.slots) if isinstance(f, Status)]
        locals_ = {f.structure for f in self.pipeline.slots if isinstance(f, Local)}
        specs = run.program.structures
        marked = [
            structures.get(n)
            for n in locals_
            if isinstance(s := specs[n], Tuples) and s.partitions == 1 and s.fixed is None
        ]
        heaps = [structures.get(n) for n in locals_ if isinstance(specs[n], Heap)]
        output = structures.get(self.pipeline.output) if self.pipeline.output else None
        self._fill_once()
        at = state.ctypes.data
        chunk = None
        while (found := take()) is not None:
            number, morsel = found
            run.current[worker] = (self.index, number)
            if morsel.chunk is not chunk:
                chunk = morsel.chunk
                self._fill_chunk(chunk)
            for i in offsets:
                state[i] = morsel.offset
            try:
                function(at, morsel.begin, morsel.end)
                if status and state[status[0]]:
                    run.note_failure(Failed(self.index, number, morsel, int(state[status[0]])))
                if output is not None and not (status and state[status[0]]):
                    output.finish(worker)
                for tuples in marked:
                    tuples.mark(worker, (self.index, number))
                if self.pipeline.reset_heap:
                    for heap in heaps:
                        heap.reset(worker)
            finally:
                if output is not None:
                    run.results.finish((self.index, number))

    def prepare(self, morsel: Morsel) -> None:
        """Fills the state for this one morsel."""
        self._fill_once()
        self._fill_chunk(morsel.chunk)
        for i, fill in enumerate(self.pipeline.slots):
            if isinstance(fill, Offset):
                self.state[i] = morsel.offset

    def _fill_once(self) -> None:
        run = self.run_
        for i, fill in enumerate(self.pipeline.slots):
            match fill:
                case Word(value):
                    self.state[i] = value
                case Constant(name):
                    self.state[i] = ctypes.addressof(run.constants[name])
                case DictionaryPart(source, column, part):
                    bound = run.bindings[source].dictionaries[column]
                    if bound is not None:
                        self.state[i] = bound.data if part == "data" else bound.offsets
                case Shared():
                    self.state[i] = self.addresses[fill]
                case Local(structure):
                    self.state[i] = run.structures.get(structure).local(self.worker)
                case Callback():
                    self.state[i] = ctypes.cast(run.entry, ctypes.c_void_p).value or 0
                case Worker():
                    self.state[i] = self.worker
                case Cancel():
                    self.state[i] = run.stop.ctypes.data
                case Diagnosis():
                    record = np.zeros(RECORD_WORDS, np.uint64)
                    run._keep.append(record)
                    self.state[i] = record.ctypes.data
                case Status() | ColumnPart() | FirstRow() | Offset():
                    pass
                case _:
                    assert_never(fill)

    def _fill_chunk(self, chunk: Any) -> None:
        if chunk is None:
            return
        for i, fill in enumerate(self.pipeline.slots):
            match fill:
                case ColumnPart(column, part):
                    value = getattr(chunk.columns[column], part)
                    if part == "validity" and value == 0:
                        value = self._all_valid(column, chunk)
                    self.state[i] = value
                case FirstRow():
                    self.state[i] = chunk.first
                case _:
                    pass

    def _all_valid(self, column: int, chunk: Any) -> int:
        """A bitmap for a chunk without NULLs of a column that has some elsewhere; nested columns
        have theirs in Arrow."""
        source = self.pipeline.source
        assert isinstance(source, BoundRows)
        array = self.run_.bindings[source.source].arrays[column]
        bits = np.full(chunk.rows // 8 + 9, 255, np.uint8)
        if array is not None:
            valid = array.slice(chunk.first, chunk.rows).is_valid()  # type: ignore[attr-defined]
            mask = np.asarray(
                valid.to_numpy(zero_copy_only=False)
                if isinstance(valid, pa.Array)
                else valid.to_numpy(),
                np.bool_,
            )
            packed = np.packbits(mask, bitorder="little")
            bits[: len(packed)] = packed
        self.run_._keep.append(bits)
        return int(bits.ctypes.data)
