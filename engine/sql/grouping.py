"""GROUP BY: expressions, ALL, ROLLUP, CUBE, GROUPING SETS and their mixtures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal as OneOf

from pyflare.engine.plan.syntax import SyntaxExpr
from pyflare.engine.sql.bare import bare
from pyflare.engine.sql.stream import Stream

Set = tuple[SyntaxExpr, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What GROUP BY says, as the Aggregate node has it."""

    groups: Set
    kind: OneOf["groupby", "rollup", "cube", "sets", "all"] = "groupby"
    sets: tuple[Set, ...] = ()


def read_grouping(p: Stream) -> Grouping:
    """What follows GROUP BY."""
    if p.at("ALL") and not _continues(p):
        p.need("ALL")
        return Grouping((), "all")
    elements = [_element(p)]
    while p.take(","):
        elements.append(_element(p))
    if p.at("WITH", "ROLLUP") or p.at("WITH", "CUBE"):
        p.need("WITH")
        kind: OneOf["rollup", "cube"] = "rollup" if p.take("ROLLUP") else "cube"
        if kind == "cube":
            p.need("CUBE")
        return Grouping(_plain(p, elements), kind)
    if p.take("GROUPING", "SETS"):
        groups = _plain(p, elements)
        return Grouping(groups, "sets", _sets(p))
    return _combined(elements)


@dataclass(frozen=True, slots=True)
class _Element:
    """One comma-separated part: its grouping sets, and how it was written."""

    kind: OneOf["expression", "rollup", "cube", "sets"]
    parts: tuple[Set, ...]

    @property
    def sets(self) -> tuple[Set, ...]:
        match self.kind:
            case "rollup":
                return tuple(_flat(self.parts[:n]) for n in range(len(self.parts), -1, -1))
            case "cube":
                sizes = range(len(self.parts), -1, -1)
                return tuple(_flat(c) for n in sizes for c in combinations(self.parts, n))
            case "expression" | "sets":
                return self.parts


def _continues(p: Stream) -> bool:
    """Whether the word ALL here is the beginning of a longer expression or list."""
    following = p.word(1)
    return following in (".", ",", "(", "[", "+", "-", "*", "/", "=", "::")


def _element(p: Stream) -> _Element:
    if p.at("ROLLUP", "("):
        p.need("ROLLUP")
        return _Element("rollup", _sets(p))
    if p.at("CUBE", "("):
        p.need("CUBE")
        return _Element("cube", _sets(p))
    if p.take("GROUPING", "SETS"):
        return _Element("sets", _sets(p))
    return _Element("expression", ((p.read(),),))


def _sets(p: Stream) -> tuple[Set, ...]:
    p.need("(")
    sets = list(_set(p))
    while p.take(","):
        sets.extend(_set(p))
    p.need(")")
    return tuple(sets)


def _set(p: Stream) -> tuple[Set, ...]:
    """One grouping set, or those of a nested ROLLUP, CUBE or GROUPING SETS."""
    if p.at("ROLLUP", "(") or p.at("CUBE", "(") or p.at("GROUPING", "SETS"):
        return _element(p).sets
    if not p.at("("):
        return ((p.read(),),)
    close = p.closing()
    if close is None or p.word(close + 1) not in (",", ")"):
        return ((p.read(),),)
    p.need("(")
    items: list[SyntaxExpr] = []
    if not p.at(")"):
        items.append(p.read())
        while p.take(","):
            items.append(p.read())
    p.need(")")
    return (tuple(items),)


def _plain(p: Stream, elements: list[_Element]) -> Set:
    if any(e.kind != "expression" for e in elements):
        raise p.unexpected()
    return tuple(e.parts[0][0] for e in elements)


def _combined(elements: list[_Element]) -> Grouping:
    """Several elements multiply: GROUP BY a, ROLLUP(b) is GROUPING SETS ((a, b), (a))."""
    if all(e.kind == "expression" for e in elements):
        return Grouping(tuple(e.parts[0][0] for e in elements))
    match elements:
        case [_Element("rollup" | "cube" as kind, parts)] if all(len(s) == 1 for s in parts):
            return Grouping(_flat(parts), kind)
    sets: tuple[Set, ...] = ((),)
    for element in elements:
        sets = tuple(left + right for left in sets for right in element.sets)
    first: dict[object, SyntaxExpr] = {}
    for grouping_set in sets:
        for e in grouping_set:
            first.setdefault(bare(e), e)
    same = tuple(tuple(dict.fromkeys(first[bare(e)] for e in s)) for s in sets)
    return Grouping(tuple(first.values()), "sets", same)


def _flat(parts: tuple[Set, ...]) -> Set:
    return tuple(e for part in parts for e in part)
