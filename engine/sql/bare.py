"""Syntax without its places in the text, to ask whether two expressions say the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from pyflare.codegen.ir.expr import Origin


def bare(node: Any) -> Any:
    """`node` with every Origin replaced by None."""
    if isinstance(node, Origin):
        return None
    if isinstance(node, tuple):
        return tuple(bare(item) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        return type(node)(**{f.name: bare(getattr(node, f.name)) for f in fields(node)})
    return node
