"""Where the state of an aggregate lives: registers, or bytes behind a pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pyflare.codegen.emit.code import Code, Variable
from pyflare.codegen.emit.value import F32, F64, I8, PTR, Val, bits

SIZES = {PTR: 8, F64: 8, F32: 4}


def size_of(type_: str) -> int:
    return SIZES.get(type_) or bits(type_) // 8


class Cells(Protocol):
    """The fields of one primitive's state."""

    @property
    def types(self) -> Sequence[str]: ...

    def get(self, i: int) -> Val: ...

    def set(self, i: int, value: Val) -> None: ...


@dataclass(frozen=True, slots=True)
class Registers:
    """State in variables of the function."""

    variables: tuple[Variable, ...]

    @property
    def types(self) -> Sequence[str]:
        return [v.type for v in self.variables]

    def get(self, i: int) -> Val:
        return self.variables[i].get()

    def set(self, i: int, value: Val) -> None:
        self.variables[i].set(value)


@dataclass(frozen=True, slots=True)
class Memory:
    """State at fixed offsets of a row of bytes."""

    base: Val
    offsets: tuple[int, ...]
    types: Sequence[str]

    def get(self, i: int) -> Val:
        type_ = self.types[i]
        return self.base.at(I8, self.offsets[i]).load(type_, "state", min(8, size_of(type_)))

    def set(self, i: int, value: Val) -> None:
        type_ = self.types[i]
        assert value.type == type_, (value, type_)
        self.base.at(I8, self.offsets[i]).store(value, min(8, size_of(type_)))


@dataclass(frozen=True, slots=True)
class Place:
    """Offsets of the states of several primitives in a row of `width` bytes."""

    types: tuple[tuple[str, ...], ...]
    offsets: tuple[tuple[int, ...], ...]
    width: int

    def cells(self, base: Val, i: int) -> Memory:
        return Memory(base, self.offsets[i], self.types[i])

    def all(self, base: Val) -> list[Cells]:
        return [self.cells(base, i) for i in range(len(self.types))]


def place(types: Sequence[Sequence[str]], header: int = 0) -> Place:
    """All fields behind `header` bytes, widest first."""
    fields = [(i, j, size_of(type_)) for i, row in enumerate(types) for j, type_ in enumerate(row)]
    offsets = [[0] * len(row) for row in types]
    at = -(-header // 8) * 8 if any(size >= 8 for _, _, size in fields) else header
    for i, j, size in sorted(fields, key=lambda field: -field[2]):
        align = min(8, size)
        at = -(-at // align) * align
        offsets[i][j] = at
        at += size
    return Place(
        tuple(tuple(row) for row in types),
        tuple(tuple(row) for row in offsets),
        -(-max(at, 1) // 8) * 8,
    )


def registers(code: Code, types: Sequence[str]) -> Registers:
    """Fresh variables, zero here."""
    return Registers(tuple(code.var(zero(code, type_), hint="state") for type_ in types))


def zero(code: Code, type_: str) -> Val:
    return Val(code, "null" if type_ == PTR else "0.0" if type_ in (F32, F64) else "0", type_)
