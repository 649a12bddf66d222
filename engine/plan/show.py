"""Logical plans as text, in Spark's shape: one node per line, children indented below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from pyflare.codegen.ir.show import (
    Names,
    draw,
    show_columns,
    show_expr,
    show_key,
    show_limit,
    show_list,
)
from pyflare.engine.plan.nodes import (
    Aggregate,
    Apply,
    Empty,
    Expand,
    Filter,
    Join,
    Limit,
    MapBatches,
    Note,
    OneRow,
    Plan,
    Project,
    Range,
    Sample,
    Scan,
    Shared,
    Sort,
    Tail,
    Union,
    Window,
    children,
)


def show(plan: Plan, note: Callable[[Plan], str] | None = None) -> str:
    """A plan as a tree; `note` adds a remark to each node's line. A shared plan is shown once."""
    names = Names()
    shared: set[str] = set()

    def visit(node: Plan) -> str:
        below = children(node)
        if isinstance(node, Shared):
            below = () if node.name in shared else below
            shared.add(node.name)
        # Children first: a column is numbered where it is made
        texts = [visit(child) for child in below]
        return draw(line(node, names) + (note(node) if note else ""), texts)

    return visit(plan)


def line(node: Plan, names: Names) -> str:
    """One node without its children."""
    match node:
        case Scan(table, columns, _, predicates):
            skip = ", ".join(show_expr(p, names) for p in predicates)
            text = f"Scan {table.name} {show_list(columns, names)}"
            return text + (f" skip unless {skip}" if skip else "")
        case Range(start, end, step, column):
            return f"Range {start} to {end} step {step} [{names(column)}]"
        case OneRow():
            return "OneRow"
        case Empty(columns):
            return f"Empty {show_list(columns, names)}"
        case Project(_, items):
            return f"Project {show_columns(items, names)}"
        case Filter(_, predicate):
            return f"Filter {show_expr(predicate, names)}"
        case Join(_, _, kind, condition, mark):
            on = "" if condition is None else f" on {show_expr(condition, names)}"
            return f"Join {kind.value}{on}" + (f" as {names(mark)}" if mark is not None else "")
        case Apply(_, _, kind, value, operands, condition):
            text = f"Apply {kind}"
            if operands:
                text += " (" + ", ".join(show_expr(o, names) for o in operands) + ")"
            text += "" if condition is None else f" on {show_expr(condition, names)}"
            return text + (f" as {names(value)}" if value is not None else "")
        case Aggregate(_, keys, calls):
            return f"Aggregate by {show_columns(keys, names)} {show_columns(calls, names)}"
        case Expand(_, projections, columns, repeat):
            times = "" if repeat is None else f" repeated {show_expr(repeat, names)} times"
            rows = ", ".join(
                "(" + ", ".join(show_expr(e, names) for e in row) + ")" for row in projections
            )
            return f"Expand {show_list(columns, names)} = {rows}{times}"
        case Sort(_, order, limit, offset):
            keys_ = ", ".join(show_key(key, names) for key in order)
            return f"Sort [{keys_}]{show_limit(limit, offset)}"
        case Limit(_, limit, offset):
            return f"Limit{show_limit(limit, offset)}"
        case Tail(_, limit):
            return f"Tail {limit}"
        case Union(_, _, columns):
            return f"Union {show_list(columns, names)}"
        case Window(_, windows):
            return f"Window {show_columns(windows, names)}"
        case Sample(_, lower, upper, seed):
            return f"Sample [{lower}, {upper}) seed {seed}"
        case MapBatches(_, function, columns):
            name = getattr(function, "name", None) or getattr(function, "__name__", "function")
            return f"MapBatches {name} {show_list(columns, names)}"
        case Shared(name, _, columns):
            return f"Shared {name} {show_list(columns, names)}"
        case Note(_, remark):
            return f"Note {remark}"
        case _:
            assert_never(node)
