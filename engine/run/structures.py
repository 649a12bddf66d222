"""The memory behind a program's structures: blocks for workers, filled and asked for by address."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from pyflare.codegen.bindings import Binding
from pyflare.codegen.program import (
    Block,
    Cut,
    Directory,
    Heap,
    Order,
    Output,
    Program,
    Scratch,
    SharedBlock,
    Structure,
    Tuples,
)
from pyflare.engine.run.orders import OrderMemory
from pyflare.engine.run.output import OutputMemory
from pyflare.engine.run.regions import Region
from pyflare.engine.run.tuples import TupleMemory
from pyflare.engine.storage.memory import Bytes, Memory

Words = npt.NDArray[np.uint64]
LARGE = 1 << 20
FIRST_HEAP = 1 << 12
LARGEST_HEAP = 1 << 20


class Zeros:
    """Zeroed bytes at an address; large ones lie in a region."""

    def __init__(self, size: int, memory: Memory, owner: str) -> None:
        self.region: Region | None = None
        self.small: Bytes | None = None
        if size >= LARGE:
            self.region = Region(memory, owner, size)
            self.address = self.region.take(size)
            self.region.clear(self.address, size)
        else:
            self.small = memory.allocate(size, owner)
            self.small.fill(0)
            self.address = int(self.small.ctypes.data)

    def release(self) -> None:
        if self.region is not None:
            self.region.release()
        self.region = self.small = None


@dataclass(slots=True)
class Zeroed:
    """Plain zeroed memory, per worker or shared."""

    blocks: list[Zeros]
    words: Words | None = None

    def local(self, worker: int) -> int:
        return self.blocks[worker].address

    def shared(self) -> int:
        if self.words is None:
            addresses = [block.address for block in self.blocks]
            self.words = np.array([len(addresses), *addresses], np.uint64)
        return int(self.words.ctypes.data)

    def release(self) -> None:
        for block in self.blocks:
            block.release()
        self.blocks = []


@dataclass(slots=True)
class OneBlock:
    """Zeroed memory shared by all workers; the shared block is that memory."""

    block: Zeros

    def local(self, worker: int) -> int:
        raise AssertionError("it is shared")

    def shared(self) -> int:
        return self.block.address

    def release(self) -> None:
        self.block.release()


@dataclass(slots=True)
class Addressed:
    """A shared block of words, the first of which is the address of `block`."""

    block: Zeros
    words: Words

    def local(self, worker: int) -> int:
        raise AssertionError("it is shared")

    def shared(self) -> int:
        return int(self.words.ctypes.data)

    def release(self) -> None:
        self.block.release()


@dataclass(slots=True)
class Pointed:
    """Per worker one word: the address of its memory."""

    blocks: list[Zeros]
    words: Words

    def local(self, worker: int) -> int:
        return int(self.words[worker:].ctypes.data)

    def shared(self) -> int:
        raise AssertionError("it is local")

    def release(self) -> None:
        for block in self.blocks:
            block.release()
        self.blocks = []


@dataclass(slots=True)
class HeapMemory:
    """Strings' bytes. A morsel's bytes may be forgotten at its end (`reset`)."""

    memory: Memory
    words: Words
    chunks: list[list[Bytes]] = field(default_factory=list)

    def local(self, worker: int) -> int:
        return int(self.words[worker:].ctypes.data)

    def shared(self) -> int:
        raise AssertionError("it is local")

    def grow(self, worker: int, needed: int) -> None:
        chunks = self.chunks[worker]
        usual = min(FIRST_HEAP << 2 * len(chunks), LARGEST_HEAP)
        chunk = self.memory.allocate(max(needed, usual), "computed strings")
        chunks.append(chunk)
        self.words[worker] = (chunk.ctypes.data, chunk.ctypes.data + len(chunk))

    def reset(self, worker: int) -> None:
        chunks = self.chunks[worker]
        if chunks:
            del chunks[:-1]
            self.words[worker, 0] = chunks[0].ctypes.data

    def release(self) -> None:
        self.chunks = []


Memories = (
    TupleMemory | Zeroed | OneBlock | Addressed | Pointed | HeapMemory | OrderMemory | OutputMemory
)


class Structures:
    """Makes the memory of each structure when a pipeline first asks for it."""

    def __init__(
        self,
        program: Program,
        bindings: Mapping[str, Binding],
        workers: int,
        memory: Memory,
        output: Callable[[Output], OutputMemory],
    ) -> None:
        self.program = program
        self.bindings = bindings
        self.workers = workers
        self.memory = memory
        self.made: dict[str, Memories] = {}
        self._output = output
        self._lock = threading.Lock()

    def get(self, name: str) -> Any:
        with self._lock:
            return self._get(name)

    def _get(self, name: str) -> Any:
        found = self.made.get(name)
        if found is None:
            found = self._make(self.program.structures[name])
            self.made[name] = found
        return found

    def _make(self, structure: Structure) -> Memories:
        match structure:
            case Tuples():
                return TupleMemory(structure, self.workers, self.memory)
            case Block(name, size):
                return Zeroed(self._zeros_each(size, name))
            case SharedBlock(name, size, dictionary, per_entry):
                if dictionary is not None:
                    bound = self.bindings[dictionary[0]].dictionaries[dictionary[1]]
                    size += max(1, bound.entries if bound else 0) * per_entry
                return OneBlock(self._zeros(size, name))
            case Directory(name, entry, size, tuples):
                return self._directory(name, entry, size, tuples)
            case Scratch(name, tuples):
                size = 8 << self._get(tuples).largest_bits()
                blocks = self._zeros_each(size, name)
                words = np.array([block.address for block in blocks], np.uint64)
                return Pointed(blocks, words)
            case Heap():
                words = np.zeros((self.workers, 2), np.uint64)
                return HeapMemory(self.memory, words, [[] for _ in range(self.workers)])
            case Order(name, tuples, limit, offset):
                return OrderMemory(name, self._get(tuples), limit, offset, self.memory)
            case Output():
                return self._output(structure)
            case Cut():
                raise AssertionError("a cut has no memory")
            case _:
                assert_never(structure)

    def _directory(self, name: str, entry: int, size: int | None, tuples: str | None) -> Addressed:
        bits = 0
        if size is None:
            assert tuples is not None
            rows = self._get(tuples).rows()
            bits = max(1, (2 * rows - 1).bit_length()) if rows else 1
            size = 1 << bits
        block = self._zeros(size * entry, name)
        return Addressed(block, np.array([block.address, 64 - bits], np.uint64))

    def _zeros(self, size: int, owner: str) -> Zeros:
        return Zeros(size, self.memory, owner)

    def _zeros_each(self, size: int, owner: str) -> list[Zeros]:
        """One block per worker, or none when they do not all fit."""
        blocks: list[Zeros] = []
        try:
            for _ in range(self.workers):
                blocks.append(self._zeros(size, owner))
        except BaseException:
            for block in blocks:
                block.release()
            raise
        return blocks

    def release(self, names: set[str] | None = None) -> None:
        """Frees the memory of `names`, or of all structures."""
        for name in list(self.made) if names is None else names & set(self.made):
            self.made.pop(name).release()
