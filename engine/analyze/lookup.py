"""Finding what a name means: columns, fields, stars, functions; and Spark's errors if nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pyflare.codegen.ir.expr import Call, Expr, Literal
from pyflare.codegen.ir.types import INT, Struct
from pyflare.engine.analyze.names import Node
from pyflare.engine.analyze.scope import Scope, Visible
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import NONDETERMINISTIC, walk
from pyflare.engine.suggest import proposals, quoted

if TYPE_CHECKING:
    from pyflare.engine.analyze.analysis import Analysis
    from pyflare.engine.analyze.expressions import Typer

# The qualifier that the SQL parser gives to a subquery without a name
UNNAMED = "__auto_generated_subquery_name"
# Names that are calls when no column has them, as in SELECT current_date
_BARE_FUNCTIONS = {
    "current_date",
    "current_timestamp",
    "current_time",
    "current_user",
    "current_catalog",
    "current_database",
    "current_schema",
    "localtimestamp",
    "user",
    "session_user",
}


def attribute(typer: Typer, node: s.Attribute) -> Expr:
    """The value that a name stands for."""
    found = _find(typer, node)
    if found is not None:
        value, nested = found
        return _fields(value, nested, node) if nested else value
    if is_bare_function(node):
        return typer.expr(s.Function(node.parts[0], (), origin=node.origin))
    if node.plan_id is not None:
        raise analysis_error(
            "CANNOT_RESOLVE_DATAFRAME_COLUMN", {"name": quoted(node.parts)}, node.origin
        )
    raise unresolved(typer.scope, node)


def is_bare_function(node: s.Attribute) -> bool:
    """The name is a call without parentheses unless a column has it."""
    return len(node.parts) == 1 and node.parts[0].lower() in _BARE_FUNCTIONS


def shown_attribute(typer: Typer, node: s.Attribute) -> str:
    """A name as Spark prints it: without its qualifier, with the fields it goes into."""
    found = _find(typer, node)
    if found is None and is_bare_function(node):
        return typer.shown(s.Function(node.parts[0], ()))
    if found is None:
        return ".".join(node.parts)
    nested = found[1]
    return ".".join(node.parts[len(node.parts) - len(nested) - 1 :])


def _find(typer: Typer, node: s.Attribute) -> tuple[Expr, tuple[str, ...]] | None:
    if node.plan_id is not None:
        return _of_dataframe(typer, node)
    sensitive = typer.analysis.options.case_sensitive
    for scope in (typer.scope, typer.below):
        if scope is None:
            continue
        found, nested = scope.find(node.parts, sensitive)
        if found:
            return _only(found, node).column, nested
        if scope is typer.scope and node.parts[0].lower() in typer.aliases:
            value = typer.aliases[node.parts[0].lower()]
            if any(isinstance(e, Call) and e.function in NONDETERMINISTIC for e in walk(value)):
                # The alias means one value; two copies of a random call would be two
                continue
            return value, node.parts[1:]
    for scope in typer.analysis.outer:
        found, nested = scope.find(node.parts, sensitive)
        if found:
            return _only(found, node).column, nested
    return None


def _of_dataframe(typer: Typer, node: s.Attribute) -> tuple[Expr, tuple[str, ...]] | None:
    """df.col: the column of the nearest relation with the plan id of df, if still visible."""
    assert node.plan_id is not None
    sensitive = typer.analysis.options.case_sensitive
    for visible in (typer.scope, typer.below, *typer.analysis.outer):
        if visible is None:
            continue
        candidates: list[tuple[int, Visible, tuple[str, ...]]] = []
        for depth, scope in visible.named(node.plan_id):
            found, nested = scope.find(node.parts, sensitive)
            if not found:
                continue
            one = _only(found, node)
            shown = visible.shows(one.same)
            if shown is not None:
                candidates.append((depth, shown, nested))
        if candidates:
            least = min(depth for depth, _, _ in candidates)
            nearest = {v.same: (v, nested) for depth, v, nested in candidates if depth == least}
            if len(nearest) > 1:
                raise analysis_error(
                    "AMBIGUOUS_COLUMN_REFERENCE", {"name": quoted(node.parts)}, node.origin
                )
            value, nested = next(iter(nearest.values()))
            return value.column, nested
    return None


def _only(found: list[Visible], node: s.Attribute) -> Visible:
    if len(found) == 1:
        return found[0]
    names = ", ".join(quoted((*_named(v.qualifier), v.name)) for v in found)
    raise analysis_error(
        "AMBIGUOUS_REFERENCE",
        {"name": quoted(node.parts), "referenceNames": f"[{names}]"},
        node.origin,
    )


def _fields(value: Expr, nested: tuple[str, ...], node: s.Attribute) -> Expr:
    from pyflare.engine.analyze.expressions import field_of

    shown = ".".join(node.parts[: len(node.parts) - len(nested)][-1:])
    for name in nested:
        value = field_of(value, name, node.origin, shown)
        shown += f".{name}"
    return value


def unresolved(scope: Scope, node: s.Attribute) -> Exception:
    """UNRESOLVED_COLUMN with the names that look most like it."""
    name = quoted(node.parts)
    if not scope.entries:
        return analysis_error(
            "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", {"objectName": name}, node.origin
        )
    return analysis_error(
        "UNRESOLVED_COLUMN.WITH_SUGGESTION",
        {"objectName": name, "proposal": nearest(scope, node.parts)},
        node.origin,
    )


def nearest(scope: Scope, parts: tuple[str, ...]) -> str:
    """The visible names that look most like `parts`."""
    names = sorted((*_named(v.qualifier), v.name) for v in scope.entries)
    return proposals(parts, names)


def _named(qualifier: tuple[str, ...]) -> tuple[str, ...]:
    """A qualifier as messages show it: a subquery without a name has none."""
    return () if qualifier == (UNNAMED,) else qualifier


def expanded(typer: Typer, nodes: tuple[s.SyntaxExpr, ...]) -> tuple[Node, ...]:
    """`nodes` with each star replaced by the columns it means."""
    if not any(isinstance(node, s.Star | s.RegexColumns) for node in nodes):
        return nodes
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, s.Star | s.RegexColumns):
            flat.extend(replace(v.column, name=v.name) for v in starred(typer, node))
        else:
            flat.append(node)
    return tuple(flat)


def expanded_arguments(typer: Typer, node: s.Function) -> tuple[Node, ...]:
    """The arguments of a call: count(*) counts rows, elsewhere a star is all columns."""
    match node.name.lower(), node.args:
        case ("count", (s.Star((), None, ()),)) if not node.distinct:
            return (Literal(1, INT),)
    return expanded(typer, node.args)


def struct_fields(typer: Typer, node: s.Star) -> list[tuple[str, Expr]] | None:
    """The fields of `column.*` for a struct column; None if the star is of a relation."""
    sensitive = typer.analysis.options.case_sensitive
    if not node.target or node.plan_id is not None or typer.scope.star(node.target, sensitive):
        return None
    attribute_ = s.Attribute(node.target, origin=node.origin)
    if _find(typer, attribute_) is None:
        return None
    value = attribute(typer, attribute_)
    if not isinstance(value.type, Struct):
        return None
    names = [field.name for field in value.type.fields]
    return [(name, _fields(value, (name,), attribute_)) for name in names]


def starred(typer: Typer, node: s.Star | s.RegexColumns) -> tuple[Visible, ...]:
    """The columns that a star or a column pattern means."""
    sensitive = typer.analysis.options.case_sensitive
    scope = typer.scope
    if node.plan_id is not None:
        named = sorted(scope.named(node.plan_id), key=lambda found: found[0])
        if not named:
            raise analysis_error("CANNOT_RESOLVE_DATAFRAME_COLUMN", {"name": "`*`"}, None)
        inner = named[0][1]
        shown = [scope.shows(v.same) for v in _chosen(inner, node, sensitive)]
        return tuple([v for v in shown if v is not None])
    return _chosen(scope, node, sensitive)


def _chosen(scope: Scope, node: s.Star | s.RegexColumns, sensitive: bool) -> tuple[Visible, ...]:
    if isinstance(node, s.RegexColumns):
        pattern = re.compile(node.pattern, 0 if sensitive else re.IGNORECASE)
        return tuple(v for v in scope.entries if pattern.fullmatch(v.name))
    columns = scope.star(node.target, sensitive)
    if node.target and not columns:
        raise analysis_error(
            "CANNOT_RESOLVE_STAR_EXPAND",
            {
                "targetString": quoted(node.target),
                "columns": ", ".join(f"`{name}`" for name in sorted(v.name for v in scope.entries)),
            },
            node.origin,
        )
    if not node.excluded:
        return columns
    dropped: set[int] = set()
    for parts in node.excluded:
        found, _ = scope.find(parts, sensitive)
        if not found:
            raise unresolved(scope, s.Attribute(parts, origin=node.origin))
        dropped.update(v.same for v in found)
    return tuple(v for v in columns if v.same not in dropped)


def unknown_function(analysis: Analysis, node: s.Function) -> Exception:
    """UNRESOLVED_ROUTINE with the search path."""
    return analysis_error(
        "UNRESOLVED_ROUTINE",
        {
            "routineName": quoted(tuple(node.name.split("."))),
            "searchPath": "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]",
        },
        node.origin,
    )
