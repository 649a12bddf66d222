"""What a reader may skip: the filter right above a scan, told to the scan."""

from __future__ import annotations

from dataclasses import replace

from pyflare.codegen.ir.expr import Call, Column, Expr, Literal
from pyflare.engine.plan.expressions import conjuncts
from pyflare.engine.plan.nodes import Filter, Plan, Scan

OPERATORS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in"}


def scan_predicates(plan: Plan) -> Plan | None:
    """Filter(Scan, x < 1)  ->  Filter(Scan(skip unless x < 1), x < 1)"""
    match plan:
        case Filter(Scan(predicates=()) as scan, predicate):
            known = tuple(p for p in conjuncts(predicate) if bound(p) is not None)
            if known:
                return replace(plan, child=replace(scan, predicates=known))
    return None


def bound(predicate: Expr) -> tuple[Column, str, object] | None:
    """A comparison of a column with constants, as a table's reader wants it."""
    match predicate:
        case Call("in", (Column() as column, *members)):
            values = tuple(m.value for m in members if isinstance(m, Literal))
            if len(values) == len(members) and None not in values:
                return column, "in", values
        case Call(name, (Column() as column, Literal(value))) if (
            name in OPERATORS and value is not None
        ):
            return column, OPERATORS[name], value
    return None
