"""PIVOT and UNPIVOT."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyflare.engine.errors import unsupported
from pyflare.engine.plan.syntax import (
    Alias,
    Attribute,
    Function,
    OneRowRelation,
    Pivot,
    Relation,
    Star,
    SubqueryAlias,
    SyntaxExpr,
    Unpivot,
)
from pyflare.engine.sql.stream import Stream

_NOTHING = OneRowRelation()


@dataclass(frozen=True, slots=True)
class Clause:
    """A PIVOT or UNPIVOT that waits for its relation."""

    node: Pivot | Unpivot
    alias: str | None = None

    def over(self, child: Relation) -> Relation:
        """The clause applied to `child`."""
        result: Relation = replace(self.node, child=child)
        return SubqueryAlias(result, self.alias) if self.alias else result


def read_pivot(p: Stream) -> Clause:
    """PIVOT (…) or UNPIVOT (…) at the current token."""
    return _pivot(p) if p.take("PIVOT") else _unpivot(p)


def _pivot(p: Stream) -> Clause:
    p.need("(")
    aggregates = [p.read_named()]
    while p.take(","):
        aggregates.append(p.read_named())
    p.need("FOR")
    column = _column(p)
    p.need("IN", "(")
    values = [_value(p)]
    while p.take(","):
        values.append(_value(p))
    p.need(")", ")")
    node = Pivot(_NOTHING, None, column, tuple(values), tuple(aggregates))
    return Clause(node, p.table_alias())


def _column(p: Stream) -> SyntaxExpr:
    """A column, or several in parentheses, which pivot as one struct."""
    start = p.start
    if not p.at("("):
        return _name(p)
    p.need("(")
    columns = [_name(p)]
    while p.take(","):
        columns.append(_name(p))
    p.need(")")
    if len(columns) == 1:
        return columns[0]
    return Function("struct", tuple(columns), origin=p.origin(start))


def _name(p: Stream) -> Attribute:
    start = p.start
    parts = [p.name()]
    while p.take("."):
        parts.append(p.name())
    return Attribute(tuple(parts), origin=p.origin(start))


def _value(p: Stream) -> SyntaxExpr:
    return p.read_named()


def _unpivot(p: Stream) -> Clause:
    """The columns that stay are all that are not unpivoted: a star with exceptions."""
    p.need("UNPIVOT")
    include_nulls = p.take("INCLUDE", "NULLS")
    if not include_nulls:
        p.take("EXCLUDE", "NULLS")
    p.need("(")
    if p.at("("):
        raise unsupported("UNPIVOT of several value columns")
    value_name = p.name()
    p.need("FOR")
    variable_name = p.name()
    p.need("IN", "(")
    values: list[SyntaxExpr] = []
    names: list[tuple[str, ...]] = []
    while True:
        column = _name(p)
        names.append(column.parts)
        values.append(Alias(column, (_alias(p),)) if _aliased(p) else column)
        if not p.take(","):
            break
    p.need(")", ")")
    ids = (Star(excluded=tuple(names)),)
    node = Unpivot(_NOTHING, ids, tuple(values), variable_name, value_name, include_nulls)
    return Clause(node, p.table_alias())


def _aliased(p: Stream) -> bool:
    return p.at("AS") or p.is_name()


def _alias(p: Stream) -> str:
    p.take("AS")
    return p.name()
