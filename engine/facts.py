"""What is known of one column's values, and how it passes through expressions and predicates."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal
from pyflare.codegen.ir.types import Boolean, Date, Decimal, Float, Integer, Type

EPOCH = datetime.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Fact:
    """lo, hi bound the non-NULL values (a proof if `exact`); `distinct` estimates their number
    now, `domain` before filters on other columns; `nulls` is the fraction of NULLs; `entries`
    proves the size of the dictionary whose codes the values are; `contained` values have been
    found in the column that they are about to be joined with, most likely."""

    lo: float | None = None
    hi: float | None = None
    exact: bool = False
    distinct: float | None = None
    domain: float | None = None
    nulls: float = 0.0
    entries: int = 0
    contained: bool = False

    def within(self, rows: float) -> Fact:
        """In so many rows there are at most so many values."""
        if self.distinct is None or self.distinct <= rows:
            return self
        # Spelt out: dataclasses.replace takes twice as long, and this is asked of every column
        return Fact(
            self.lo,
            self.hi,
            self.exact,
            rows,
            self.domain,
            self.nulls,
            self.entries,
            self.contained,
        )

    def either(self, other: Fact) -> Fact:
        """Values that come from here or from there."""
        known = None not in (self.lo, self.hi, other.lo, other.hi)
        total = None
        if self.distinct is not None and other.distinct is not None:
            total = self.distinct + other.distinct
        return Fact(
            min(self.lo, other.lo) if known else None,  # type: ignore[type-var]
            max(self.hi, other.hi) if known else None,  # type: ignore[type-var]
            known and self.exact and other.exact,
            total,
            total,
            max(self.nulls, other.nulls),
        )

    def also(self, other: Fact) -> Fact:
        """Values that satisfy both: a column that equals another."""
        lo, hi = self.lo, self.hi
        if other.exact and other.lo is not None:
            lo = other.lo if lo is None or not self.exact else max(lo, other.lo)
        if other.exact and other.hi is not None:
            hi = other.hi if hi is None or not self.exact else min(hi, other.hi)
        return replace(
            self,
            lo=lo,
            hi=hi,
            exact=self.exact or other.exact,
            distinct=least(self.distinct, other.distinct),
            domain=least(self.domain, other.domain),
            nulls=0.0,
        )


def common_values(facts: Sequence[Fact]) -> float:
    """How many values columns that are equated are drawn from.

    Filters on other columns are taken to be independent, unless a semijoin made them agree.
    """
    if any(fact.contained for fact in facts):
        return max(fact.distinct or 100 for fact in facts)
    return max(fact.domain or fact.distinct or 100 for fact in facts)


Facts = Mapping[int, Fact]
UNKNOWN = Fact()


def literal_bounds(value: object) -> float | None:
    """A bound in storage form as a number, if it is one."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def fact_of(expr: Expr, facts: Facts) -> Fact:
    """What the facts of its columns say of an expression."""
    match expr:
        case Column(id):
            return facts.get(id, UNKNOWN)
        case Literal(value, type):
            if value is None:
                return Fact(distinct=1, domain=1, nulls=1.0)
            at = int(value) if isinstance(value, bool) else literal_bounds(value)
            return Fact(at, at, True, 1, 1) if at is not None else Fact(distinct=1, domain=1)
        case Call("year", (arg,)) if isinstance(arg.type, Date):
            return _years(fact_of(arg, facts))
        case Call("month"):
            return Fact(1, 12, True, 12, 12)
        case Call("quarter"):
            return Fact(1, 4, True, 4, 4)
        case Call("day"):
            return Fact(1, 31, True, 31, 31)
        case Call("hour"):
            return Fact(0, 23, True, 24, 24)
        case Call("minute" | "second"):
            return Fact(0, 59, True, 60, 60)
        case Call("mod" | "pmod" as name, (arg, Literal(int() as by))) if by and isinstance(
            expr.type, Integer
        ):
            return _remainder(name, fact_of(arg, facts), abs(by))
        case Call("add" | "sub", (a, b)) if isinstance(expr.type, Integer):
            return _sum(expr.function, fact_of(a, facts), fact_of(b, facts), expr.type)
        case Cast(child, target):
            return _cast(fact_of(child, facts), child.type, target)
        case Case(branches, otherwise):
            values = [value for _, value in branches]
            parts = [fact_of(value, facts) for value in values]
            parts.append(fact_of(otherwise, facts) if otherwise is not None else parts[0])
            whole = parts[0]
            for part in parts[1:]:
                whole = whole.either(part)
            return whole
        case Call(args=(arg, *_), type=type):
            if isinstance(type, Boolean):
                return Fact(0, 1, True, 2, 2)
            return Fact(distinct=fact_of(arg, facts).distinct)
        case _:
            return UNKNOWN


