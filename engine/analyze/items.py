"""Select lists: stars expanded, every item with its name and typed value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyflare.codegen.ir.expr import Column, Expr
from pyflare.engine.analyze.analysis import Analysis
from pyflare.engine.analyze.lookup import is_bare_function, starred, struct_fields
from pyflare.engine.analyze.scope import Visible
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s

if TYPE_CHECKING:
    from pyflare.engine.analyze.expressions import Typer


@dataclass(frozen=True, slots=True)
class Item:
    """One output column. `visible` is set where it is a column passed on."""

    name: str
    value: Expr
    visible: Visible | None = None
    metadata: str | None = None


def items_of(typer: Typer, nodes: Iterable[s.SyntaxExpr]) -> list[Item]:
    """The items of a select list; each alias can be used by the items after it."""
    items: list[Item] = []
    for node in nodes:
        match node:
            case s.Star() if (fields := struct_fields(typer, node)) is not None:
                items.extend(Item(name, value) for name, value in fields)
            case s.Star() | s.RegexColumns():
                items.extend(Item(v.name, v.column, v) for v in starred(typer, node))
            case s.Alias(child, names):
                if len(names) != 1:
                    raise unsupported("several names for one expression")
                value = typer.expr(child)
                items.append(Item(names[0], value, metadata=node.metadata))
                typer.aliases.setdefault(names[0].lower(), value)
            case _:
                value = typer.expr(node)
                visible = _passed_on(typer, node, value)
                items.append(Item(name_of(typer, node), value, visible))
    return items


def _passed_on(typer: Typer, node: s.SyntaxExpr, value: Expr) -> Visible | None:
    if not isinstance(node, s.Attribute) or not isinstance(value, Column):
        return None
    for scope in (typer.scope, typer.below):
        shown = None if scope is None else scope.shows_column(value.id)
        if shown is not None:
            return shown
    return None


def name_of(typer: Typer, node: s.SyntaxExpr) -> str:
    """The name of a column that the user did not name."""
    match node:
        case s.Attribute(parts) if not is_bare_function(node):
            return parts[-1]
        case s.CastTo(s.Attribute(parts)):
            return parts[-1]
        case _:
            return typer.shown(node)


def named_columns(
    analysis: Analysis, items: Sequence[Item]
) -> tuple[tuple[tuple[Column, Expr], ...], tuple[Visible, ...]]:
    """The columns of a projection and the names that it shows.

    A column passed on keeps its id, its qualifier and so its link to df.col.
    """
    columns: list[tuple[Column, Expr]] = []
    entries: list[Visible] = []
    taken: set[int] = set()
    for item in items:
        value = item.value
        if item.visible is not None and isinstance(value, Column):
            out = value if value.name == item.name else replace(value, name=item.name)
            if value.id in taken:
                out = analysis.fresh_for(item.name, value)
            entries.append(Visible(item.name, out, item.visible.qualifier, item.visible.same))
        else:
            out = analysis.fresh_for(item.name, value)
            if item.metadata is not None:
                out = replace(out, metadata=item.metadata)
            entries.append(Visible(item.name, out))
        taken.add(out.id)
        columns.append((out, value))
    return tuple(columns), tuple(entries)
