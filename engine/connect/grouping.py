"""Relations that group, pivot or hand whole groups to Python."""

from __future__ import annotations

from typing import Any

from pyflare.engine.connect.expressions import Scope, expression, expressions, python_function
from pyflare.engine.connect.literals import decode_literal
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s


def aggregate(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    groups = expressions(node.grouping_expressions, scope)
    aggregates = expressions(node.aggregate_expressions, scope)
    items = groups + aggregates
    match node.GroupType.Name(node.group_type):
        case "GROUP_TYPE_GROUPBY":
            return s.Aggregate(child, groups, items)
        case "GROUP_TYPE_ROLLUP":
            return s.Aggregate(child, groups, items, "rollup")
        case "GROUP_TYPE_CUBE":
            return s.Aggregate(child, groups, items, "cube")
        case "GROUP_TYPE_GROUPING_SETS":
            sets = tuple(expressions(each.grouping_set, scope) for each in node.grouping_sets)
            return s.Aggregate(child, groups, items, "sets", sets)
        case "GROUP_TYPE_PIVOT":
            column = expression(node.pivot.col, scope)
            values = tuple(decode_literal(value, scope.context) for value in node.pivot.values)
            return s.Pivot(child, groups, column, values, aggregates)
        case kind:
            raise unsupported(f"a grouping of the kind {kind}")


def unpivot(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Unpivot(
        child,
        expressions(node.ids, scope),
        expressions(node.values.values, scope) if node.HasField("values") else None,
        node.variable_column_name,
        node.value_column_name,
    )


def map_partitions(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    """One machine: the whole input is one partition, so a barrier holds by itself."""
    return s.MapBatches(child, python_function(node.func, scope))


def group_map(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    if node.HasField("transform_with_state_info"):
        raise unsupported("transformWithState")
    if node.sorting_expressions or node.is_map_groups_with_state:
        raise unsupported("a sorted or stateful group map")
    groups = expressions(node.grouping_expressions, scope)
    return s.MapBatches(child, python_function(node.func, scope), groups)
