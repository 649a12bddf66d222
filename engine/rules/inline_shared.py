"""Shared plans opened: every use is optimised for itself; what stays equal is shared again."""

from __future__ import annotations

from pyflare.engine.plan.expressions import deterministic
from pyflare.engine.plan.nodes import Note, Plan, Project, Sample, Shared
from pyflare.engine.plan.traverse import copy, expressions, walk


def inline_shared(plan: Plan) -> Plan | None:
    """Shared(x, c)  ->  Project(copy of x, c), where every evaluation of x has the same rows"""
    match plan:
        case Shared(_, child, columns) if repeatable(child):
            body, names = copy(child)
            pairs = zip(columns, child.output, strict=True)
            return Project(body, tuple((c, names.get(old.id, old)) for c, old in pairs))
    return None


def drop_notes(plan: Plan) -> Plan | None:
    """Note(x)  ->  x"""
    return plan.child if isinstance(plan, Note) else None


def repeatable(plan: Plan) -> bool:
    """Evaluating `plan` twice gives the same rows."""
    return not any(
        isinstance(node, Sample) or not all(map(deterministic, expressions(node)))
        for node in walk(plan)
    )
