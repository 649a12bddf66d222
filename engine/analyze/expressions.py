"""Expressions: names become columns, functions typed calls, subqueries columns of an Apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from pyflare.codegen.ir.expr import (
    AggregateCall,
    Call,
    Column,
    Expr,
    Literal,
    Origin,
    UdfCall,
    WindowCall,
)
from pyflare.codegen.ir.types import BOOLEAN, INT, Array, Boolean, Integer, Map, Null, Struct
from pyflare.engine.analyze import coerce, lookup, subqueries
from pyflare.engine.analyze.analysis import Analysis
from pyflare.engine.analyze.functions import BUILTINS, UNBUILT, Arguments
from pyflare.engine.analyze.functions.casts import explicit_cast, written_moment
from pyflare.engine.analyze.functions.predicates import bounded_name, choice
from pyflare.engine.analyze.functions.signature import ordinal
from pyflare.engine.analyze.functions.temporal import moved_name
from pyflare.engine.analyze.names import Node, shown
from pyflare.engine.analyze.scope import Scope
from pyflare.engine.analyze.subqueries import Pending
from pyflare.engine.analyze.windows import WINDOW_ONLY, window_call
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.expressions import map_children, walk
from pyflare.engine.types import sql_name

RESPELLED = frozenset(("+", "-", "*", "<", "<=", ">", ">="))

# Spark's eval types of functions that take the rows of a group or a window
_OVER_GROUPS = frozenset((202, 203, 217, 252, 253, 254))


@dataclass
class Typer:
    """Types the expressions of one relation.

    Names are looked for in `scope`, then among the `aliases` made earlier in the select list, in
    `below` (what lies under a select list), then in the enclosing queries. Inside an aggregate
    function only `rows` counts, where it is set. `pending` collects the subqueries that the
    caller has to apply below the node it makes, `windows` the window functions. `no_aggregates`
    names the clause where aggregate functions may not stand, `within` is the one whose arguments
    are being typed, and `grouped` allows grouping(). `spelled` keeps the texts that depend on
    types.
    """

    analysis: Analysis
    scope: Scope
    below: Scope | None = None
    rows: Scope | None = None
    no_aggregates: str | None = None
    aliases: dict[str, Expr] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    windows: list[tuple[Column, WindowCall]] = field(default_factory=list)
    within: str | None = None
    grouped: bool = False
    whole: s.SyntaxExpr | None = None
    spelled: dict[int, str] = field(default_factory=dict)

    def expr(self, node: Node) -> Expr:
        """The typed form of an expression."""
        match node:
            case Literal() | Column():
                return node
            case s.Attribute():
                return lookup.attribute(self, node)
            case s.Function("!", (s.Function("!", (s.InSubquery() as inside,)),)):
                return subqueries.membership(subqueries.placeholder(self, inside), negated=False)
            case s.Function("!", (s.InSubquery() as inside,)):
                return subqueries.membership(subqueries.placeholder(self, inside), negated=True)
            case s.Function():
                return self._function(node)
            case s.CaseWhen():
                return self._case(node)
            case s.CastTo():
                return self._cast(node)
            case s.Alias():
                return self.expr(node.child)
            case s.Extract():
                return self._extract(node)
            case s.InSubquery():
                return subqueries.membership(subqueries.placeholder(self, node), negated=False)
            case s.ScalarSubquery() | s.Exists():
                return subqueries.placeholder(self, node)
            case s.PythonFunction():
                return self._user_function(node)
            case s.WindowOver():
                return self._window(node)
            case s.Star() | s.RegexColumns():
                raise analysis_error(
                    "INVALID_USAGE_OF_STAR_OR_REGEX",
                    {"elem": "'*'", "prettyName": "expression"},
                    getattr(node, "origin", None),
                )
            case s.NamedArgument():
                raise unsupported(f"the named argument {node.name} =>")
            case s.Ordering():
                return self.expr(node.child)
            case s.LambdaFunction():
                raise unsupported("lambda functions")
            case s.UpdateField():
                raise unsupported("withField and dropFields")
            case s.Parameter():
                raise analysis_error("UNBOUND_SQL_PARAMETER", {"name": f"{node.key}"}, node.origin)
            case _:
                assert_never(node)

    def shown(self, node: Node) -> str:
        """The expression as Spark prints it in column names and errors."""
        return shown(
            node,
            lambda attribute: lookup.shown_attribute(self, attribute),
            lambda call: self.spelled.get(id(call)),
        )

    def condition(self, node: s.SyntaxExpr, what: str) -> Expr:
        """A predicate: a boolean, or NULL."""
        self.whole = node
        value = self.expr(node)
        if isinstance(value.type, Boolean):
            return subqueries.as_condition(value)
        if isinstance(value.type, Null):
            return coerce.cast(value, BOOLEAN, self.analysis.options.timezone)
        shown, type = f'"{self.shown(node)}"', f'"{sql_name(value.type)}"'
        parameters = {"sqlExpr": shown, "filter": shown, "type": type}
        kind = "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN"
        if what == "JOIN":
            parameters = {"joinCondition": shown, "conditionType": type}
            kind = "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE"
        raise analysis_error(kind, parameters, getattr(node, "origin", None))

    def arguments(
        self, name: str, nodes: Sequence[Node], origin: Origin | None, whole: Node
    ) -> Arguments:
        """Typed arguments for a rule of the function table."""
        return Arguments(
            name,
            tuple([self.expr(node) for node in nodes]),
            tuple(nodes),
            origin,
            self.analysis.options,
            self.analysis.now,
            lambda: self.shown(whole),
            self.shown,
            self._seed,
        )

    def _seed(self) -> int:
        """A seed of its own for each random function that the user gave none."""
        return (self.analysis.now * 1_000_003 + next(self.analysis.ids)) % (1 << 63)

    def _function(self, node: s.Function) -> Expr:
        name = node.name.lower()
        registered = self.analysis.session.functions.get(name)
        if registered is not None:
            called = replace(registered, args=node.args, origin=node.origin)
            self.spelled[id(node)] = self.shown(called)
            return self._user_function(called)
        builtin = BUILTINS.get(name)
        if name in ("grouping", "grouping_id") and not self.grouped:
            raise analysis_error("UNSUPPORTED_GROUPING_EXPRESSION", {}, node.origin)
        if name in WINDOW_ONLY:
            raise analysis_error(
                "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE",
                {"funcName": f'"{self.shown(node)}"'},
                node.origin,
            )
        if builtin is None and name in UNBUILT:
            raise unsupported(f"the function {name}")
        if builtin is None:
            raise lookup.unknown_function(self.analysis, node)
        if builtin.aggregate:
            return self.aggregate(node)
        if node.distinct or node.filter is not None or node.within_group:
            syntax = "DISTINCT" if node.distinct else "FILTER clause"
            raise analysis_error(
                "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                {"prettyName": f'"{name}"', "syntax": f'"{syntax}"'},
                node.origin,
            )
        args = self._expanded(node, self)
        if not builtin.takes(len(args)):
            raise wrong_number(node, builtin.least, builtin.most, len(args))
        given = self.arguments(node.name, args, node.origin, node)
        made = builtin.build(given)
        if name in RESPELLED and len(args) == 2:
            spelling = moved_name(name, given, self.shown) or bounded_name(name, given, made)
            if spelling is not None:
                self.spelled[id(node)] = spelling
        return made

    def _expanded(self, node: s.Function, inner: Typer) -> tuple[Node, ...]:
        """The arguments without stars; the call is then named by the columns that they mean."""
        args = lookup.expanded_arguments(inner, node)
        if args is not node.args and args != (Literal(1, INT),):
            self.spelled[id(node)] = f"{node.name.lower()}({', '.join(map(self.shown, args))})"
        return args

    def aggregate(self, node: s.Function, windowed: bool = False) -> Expr:
        """An aggregate over the rows of a group, or `windowed` over those of a window frame:
        then its arguments are expressions of the select list and may aggregate themselves."""
        if self.no_aggregates is not None and not windowed:
            raise self._misplaced(node)
        if self.within is not None:
            raise analysis_error("NESTED_AGGREGATE_FUNCTION", {}, node.origin)
        if node.within_group:
            raise unsupported(f"{node.name} WITHIN GROUP")
        builtin = BUILTINS[node.name.lower()]
        inner = (
            self
            if windowed
            else replace(
                self,
                scope=self.rows or self.scope,
                rows=None,
                below=None,
                aliases={},
                within=node.name,
            )
        )
        args = self._expanded(node, inner)
        if not builtin.takes(len(args)):
            raise wrong_number(node, builtin.least, builtin.most, len(args))
        given = inner.arguments(node.name, args, node.origin, node)
        made = builtin.build(replace(given, ignore_nulls=node.ignore_nulls, distinct=node.distinct))
        if node.filter is None:
            return made
        return filtered(made, inner.condition(node.filter, "FILTER"))

    def _misplaced(self, node: s.Function) -> Exception:
        """An aggregate function where none may stand."""
        shown = self.shown(node)
        if self.no_aggregates == "WHERE":
            return analysis_error(
                "INVALID_WHERE_CONDITION",
                {"condition": f'"{self.shown(self.whole or node)}"', "expressionList": shown},
                node.origin,
            )
        return unsupported(f"the aggregate function {node.name} in {self.no_aggregates}")

    def _case(self, node: s.CaseWhen) -> Expr:
        branches: list[tuple[Expr, Expr]] = []
        for when, then in node.branches:
            test = self.expr(when)
            if not isinstance(test.type, Boolean):
                position = 2 * len(branches)
                raise analysis_error(
                    "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
                    {
                        "sqlExpr": f'"{self.shown(node)}"',
                        "paramIndex": ordinal(position),
                        "requiredType": '"BOOLEAN"',
                        "inputSql": f'"{self.shown(when)}"',
                        "inputType": f'"{sql_name(test.type)}"',
                    },
                    node.origin,
                )
            branches.append((test, self.expr(then)))
        otherwise = None if node.otherwise is None else self.expr(node.otherwise)
        return choice(self.arguments("casewhen", (), node.origin, node), branches, otherwise)

    def _cast(self, node: s.CastTo) -> Expr:
        moment = written_moment(node, self.analysis.options.timezone)
        if moment is not None:
            self.spelled[id(node)] = self.shown(moment)
            return moment
        given = self.arguments("cast", (node.child,), node.origin, node)
        return explicit_cast(given, node.type, trying=node.try_)

    def _extract(self, node: s.Extract) -> Expr:
        child = self.expr(node.child)
        key = self.expr(node.key)
        if isinstance(child.type, Struct) and isinstance(key, Literal):
            self.spelled[id(node)] = f"{self.shown(node.child)}.{key.value}"
        return extracted(child, key, node.origin, self.shown(node.child))

    def _user_function(self, node: s.PythonFunction) -> Expr:
        if node.eval_type in _OVER_GROUPS:
            raise unsupported(f"the Python function {node.name} over groups or windows")
        args = tuple([self.expr(arg) for arg in lookup.expanded(self, node.args)])
        function, type = self.analysis.session.udf(node, [arg.type for arg in args])
        return UdfCall(function, node.name, args, type, True)

    def _window(self, node: s.WindowOver) -> Expr:
        return window_call(self, node)


def filtered(expr: Expr, condition: Expr) -> Expr:
    """`expr` with its aggregates over the rows that also pass `condition`."""
    if not isinstance(expr, AggregateCall):
        return map_children(expr, lambda part: filtered(part, condition))
    if expr.filter is None:
        return replace(expr, filter=condition)
    nullable = condition.nullable or expr.filter.nullable
    return replace(expr, filter=Call("and", (condition, expr.filter), BOOLEAN, nullable))


def extracted(child: Expr, key: Expr, origin: Origin | None, text: str) -> Expr:
    """child[key]: a field of a struct, an element of an array, a value of a map."""
    match child.type:
        case Struct():
            if not isinstance(key, Literal) or not isinstance(key.value, str):
                raise analysis_error(
                    "INVALID_EXTRACT_FIELD_TYPE",
                    {"extraction": f'"{text}"'},
                    origin,
                )
            return field_of(child, key.value, origin, text)
        case Array(element):
            if not isinstance(key.type, Integer | Null):
                raise unsupported("an array's element by something that is no integer")
            index = coerce.implicit(key, INT, "UTC") or key
            return Call("element", (child, index), element, True, origin)
        case Map():
            raise unsupported("looking a key up in a map")
        case _:
            raise analysis_error(
                "INVALID_EXTRACT_BASE_FIELD_TYPE",
                {"base": f'"{text}"', "other": f'"{sql_name(child.type)}"'},
                origin,
            )


def field_of(child: Expr, name: str, origin: Origin | None, text: str) -> Expr:
    """child.name of a struct; of an array of structs the array of the fields is not built."""
    if not isinstance(child.type, Struct | Array | Map):
        raise analysis_error(
            "INVALID_EXTRACT_BASE_FIELD_TYPE",
            {"base": f'"{text}"', "other": f'"{sql_name(child.type)}"'},
            origin,
        )
    if not isinstance(child.type, Struct):
        raise unsupported(f"the field {name} of a value of type {sql_name(child.type)}")
    found = [
        (at, part) for at, part in enumerate(child.type.fields) if part.name.lower() == name.lower()
    ]
    names = ", ".join(f"`{part.name}`" for part in child.type.fields)
    if not found:
        raise analysis_error("FIELD_NOT_FOUND", {"fieldName": f"`{name}`", "fields": names}, origin)
    if len(found) > 1:
        raise analysis_error(
            "AMBIGUOUS_REFERENCE_TO_FIELDS",
            {"field": f"`{name}`", "count": str(len(found))},
            origin,
        )
    at, part = found[0]
    args = (child, Literal(at, INT))
    return Call("get_field", args, part.type, child.nullable or part.nullable, origin)


def wrong_number(node: s.Function, least: int, most: int | None, given: int) -> Exception:
    """WRONG_NUM_ARGS as Spark counts: a number, a list of numbers, or a lower bound."""
    if most is None:
        expected = f"> {least - 1}"
    elif least == most:
        expected = str(least)
    else:
        expected = "[" + ", ".join(str(n) for n in range(least, most + 1)) + "]"
    return analysis_error(
        "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
        {
            "functionName": f"`{node.name.lower()}`",
            "expectedNum": expected,
            "actualNum": str(given),
            "docroot": "https://spark.apache.org/docs/latest",
        },
        node.origin,
    )


def has_aggregate(expr: Expr) -> bool:
    """An aggregate function stands somewhere in `expr`."""
    return any(isinstance(part, AggregateCall) for part in walk(expr))
