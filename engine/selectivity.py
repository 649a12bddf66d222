"""The part of the rows that a predicate keeps, from facts of its columns."""

from __future__ import annotations

from collections.abc import Sequence

from pyflare.codegen.ir.expr import Call, Case, Column, Expr, Literal
from pyflare.codegen.ir.types import Decimal, Float
from pyflare.engine.facts import UNKNOWN, Fact, Facts, common_values, fact_of, literal_bounds
from pyflare.engine.plan.expressions import conjuncts

DEFAULT = 1 / 3
CONTAINS, PREFIX, AGGREGATE = 0.08, 0.02, 0.1


def selectivity(predicates: Sequence[Expr], facts: Facts) -> float:
    """Of a conjunction; the two ends of a range on one column are one predicate."""
    part = 1.0
    ranges: dict[int, list[Call]] = {}
    for predicate in predicates:
        match predicate:
            case Call("lt" | "le" | "gt" | "ge", (Column(id), Literal(value))) if (
                literal_bounds(value) is not None and facts.get(id, UNKNOWN).lo is not None
            ):
                ranges.setdefault(id, []).append(predicate)
            case _:
                part *= single(predicate, facts)
    for id, ends in ranges.items():
        part *= _range(ends, facts[id])
    return part


def single(predicate: Expr, facts: Facts) -> float:
    """Of one predicate."""
    match predicate:
        case Literal(value):
            return 1.0 if value is True else 0.0
        case Call("and", args):
            return selectivity([p for arg in args for p in conjuncts(arg)], facts)
        case Call("or", args):
            missed = 1.0
            for arg in args:
                missed *= 1 - single(arg, facts)
            return 1 - missed
        case Call("not", (Call("is_null" | "is_not_null") as arg,)):
            return 1 - single(arg, facts)
        case Call("not", (arg,)):
            return max(1 - single(arg, facts), 0.01)
        case Call("is_null", (arg,)):
            return fact_of(arg, facts).nulls
        case Call("is_not_null", (arg,)):
            return 1 - fact_of(arg, facts).nulls
        case Call("eq" | "eq_null_safe", (a, b)):
            return _equal(fact_of(a, facts), fact_of(b, facts), isinstance(b, Literal))
        case Call("in", (arg, *members)):
            fact = fact_of(arg, facts)
            values = [m.value for m in members if isinstance(m, Literal)]
            inside = [v for v in values if _possible(v, fact)]
            return min(1.0, len(inside) / (fact.distinct or 25))
        case Call("lt" | "le" | "gt" | "ge", (a, b)):
            left, right = fact_of(a, facts), fact_of(b, facts)
            if isinstance(b, Literal) and left.lo is not None and right.lo is not None:
                return _range([predicate], left)
            return DEFAULT if not isinstance(b, Literal) or left.lo is not None else AGGREGATE
        case Call("like", (_, Literal(str() as pattern), *_)):
            return PREFIX if pattern[:1] not in ("%", "_") else CONTAINS
        case Call("startswith" | "endswith"):
            return PREFIX
        case Call("contains" | "like" | "rlike" | "ilike"):
            return CONTAINS
        case Case():
            return 0.5
        case _:
            return DEFAULT


def _equal(a: Fact, b: Fact, literal: bool) -> float:
    if literal and b.lo is not None and not _possible(b.lo, a):
        return 0.0001
    return 1 / max(a.distinct or 10, b.distinct or 1, 1)


def _possible(value: object, fact: Fact) -> bool:
    at = literal_bounds(value)
    if at is None or fact.lo is None or fact.hi is None:
        return value is not None
    return fact.lo <= at <= fact.hi


def _range(ends: Sequence[Call], fact: Fact) -> float:
    """Values are taken to be spread evenly over [lo, hi]."""
    assert fact.lo is not None
    lo, hi = fact.lo, fact.hi if fact.hi is not None else fact.lo
    continuous = isinstance(ends[0].args[0].type, (Float, Decimal))
    step = 0 if continuous else 1
    first, last = lo, hi + step
    for end in ends:
        assert isinstance(end.args[1], Literal)
        at = literal_bounds(end.args[1].value)
        assert at is not None
        match end.function:
            case "ge":
                first = max(first, at)
            case "gt":
                first = max(first, at + step)
            case "lt":
                last = min(last, at)
            case _:
                last = min(last, at + step)
    width = hi + step - lo
    if width <= 0:
        return 1.0 if first <= last else 0.0001
    floor = 0.0001 if fact.distinct is None else min(1 / max(fact.distinct, 1), 0.01)
    return min(1.0, max((last - first) / width, floor)) * (1 - fact.nulls)


def equal_columns(predicate: Expr) -> tuple[int, int] | None:
    """column = column  ->  their ids"""
    match predicate:
        case Call("eq" | "eq_null_safe", (Column(a), Column(b))):
            return a, b
        case _:
            return None


def join_selectivity(on: Sequence[Expr], facts: Facts, left: float, right: float) -> float:
    """Of a join condition: one in max(distinct) per equality; a compound key has no more
    values than its table has rows."""
    part = 1.0
    pairs: list[tuple[Fact, Fact]] = []
    for predicate in on:
        pair = equal_columns(predicate)
        if pair is None:
            part *= single(predicate, facts)
        else:
            pairs.append((facts.get(pair[0], UNKNOWN), facts.get(pair[1], UNKNOWN)))
    if not pairs:
        return part
    if len(pairs) == 1:
        return part / max(common_values(pairs[0]), 1)
    a_total = b_total = 1.0
    for a, b in pairs:
        a_total *= common_values((a,))
        b_total *= common_values((b,))
    largest = max(common_values(pair) for pair in pairs)
    values = max(largest, min(a_total, b_total, max(left, 1), max(right, 1)))
    return part / max(values, 1)
