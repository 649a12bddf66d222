"""From a failed morsel to Spark's error: the morsel is run again by code that keeps the first
failing row."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from pyflare.codegen import jit
from pyflare.codegen.build import build
from pyflare.codegen.operators.failures import RECORD_WORDS, WORDS
from pyflare.codegen.program import FUNCTION, Diagnosis, Fill, Shared, Site
from pyflare.engine.errors import internal_error, runtime_error
from pyflare.engine.run.calls import unboxed
from pyflare.engine.run.errors import error_of
from pyflare.engine.run.work import NATIVE, Failed, Work

if TYPE_CHECKING:
    from pyflare.engine.run.execute import Run


def cancelled() -> Exception:
    """The query was interrupted."""
    return runtime_error("OPERATION_CANCELED", {})


def explain(run: Run, failed: Failed) -> BaseException:
    """The exception for the first failing row of a morsel."""
    if run.error is not None:
        return run.error
    program = build(run.program.root, diagnose=True)
    pipeline = program.pipelines[failed.pipeline]
    loaded = jit.load(pipeline.text, [FUNCTION], jit.Tier.FULL, dict(pipeline.libraries))
    for name, data in program.constants.items():
        run.constants.setdefault(name, ctypes.create_string_buffer(data, max(8, len(data) + 8)))
    run.stop[0] = 0
    addresses: dict[Fill, int] = {
        f: run.structures.get(f.structure).shared() for f in pipeline.slots if isinstance(f, Shared)
    }
    work = Work(run, failed.pipeline, pipeline, 0, addresses)
    work.state = np.zeros(len(pipeline.slots), np.uint64)
    work.prepare(failed.morsel)
    function: Any = NATIVE(loaded.addresses[FUNCTION])
    if pipeline.output is not None:
        run.results.begin((failed.pipeline, failed.number))
        run.current[0] = (failed.pipeline, failed.number)
    function(work.state.ctypes.data, failed.morsel.begin, failed.morsel.end)
    run.stop[0] = 1
    slot = next(i for i, f in enumerate(pipeline.slots) if isinstance(f, Diagnosis))
    record = (ctypes.c_uint64 * RECORD_WORDS).from_address(int(work.state[slot]))
    if not record[0]:
        found = f"a row of {pipeline.name} failed once, and did not when it was run again"
        return internal_error(RuntimeError(found))
    site = pipeline.sites[record[1]]
    return error_of(site, operands(site, record))


def operands(site: Site, record: Any) -> list[object]:
    """The row's operands in storage form."""
    start = 2
    return [
        unboxed(type_, *record[start + WORDS * i : start + WORDS * (i + 1)])
        for i, type_ in enumerate(site.operands)
    ]
