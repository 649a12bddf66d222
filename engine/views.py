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
        mapped = tuple(map(fn, node))
        same = all(a is b for a, b in zip(mapped, node, strict=True))
        return node if same else mapped
    if not _is_syntax(node):
        return node
    changes = {}
    for field in fields(node):
        before = getattr(node, field.name)
        if isinstance(before, tuple) or _is_syntax(before):
            after = fn(before)
            if after is not before:
                changes[field.name] = after
    return replace(node, **changes) if changes else node


def nodes(root: Any) -> Iterator[Any]:
    """All syntax nodes of a tree, in no particular order; a loop, because trees can be deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        elif _is_syntax(node):
            yield node
            waiting.extend(getattr(node, field.name) for field in fields(node))


def _is_syntax(value: Any) -> bool:
    return is_dataclass(value) and type(value).__module__ == s.__name__
