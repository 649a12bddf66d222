"""The text of an expression as Spark prints it: default column names, and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from pyflare.codegen.ir.expr import Column, Literal
from pyflare.engine.analyze.literals import shown_literal
from pyflare.engine.plan import syntax as s
from pyflare.engine.types import sql_name

Node: TypeAlias = s.SyntaxExpr | Column
Show: TypeAlias = Callable[[s.Attribute], str]
Spelling: TypeAlias = Callable[[Node], str | None]

_INFIX = {
    "+": "+",
    "-": "-",
    "*": "*",
    "/": "/",
    "%": "%",
    "div": "div",
    "=": "=",
    "==": "=",
    "<=>": "<=>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "and": "AND",
    "or": "OR",
    "&": "&",
    "|": "|",
    "^": "^",
    "<<": "<<",
    ">>": ">>",
    ">>>": ">>>",
}


def shown(node: Node, attribute: Show, spelling: Spelling) -> str:
    """The text of `node`; `attribute` prints a name, `spelling` knows the texts that depend on
    types (a date plus a number prints as date_add)."""

    def text(part: Node) -> str:
        return shown(part, attribute, spelling)

    known = spelling(node)
    if known is not None:
        return known
    match node:
        case Column():
            return node.name
        case Literal():
            return shown_literal(node)
        case s.Attribute():
            return attribute(node)
        case s.Star():
            return ".".join((*node.target, "*"))
        case s.RegexColumns():
            return node.pattern
        case s.Function():
            return _function(node, text)
        case s.NamedArgument():
            return f"{node.name} => {text(node.value)}"
        case s.CaseWhen():
            branches = "".join(f" WHEN {text(w)} THEN {text(t)}" for w, t in node.branches)
            otherwise = "" if node.otherwise is None else f" ELSE {text(node.otherwise)}"
            return f"CASE{branches}{otherwise} END"
        case s.CastTo():
            name = "TRY_CAST" if node.try_ else "CAST"
            return f"{name}({text(node.child)} AS {sql_name(node.type)})"
        case s.Alias():
            return f"{text(node.child)} AS {node.names[0]}"
        case s.Ordering():
            first = node.ascending if node.nulls_first is None else node.nulls_first
            direction = "ASC" if node.ascending else "DESC"
            return f"{text(node.child)} {direction} NULLS {'FIRST' if first else 'LAST'}"
        case s.WindowOver():
            return _window(node, text)
        case s.ScalarSubquery():
            return "scalarsubquery()"
        case s.Exists():
            return "exists()"
        case s.InSubquery():
            values = ", ".join(map(text, node.values))
            if len(node.values) > 1:
                values = f"named_struct({values})"
            return f"({values} IN (listquery()))"
        case s.Extract():
            return f"{text(node.child)}[{text(node.key)}]"
        case s.LambdaFunction():
            return f"lambdafunction({text(node.body)}, {', '.join(node.parameters)})"
        case s.UpdateField():
            return f"update_fields({text(node.child)}, WithField({node.field}))"
        case s.PythonFunction():
            return f"{node.name}({', '.join(map(text, node.args))})"
        case s.Parameter():
            return f":{node.key}"
        case _:
            assert_never(node)


def _function(node: s.Function, text: Callable[[Node], str]) -> str:
    name = _as_written(node)
    args = [text(arg) for arg in node.args]
    if len(args) == 2 and name in _INFIX:
        return f"({args[0]} {_INFIX[name]} {args[1]})"
    special = _SPECIAL.get(name)
    if special is not None:
        made = special(args)
        if made is not None:
            return made
    if name == "count" and args == ["*"]:
        args = ["1"]
    distinct = "DISTINCT " if node.distinct else ""
    body = f"{_RENAMED.get(name, name)}({distinct}{', '.join(args)})"
    if node.filter is not None:
        body += f" FILTER (WHERE {text(node.filter)})"
    return body


def _as_written(node: s.Function) -> str:
    """The name in lower case, or the operator that SQL text has in its place."""
    name = node.name.lower()
    symbol = _SYMBOLS.get(name)
    if symbol is None or node.origin is None or node.origin.sql is None:
        return name
    return name if node.origin.fragment.lower().startswith(name) else symbol


def _window(node: s.WindowOver, text: Callable[[Node], str]) -> str:
    parts = []
    if node.partition:
        parts.append("PARTITION BY " + ", ".join(map(text, node.partition)))
    if node.order:
        parts.append("ORDER BY " + ", ".join(map(text, node.order)))
    name = node.function.name.lower() if isinstance(node.function, s.Function) else ""
    parts.append(_frame(name, node))
    return f"{text(node.function)} OVER ({' '.join(parts)})"


def _frame(name: str, node: s.WindowOver) -> str:
    if name in ("lag", "lead"):
        return (
            "ROWS BETWEEN -1 FOLLOWING AND -1 FOLLOWING"
            if name == "lag"
            else ("ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING")
        )
    if name in _RANKING:
        return "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    if node.frame is None:
        unit, end = ("RANGE", "CURRENT ROW") if node.order else ("ROWS", "UNBOUNDED FOLLOWING")
        return f"{unit} BETWEEN UNBOUNDED PRECEDING AND {end}"
    start, end = _bound(node.frame.start, -1), _bound(node.frame.end, 1)
    return f"{node.frame.unit.upper()} BETWEEN {start} AND {end}"


def _bound(offset: int | None, side: int) -> str:
    if offset is None:
        return "UNBOUNDED PRECEDING" if side < 0 else "UNBOUNDED FOLLOWING"
    if offset == 0:
        return "CURRENT ROW"
    return f"{abs(offset)} {'PRECEDING' if offset < 0 else 'FOLLOWING'}"


def _fixed(template: str, arity: int) -> Callable[[list[str]], str | None]:
    return lambda args: template.format(*args) if len(args) == arity else None


def _defaults(template: str, *values: str) -> Callable[[list[str]], str | None]:
    """A function that prints the default values of arguments left out."""
    total = template.count("{")

    def build(args: list[str]) -> str | None:
        missing = total - len(args)
        if not 0 <= missing <= len(values):
            return None
        return template.format(*args, *values[len(values) - missing :])

    return build


def _called(name: str, args: list[str]) -> str:
    return f"{name}({', '.join(args)})"


def _trimmed(side: str, name: str) -> Callable[[list[str]], str | None]:
    return lambda args: f"TRIM({side} {args[0]} FROM {args[1]})" if len(args) == 2 else None


def _like(args: list[str]) -> str:
    escape = "" if len(args) == 2 or args[2] == "\\" else f" ESCAPE '{args[2]}'"
    return f"{args[0]} LIKE {args[1]}{escape}"


def _extract(name: str) -> Callable[[list[str]], str | None]:
    return _fixed(name + "({0} FROM {1})", 2)


_SYMBOLS = {"negative": "-", "shiftleft": "<<", "shiftright": ">>", "shiftrightunsigned": ">>>"}
_RANKING = frozenset(("row_number", "rank", "dense_rank", "percent_rank", "ntile"))
_UPPER = """acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot csc degrees dense_rank e
exp expm1 floor hypot log10 log1p log2 percent_rank pi power radians rank regexp_like sec signum
sin sinh sqrt tan tanh"""
_FORMAT = "yyyy-MM-dd HH:mm:ss"
_RENAMED: dict[str, str] = {
    **{name: name.upper() for name in _UPPER.split()},
    "rlike": "RLIKE",
    "regexp": "REGEXP",
    "random": "rand",
    "curdate": "current_date",
    "current_database": "current_schema",
    "array_agg": "collect_list",
}

_SPECIAL: dict[str, Callable[[list[str]], str | None]] = {
    "!": _fixed("(NOT {0})", 1),
    "not": _fixed("(NOT {0})", 1),
    "!=": _fixed("(NOT ({0} = {1}))", 2),
    "<>": _fixed("(NOT ({0} = {1}))", 2),
    "-": _fixed("(- {0})", 1),
    "+": _fixed("(+ {0})", 1),
    "positive": _fixed("(+ {0})", 1),
    "~": _fixed("~{0}", 1),
    "isnull": _fixed("({0} IS NULL)", 1),
    "isnotnull": _fixed("({0} IS NOT NULL)", 1),
    "like": _like,
    "ilike": lambda args: f"ilike({args[0]}, {args[1]})",
    "rank": lambda args: "RANK()",
    "dense_rank": lambda args: "DENSE_RANK()",
    "percent_rank": lambda args: "PERCENT_RANK()",
    "in": lambda args: f"({args[0]} IN ({', '.join(args[1:])}))",
    "if": _fixed("(IF({0}, {1}, {2}))", 3),
    "first": lambda args: f"first({args[0]})",
    "last": lambda args: f"last({args[0]})",
    "first_value": lambda args: f"first_value({args[0]})",
    "last_value": lambda args: f"last_value({args[0]})",
    "any_value": lambda args: f"any_value({args[0]})",
    "round": _defaults("round({}, {})", "0"),
    "bround": _defaults("bround({}, {})", "0"),
    "log": lambda args: f"LOG({', '.join(args if len(args) == 2 else ['E()', *args])})",
    "substring": _defaults("substring({}, {}, {})", "2147483647"),
    "substr": _defaults("substr({}, {}, {})", "2147483647"),
    "trim": _trimmed("BOTH", "trim"),
    "ltrim": _trimmed("LEADING", "ltrim"),
    "rtrim": _trimmed("TRAILING", "rtrim"),
    "replace": _defaults("replace({}, {}, {})", ""),
    "locate": _defaults("locate({}, {}, {})", "1"),
    "position": _defaults("position({}, {}, {})", "1"),
    "lpad": _defaults("lpad({}, {}, {})", " "),
    "rpad": _defaults("rpad({}, {}, {})", " "),
    "split": _defaults("split({}, {}, {})", "-1"),
    "overlay": _defaults("overlay({}, {}, {}, {})", "-1"),
    "regexp_replace": _defaults("regexp_replace({}, {}, {}, {})", "1"),
    "regexp_extract": _defaults("regexp_extract({}, {}, {})", "1"),
    "extract": _extract("extract"),
    "datepart": _extract("datepart"),
    "dateadd": lambda args: _called("date_add" if len(args) == 2 else "timestampadd", args),
    "datediff": lambda args: _called("datediff" if len(args) == 2 else "timestampdiff", args),
    "months_between": _defaults("months_between({}, {}, {})", "true"),
    "unix_timestamp": _defaults("unix_timestamp({}, {})", "current_timestamp()", _FORMAT),
    "to_unix_timestamp": _defaults("to_unix_timestamp({}, {})", _FORMAT),
    "from_unixtime": _defaults("from_unixtime({}, {})", _FORMAT),
    "raise_error": _fixed("raise_error(USER_RAISED_EXCEPTION, map(errorMessage, {0}))", 1),
    "assert_true": _fixed("assert_true({0}, '{0}' is not true!)", 1),
    "lag": _defaults("lag({}, {}, {})", "1", "NULL"),
    "lead": _defaults("lead({}, {}, {})", "1", "NULL"),
    **{
        name: _fixed("{0}", 1)
        for name in [
            "boolean",
            "tinyint",
            "smallint",
            "int",
            "bigint",
            "float",
            "double",
            "decimal",
            "string",
            "binary",
            "date",
            "timestamp",
        ]
    },
}
