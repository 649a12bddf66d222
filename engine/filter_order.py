"""In which order the conjuncts of a filter are evaluated."""

from __future__ import annotations

import math

from pyflare.codegen.ir.expr import Call, Cast, Column, Expr, Literal
from pyflare.codegen.ir.types import Binary, String
from pyflare.engine.facts import UNKNOWN, Facts
from pyflare.engine.plan.expressions import children, conjunction, conjuncts
from pyflare.engine.plan.fallible import infallible
from pyflare.engine.selectivity import single

SEARCH = frozenset(["like", "ilike", "rlike", "contains", "endswith", "replace", "regexp_extract"])


def cheapest_first(predicate: Expr, facts: Facts) -> Expr:
    """a and b  ->  b and a where b is cheaper, or as dear and keeps far fewer rows.

    Conjuncts that can raise keep their place behind all others, and their order. Comparisons of
    numbers share one branch, so their order is left alone: queries that differ only in literals
    then share their code.
    """
    parts = conjuncts(predicate)
    if len(parts) < 2:
        return predicate
    safe = [part for part in parts if infallible(part)]
    rest = [part for part in parts if not infallible(part)]
    safe.sort(key=lambda part: rank(part, facts))
    return conjunction([*safe, *rest]) or predicate


def rank(part: Expr, facts: Facts) -> tuple[int, int]:
    """Cost, then the decimal order of magnitude of the rows kept."""
    price = cost(part, facts)
    return price, 0 if price == 0 else round(math.log10(max(single(part, facts), 1e-6)))


def cost(expr: Expr, facts: Facts) -> int:
    """A rough price per row: 0 for numbers, 1 for a look into a table of dictionary codes, 3 and
    more for the bytes of strings."""
    match expr:
        case Literal():
            return 0
        case Column(id, type=type):
            if not isinstance(type, String | Binary):
                return 0
            return 1 if facts.get(id, UNKNOWN).entries else 3
        case Call(function, args):
            inside = max((cost(arg, facts) for arg in args), default=0)
            # A function of one dictionary column is a table over its entries
            return inside + 5 if function in SEARCH and inside > 1 else inside
        case Cast(child):
            return max(cost(child, facts), 1)
        case _:
            return max((cost(part, facts) for part in children(expr)), default=0) + 1
