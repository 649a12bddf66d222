"""Random expressions over random rows: compiled code gives what the interpreter gives."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyflare.codegen import jit
from pyflare.codegen.functions.facts import infallible
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal
from tests.unit.functions.harness import Input, check, interpreted

ROWS = 40
DEC = t.Decimal(9, 2)
A, B = Column(0, "a", t.INT), Column(1, "b", t.BIGINT)
D, E = Column(2, "d", DEC), Column(3, "e", t.DATE)
S, F = Column(4, "s", t.STRING), Column(5, "f", t.DOUBLE)
P = Column(6, "p", t.BOOLEAN)
COLUMNS = (A, B, D, E, S, F, P)
VALUES: dict[Column, Any] = {
    A: st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-3, 3),
    B: st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-3, 3),
    D: st.integers(1 - 10**9, 10**9 - 1) | st.integers(-300, 300),
    E: st.integers(-800_000, 3_000_000),
    S: st.text("ab%é 1", max_size=8) | st.sampled_from(["12", "2020-01-01", "true"]),
    F: st.floats() | st.sampled_from([0.0, -0.0, 1.5, math.nan]),
    P: st.booleans(),
}
MORE: dict[t.Type, Any] = {column.type: column for column in COLUMNS}


def number(type_: t.Type) -> Any:
    return VALUES[MORE[type_]]


def leaves(type_: t.Type) -> st.SearchStrategy[Expr]:
    literals = (number(type_) | st.none()).map(lambda v: Literal(v, type_))
    found: st.SearchStrategy[Expr] = st.just(MORE[type_]) | literals
    return found


@cache
def expressions(type_: t.Type, depth: int) -> st.SearchStrategy[Expr]:
    """Expressions of a type, at most `depth` deep."""
    if depth == 0:
        return leaves(type_)

    def of(kind: t.Type) -> st.SearchStrategy[Expr]:
        return expressions(kind, depth - 1)

    def two(names: list[str], *kinds: t.Type) -> st.SearchStrategy[Expr]:
        args = st.tuples(*[of(kind) for kind in kinds])
        return st.builds(lambda n, a: Call(n, a, type_), st.sampled_from(names), args)

    cases = st.builds(
        lambda branches, other: Case(tuple(branches), other, type_),
        st.lists(st.tuples(of(t.BOOLEAN), of(type_)), min_size=1, max_size=2),
        st.none() | of(type_),
    )
    choices = [leaves(type_), cases, two(["coalesce", "greatest", "least"], type_, type_)]
    match type_:
        case t.Boolean():
            for kind in MORE:
                names = ["eq", "lt", "le", "gt", "ge", "eq_null_safe"]
                choices.append(two(names, kind, kind))
            choices.append(two(["and", "or"], t.BOOLEAN, t.BOOLEAN, t.BOOLEAN))
            choices.append(two(["not"], t.BOOLEAN))
            choices.append(two(["is_null", "is_not_null"], t.STRING))
            pattern = st.text("ab%_", max_size=4).map(lambda p: Literal(p, t.STRING))
            choices.append(
                st.builds(lambda s, p: Call("like", (s, p), type_), of(t.STRING), pattern)
            )
            items = st.lists(leaves(t.INT), min_size=1, max_size=4)
            choices.append(st.builds(lambda x, i: Call("in", (x, *i), type_), of(t.INT), items))
        case t.Integer():
            names = ["add", "sub", "mul", "mod", "pmod", "bitand", "bitxor", "try_add", "wrap_mul"]
            choices.append(two(names, type_, type_))
            choices.append(two(["neg", "abs"], type_))
            for kind in (t.INT, t.BIGINT, DEC, t.DOUBLE, t.STRING, t.BOOLEAN):
                choices.append(converted(of(kind), type_))
            if type_ == t.INT:
                choices.append(two(["year", "month", "day", "dayofyear"], t.DATE))
                choices.append(two(["length"], t.STRING))
                choices.append(two(["hash"], t.STRING, t.DOUBLE))
        case t.Decimal():
            choices.append(two(["add", "sub", "mul", "div"], DEC, DEC))
            for kind in (t.INT, t.BIGINT, t.DOUBLE, t.STRING):
                choices.append(converted(of(kind), type_))
        case t.Date():
            choices.append(two(["date_add", "add_months"], t.DATE, t.INT))
            choices.append(converted(of(t.STRING), type_))
        case t.Float():
            choices.append(two(["add", "sub", "mul", "div"], t.DOUBLE, t.DOUBLE))
            for kind in (t.INT, t.BIGINT, DEC):
                choices.append(converted(of(kind), type_))
        case t.String():
            choices.append(two(["concat"], t.STRING, t.STRING))
            choices.append(two(["upper", "trim", "reverse"], t.STRING))
            choices.append(two(["substring"], t.STRING, t.INT, t.INT))
            for kind in (t.INT, DEC, t.DATE, t.BOOLEAN):
                choices.append(converted(of(kind), type_))
    return st.one_of(choices)


def converted(child: st.SearchStrategy[Expr], type_: t.Type) -> st.SearchStrategy[Expr]:
    modes = st.sampled_from(["ansi", "ansi", "try"])
    return st.builds(lambda c, m: Cast(c, type_, m), child, modes)


def inputs(data: Any, size: int) -> list[Input]:
    made = []
    for column in COLUMNS:
        nullable = data.draw(st.booleans())
        values = VALUES[column] | st.none() if nullable else VALUES[column]
        drawn = data.draw(st.lists(values, min_size=size, max_size=size))
        range_ = None
        if isinstance(column.type, t.Integer | t.Decimal | t.Date) and data.draw(st.booleans()):
            # proved ranges narrow the storage and drop checks
            present = [value for value in drawn if value is not None] or [0]
            range_ = (min(present), max(present))
        made.append(Input(column, drawn, range_))
    return made


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(st.sampled_from(list(MORE)).flatmap(lambda kind: expressions(kind, 3)), st.data())
def test_compiled_is_interpreted(expr: Expr, data: Any) -> None:
    """Values, NULLs and failures of every row, by both tiers of the compiler."""
    tier = data.draw(st.sampled_from([jit.Tier.CHEAP, jit.Tier.CHEAP, jit.Tier.FULL]))
    check(expr, *inputs(data, ROWS), tier=tier)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(list(MORE)).flatmap(lambda kind: expressions(kind, 2)), st.data())
def test_infallible_never_fails(expr: Expr, data: Any) -> None:
    """What is called infallible has a value on every row."""
    if infallible(expr):
        assert not any(isinstance(row, set) for row in interpreted(expr, inputs(data, ROWS)))
