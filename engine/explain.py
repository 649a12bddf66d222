"""df.explain: Spark's five modes and headings over our plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, get_args

from pyflare.codegen.build import build
from pyflare.codegen.ir import show as physical
from pyflare.codegen.ir.expr import Column, Literal, Origin, UdfCall
from pyflare.codegen.jit import optimized
from pyflare.codegen.program import Program
from pyflare.engine.load import assume, load
from pyflare.engine.lower import lower
from pyflare.engine.plan import show as logical
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.nodes import Plan, Tail
from pyflare.engine.rewrite import rewrite
from pyflare.engine.settings import current
from pyflare.engine.statistics import Statistics

if TYPE_CHECKING:
    from pyflare.engine.stages import Compiled


def explain(
    relation: s.Relation | None,
    plan: Plan,
    compiled: Compiled | None,
    metrics: Mapping[str, object],
    mode: str,
) -> str:
    """The text of one mode. A query that has not run is explained without reading its data."""
    rules: list[tuple[str, str]] = []
    # The last rows are kept from the result's stream, not by an operator
    child = plan.child if isinstance(plan, Tail) else plan
    if compiled is not None:
        best, rules = compiled.optimized, list(compiled.rules)
    else:
        best = rewrite(child, log=lambda name, rule: rules.append((name, rule)))
    match mode:
        case "extended":
            parts = [
                ("Parsed Logical Plan", "" if relation is None else syntax(relation)),
                ("Analyzed Logical Plan", logical.show(plan)),
                ("Optimized Logical Plan", logical.show(best)),
                ("Physical Plan", _physical(plan, best, compiled)),
            ]
        case "codegen":
            parts = _codegen(best, compiled)
        case "cost":
            parts = [
                ("Optimized Logical Plan", costs(best)),
                ("Physical Plan", _physical(plan, best, compiled)),
            ]
            if metrics:
                parts.append(("Metrics", measured(metrics)))
        case "formatted":
            parts = [
                ("Physical Plan", _physical(plan, best, compiled)),
                ("Rules", rule_log(rules)),
            ]
        case _:
            parts = [("Physical Plan", _physical(plan, best, compiled))]
    described = user_functions(best)
    if described:
        parts.append(("Functions", "\n".join(described)))
    return "\n\n".join(f"== {title} ==\n{text}" for title, text in parts) + "\n"


def user_functions(node: object) -> list[str]:
    """How each UDF and model of a plan runs: compiled, or in Python and why."""
    found: dict[str, None] = {}
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, UdfCall):
            found[each.function.describe()] = None  # type: ignore[attr-defined]
        if isinstance(each, tuple):
            waiting += each
        elif is_dataclass(each) and not isinstance(each, Column | Literal):
            waiting += [getattr(each, field.name) for field in fields(each)]
    return sorted(found)


def _physical(plan: Plan, best: Plan, compiled: Compiled | None) -> str:
    if compiled is not None:
        text = physical.show(compiled.operator)
    else:
        text = physical.show(lower(best, assume(best)), storage=False)
    return physical.draw(f"Tail {plan.limit}", [text]) if isinstance(plan, Tail) else text


def _codegen(best: Plan, compiled: Compiled | None) -> list[tuple[str, str]]:
    """What is compiled: this mode reads the columns, for how they lie decides the code."""
    if compiled is not None:
        operator, program = compiled.operator, compiled.program
    else:
        operator = lower(best, load(best, current().threads))
        program = build(operator)
    return [("Physical IR", physical.show(operator)), ("LLVM IR", llvm(program))]


def llvm(program: Program) -> str:
    """The pipelines of a program, one module each."""
    return "\n".join(f"; pipeline {p.name}\n{p.text}" for p in program.pipelines)


def machine(program: Program, assembly: bool) -> str:
    """The pipelines after LLVM's passes, as IR or as assembly."""
    return "\n".join(
        f"; pipeline {p.name}\n{optimized(p.text, assembly=assembly)}" for p in program.pipelines
    )


def costs(plan: Plan) -> str:
    """The plan with the rows that each node is expected to have."""
    statistics = Statistics()
    return logical.show(plan, lambda node: f"  ({_round(statistics.estimate(node).rows)} rows)")


def _round(rows: float) -> str:
    return f"~{rows:.0f}" if rows < 1000 else f"~{float(f'{rows:.2g}'):,.0f}"


def measured(metrics: Mapping[str, object]) -> str:
    """Milliseconds per stage, and what each pipeline counted."""
    lines: list[str] = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            inside = ", ".join(f"{key} {_number(each)}" for key, each in value.items())
            lines.append(f"{name}: {inside}")
        else:
            lines.append(f"{name}: {_number(value)}")
    return "\n".join(lines)


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def rule_log(rules: Sequence[tuple[str, str]]) -> str:
    """The rules that fired, pass by pass, with how often."""
    counts: dict[str, dict[str, int]] = {}
    for name, rule in rules:
        inside = counts.setdefault(name, {})
        inside[rule] = inside.get(rule, 0) + 1
    return "\n".join(
        f"{name}: " + ", ".join(f"{r} x{n}" if n > 1 else r for r, n in inside.items())
        for name, inside in counts.items()
    )


def syntax(relation: object) -> str:
    """What the user wrote, as a tree: relations below each other, the rest beside them."""
    assert is_dataclass(relation)
    if isinstance(relation, s.Identified):
        return syntax(relation.child)
    below: list[str] = []
    beside: list[str] = []
    for each in fields(relation):
        value = getattr(relation, each.name)
        if isinstance(value, RELATIONS):
            below.append(syntax(value))
        elif each.name == "ctes":
            below.extend(physical.draw(f"CTE {name}", [syntax(cte)]) for name, cte in value)
        elif _said(value) and each.name not in ("origin", "table"):
            beside.append(_word(value))
    return physical.draw(f"'{type(relation).__name__} {', '.join(beside)}".rstrip(), below)


RELATIONS = get_args(s.Relation)


def _word(value: object) -> str:
    """An unresolved expression, names with Spark's tick."""
    match value:
        case Literal():
            return physical.show_literal(value.value, value.type)
        case s.Attribute(parts):
            return "'" + ".".join(parts)
        case s.Star(target):
            return ".".join((*target, "*"))
        case s.Alias(child, names):
            return f"{_word(child)} AS {', '.join(names)}"
        case s.Function(name, args):
            return f"'{name}({', '.join(map(_word, args))})"
        case s.ScalarSubquery(plan) | s.Exists(plan):
            return f"{type(value).__name__.lower()}#({_inline(plan)})"
        case tuple():
            return "[" + ", ".join(map(_word, value)) + "]"
        case Origin():
            return ""
        case _ if isinstance(value, RELATIONS):
            return f"({_inline(value)})"
        case _ if is_dataclass(value):
            held = [getattr(value, f.name) for f in fields(value) if f.name != "origin"]
            words = [_word(each) for each in held if _said(each)]
            return f"{type(value).__name__}({', '.join(words)})"
        case _:
            return str(value)


def _said(value: object) -> bool:
    return value is not None and value is not False and value != ()


def _inline(relation: object) -> str:
    return " <- ".join(line.strip(" :+-") for line in syntax(relation).split("\n"))
