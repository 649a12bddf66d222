"""Connect's relations to syntax trees: `UNARY`, `BINARY` and `LEAVES` are the table of contents.

A plan is mostly a chain (a withColumn loop makes hundreds of levels), so the first input of each
relation is followed in a loop; only the second inputs and the subqueries recurse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyflare.engine.connect import grouping, shaping, sources, statistics
from pyflare.engine.connect.context import Context
from pyflare.engine.connect.expressions import Scope, expression, expressions, python_function
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s

UNARY: dict[str, Callable[[Any, s.Relation, Scope], s.Relation]] = {
    "project": shaping.project,
    "filter": shaping.filter,
    "sort": shaping.sort,
    "limit": shaping.limit,
    "offset": shaping.offset,
    "tail": shaping.tail,
    "deduplicate": shaping.deduplicate,
    "sample": shaping.sample,
    "subquery_alias": shaping.subquery_alias,
    "with_columns": shaping.with_columns,
    "with_columns_renamed": shaping.with_columns_renamed,
    "drop": shaping.drop,
    "to_df": shaping.to_df,
    "to_schema": shaping.to_schema,
    "show_string": shaping.show_string,
    "html_string": shaping.html_string,
    "collect_metrics": shaping.collect_metrics,
    "repartition": shaping.repartition,
    "repartition_by_expression": shaping.repartition_by_expression,
    "hint": shaping.hint,
    "with_watermark": shaping.with_watermark,
    "aggregate": grouping.aggregate,
    "unpivot": grouping.unpivot,
    "map_partitions": grouping.map_partitions,
    "group_map": grouping.group_map,
    "fill_na": statistics.fill_na,
    "drop_na": statistics.drop_na,
    "replace": statistics.replace,
    "describe": statistics.describe,
    "summary": statistics.summary,
    "crosstab": statistics.crosstab,
    "cov": statistics.cov,
    "corr": statistics.corr,
    "approx_quantile": statistics.approx_quantile,
    "freq_items": statistics.freq_items,
    "sample_by": statistics.sample_by,
}
LEAVES: dict[str, Callable[[Any, Scope], s.Relation]] = {
    "read": sources.read,
    "sql": sources.sql,
    "local_relation": sources.local_relation,
    "cached_local_relation": sources.cached_local_relation,
    "chunked_cached_local_relation": sources.chunked_cached_local_relation,
    "cached_remote_relation": sources.cached_remote_relation,
    "range": sources.range_table,
    "unresolved_table_valued_function": sources.table_function,
    "catalog": sources.catalog,
}
UNSUPPORTED = {
    "parse": "spark.read.json or csv of a DataFrame of strings",
    "apply_in_pandas_with_state": "applyInPandasWithState",
    "common_inline_user_defined_table_function": "a Python table function (udtf)",
    "common_inline_user_defined_data_source": "a Python data source",
    "as_of_join": "an as-of join",
    "nearest_by_join": "DataFrame.nearestByJoin",
    "transpose": "DataFrame.transpose",
    "zip": "DataFrame.zip",
    "relation_changes": "a read of table changes",
    "ml_relation": "pyspark.ml",
    "extension": "an extension relation",
}


def decode_relation(proto: Any, context: Context) -> s.Relation:
    """The syntax tree of a Connect Relation message."""
    return relation(proto, Scope(context))


def relation(proto: Any, scope: Scope) -> s.Relation:
    """The syntax tree of a Relation message within a plan."""
    spine: list[tuple[Any, Scope]] = []
    while (result := _decoded(proto, scope)) is None:
        first = _first_input(proto)
        if first is None:
            result = _identified(proto, _leaf(proto, scope), scope)
            break
        if proto.HasField("with_relations"):
            scope = _with_references(proto.with_relations, scope)
        spine.append((proto, scope))
        proto = first
    for outer, scope in reversed(spine):
        result = _identified(outer, _around(outer, result, scope), scope)
    return result


def _decoded(proto: Any, scope: Scope) -> s.Relation | None:
    has_id = proto.HasField("common") and proto.common.HasField("plan_id")
    return scope.decoded.get(proto.common.plan_id) if has_id else None


def _identified(proto: Any, result: s.Relation, scope: Scope) -> s.Relation:
    if not (proto.HasField("common") and proto.common.HasField("plan_id")):
        return result
    plan_id = proto.common.plan_id
    scope.decoded[plan_id] = s.Identified(result, plan_id)
    return scope.decoded[plan_id]


def _first_input(proto: Any) -> Any | None:
    match proto.WhichOneof("rel_type"):
        case "join" | "lateral_join" as kind:
            return getattr(proto, kind).left
        case "set_op":
            return proto.set_op.left_input
        case "with_relations":
            return proto.with_relations.root
        case "co_group_map":
            return proto.co_group_map.input
        case kind if kind in UNARY:
            node = getattr(proto, kind)
            return node.input if node.HasField("input") else None
        case _:
            return None


def _around(proto: Any, first: s.Relation, scope: Scope) -> s.Relation:
    """The relation whose first input is already decoded."""
    match proto.WhichOneof("rel_type"):
        case "join":
            return _join(proto.join, first, scope)
        case "lateral_join":
            return _join(proto.lateral_join, first, scope, lateral=True)
        case "set_op":
            return _set_operation(proto.set_op, first, scope)
        case "with_relations":
            return _with_relations(proto.with_relations, first, scope)
        case "co_group_map":
            return _co_group_map(proto.co_group_map, first, scope)
        case kind:
            return UNARY[kind](getattr(proto, kind), first, scope)


def _leaf(proto: Any, scope: Scope) -> s.Relation:
    kind = proto.WhichOneof("rel_type")
    if kind in LEAVES:
        return LEAVES[kind](getattr(proto, kind), scope)
    if kind in UNARY:
        # the client writes SELECT without FROM as a project without input
        return UNARY[kind](getattr(proto, kind), s.OneRowRelation(), scope)
    raise unsupported(UNSUPPORTED.get(kind, f"a relation of the kind {kind}"))


_JOINS: dict[str, Any] = {
    "JOIN_TYPE_UNSPECIFIED": "inner",
    "JOIN_TYPE_INNER": "inner",
    "JOIN_TYPE_FULL_OUTER": "full",
    "JOIN_TYPE_LEFT_OUTER": "left",
    "JOIN_TYPE_RIGHT_OUTER": "right",
    "JOIN_TYPE_LEFT_ANTI": "anti",
    "JOIN_TYPE_LEFT_SEMI": "semi",
    "JOIN_TYPE_CROSS": "cross",
}


def _join(node: Any, left: s.Relation, scope: Scope, *, lateral: bool = False) -> s.Relation:
    on = expression(node.join_condition, scope) if node.HasField("join_condition") else None
    return s.Join(
        left,
        relation(node.right, scope),
        _JOINS[_join_type(node)],
        on,
        () if lateral else tuple(node.using_columns),
        lateral=lateral,
    )


def _join_type(node: Any) -> str:
    field = node.DESCRIPTOR.fields_by_name["join_type"]
    name: str = field.enum_type.values_by_number[node.join_type].name
    return name


_SETS: dict[str, Any] = {
    "SET_OP_TYPE_UNION": "union",
    "SET_OP_TYPE_INTERSECT": "intersect",
    "SET_OP_TYPE_EXCEPT": "except",
}


def _set_operation(node: Any, left: s.Relation, scope: Scope) -> s.Relation:
    kind = _SETS[node.SetOpType.Name(node.set_op_type)]
    if node.by_name and kind != "union":
        raise unsupported(f"{kind} by name")
    right = relation(node.right_input, scope)
    return s.SetOperation(left, right, kind, node.is_all, node.by_name, node.allow_missing_columns)


def _with_references(node: Any, scope: Scope) -> Scope:
    """The DataFrames of `references`, for the subqueries in `root` that name them by plan id."""
    plans = {ref.common.plan_id: relation(ref, scope) for ref in node.references}
    return scope.with_references(plans)


def _with_relations(node: Any, root: s.Relation, scope: Scope) -> s.Relation:
    """Under an SQL text the references are the DataFrames it was formatted with, by name."""
    if not node.root.HasField("sql"):
        return root
    return s.With(views(node, scope), root)


def views(node: Any, scope: Scope) -> tuple[tuple[str, s.Relation], ...]:
    """The named DataFrames of a with_relations message."""
    return tuple(
        (ref.subquery_alias.alias, relation(ref, scope))
        for ref in node.references
        if ref.HasField("subquery_alias")
    )


def _co_group_map(node: Any, first: s.Relation, scope: Scope) -> s.Relation:
    return s.MapBatches(
        first,
        python_function(node.func, scope),
        expressions(node.input_grouping_expressions, scope),
        relation(node.other, scope),
        expressions(node.other_grouping_expressions, scope),
    )
