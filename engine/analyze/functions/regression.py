"""Linear regression of y on x over the rows where neither is NULL: made of simpler aggregates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyflare.codegen.ir.expr import AggregateCall, Call, Case, Expr, Literal
from pyflare.codegen.ir.types import BIGINT, BOOLEAN, DOUBLE
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table


@dataclass(frozen=True, slots=True)
class Pairs:
    """The rows with both values, and aggregates over them."""

    y: Expr
    x: Expr

    @property
    def complete(self) -> Expr:
        known = [Call("is_not_null", (e,), BOOLEAN, False) for e in (self.y, self.x)]
        return Call("and", tuple(known), BOOLEAN, False)

    def over(self, function: str, *args: Expr) -> Expr:
        return AggregateCall(function, args, DOUBLE, True, filter=self.complete)

    @property
    def count(self) -> Expr:
        return AggregateCall("count", (), BIGINT, False, filter=self.complete)

    @property
    def variance_x(self) -> Expr:
        return self.over("var_pop", self.x)

    @property
    def variance_y(self) -> Expr:
        return self.over("var_pop", self.y)

    @property
    def covariance(self) -> Expr:
        return self.over("covar_pop", self.y, self.x)

    @property
    def slope(self) -> Expr:
        return _call("null_div", self.covariance, self.variance_x)

    @property
    def intercept(self) -> Expr:
        lifted = _call("mul", self.slope, self.over("avg", self.x))
        return _call("sub", self.over("avg", self.y), lifted)

    def times_count(self, moment: Expr) -> Expr:
        """A sum of products of deviations from its mean."""
        return _call("mul", moment, coerce.cast(self.count, DOUBLE, "UTC"))

    @property
    def determination(self) -> Expr:
        """The square of the correlation; 1 if y is constant, NULL if x is."""
        corr = self.over("corr", self.y, self.x)
        zero, one = Literal(0.0, DOUBLE), Literal(1.0, DOUBLE)
        flat_x = Call("eq", (self.variance_x, zero), BOOLEAN, True)
        flat_y = Call("eq", (self.variance_y, zero), BOOLEAN, True)
        nothing = Literal(None, DOUBLE)
        return Case(((flat_x, nothing), (flat_y, one)), _call("mul", corr, corr), DOUBLE, True)


def _call(function: str, *args: Expr) -> Expr:
    return Call(function, args, DOUBLE, True)


def _regression(build: Callable[[Pairs], Expr]) -> Builtin:
    def rule(a: Arguments) -> Expr:
        if a.distinct:
            raise a.not_supported("with DISTINCT")
        return build(Pairs(a.wants(0, DOUBLE), a.wants(1, DOUBLE)))

    return Builtin(2, 2, rule, aggregate=True)


TABLE: Table = {
    "regr_count": _regression(lambda p: p.count),
    "regr_avgx": _regression(lambda p: p.over("avg", p.x)),
    "regr_avgy": _regression(lambda p: p.over("avg", p.y)),
    "regr_slope": _regression(lambda p: p.slope),
    "regr_intercept": _regression(lambda p: p.intercept),
    "regr_r2": _regression(lambda p: p.determination),
    "regr_sxx": _regression(lambda p: p.times_count(p.variance_x)),
    "regr_syy": _regression(lambda p: p.times_count(p.variance_y)),
    "regr_sxy": _regression(lambda p: p.times_count(p.covariance)),
}
