"""Temporary views in a syntax tree: a name replaced by the tree that stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pyflare.engine.plan import syntax as s

Lookup = Callable[[tuple[str, ...]], s.Relation | None]


def inline_views(relation: s.Relation, lookup: Lookup) -> s.Relation:
    """NamedTable(v)  ->  SubqueryAlias(tree of v, v); names of CTEs are left alone."""
    if not any(isinstance(node, s.NamedTable) for node in nodes(relation)):
        return relation
    inlined: s.Relation = _inline(relation, lookup, frozenset())
    return inlined


def _inline(node: Any, lookup: Lookup, hidden: frozenset[str]) -> Any:
    if isinstance(node, s.NamedTable):
        if len(node.parts) == 1 and node.parts[0].lower() in hidden:
            return node
        tree = lookup(node.parts)
        return node if tree is None else s.SubqueryAlias(tree, node.parts[-1])
    if isinstance(node, s.With):
        ctes = []
        for name, cte in node.ctes:
            seen = hidden | {name.lower()} if node.recursive else hidden
            ctes.append((name, _inline(cte, lookup, seen)))
            hidden |= {name.lower()}
        return replace(node, ctes=tuple(ctes), child=_inline(node.child, lookup, hidden))
    return map_members(node, lambda member: _inline(member, lookup, hidden))


def map_members(node: Any, fn: Callable[[Any], Any]) -> Any:
    """`node` with fn applied to its syntax members; the same object when nothing changed."""
    if isinstance(node, tuple):
        mapped = tuple([fn(item) for item in node])
        same = all(a is b for a, b in zip(mapped, node, strict=True))
        return node if same else mapped
    changes = {}
    for name in members(type(node)):
        before = getattr(node, name)
        if isinstance(before, tuple) or is_node(type(before)):
            after = fn(before)
            if after is not before:
                changes[name] = after
    return replace(node, **changes) if changes else node


def nodes(root: Any) -> Iterator[Any]:
    """All syntax nodes of a tree, in no particular order; a loop, because trees can be deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind is tuple:
            waiting.extend(node)
        elif is_node(kind):
            yield node
            waiting.extend([getattr(node, name) for name in members(kind)])


def is_node(kind: type) -> bool:
    """Whether this is a class of engine.plan.syntax."""
    return kind.__module__ == s.__name__


def members(kind: type) -> tuple[str, ...]:
    """The fields of a syntax node that may hold others; none for anything else."""
    known = _members.get(kind)
    if known is None:
        known = _members[kind] = _find_members(kind)
    return known


_members: dict[type, tuple[str, ...]] = {}


def _find_members(kind: type) -> tuple[str, ...]:
    if not is_dataclass(kind) or not is_node(kind):
        return ()
    return tuple(field.name for field in fields(kind) if not str(field.type).startswith(_LEAVES))


# annotations of fields in which no node can stand
_LEAVES = ("str", "int", "bool", "float", "OneOf", "Origin", "Type", "Struct", "pa.", "Frame")
