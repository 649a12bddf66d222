"""Before lowering, every scan's columns are brought into memory: how they lie decides the code."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyflare.codegen.bindings import Binding
from pyflare.codegen.ir.expr import Column
from pyflare.codegen.ir.operators import Storage
from pyflare.codegen.ir.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Float,
    Integer,
    String,
    Timestamp,
    TimestampNTZ,
)
from pyflare.engine.plan.nodes import Plan, Scan, Shared, children
from pyflare.engine.rules.scan_predicates import bound
from pyflare.engine.storage.table import ColumnFacts, Loaded


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


def assume(plan: Plan) -> Inputs:
    """What `load` would answer, from statistics alone: enough to explain a plan, not to run it."""
    inputs = Inputs()
    counts: dict[str, int] = {}
    for scan in _scans(plan):
        name = scan.table.name
        number = counts.get(name, 0)
        counts[name] = number + 1
        statistics = scan.table.statistics()
        storage = tuple(
            _assumed(column, statistics.columns[ordinal])
            for column, ordinal in zip(scan.columns, scan.ordinals, strict=True)
        )
        inputs.scans.append(scan)
        inputs.names[id(scan)] = f"{name}#{number}"
        inputs.loaded[id(scan)] = Loaded(storage, Binding((), (), (), ()), statistics.rows)
    return inputs


def _assumed(column: Column, facts: ColumnFacts) -> Storage:
    nulls = column.nullable and facts.nulls != 0
    lo, hi = facts.lo, facts.hi
    if not facts.exact or not isinstance(lo, int) or not isinstance(hi, int):
        lo = hi = None
    match column.type:
        case String() | Binary():
            return Storage("string", 32, nulls)
        case Boolean():
            return Storage("bits", 1, nulls)
        case Integer(bits) | Float(bits):
            return Storage("fixed", bits, nulls, lo, hi)
        case Date():
            return Storage("fixed", 32, nulls, lo, hi)
        case Decimal(precision):
            return Storage("fixed", 64 if precision <= 18 else 128, nulls, lo, hi)
        case Timestamp() | TimestampNTZ():
            return Storage("fixed", 64, nulls, lo, hi)
        case _:
            return Storage("opaque", 0, nulls)