def narrow(predicate: Expr, facts: Facts) -> dict[int, Fact]:
    """The facts of the columns that a true `predicate` bounds."""
    match predicate:
        case Call("eq", (Column(id), Literal(value))) if value is not None:
            at = literal_bounds(value)
            old = facts.get(id, UNKNOWN)
            if at is None:
                return {id: replace(old, distinct=1, domain=1, nulls=0.0)}
            return {id: Fact(at, at, True, 1, 1)}
        case Call("in", (Column(id), *members)):
            values = [m.value for m in members if isinstance(m, Literal) and m.value is not None]
            old = facts.get(id, UNKNOWN)
            size = float(len(values))
            bounds = [b for b in map(literal_bounds, values) if b is not None]
            if bounds and len(bounds) == len(values):
                return {id: Fact(min(bounds), max(bounds), True, size, size)}
            return {id: replace(old, distinct=size, domain=size, nulls=0.0)}
        case Call("lt" | "le" | "gt" | "ge" as name, (Column(id), Literal(value))):
            at = literal_bounds(value)
            if at is None:
                return {}
            return {id: _cut(facts.get(id, UNKNOWN), name, at, predicate.args[0].type)}
        case Call("is_not_null", (Column(id),)):
            return {id: replace(facts.get(id, UNKNOWN), nulls=0.0)}
        case Call("and", args):
            found: dict[int, Fact] = {}
            for arg in args:
                found.update(narrow(arg, {**facts, **found}))
            return found
        case _:
            return {}


def _cut(fact: Fact, name: str, at: float, type: Type) -> Fact:
    """x < at: a bound that the filter itself proves, beside the other one if that was proved."""
    step = 0 if isinstance(type, Float) or name in ("le", "ge") else 1
    lo, hi = fact.lo, fact.hi
    if name in ("lt", "le"):
        new = at - step
        hi = new if hi is None else min(hi, new)
    else:
        new = at + step
        lo = new if lo is None else max(lo, new)
    part = 1.0
    if None not in (fact.lo, fact.hi, lo, hi) and fact.hi > fact.lo:  # type: ignore[operator]
        part = max(0.0, min(1.0, (hi - lo) / (fact.hi - fact.lo)))  # type: ignore[operator]
    scaled = None if fact.domain is None else max(1.0, fact.domain * part)
    # One proved end is no proof of the other, unless the column had both
    return replace(
        fact, lo=lo, hi=hi, domain=scaled, distinct=least(fact.distinct, scaled), nulls=0.0
    )


def _years(fact: Fact) -> Fact:
    if fact.lo is None or fact.hi is None:
        return Fact(distinct=10, domain=10)
    try:
        lo = datetime.date.fromordinal(EPOCH + int(fact.lo)).year
        hi = datetime.date.fromordinal(EPOCH + int(fact.hi)).year
    except (ValueError, OverflowError):
        return Fact(distinct=10, domain=10)
    return Fact(lo, hi, fact.exact, hi - lo + 1, hi - lo + 1, fact.nulls)


def _remainder(name: str, fact: Fact, by: int) -> Fact:
    """x % n has the sign of x, pmod(x, n) none"""
    negative = name == "mod" and not (fact.exact and fact.lo is not None and fact.lo >= 0)
    lo = 1 - by if negative else 0
    size = float(by - lo)
    return Fact(lo, by - 1, True, least(fact.distinct, size), size, fact.nulls)


def _sum(name: str, a: Fact, b: Fact, type: Integer) -> Fact:
    if a.lo is None or a.hi is None or b.lo is None or b.hi is None:
        return Fact(distinct=a.distinct)
    lo, hi = (a.lo + b.lo, a.hi + b.hi) if name == "add" else (a.lo - b.hi, a.hi - b.lo)
    limit = 1 << type.bits - 1
    lo, hi = max(lo, -limit), min(hi, limit - 1)
    return Fact(lo, hi, a.exact and b.exact, a.distinct, a.domain, max(a.nulls, b.nulls))


def _cast(fact: Fact, source: Type, target: Type) -> Fact:
    match source, target:
        case (Integer(), Integer()) | (Date(), Date()):
            return fact
        case (Integer() | Decimal(), Decimal(_, scale)):
            shift = scale - (source.scale if isinstance(source, Decimal) else 0)
            if shift >= 0 and fact.lo is not None and fact.hi is not None:
                return replace(fact, lo=fact.lo * 10**shift, hi=fact.hi * 10**shift)
    return Fact(distinct=fact.distinct, domain=fact.domain, nulls=fact.nulls)


def least(a: float | None, b: float | None) -> float | None:
    """The smaller of what is known."""
    if a is None or b is None:
        return a if b is None else b
    return min(a, b)
