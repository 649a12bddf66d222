"""Which string work is worth doing once per distinct string instead of once per row."""

from __future__ import annotations

from pyflare.codegen.emit.context import Row
from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal
from pyflare.codegen.ir.types import String

CHEAP = frozenset({"is_null", "is_not_null", "and", "or", "not", "coalesce"})


def coded_column(expr: Call | Cast, row: Row) -> Column | None:
    """The dictionary-coded column that is the only input of `expr`, if `expr` is string work."""
    if isinstance(expr, Call) and expr.function in CHEAP:
        return None
    columns: set[Column] = set()
    if not _inputs(expr, columns) or len(columns) != 1:
        return None
    (column,) = columns
    value = row.get(column.id)
    if value is None or value.dictionary is None or value.code is None:
        return None
    return column if isinstance(column.type, String) else None


def _inputs(expr: Expr, columns: set[Column]) -> bool:
    """Collects the columns of `expr`; false if it may not be evaluated ahead of its row."""
    match expr:
        case Column():
            columns.add(expr)
            return True
        case Literal():
            return True
        case Call(function, args):
            return function not in IMPURE and all(_inputs(arg, columns) for arg in args)
        case Cast(child):
            return _inputs(child, columns)
        case Case(branches, otherwise):
            parts = [part for branch in branches for part in branch]
            return all(_inputs(p, columns) for p in parts) and (
                otherwise is None or _inputs(otherwise, columns)
            )
        case _:
            return False


IMPURE = frozenset({"rand", "randn", "raise_error", "assert_true", "uuid"})
