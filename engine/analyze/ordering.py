"""ORDER BY: positions, names of the select list, then columns that were not selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyflare.codegen.ir.expr import Column, Literal, SortKey
from pyflare.codegen.ir.types import Integer
from pyflare.engine.analyze import coerce
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan import syntax as s
from pyflare.engine.types import sql_name

if TYPE_CHECKING:
    from pyflare.engine.analyze.expressions import Typer


def sort_key(typer: Typer, node: s.SyntaxExpr, columns: Sequence[Column] = ()) -> SortKey:
    """One key; an integer is a position among `columns` where these are given (SQL)."""
    ordering = node if isinstance(node, s.Ordering) else s.Ordering(node)
    child = ordering.child
    first = ordering.ascending if ordering.nulls_first is None else ordering.nulls_first
    match child:
        case Literal(value, Integer()) if columns and isinstance(value, int):
            if not 1 <= value <= len(columns):
                raise analysis_error(
                    "ORDER_BY_POS_OUT_OF_RANGE", {"index": str(value), "size": str(len(columns))}
                )
            return SortKey(columns[value - 1], ordering.ascending, first)
    value = typer.expr(child)
    if not coerce.orderable(value.type):
        raise analysis_error(
            "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
            {
                "sqlExpr": f'"{typer.shown(ordering)}"',
                "functionName": "`sortorder`",
                "dataType": f'"{sql_name(value.type)}"',
            },
            getattr(child, "origin", None),
        )
    return SortKey(value, ordering.ascending, first)
