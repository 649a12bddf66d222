"""Runs the rules over a plan, and keeps the log of what fired."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyflare.engine.plan.check import check
from pyflare.engine.plan.nodes import Plan, Project, map_children
from pyflare.engine.rules import RULES, Pass, Rule

LIMIT = 50  # times one node may be rewritten by one pass: a loop of rules is a bug, not a hang

Log = Callable[[str, str], None]


def rewrite(
    plan: Plan,
    passes: Sequence[Pass] = RULES,
    log: Log | None = None,
    checked: bool = False,
) -> Plan:
    """The plan after all passes, with the same output columns in the same order.

    `log(pass, rule)` hears of every rule that fired; `checked` verifies the plan after each.
    """
    output = plan.output
    for each in passes:
        for rule in each.rules if each.how == "once" else (None,):
            after = _everywhere(plan, each, log) if rule is None else _once(plan, each, rule, log)
            if checked and after is not plan:
                check(after, f"{each.name}: {rule.__name__ if rule else 'all rules'}")
            plan = after
    if [column.id for column in plan.output] != [column.id for column in output]:
        plan = Project(plan, tuple((column, column) for column in output))
    return plan


def _once(plan: Plan, each: Pass, rule: Rule, log: Log | None) -> Plan:
    after = rule(plan)
    if after is None:
        return plan
    if log is not None:
        log(each.name, rule.__name__)
    return after


def _everywhere(plan: Plan, each: Pass, log: Log | None) -> Plan:
    def visit(node: Plan) -> Plan:
        return settle(map_children(node, visit), LIMIT)

    def settle(node: Plan, budget: int) -> Plan:
        for rule in each.rules:
            after = rule(node)
            if after is not None:
                assert budget > 0, f"the rules of pass {each.name} do not end: {rule.__name__}"
                if log is not None:
                    log(each.name, rule.__name__)
                # What fired may have made new nodes below
                return settle(
                    map_children(after, lambda child: settle(child, budget - 1)), budget - 1
                )
        return node

    return visit(plan)
