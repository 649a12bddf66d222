"""Kept results: df.cache, CACHE TABLE and checkpoints.

A plan is found again by its canonical form: views inlined, plan ids renumbered in order of
appearance. Its rows become a resident table when the first action needs them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pyflare.codegen.ir.types import Struct
from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.table import ColumnFacts, Loaded, Statistics, Table
from pyflare.engine.views import map_members, members, nodes
from pyflare.udf.captured import identity

# Through these, a DataFrame's columns keep their names: `df.col` of the input means the output's
_TRANSPARENT = (s.Identified, s.Filter, s.Sort, s.Limit, s.Offset, s.Tail, s.Sample, s.NoOp)


@dataclass(slots=True)
class Kept:
    """One cached plan. `level` is the client's storage level, opaque here."""

    key: str
    relation: s.Relation
    level: object
    table: Table | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass(frozen=True, slots=True)
class Promised:
    """A cached plan whose rows nobody has asked for yet: analysis and explain can name it."""

    name: str
    schema: Struct
    fetch: Callable[[], Table]

    @property
    def key(self) -> Hashable:
        return ("promised", self.name)

    def statistics(self) -> Statistics:
        """Unknown; the action that makes the rows analyses again, with the true ones."""
        return Statistics(1000, tuple(ColumnFacts() for _ in self.schema.fields), exact=False)

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        return self.fetch().load(ordinals, predicates, threads)


