"""A program run on bound tables: pipelines one after the other, each by all workers."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import pyarrow as pa

from pyflare.codegen import jit
from pyflare.codegen.bindings import Binding
from pyflare.codegen.program import (
    FUNCTION,
    Fill,
    Heap,
    Local,
    Merges,
    Output,
    Pipeline,
    Program,
    Runs,
    Shared,
)
from pyflare.codegen.runtime.calls import Request
from pyflare.engine.run import calls, failures, merging
from pyflare.engine.run.morsels import MOST, Morsel, morsels
from pyflare.engine.run.output import OutputMemory
from pyflare.engine.run.results import Results
from pyflare.engine.run.structures import Structures
from pyflare.engine.run.threads import POOL, Gang
from pyflare.engine.run.work import NATIVE, Failed, Work
from pyflare.engine.storage.memory import Memory, default_memory

SMALL = 1 << 14  # rows that the caller's thread does itself
ENTRY = ctypes.CFUNCTYPE(
    None,
    ctypes.c_int64,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
)


@dataclass(slots=True)
class Metrics:
    """What one pipeline cost."""

    name: str
    compile_ms: float = 0.0
    run_ms: float = 0.0
    rows: int = 0
    morsels: int = 0


def execute(
    program: Program,
    bindings: Mapping[str, Binding],
    threads: int = 1,
    memory: Memory | None = None,
    cancel: threading.Event | None = None,
    metrics: list[Metrics] | None = None,
    morsel_rows: int = MOST,
    tier: jit.Tier = jit.Tier.FULL,
) -> Iterator[pa.RecordBatch]:
    """The result's batches, while the query still runs. Raises what the query raises."""
    memory = memory or default_memory()
    run = Run(program, bindings, max(1, threads), memory, cancel, morsel_rows, tier)
    if metrics is not None:
        run.metrics = metrics
    try:
        yield from run.batches()
    finally:
        run.close()


