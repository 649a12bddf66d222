"""Values for the parameter markers of an SQL text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from pyflare.engine.errors import analysis_error
from pyflare.engine.plan.syntax import Parameter, SyntaxExpr

Tree = TypeVar("Tree")


def bind(tree: Tree, values: Mapping[str | int, SyntaxExpr]) -> Tree:
    """`tree` with each parameter (a name, or the number of a `?`) replaced by its value."""
    bound: Any = _bind(tree, values)
    return bound  # type: ignore[no-any-return]


def _bind(node: Any, values: Mapping[str | int, SyntaxExpr]) -> Any:
    if isinstance(node, Parameter):
        return _value(node, values)
    if isinstance(node, tuple):
        items = tuple(_bind(item, values) for item in node)
        return items if any(a is not b for a, b in zip(items, node, strict=True)) else node
    if not is_dataclass(node) or isinstance(node, type):
        return node
    before = {each.name: getattr(node, each.name) for each in fields(node) if each.init}
    after = {name: _bind(value, values) for name, value in before.items()}
    changed = {name: value for name, value in after.items() if value is not before[name]}
    return replace(node, **changed) if changed else node


def _value(parameter: Parameter, values: Mapping[str | int, SyntaxExpr]) -> SyntaxExpr:
    value = values.get(parameter.key)
    if value is None:
        start = parameter.origin.start if parameter.origin else 0
        # Spark names a positional parameter after its place in the text
        name = parameter.key if isinstance(parameter.key, str) else f"_{start}"
        raise analysis_error("UNBOUND_SQL_PARAMETER", {"name": name}, parameter.origin)
    return value
