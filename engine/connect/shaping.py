"""Relations that pick, order, cut, rename or show the rows and columns of one input."""

from __future__ import annotations

from typing import Any

from pyflare.codegen.ir.expr import Literal
from pyflare.codegen.ir.types import INT
from pyflare.engine.connect.expressions import (
    Scope,
    alias,
    expression,
    expressions,
    ordering,
)
from pyflare.engine.connect.names import attribute_parts
from pyflare.engine.connect.types import decode_schema
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s


def project(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Project(child, expressions(node.expressions, scope))


def filter(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Filter(child, expression(node.condition, scope))


def sort(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    keys = tuple(ordering(key, scope) for key in node.order)
    return s.Sort(child, keys, node.is_global)


def limit(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Limit(child, Literal(node.limit, INT))


def offset(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Offset(child, Literal(node.offset, INT))


def tail(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Tail(child, node.limit)


def deduplicate(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    if node.within_watermark:
        raise unsupported("dropDuplicatesWithinWatermark")
    if node.all_columns_as_keys:
        return s.Deduplicate(child)
    if not node.column_names:
        raise unsupported("dropDuplicates with an empty list of columns", "use limit(1)")
    return s.Deduplicate(child, tuple(node.column_names))


def sample(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Sample(
        child,
        node.lower_bound,
        node.upper_bound,
        node.with_replacement,
        node.seed if node.HasField("seed") else None,
        node.deterministic_order,
    )


def subquery_alias(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.SubqueryAlias(child, node.alias)


def with_columns(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.WithColumns(child, tuple(alias(item, scope) for item in node.aliases))


def with_columns_renamed(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    renames = [(item.col_name, item.new_col_name) for item in node.renames]
    return s.RenameColumns(child, (*renames, *node.rename_columns_map.items()))


def drop(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.DropColumns(child, expressions(node.columns, scope), tuple(node.column_names))


def to_df(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.ToDataFrame(child, tuple(node.column_names))


def to_schema(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.ToSchema(child, decode_schema(node.schema, scope.context))


def show_string(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.ShowString(child, node.num_rows, node.truncate, node.vertical)


def html_string(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.ShowString(child, node.num_rows, node.truncate, vertical=False, html=True)


def collect_metrics(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.Observed(child, node.name, expressions(node.metrics, scope))


def repartition(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    shuffle = node.shuffle or not node.HasField("shuffle")
    return s.NoOp(child, f"{'repartition' if shuffle else 'coalesce'}({node.num_partitions})")


def repartition_by_expression(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    keys = expressions(node.partition_exprs, scope)
    return s.NoOp(child, "repartition by expression", keys)


def hint(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    return s.NoOp(child, f"hint {node.name}")


def with_watermark(node: Any, child: s.Relation, scope: Scope) -> s.Relation:
    """A watermark means nothing to a table that is complete."""
    column = s.Attribute(attribute_parts(node.event_time))
    return s.NoOp(child, f"watermark {node.event_time}", (column,))