class Run:
    """One execution: owns all memory until every worker has left."""

    def __init__(
        self,
        program: Program,
        bindings: Mapping[str, Binding],
        threads: int,
        memory: Memory,
        cancel: threading.Event | None,
        morsel_rows: int,
        tier: jit.Tier,
    ) -> None:
        self.program = program
        self.bindings = bindings
        self.threads = threads
        self.memory = memory
        self.morsel_rows = morsel_rows
        self.tier = tier
        self.metrics: list[Metrics] = []
        self.structures = Structures(program, bindings, threads, memory, self._make_output)
        self.results = Results(lambda: bool(self.stop[0]))
        self.stop = np.zeros(1, np.uint64)
        self.cancel = cancel
        self.error: BaseException | None = None
        self.failed: Failed | None = None
        self.constants = {
            name: ctypes.create_string_buffer(data, max(8, len(data) + 8))
            for name, data in program.constants.items()
        }
        self.entry = ENTRY(self._enter)
        self.current: list[tuple[int, int]] = [(0, 0)] * threads
        self.gang: Gang | None = None
        self._lock = threading.Lock()
        self._keep: list[Any] = []
        self._last_use = last_uses(program)
        self.calls = calls.Calls(program, memory)

    # ------------------------------------------------------------ pipelines

    def batches(self) -> Iterator[pa.RecordBatch]:
        objects = [self._compile(pipeline) for pipeline in self.program.pipelines]
        outputs = [i for i, p in enumerate(self.program.pipelines) if p.output is not None]
        first = outputs[0] if outputs else len(objects)
        for i in range(first):
            self._run_all(i, objects[i])
            self._free(i)
        tail = range(first, len(objects))
        small = all(self._is_small(self.program.pipelines[i]) for i in tail)
        if small and len(tail) == 1:
            self._run_all(first, objects[first])
            self.results.end()
            yield from self._limited(self.results.read(self._check))
            self._check_failed()
            return
        gang = POOL.start(lambda _: self._run_tail(tail, objects), 1)
        try:
            yield from self._limited(self.results.read(self._check))
        finally:
            self.stop[0] = 1
            gang.join()
        gang.wait()
        self._check_failed()

    def _run_tail(self, tail: range, objects: list[Any]) -> None:
        try:
            for i in tail:
                self._run_all(i, objects[i])
        except BaseException as error:
            self._fail(error)
        finally:
            self.results.end()

    def _limited(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The first rows, if the root is a Limit."""
        limit = next((p.limit for p in self.program.pipelines if p.limit is not None), None)
        if limit is None:
            yield from batches
            return
        left, offset = limit
        for batch in batches:
            if self.error is not None or self.failed is not None:
                break
            skipped = min(offset, batch.num_rows)
            offset -= skipped
            batch = batch.slice(skipped)
            if left is not None:
                batch = batch.slice(0, left)
                left -= batch.num_rows
            if batch.num_rows:
                yield batch
            if left == 0:
                self.stop[0] = 1
                break

    def _compile(self, pipeline: Pipeline) -> Any:
        start = time.perf_counter()
        loaded = jit.load(pipeline.text, [FUNCTION], self.tier, dict(pipeline.libraries))
        spent = (time.perf_counter() - start) * 1000
        self.metrics.append(Metrics(pipeline.name, spent))
        return loaded

    def _run_all(self, index: int, loaded: Any) -> None:
        """All morsels of a pipeline, by as many workers as they keep busy."""
        pipeline = self.program.pipelines[index]
        start = time.perf_counter()
        function = NATIVE(loaded.addresses[FUNCTION])
        if isinstance(pipeline.source, Merges):
            merging.rounds(self, index, pipeline, function)
        else:
            if isinstance(pipeline.source, Runs):
                order = self.structures.get(pipeline.source.order)
            work = morsels(
                pipeline.source, self.structures, self.threads, pipeline.heavy, self.morsel_rows
            )
            self.run_morsels(index, function, work)
            if isinstance(pipeline.source, Runs):
                order.runs = [m.offset for m in work] + [order.rows]
        self.metrics[index].run_ms += (time.perf_counter() - start) * 1000
        if pipeline.output is None:
            self._check_failed()

    def _is_small(self, pipeline: Pipeline) -> bool:
        work = morsels(
            pipeline.source, self.structures, self.threads, pipeline.heavy, self.morsel_rows
        )
        return sum(m.rows for m in work) <= SMALL and not (pipeline.heavy or pipeline.fans_out)

    def run_morsels(self, index: int, function: Any, work: list[Morsel]) -> None:
        """Distributes morsels to workers and waits for them."""
        pipeline = self.program.pipelines[index]
        metrics = self.metrics[index]
        metrics.rows += sum(m.rows for m in work)
        metrics.morsels += len(work)
        counter = iter(enumerate(work))
        lock = threading.Lock()
        output = pipeline.output is not None
        fill_shared = {
            f.structure: self.structures.get(f.structure)
            for f in pipeline.slots
            if isinstance(f, Shared | Local)
        }
        addresses: dict[Fill, int] = {
            f: fill_shared[f.structure].shared() for f in pipeline.slots if isinstance(f, Shared)
        }

        def take() -> tuple[int, Morsel] | None:
            with lock:
                if self.stop[0]:
                    return None
                found = next(counter, None)
                if found is not None and output:
                    self.results.begin((index, found[0]))
                return found

        def task(worker: int) -> None:
            try:
                Work(self, index, pipeline, worker, addresses).run(function, take)
            except BaseException as error:
                self._fail(error)  # _check_failed raises it; the others need not go on

        workers = min(self.threads, len(work))
        if workers == 0:
            return
        if metrics.rows <= SMALL and not (pipeline.heavy or pipeline.fans_out):
            task(0)
            return
        if output:
            # the thread that serves the tail is itself a worker of the pool
            gang = POOL.start(task, workers - 1)
            try:
                task(workers - 1)
            finally:
                gang.join()
            return
        gang = POOL.start(task, workers)
        try:
            while not gang.wait(0.05):
                self._check()
        except BaseException as error:
            self._fail(error)
            gang.join()
            raise

    # ------------------------------------------------------------ failures and the end

    def _check(self) -> None:
        if self.cancel is not None and self.cancel.is_set():
            self.stop[0] = 1
            raise failures.cancelled()

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self.error is None:
                self.error = error
        self.stop[0] = 1

    def note_failure(self, failed: Failed) -> None:
        """Keeps the earliest of the morsels that failed; no later one need run."""
        with self._lock:
            held = self.failed
            if held is None or (failed.pipeline, failed.number) < (held.pipeline, held.number):
                self.failed = failed
        self.stop[0] = 1

    def _check_failed(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # see Gang.wait
        if self.failed is not None:
            raise failures.explain(self, self.failed)

    def _free(self, index: int) -> None:
        self.structures.release({n for n, last in self._last_use.items() if last == index})

    def close(self) -> None:
        """Frees all memory; every worker has left by now."""
        self.stop[0] = 1
        self.structures.release()
        self.results.clear()
        self.error = None
        # the callback refers to this object: without it memory goes now, not at some collection
        del self.entry

    # ------------------------------------------------------------ requests of native code

    def _make_output(self, spec: Output) -> OutputMemory:
        def take(worker: int, batch: pa.RecordBatch) -> None:
            self.results.put(self.current[worker], batch)

        return OutputMemory(spec, self.threads, self.memory, self.bindings, take)

    def _enter(self, request: int, name: int, worker: int, a: int, b: int) -> None:
        key = ctypes.string_at(name).decode()
        try:
            self._serve(Request(request), key, worker, a, b)
        except BaseException as error:
            self._fail(error)
            calls.appease(self, Request(request), key, worker, a, b)

    def _serve(self, request: Request, key: str, worker: int, a: int, b: int) -> None:
        match request:
            case Request.GROW:
                self.structures.get(key).grow(worker, a)
            case Request.HEAP:
                self.structures.get(key).grow(worker, a)
            case Request.FLUSH:
                self.structures.get(key).flush(worker, a)
            case Request.CALL:
                self.calls.call(key, worker, a, b)
            case _:
                assert_never(request)


def last_uses(program: Program) -> dict[str, int]:
    """The last pipeline that touches each structure; what others are made from lives as long."""
    uses: dict[str, int] = {}
    for i, pipeline in enumerate(program.pipelines):
        for fill in pipeline.slots:
            if isinstance(fill, Shared | Local):
                uses[fill.structure] = i
        for name in ("tuples", "order", "cut"):
            found = getattr(pipeline.source, name, None)
            if found is not None:
                uses[found] = i
    for _ in range(2):
        for name, spec in program.structures.items():
            below = getattr(spec, "tuples", None)
            if below is not None and name in uses:
                uses[below] = max(uses.get(below, 0), uses[name])
    # strings of a heap may be pointed to from anywhere
    return {n: last for n, last in uses.items() if not isinstance(program.structures[n], Heap)}
