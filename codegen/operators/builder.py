"""A program under construction: pipelines in the order they run, structures they share."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pyflare.codegen.ir.operators import Operator, Scan, Storage
from pyflare.codegen.operators.pipeline import PipelineContext
from pyflare.codegen.program import Call, Pipeline, Source, Structure

S = TypeVar("S", bound=Structure)


class Builder:
    """Collects what a Program is made of. `current` is the pipeline being staged."""

    def __init__(self, diagnose: bool = False) -> None:
        self.diagnose = diagnose
        self.pipelines: list[Pipeline] = []
        self.structures: dict[str, Structure] = {}
        self.constants: dict[str, bytes] = {}
        self.literals: list[tuple[str, int]] = []
        self.calls: dict[str, Call] = {}
        self.scans: dict[str, Scan] = {}
        self.shared: dict[Hashable, object] = {}
        self._open: list[PipelineContext] = []
        self._names: dict[str, int] = {}

    @property
    def current(self) -> PipelineContext:
        return self._open[-1]

    @contextmanager
    def pipeline(self, name: str, source: Source) -> Iterator[PipelineContext]:
        """Stages the function of a pipeline; pipelines opened inside run before it."""
        context = PipelineContext(self, self.unique(name), source)
        self._open.append(context)
        with context.staging():
            yield context
        self._open.pop()
        self.pipelines.append(context.finished())

    def unique(self, name: str) -> str:
        """`name`, numbered from its second use on."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return f"{name} {count + 1}" if count else name

    def structure(self, structure: S) -> S:
        """Enters a structure; its name must come from `unique`."""
        assert structure.name not in self.structures
        self.structures[structure.name] = structure
        return structure

    def constant(self, data: bytes, key: str) -> str:
        """Enters constant bytes; an equal key means equal bytes."""
        assert self.constants.setdefault(key, data) == data, key
        return key

    def storage(self, source: str, column: int) -> tuple[Storage, int]:
        """How a column of a bound table lies in memory, and the table's rows."""
        scan = self.scans[source]
        return scan.storage[column], scan.rows


def describe(op: Operator) -> str:
    """A short name for pipelines and structures."""
    match op:
        case Scan(source):
            return source
        case _:
            return type(op).__name__.lower()
