"""df.cache: the rows of a result pinned in memory as narrow columns."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.build import build
from pyflare.engine.storage.column import Column, loaded
from pyflare.engine.storage.memory import Memory, default_memory
from pyflare.engine.storage.sample import Sample, sample_chunks
from pyflare.engine.storage.table import Loaded, Statistics
from pyflare.engine.storage.unique import with_sample, with_uniqueness
from pyflare.engine.types import type_to_arrow

_counter = itertools.count()


class ResidentTable:
    """Narrow columns that stay in memory as long as something refers to the table."""

    def __init__(
        self, name: str, schema: t.Struct, columns: Sequence[Column], samples: Sequence[Sample]
    ) -> None:
        self._name, self._schema, self._columns = name, schema, tuple(columns)
        self._key = ("resident", next(_counter))
        self._rows = self._columns[0].rows if self._columns else 0
        facts = [with_sample(c.facts, s) for c, s in zip(columns, samples, strict=True)]
        self._statistics = Statistics(self._rows, tuple(facts))

    @property
    def name(self) -> str:
        return self._name

    @property
    def key(self) -> Hashable:
        return self._key

    @property
    def schema(self) -> t.Struct:
        return self._schema

    @property
    def nbytes(self) -> int:
        """The memory that the columns take."""
        return sum(column.nbytes for column in self._columns)

    def statistics(self) -> Statistics:
        """Bounds, NULLs and dictionaries exactly; other distinct values from a sample."""
        return self._statistics

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        """All rows of the asked columns."""
        return loaded([self._columns[i] for i in ordinals], self._rows)


def resident(
    name: str,
    schema: t.Struct,
    batches: Iterable[pa.RecordBatch],
    threads: int,
    memory: Memory | None = None,
) -> ResidentTable:
    """A table of these batches, whose columns come in the order of `schema`."""
    data = list(batches)
    arrays = [
        pa.chunked_array([batch.column(i) for batch in data], type_to_arrow(field.type))
        if not data
        else pa.chunked_array([batch.column(i) for batch in data])
        for i, field in enumerate(schema.fields)
    ]
    rows = sum(batch.num_rows for batch in data)
    samples = [
        sample_chunks(array, field.type) for array, field in zip(arrays, schema.fields, strict=True)
    ]
    columns = build(schema.fields, arrays, memory or default_memory(), threads)
    assert all(column.rows == rows for column in columns)
    proved = [with_uniqueness(c, f.type) for c, f in zip(columns, schema.fields, strict=True)]
    return ResidentTable(name, schema, proved, samples)
