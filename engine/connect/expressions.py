"""Connect's expressions to syntax trees: names stay names, texts are parsed, nothing is typed.

Trees such as a + b + c + … lean to the left and may be thousands deep, so the first operand is
followed in a loop; only the other operands recurse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from typing import Literal as OneOf

from pyspark import cloudpickle

from pyflare.codegen.ir.expr import Frame, Origin
from pyflare.engine.connect.context import Context
from pyflare.engine.connect.literals import decode_literal
from pyflare.engine.connect.names import attribute_parts, identifier_parts
from pyflare.engine.connect.types import decode_type
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s


@dataclass(frozen=True, slots=True)
class Scope:
    """The context, the DataFrames that expressions may name as subqueries (by plan id), and the
    relations decoded so far (by plan id: a DataFrame used twice is written twice)."""

    context: Context
    references: dict[int, s.Relation] = field(default_factory=dict)
    decoded: dict[int, s.Relation] = field(default_factory=dict)

    def with_references(self, references: dict[int, s.Relation]) -> Scope:
        return replace(self, references={**self.references, **references})


def decode_expression(proto: Any, context: Context) -> s.SyntaxExpr:
    """The expression of a Connect message that stands outside any plan."""
    return expression(proto, Scope(context))


def expression(proto: Any, scope: Scope) -> s.SyntaxExpr:
    """The syntax tree of a Connect Expression message."""
    spine: list[Any] = []
    while (first := _first_operand(proto)) is not None:
        spine.append(proto)
        proto = first
    result = _leaf(proto, scope)
    for outer in reversed(spine):
        result = _around(outer, result, scope)
    return result


def expressions(protos: Iterable[Any], scope: Scope) -> tuple[s.SyntaxExpr, ...]:
    """The syntax trees of several messages."""
    return tuple(expression(proto, scope) for proto in protos)


def _first_operand(proto: Any) -> Any | None:
    match proto.WhichOneof("expr_type"):
        case "unresolved_function":
            arguments = proto.unresolved_function.arguments
            return arguments[0] if arguments else None
        case "alias":
            return proto.alias.expr
        case "cast":
            return proto.cast.expr
        case "sort_order":
            return proto.sort_order.child
        case "unresolved_extract_value":
            return proto.unresolved_extract_value.child
        case "update_fields":
            return proto.update_fields.struct_expression
        case _:
            return None


def _around(proto: Any, first: s.SyntaxExpr, scope: Scope) -> s.SyntaxExpr:
    """The expression whose first operand is already decoded."""
    match proto.WhichOneof("expr_type"):
        case "unresolved_function":
            node = proto.unresolved_function
            return _function(node, (first, *expressions(node.arguments[1:], scope)), proto)
        case "alias":
            return _alias(proto.alias, first)
        case "cast":
            return _cast(proto.cast, first, scope, _origin(proto))
        case "sort_order":
            return _ordering(proto.sort_order, first)
        case "unresolved_extract_value":
            key = expression(proto.unresolved_extract_value.extraction, scope)
            return s.Extract(first, key, _origin(proto))
        case "update_fields":
            node = proto.update_fields
            given = node.HasField("value_expression")
            value = expression(node.value_expression, scope) if given else None
            return s.UpdateField(first, node.field_name, value)
        case kind:
            raise AssertionError(f"{kind} has no first operand")


def _leaf(proto: Any, scope: Scope) -> s.SyntaxExpr:
    match proto.WhichOneof("expr_type"):
        case "literal":
            return decode_literal(proto.literal, scope.context)
        case "unresolved_attribute":
            return _attribute(proto.unresolved_attribute, _origin(proto))
        case "unresolved_function":
            return _function(proto.unresolved_function, (), proto)
        case "expression_string":
            return scope.context.parse_expression(proto.expression_string.expression)
        case "unresolved_star":
            return _star(proto.unresolved_star, _origin(proto))
        case "unresolved_regex":
            return _regex(proto.unresolved_regex, _origin(proto))
        case "window":
            return _window(proto.window, scope)
        case "lambda_function":
            node = proto.lambda_function
            names = tuple(".".join(variable.name_parts) for variable in node.arguments)
            return s.LambdaFunction(names, expression(node.function, scope))
        case "unresolved_named_lambda_variable":
            parts = tuple(proto.unresolved_named_lambda_variable.name_parts)
            return s.Attribute(parts, origin=_origin(proto))
        case "common_inline_user_defined_function":
            return python_function(proto.common_inline_user_defined_function, scope, _origin(proto))
        case "call_function":
            node = proto.call_function
            name = ".".join(identifier_parts(node.function_name))
            return s.Function(name, expressions(node.arguments, scope), origin=_origin(proto))
        case "named_argument_expression":
            node = proto.named_argument_expression
            return s.NamedArgument(node.key, expression(node.value, scope))
        case "subquery_expression":
            return _subquery(proto.subquery_expression, scope, _origin(proto))
        case "merge_action":
            raise unsupported("MERGE INTO")
        case "direct_shuffle_partition_id":
            raise unsupported("repartitionById")
        case kind:
            raise unsupported(f"an expression of the kind {kind}")


def _function(node: Any, args: tuple[s.SyntaxExpr, ...], proto: Any) -> s.SyntaxExpr:
    name, origin = node.function_name, _origin(proto)
    if name.lower() == "when":
        branches = tuple(zip(args[0::2], args[1::2], strict=False))
        return s.CaseWhen(branches, args[-1] if len(args) % 2 else None, origin)
    if name == "not":  # newer clients; one spelling is enough for the analyser
        name = "!"
    if node.is_user_defined_function:
        name = ".".join(identifier_parts(name))
    return s.Function(name, args, distinct=node.is_distinct, origin=origin)


def _alias(node: Any, child: s.SyntaxExpr) -> s.Alias:
    return s.Alias(child, tuple(node.name), node.metadata or None)


def alias(node: Any, scope: Scope) -> s.Alias:
    """An Alias message that stands alone (withColumns)."""
    return _alias(node, expression(node.expr, scope))


def _cast(node: Any, child: s.SyntaxExpr, scope: Scope, origin: Origin | None) -> s.CastTo:
    if node.HasField("type_str"):
        type = scope.context.parse_type(node.type_str)
    else:
        type = decode_type(node.type, scope.context)
    mode = node.EvalMode.Name(node.eval_mode)
    if mode == "EVAL_MODE_LEGACY":
        raise unsupported("a cast in legacy mode", "use try_cast, or cast")
    return s.CastTo(child, type, mode == "EVAL_MODE_TRY", origin)


def _ordering(node: Any, child: s.SyntaxExpr) -> s.Ordering:
    ascending = node.direction != node.SORT_DIRECTION_DESCENDING
    nulls = {node.SORT_NULLS_FIRST: True, node.SORT_NULLS_LAST: False}
    return s.Ordering(child, ascending, nulls.get(node.null_ordering))


def ordering(node: Any, scope: Scope) -> s.Ordering:
    """A SortOrder message that stands alone (sort, window)."""
    return _ordering(node, expression(node.child, scope))


def _attribute(node: Any, origin: Origin | None) -> s.Attribute:
    if node.is_metadata_column:
        raise unsupported("DataFrame.metadataColumn")
    return s.Attribute(attribute_parts(node.unparsed_identifier), _plan_id(node), origin)


def _star(node: Any, origin: Origin | None) -> s.Star:
    target = node.unparsed_target.removesuffix(".*") if node.unparsed_target else ""
    return s.Star(attribute_parts(target) if target else (), _plan_id(node), origin=origin)


def _regex(node: Any, origin: Origin | None) -> s.SyntaxExpr:
    """colRegex takes a pattern only in backquotes; without them it is a plain name."""
    if pattern := re.fullmatch(r"`(.+)`", node.col_name):
        return s.RegexColumns(pattern[1], _plan_id(node))
    if re.fullmatch(r"(.+)\.`(.+)`", node.col_name):
        raise unsupported("colRegex with a table name before the pattern")
    return s.Attribute(attribute_parts(node.col_name), _plan_id(node), origin)


def _plan_id(node: Any) -> int | None:
    return node.plan_id if node.HasField("plan_id") else None


def _window(node: Any, scope: Scope) -> s.WindowOver:
    return s.WindowOver(
        expression(node.window_function, scope),
        expressions(node.partition_spec, scope),
        tuple(ordering(item, scope) for item in node.order_spec),
        _frame(node.frame_spec, scope.context) if node.HasField("frame_spec") else None,
    )


def _frame(node: Any, context: Context) -> Frame:
    unit: OneOf["rows", "range"] = "rows" if node.frame_type == node.FRAME_TYPE_ROW else "range"
    return Frame(unit, _bound(node.lower, context), _bound(node.upper, context))


def _bound(node: Any, context: Context) -> int | None:
    match node.WhichOneof("boundary"):
        case "current_row":
            return 0
        case "unbounded":
            return None
        case _:
            value = node.value
    if value.WhichOneof("expr_type") == "literal":
        offset = decode_literal(value.literal, context).value
        if isinstance(offset, int):
            return offset
    raise unsupported("a window frame whose bound is not an integer")


def _subquery(node: Any, scope: Scope, origin: Origin | None) -> s.SyntaxExpr:
    plan = scope.references.get(node.plan_id)
    if plan is None:
        raise unsupported("a subquery on a DataFrame that the plan does not bring along")
    match node.SubqueryType.Name(node.subquery_type):
        case "SUBQUERY_TYPE_SCALAR":
            return s.ScalarSubquery(plan, origin)
        case "SUBQUERY_TYPE_EXISTS":
            return s.Exists(plan, origin)
        case "SUBQUERY_TYPE_IN":
            return s.InSubquery(expressions(node.in_subquery_values, scope), plan, origin)
        case _:
            raise unsupported("DataFrame.asTable, a table as an argument of a function")


def python_function(node: Any, scope: Scope, origin: Origin | None = None) -> s.PythonFunction:
    """A Python UDF: the very function the user wrote where the session still holds it."""
    if node.WhichOneof("function") != "python_udf":
        raise unsupported(f"the Java or Scala function {node.function_name}")
    if node.is_distinct:
        raise unsupported(f"DISTINCT in a call of the user function {node.function_name}")
    udf, context = node.python_udf, scope.context
    function = context.functions.get(udf.command)
    if function is None:
        function, _ = cloudpickle.loads(udf.command)
    return s.PythonFunction(
        node.function_name,
        function,
        decode_type(udf.output_type, context) if udf.HasField("output_type") else None,
        udf.eval_type,
        expressions(node.arguments, scope),
        node.deterministic,
        origin,
    )


def _origin(proto: Any) -> Origin | None:
    """The line of the user's Python that made an expression, if the client captured it."""
    if not proto.HasField("common"):
        return None
    python = proto.common.origin.python_origin
    if not python.call_site and not python.fragment:
        return None
    return Origin(call_site=python.call_site, fragment=python.fragment)
