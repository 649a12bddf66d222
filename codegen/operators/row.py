"""Rows whose values are staged on first use, where they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value

Makers: TypeAlias = Mapping[int, Callable[[], Value]]


class LazyRow(Mapping[int, Value]):
    """Column id to Value. A value staged inside a branch is staged again outside of it."""

    def __init__(self, code: Code, makers: Makers) -> None:
        self._code = code
        self._makers = dict(makers)
        self._made: dict[int, tuple[tuple[str, int], Value]] = {}

    def __getitem__(self, id: int) -> Value:
        made = self._made.get(id)
        if made is not None and self._code.visible(made[0]):
            return made[1]
        value = self._makers[id]()
        self._made[id] = (self._code.here, value)
        return value

    def __contains__(self, id: object) -> bool:
        return id in self._makers

    def __iter__(self) -> Iterator[int]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def joined(code: Code, *rows: Mapping[int, Value]) -> LazyRow:
    """All columns of `rows`."""
    makers: dict[int, Callable[[], Value]] = {}
    for row in rows:
        for id in row:
            makers[id] = lambda row=row, id=id: row[id]  # type: ignore[misc]
    return LazyRow(code, makers)
