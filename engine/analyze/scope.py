"""Names in scope: the columns a relation shows, and how a possibly qualified name finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pyflare.codegen.ir.expr import Column


@dataclass(frozen=True, slots=True)
class Visible:
    """A column under a name. `identity` is shared by copies that mean the same value, so that
    `SELECT a, a` twice over is not ambiguous."""

    name: str
    column: Column
    qualifier: tuple[str, ...] = ()
    identity: int = -1

    @property
    def same(self) -> int:
        return self.column.id if self.identity < 0 else self.identity

    def under(self, qualifier: tuple[str, ...]) -> Visible:
        """The same column, found only under this qualifier."""
        return Visible(self.name, self.column, qualifier, self.identity)


@dataclass(frozen=True, eq=False)
class Scope:
    """The columns of a relation in order, and the scopes below it for df.col.

    `hidden` columns are found by qualified names and df.col only, and never by `*`: the join
    columns that USING merged.
    """

    entries: tuple[Visible, ...]
    plan_id: int | None = None
    children: tuple[Scope, ...] = ()
    hidden: tuple[Visible, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, list[Visible]]:
        return _index(self.entries)

    @cached_property
    def _hidden_by_name(self) -> dict[str, list[Visible]]:
        return _index(self.hidden)

    def find(
        self, parts: tuple[str, ...], case_sensitive: bool
    ) -> tuple[list[Visible], tuple[str, ...]]:
        """The distinct columns that `parts` may mean, and the trailing parts that name fields.

        As much of `parts` as possible is taken for the qualifier.
        """
        for index in (self._by_name, self._hidden_by_name):
            if not index:
                continue
            for taken in range(min(len(parts) - 1, 3), -1, -1):
                found = _matches(index, parts[:taken], parts[taken], case_sensitive)
                if found:
                    return found, parts[taken + 1 :]
        return [], ()

    def shows(self, identity: int) -> Visible | None:
        """The entry through which this scope still shows the value `identity`."""
        return self._by_identity.get(identity)

    def shows_column(self, id: int) -> Visible | None:
        """The entry of this very column."""
        return self._by_column.get(id)

    @cached_property
    def _by_column(self) -> dict[int, Visible]:
        return {v.column.id: v for v in reversed((*self.entries, *self.hidden))}

    @cached_property
    def _by_identity(self) -> dict[int, Visible]:
        return {v.same: v for v in reversed((*self.entries, *self.hidden))}

    def named(self, plan_id: int, depth: int = 0) -> Iterator[tuple[int, Scope]]:
        """The scopes at or below this one that carry `plan_id`, with their depth."""
        if self.plan_id == plan_id:
            yield depth, self
            return
        for child in self.children:
            yield from child.named(plan_id, depth + 1)

    def star(self, target: tuple[str, ...], case_sensitive: bool) -> tuple[Visible, ...]:
        """The columns of `*`, or of `target.*`."""
        if not target:
            return self.entries
        return tuple(v for v in self.entries if _qualified(v, target, case_sensitive))

    def aliased(self, name: str) -> Scope:
        """The same columns, found only under the qualifier `name`; df.col still works."""
        entries = tuple([v.under((name,)) for v in self.entries])
        return Scope(entries, None, (self,))


def scope_of(columns: Iterable[Column], qualifier: tuple[str, ...] = ()) -> Scope:
    """A scope that shows these columns under their own names."""
    return Scope(tuple(Visible(c.name, c, qualifier) for c in columns))


def _index(entries: Iterable[Visible]) -> dict[str, list[Visible]]:
    found: dict[str, list[Visible]] = {}
    for entry in entries:
        found.setdefault(entry.name.lower(), []).append(entry)
    return found


def _matches(
    index: dict[str, list[Visible]], qualifier: tuple[str, ...], name: str, case_sensitive: bool
) -> list[Visible]:
    found: dict[int, Visible] = {}
    for entry in index.get(name.lower(), ()):
        if case_sensitive and entry.name != name:
            continue
        if not qualifier or _qualified(entry, qualifier, case_sensitive):
            found.setdefault(entry.same, entry)
    return list(found.values())


def _qualified(entry: Visible, qualifier: tuple[str, ...], case_sensitive: bool) -> bool:
    if len(entry.qualifier) < len(qualifier):
        return False
    tail = entry.qualifier[-len(qualifier) :]
    if case_sensitive:
        return tail == qualifier
    return all(a.lower() == b.lower() for a, b in zip(tail, qualifier, strict=True))
