"""OVER (PARTITION BY … ORDER BY … frame) and the WINDOW clause."""

from __future__ import annotations

from pyflare.codegen.ir.expr import Frame, Literal
from pyflare.codegen.ir.types import Integer
from pyflare.engine.errors import unsupported
from pyflare.engine.plan.syntax import Ordering, SyntaxExpr, WindowOver
from pyflare.engine.sql.stream import Stream


def over(p: Stream, function: SyntaxExpr) -> WindowOver:
    """What follows OVER."""
    if not p.at("("):
        return WindowOver(function, name=p.name())
    if p.is_name(1) and p.word(2) == ")":
        p.need("(")
        name = p.name()
        p.need(")")
        return WindowOver(function, name=name)
    return _specification(p, function)


def named_window(p: Stream, placeholder: SyntaxExpr) -> tuple[str, WindowOver]:
    """name AS (…) of the WINDOW clause; `placeholder` stands for the function."""
    name = p.name()
    p.need("AS")
    return name, over(p, placeholder)


def _specification(p: Stream, function: SyntaxExpr) -> WindowOver:
    p.need("(")
    partition: list[SyntaxExpr] = []
    order: list[Ordering] = []
    if p.take("CLUSTER BY"):
        partition = _expressions(p)
        order = [Ordering(e) for e in partition]
    else:
        if p.take("PARTITION", "BY") or p.take("DISTRIBUTE BY"):
            partition = _expressions(p)
        if p.take("ORDER BY") or p.take("SORT BY"):
            order.append(p.read_ordering())
            while p.take(","):
                order.append(p.read_ordering())
    frame = _frame(p)
    p.need(")")
    return WindowOver(function, tuple(partition), tuple(order), frame)


def _expressions(p: Stream) -> list[SyntaxExpr]:
    items = [p.read()]
    while p.take(","):
        items.append(p.read())
    return items


def _frame(p: Stream) -> Frame | None:
    if p.take("ROWS"):
        return _extent(p, Frame("rows", None, 0))
    if p.take("RANGE"):
        return _extent(p, Frame("range", None, 0))
    return None


def _extent(p: Stream, default: Frame) -> Frame:
    """A single bound ends at the current row."""
    if p.take("BETWEEN"):
        start = _bound(p, "PRECEDING")
        p.need("AND")
        return Frame(default.unit, start, _bound(p, "FOLLOWING"))
    return Frame(default.unit, _bound(p, "PRECEDING"), default.end)


def _bound(p: Stream, unbounded: str) -> int | None:
    if p.take("UNBOUNDED"):
        p.need(unbounded)
        return None
    if p.take("CURRENT"):
        p.need("ROW")
        return 0
    offset = p.read_value()
    sign = -1 if p.take("PRECEDING") else 1
    if sign > 0:
        p.need("FOLLOWING")
    if not isinstance(offset, Literal) or not isinstance(offset.type, Integer):
        raise unsupported("a window frame bound that is not an integer literal")
    assert isinstance(offset.value, int)
    return sign * offset.value
