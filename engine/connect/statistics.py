"""df.na and df.stat: relations named after what they compute."""

from __future__ import annotations

from typing import Any

from pyflare.engine.connect.expressions import Scope, expression
from pyflare.engine.connect.literals import decode_literal
from pyflare.engine.plan import syntax as s


def fill_na(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    values = tuple(decode_literal(value, scope.context) for value in node.values)
    return s.NaOperation(child, "fill", tuple(node.cols), values)


def drop_na(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    threshold = node.min_non_nulls if node.HasField("min_non_nulls") else None
    return s.NaOperation(child, "drop", tuple(node.cols), threshold=threshold)


def replace(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    pairs = tuple(
        (decode_literal(it.old_value, scope.context), decode_literal(it.new_value, scope.context))
        for it in node.replacements
    )
    return s.NaOperation(child, "replace", tuple(node.cols), replacements=pairs)


def describe(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Statistic(child, "describe", tuple(node.cols))


def summary(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Statistic(child, "summary", (), (("statistics", tuple(node.statistics)),))


def crosstab(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Statistic(child, "crosstab", (node.col1, node.col2))


def cov(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Statistic(child, "cov", (node.col1, node.col2))


def corr(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    method = node.method or "pearson"
    return s.Statistic(child, "corr", (node.col1, node.col2), (("method", method),))


def approx_quantile(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    parameters = (
        ("probabilities", tuple(node.probabilities)),
        ("relative_error", node.relative_error),
    )
    return s.Statistic(child, "approx_quantile", tuple(node.cols), parameters)


def freq_items(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    support = node.support if node.HasField("support") else 0.01
    return s.Statistic(child, "freq_items", tuple(node.cols), (("support", support),))


def sample_by(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    """Parameters: `column` (an expression), `fractions` (literal, share), `seed`."""
    fractions = tuple(
        (decode_literal(each.stratum, scope.context), each.fraction) for each in node.fractions
    )
    parameters = (
        ("column", expression(node.col, scope)),
        ("fractions", fractions),
        ("seed", node.seed if node.HasField("seed") else None),
    )
    return s.Statistic(child, "sample_by", (), parameters)
