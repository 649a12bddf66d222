"""A compiled query before it is machine code: plain data, without addresses, that can be pickled.

A pipeline is one function `i64 run(ptr state, i64 begin, i64 end)`. Its state is a row of 8-byte
slots; a `Fill` says what the runner puts into each. Structures are the memory that pipelines
share: a shared block for all workers and a local block for each, both of 8-byte words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.ir.expr import Expr
from pyflare.codegen.ir.operators import Operator
from pyflare.codegen.ir.types import Type
from pyflare.codegen.operators.literals import Part

# ---------------------------------------------------------------- slots


@dataclass(frozen=True, slots=True)
class Word:
    """Parameter `number` of the pipeline: 64 bits, seen as unsigned. `literal` says which literal
    of the plan it came from, and which part of it; see codegen.reuse."""

    value: int
    number: int
    literal: tuple[int, Part] | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """The address of `Program.constants[name]`."""

    name: str


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """A member of the ChunkColumn `column` of the morsel's chunk."""

    column: int
    part: OneOf["data", "offsets", "validity", "data_bit", "validity_bit"]


@dataclass(frozen=True, slots=True)
class FirstRow:
    """The number in the source of row 0 of the morsel's chunk."""


@dataclass(frozen=True, slots=True)
class Offset:
    """The position in the whole source of the morsel's first row."""


@dataclass(frozen=True, slots=True)
class DictionaryPart:
    """The bytes or the offsets of the dictionary of a bound column."""

    source: str
    column: int
    part: OneOf["data", "offsets"]


@dataclass(frozen=True, slots=True)
class Shared:
    """The address of a structure's shared block."""

    structure: str


@dataclass(frozen=True, slots=True)
class Local:
    """The address of the worker's block of a structure."""

    structure: str


@dataclass(frozen=True, slots=True)
class Callback:
    """The address of the runner's entry for rare requests; see codegen.runtime.calls."""


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker's number."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The address of a word that is not zero once the query must end."""


@dataclass(frozen=True, slots=True)
class Status:
    """Written by the pipeline: the OR of 1 << Failure of all its rows."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The address of the record of the first failing row; see codegen.operators.failures."""


Fill: TypeAlias = (
    Word
    | Constant
    | ColumnPart
    | FirstRow
    | Offset
    | DictionaryPart
    | Shared
    | Local
    | Callback
    | Worker
    | Cancel
    | Status
    | Diagnosis
)

# ---------------------------------------------------------------- structures


@dataclass(frozen=True, slots=True)
class Tuples:
    """Rows of `width` bytes appended by workers, in `partitions`; row 0 is all zeros.

    local:  per partition (address of the next row, end of the chunk)
    shared: base address of row 0; segments; partition starts (see engine.run.tuples)
    `fixed`: each worker gets exactly this many rows, and sets its count itself (top-k).
    """

    name: str
    width: int
    partitions: int = 1
    fixed: int | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Zeroed entries of `entry` bytes: `size` of them, or a power of two of at least twice the
    rows of `tuples`. shared: address, 64 - log2(size)."""

    name: str
    entry: int
    size: int | None = None
    tuples: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """`size` zeroed bytes: local per worker; shared: (number of workers, address of each)."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class SharedBlock:
    """`size` zeroed bytes for all workers, plus `per_entry` bytes for each entry of a dictionary
    column (source, column), if one is named. shared: the bytes themselves."""

    name: str
    size: int
    dictionary: tuple[str, int] | None = None
    per_entry: int = 0


@dataclass(frozen=True, slots=True)
class Scratch:
    """Per worker: zeroed u32 entries, enough for twice the rows of the largest partition of
    `tuples`. local: address."""

    name: str
    tuples: str


@dataclass(frozen=True, slots=True)
class Heap:
    """Bytes handed out to a worker. local: (next, end)."""

    name: str


@dataclass(frozen=True, slots=True)
class Order:
    """The rows of `tuples` in order: 16-byte entries (prefix, row), and as many to merge into.
    `offset` and `limit` cut the finished order. shared: entries, spare entries."""

    name: str
    tuples: str
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of the result.

    kind  "fixed": `width` bytes per row; "bool": a byte per row; "string": 32-bit offsets and
          bytes; "opaque": the row's number in column `source`; "null": nothing at all;
          "vector": `width` bytes per element, `size` elements per row
    """

    name: str
    type: Type
    nullable: bool
    kind: OneOf["fixed", "bool", "string", "opaque", "null", "vector"]
    width: int = 0
    source: tuple[str, int] | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """Result rows by column. local: rows, capacity, then 5 words per column (data, validity
    bytes, string bytes, bytes used, bytes there)."""

    name: str
    columns: tuple[OutputColumn, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Keeps the rows of `tuples` from `offset`, at most `limit`, in the order of their morsels."""

    name: str
    tuples: str
    limit: int | None
    offset: int


Structure: TypeAlias = (
    Tuples | Directory | Block | SharedBlock | Scratch | Heap | Order | Output | Cut
)

# ---------------------------------------------------------------- pipelines


@dataclass(frozen=True, slots=True)
class BoundRows:
    """Chunks of the binding `source`; its columns are those of the scan."""

    source: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """0 … count - 1."""

    count: int


@dataclass(frozen=True, slots=True)
class DictionaryRows:
    """The codes of a dictionary column."""

    source: str
    column: int


@dataclass(frozen=True, slots=True)
class TupleRows:
    """Row numbers of a Tuples structure, in the order of the morsels that made them; cut as the
    structure `cut` says, if any."""

    tuples: str
    cut: str | None = None


@dataclass(frozen=True, slots=True)
class Partitions:
    """The partitions of a Tuples structure, one per morsel."""

    tuples: str


@dataclass(frozen=True, slots=True)
class Runs:
    """As TupleRows; each morsel becomes a sorted run of an Order."""

    order: str


@dataclass(frozen=True, slots=True)
class Merges:
    """Pairs of neighbouring runs of an Order, again until one run is left."""

    order: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """Positions of a finished Order after its offset and limit."""

    order: str


Source: TypeAlias = (
    BoundRows | Numbers | DictionaryRows | TupleRows | Partitions | Runs | Merges | Ordered
)


@dataclass(frozen=True, slots=True)
class Site:
    """A place where rows can fail, for diagnosis."""

    failure: Failure
    operands: tuple[Type, ...]
    expr: Expr | None
    detail: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A Python function called for single rows: its binding and its types."""

    key: str
    function: object
    arguments: tuple[Type, ...]
    result: Type


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One function, where its rows come from and what its slots hold.

    `limit`: the result needs only the first rows, in the order of morsels (None: all).
    `reset_heap`: nothing keeps a string of the heap beyond a morsel. `heavy`: a row may cost
    far more than a row. `fans_out`: it may become many rows. In neither case does the caller's
    thread, which has to read the result, run it.
    """

    name: str
    text: str
    source: Source
    slots: tuple[Fill, ...]
    sites: tuple[Site, ...] = ()
    libraries: tuple[tuple[str, bytes], ...] = ()
    reset_heap: bool = True
    heavy: bool = False
    output: str | None = None
    limit: tuple[int | None, int] | None = None
    fans_out: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """Pipelines in the order in which they run, and what they share. `literals` names the
    constants that are literals of the plan, with their numbers; see codegen.reuse."""

    pipelines: tuple[Pipeline, ...]
    structures: Mapping[str, Structure]
    constants: Mapping[str, bytes]
    calls: tuple[Call, ...]
    output: tuple[OutputColumn, ...]
    root: Operator
    literals: tuple[tuple[str, int], ...] = ()


FUNCTION = "run"
