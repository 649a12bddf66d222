"""What a compiled program is run on: memory by address, named apart from the plan.

A program says `Scan(source="lineitem#0")`; a `Binding` says where those rows lie. Programs are
plain data and can be pickled; bindings hold addresses and stay in their process.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChunkColumn:
    """One column of one chunk. Addresses are of row 0 of the chunk, 0 where absent.

    data        first element (fixed, dictionary codes, vector); string bytes; packed bits
    offsets     first string offset (its width is Storage.bits)
    validity    the bitmap byte that holds the first row's bit
    data_bit, validity_bit   position of the first row's bit in its first byte (sliced arrays)
    """

    data: int = 0
    offsets: int = 0
    validity: int = 0
    data_bit: int = 0
    validity_bit: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """`rows` consecutive rows with contiguous columns; `first` is the number of its first row."""

    rows: int
    columns: tuple[ChunkColumn, ...]
    first: int = 0


@dataclass(frozen=True, slots=True)
class BoundDictionary:
    """The distinct strings of a dictionary column: 32-bit offsets into data; `entries` of them."""

    data: int
    offsets: int
    entries: int


@dataclass(frozen=True, slots=True)
class Binding:
    """The rows of one source. `owners` keeps every addressed buffer alive while a query runs.

    `dictionaries[i]` belongs to column i where its storage is "dictionary"; `arrays[i]` is the
    pyarrow.ChunkedArray of column i where it is "opaque", from which the result border takes.
    """

    chunks: tuple[Chunk, ...]
    dictionaries: tuple[BoundDictionary | None, ...]
    arrays: tuple[object | None, ...]
    owners: tuple[object, ...]