class Results:
    """The cached plans and checkpoints of one session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[s.Relation, Kept] = {}
        self._keys: dict[str, Kept] = {}
        self._counter = itertools.count()
        self._outlines: frozenset[int] = frozenset()
        self.version = 0

    def __bool__(self) -> bool:
        return bool(self._plans)

    @property
    def ready(self) -> bool:
        """Whether every cached plan has its rows: then an action reads what a question reads."""
        return all(kept.table is not None for kept in list(self._plans.values()))

    def _changed(self) -> None:
        self.version += 1
        self._outlines = frozenset(outlines(plan)[id(plan)] for plan in self._plans)

    def fill(self, kept: Kept, table: Table) -> None:
        """The rows of a cached plan are there."""
        kept.table = table
        self._changed()

    def keep(self, relation: s.Relation, level: object) -> Kept:
        """Marks `relation` (views inlined) as cached; again is no change."""
        with self._lock:
            canonical = canonical_form(relation)
            found = self._plans.get(canonical)
            if found is None:
                found = Kept(f"cached {next(self._counter)}", relation, level)
                self._plans[canonical] = self._keys[found.key] = found
                self._changed()
            return found

    def find(self, relation: s.Relation) -> Kept | None:
        """The cache entry of exactly this plan."""
        try:
            return self._plans.get(canonical_form(relation))
        except TypeError:  # a parameter without a hash: such a plan cannot have been kept
            return None

    def forget(self, relation: s.Relation) -> bool:
        """Unpersist; whether it was cached."""
        with self._lock:
            found = self._plans.pop(canonical_form(relation), None)
            if found is not None:
                del self._keys[found.key]
                self._changed()
            return found is not None

    def checkpoint(self, table: Table) -> str:
        """Keeps rows that no plan stands behind any more."""
        with self._lock:
            key = f"checkpoint {next(self._counter)}"
            self._keys[key] = Kept(key, s.OneRowRelation(), None, table)
            return key

    def drop_checkpoint(self, key: str) -> None:
        """Forgets a checkpoint; called by finalizers, so an unknown key is fine."""
        self._keys.pop(key, None)

    def entry(self, key: str) -> Kept | None:
        """What stands behind a Cached node."""
        return self._keys.get(key)

    def clear(self) -> None:
        """CLEAR CACHE: all cached plans; checkpoints stay."""
        with self._lock:
            for kept in self._plans.values():
                self._keys.pop(kept.key, None)
            self._plans.clear()
            self._changed()

    def refresh(self, is_stale: Callable[[s.DataSource | s.NamedTable], bool]) -> None:
        """Drops rows read from sources that have changed; the next action reads them again."""
        with self._lock:
            for kept in self._plans.values():
                sources = (
                    n for n in nodes(kept.relation) if isinstance(n, s.DataSource | s.NamedTable)
                )
                if any(is_stale(source) for source in sources):
                    kept.table = None
            self._changed()

    def use(self, relation: s.Relation, but: Kept | None = None) -> s.Relation:
        """`relation` (views inlined) with cached parts replaced, `but` not this one."""
        outside = _referenced(relation)
        known = outlines(relation)
        if self._outlines.isdisjoint(known.values()):
            return relation

        def swap(node: Any) -> Any:
            if isinstance(node, s.Relation):
                kept = self.find(node) if known.get(id(node)) in self._outlines else None
                if kept is not None and kept is not but:
                    stored = _stored(node, kept, outside)
                    if stored is not None:
                        return stored
            return map_members(node, swap)

        swapped: s.Relation = swap(relation)
        return swapped


def canonical_form(relation: s.Relation) -> s.Relation:
    """Equal for plans that are written alike, whatever numbers the client gave them."""
    numbers: dict[int, int] = {}

    def strip(node: Any) -> Any:
        if isinstance(node, s.Identified):
            numbers.setdefault(node.plan_id, len(numbers))
            return strip(node.child)
        if isinstance(node, s.Attribute | s.Star | s.RegexColumns) and node.plan_id is not None:
            number = numbers.setdefault(node.plan_id, len(numbers))
            node = replace(node, plan_id=number)
        if isinstance(node, s.PythonFunction):
            node = replace(node, function=identity(node.function))
        if getattr(node, "origin", None) is not None:
            node = replace(node, origin=None)
        return map_members(node, strip)

    while isinstance(relation, s.Identified | s.SubqueryAlias):
        if isinstance(relation, s.SubqueryAlias) and relation.columns:
            break
        relation = relation.child
    stripped: s.Relation = strip(relation)
    return stripped


def outlines(root: s.Relation) -> dict[int, int]:
    """A hash per relation, by id: equal for plans of one canonical form, in one pass over all."""
    found: dict[int, int] = {}

    def outline(node: Any) -> int:
        if isinstance(node, tuple):
            return hash(tuple([outline(item) for item in node]))
        if type(node).__module__ != s.__name__:
            return hash(node) if isinstance(node, str) else 0
        if isinstance(node, s.Identified):
            value = outline(node.child)
        else:
            parts = [outline(getattr(node, name)) for name in members(type(node))]
            value = hash((type(node).__name__, *parts))
        found[id(node)] = value
        return value

    outline(root)
    return found


def _stored(node: s.Relation, kept: Kept, outside: dict[int, int]) -> s.Relation | None:
    """The Cached node under the plan ids by which the rest of the plan refers into `node`.

    None where a reference goes through a node that renames or joins: there only the plan itself
    knows which column is meant.
    """
    inside = [n for n in nodes(node) if isinstance(n, s.Identified)]
    mentioned = _referenced(node)
    wanted = {n.plan_id for n in inside if outside.get(n.plan_id, 0) > mentioned.get(n.plan_id, 0)}
    stored: s.Relation = s.Cached(kept.key)
    visible: Any = node
    while isinstance(visible, _TRANSPARENT):
        if isinstance(visible, s.Identified) and visible.plan_id in wanted:
            stored = s.Identified(stored, visible.plan_id)
            wanted.discard(visible.plan_id)
        visible = visible.child
    return None if wanted else stored


def _referenced(relation: s.Relation) -> dict[int, int]:
    """How often each plan id is referred to."""
    counts: dict[int, int] = {}
    for node in nodes(relation):
        if isinstance(node, s.Attribute | s.Star | s.RegexColumns) and node.plan_id is not None:
            counts[node.plan_id] = counts.get(node.plan_id, 0) + 1
    return counts
