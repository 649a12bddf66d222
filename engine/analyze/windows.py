"""Window functions: typed and laid out in a Window node; nothing executes them yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyflare.codegen.ir.expr import AggregateCall, Column, Expr, Frame, Literal, WindowCall
from pyflare.codegen.ir.types import DOUBLE, INT, Type
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.functions import BUILTINS
from pyflare.engine.analyze.ordering import sort_key
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import syntax as s

if TYPE_CHECKING:
    from pyflare.engine.analyze.expressions import Typer

_RANKS: dict[str, Type] = {
    "row_number": INT,
    "rank": INT,
    "dense_rank": INT,
    "percent_rank": DOUBLE,
    "cume_dist": DOUBLE,
    "ntile": INT,
}
_SHIFTS = frozenset(("lag", "lead"))
WINDOW_ONLY = frozenset((*_RANKS, *_SHIFTS, "nth_value"))
_RUNNING = Frame("range", None, 0)
_WHOLE = Frame("rows", None, None)


def window_call(typer: Typer, node: s.WindowOver) -> Column:
    """The column that will hold the function's value."""
    written, node = node, _defined(typer, node)
    if written is not node:
        typer.spelled[id(written)] = typer.shown(node)
    if not isinstance(node.function, s.Function):
        raise unsupported("a window over something that is no function")
    partition = tuple([typer.expr(part) for part in node.partition])
    order = tuple([sort_key(typer, key) for key in node.order])
    frame = node.frame or (_RUNNING if order else _WHOLE)
    name = node.function.name.lower()
    if name in WINDOW_ONLY:
        if not order:
            raise analysis_error(
                "WINDOW_FUNCTION_FRAME_NOT_ORDERED",
                {"wf_name": name, "wf_expr": typer.shown(node.function)},
                node.function.origin,
            )
        call = _own(typer, node.function, name)
        made = replace(call, partition=partition, order=order)
    else:
        value = _aggregated(typer, node.function)
        if not isinstance(value, AggregateCall):
            raise analysis_error(
                "UNSUPPORTED_EXPR_FOR_WINDOW",
                {"sqlExpr": f'"{typer.shown(node.function)}"'},
                node.function.origin,
            )
        if value.distinct:
            raise analysis_error(
                "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
                {"windowExpr": f'"{typer.shown(node)}"'},
                node.function.origin,
            )
        if value.filter is not None:
            raise unsupported("FILTER of a window function")
        made = WindowCall(
            value.function, value.args, partition, order, frame, value.type, value.nullable
        )
    column = typer.analysis.fresh(name, made.type, made.nullable)
    typer.windows.append((column, made))
    return column


def _aggregated(typer: Typer, function: s.Function) -> Expr:
    builtin = BUILTINS.get(function.name.lower())
    if builtin is not None and builtin.aggregate:
        return typer.aggregate(function, windowed=True)
    # Neither: what it is, or is not, is said by its own error
    return typer.expr(function)


def _defined(typer: Typer, node: s.WindowOver) -> s.WindowOver:
    if node.name is None:
        return node
    known = typer.analysis.windows.get(node.name.lower())
    if known is None:
        raise analysis_error(
            "MISSING_WINDOW_SPECIFICATION", {"windowName": node.name, "docroot": ""}
        )
    return replace(known, function=node.function, name=None)


def _own(typer: Typer, function: s.Function, name: str) -> WindowCall:
    args = tuple([typer.expr(arg) for arg in function.args])
    if name in _RANKS:
        frame = Frame("rows", None, 0)
        return WindowCall(name, args, (), (), frame, _RANKS[name], False)
    if name in _SHIFTS:
        offset: Expr = args[1] if len(args) > 1 else Literal(1, INT)
        default: Expr = args[2] if len(args) > 2 else Literal(None, args[0].type)
        default = coerce.cast(default, args[0].type, typer.analysis.options.timezone)
        nullable = args[0].nullable or default.nullable
        frame = Frame("rows", None, None)
        return WindowCall(name, (args[0], offset, default), (), (), frame, args[0].type, nullable)
    return WindowCall(name, args, (), (), _RUNNING, args[0].type, True)
