"""The optimiser as data: named passes of rules, in this order.

A rule is a function Plan -> Plan | None whose docstring is its law; None means that it does not
fire. `everywhere` tries the rules of a pass at every node, bottom up, until none fires; `once`
calls each on the whole plan: rules that need global facts. The driver is engine.rewrite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal as OneOf

from pyflare.engine.plan.nodes import Plan
from pyflare.engine.rules.distinct_aggregates import distinct_aggregates, distinct_is_moot
from pyflare.engine.rules.inline_shared import drop_notes, inline_shared
from pyflare.engine.rules.limits import (
    limit_below_outer_join,
    limit_below_project,
    limit_below_union,
    merge_limits,
    no_rows,
    sort_without_use,
    top_k,
)
from pyflare.engine.rules.order_joins import order_joins
from pyflare.engine.rules.propagate_empty import propagate_empty
from pyflare.engine.rules.prune_columns import prune_columns
from pyflare.engine.rules.push_filters import push_filters
from pyflare.engine.rules.reduce_aggregates import reduce_aggregates
from pyflare.engine.rules.reduce_group_keys import reduce_group_keys
from pyflare.engine.rules.scan_predicates import scan_predicates
from pyflare.engine.rules.share_subplans import share_subplans
from pyflare.engine.rules.simplify import simplify_expressions
from pyflare.engine.rules.unnest import unnest

Rule = Callable[[Plan], Plan | None]


@dataclass(frozen=True, slots=True)
class Pass:
    """Some rules under a name, and how they are applied."""

    name: str
    how: OneOf["everywhere", "once"]
    rules: tuple[Rule, ...]


RULES: tuple[Pass, ...] = (
    Pass("open", "everywhere", (drop_notes, inline_shared, simplify_expressions)),
    Pass("unnest", "once", (unnest,)),
    Pass("aggregates", "everywhere", (distinct_is_moot, distinct_aggregates)),
    Pass("filters", "once", (push_filters, prune_columns)),
    Pass(
        "tidy",
        "everywhere",
        (
            propagate_empty,
            no_rows,
            merge_limits,
            limit_below_project,
            limit_below_union,
            limit_below_outer_join,
            top_k,
            sort_without_use,
        ),
    ),
    Pass("joins", "once", (reduce_aggregates, order_joins, reduce_group_keys, prune_columns)),
    Pass("scans", "everywhere", (scan_predicates,)),
    Pass("share", "once", (share_subplans,)),
)
