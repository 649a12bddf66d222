"""Before lowering, every scan's columns are brought into memory: how they lie decides the code."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyflare.codegen.bindings import Binding
from pyflare.codegen.ir.expr import Column
from pyflare.engine.plan.nodes import Plan, Scan, Shared, children
from pyflare.engine.rules.scan_predicates import bound
from pyflare.engine.storage.table import Loaded


@dataclass(slots=True)
class Inputs:
    """The loaded scans of one query. `names` and `loaded` are by scan node, which `scans` holds."""

    scans: list[Scan] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    loaded: dict[int, Loaded] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)


def load(plan: Plan, threads: int) -> Inputs:
    """Loads each scan of `plan`; sources are named by table and order of appearance."""
    inputs = Inputs()
    counts: dict[str, int] = {}
    for scan in _scans(plan):
        name = scan.table.name
        number = counts.get(name, 0)
        counts[name] = number + 1
        source = f"{name}#{number}"
        loaded = scan.table.load(scan.ordinals, _predicates(scan), threads)
        inputs.scans.append(scan)
        inputs.names[id(scan)] = source
        inputs.loaded[id(scan)] = loaded
        inputs.bindings[source] = loaded.binding
    return inputs


def _scans(plan: Plan) -> list[Scan]:
    """Every scan once, in the order of the plan's text."""
    found: dict[int, Scan] = {}
    shared: set[str] = set()

    def visit(node: Plan) -> None:
        if isinstance(node, Shared):
            if node.name in shared:
                return
            shared.add(node.name)
        if isinstance(node, Scan):
            found.setdefault(id(node), node)
        for child in children(node):
            visit(child)

    visit(plan)
    return list(found.values())


def _predicates(scan: Scan) -> list[tuple[int, str, object]]:
    ordinals = {
        column.id: ordinal for column, ordinal in zip(scan.columns, scan.ordinals, strict=True)
    }
    found: list[tuple[int, str, object]] = []
    for predicate in scan.predicates:
        known = bound(predicate)
        if known is not None:
            column: Column = known[0]
            found.append((ordinals[column.id], known[1], known[2]))
    return found
