"""The text of an expression as Spark prints it: default column names, and errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as Exact
from typing import TypeAlias, assert_never

from pyflare.codegen.ir.expr import Column, Literal
from pyflare.codegen.ir.types import (
    Binary,
    Boolean,
    CalendarInterval,
    Date,
    DayTimeInterval,
    Decimal,
    Float,
    Null,
    String,
    Timestamp,
    TimestampNTZ,
    YearMonthInterval,
)
from pyflare.engine.plan import syntax as s
from pyflare.engine.types import sql_name

Node: TypeAlias = s.SyntaxExpr | Column
Show: TypeAlias = Callable[[s.Attribute], str]

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


def shown(node: Node, attribute: Show) -> str:
    """The text of `node`; `attribute` prints a name."""

    def text(part: Node) -> str:
        return shown(part, attribute)

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
            if isinstance(node.key, Literal) and isinstance(node.key.value, str):
                return f"{text(node.child)}[{text(node.key)}]"
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
    name = node.name.lower()
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
    if node.ignore_nulls and name in ("first", "last", "any_value", "first_value", "last_value"):
        body += " ignore nulls"
    if node.filter is not None:
        body += f" FILTER (WHERE {text(node.filter)})"
    return body


def _window(node: s.WindowOver, text: Callable[[Node], str]) -> str:
    if node.name is not None and not node.partition and not node.order:
        return f"{text(node.function)} OVER {node.name}"
    parts = []
    if node.partition:
        parts.append("PARTITION BY " + ", ".join(map(text, node.partition)))
    if node.order:
        parts.append("ORDER BY " + ", ".join(map(text, node.order)))
    if node.frame is not None:
        frame = node.frame
        parts.append(
            f"{frame.unit.upper()} BETWEEN {_bound(frame.start, -1)} AND {_bound(frame.end, 1)}"
        )
    return f"{text(node.function)} OVER ({' '.join(parts)})"


def _bound(offset: int | None, side: int) -> str:
    if offset is None:
        return "UNBOUNDED PRECEDING" if side < 0 else "UNBOUNDED FOLLOWING"
    if offset == 0:
        return "CURRENT ROW"
    return f"{abs(offset)} {'PRECEDING' if offset < 0 else 'FOLLOWING'}"


def shown_literal(literal: Literal) -> str:
    """A constant as Spark prints it in names: text bare, dates and intervals with their type."""
    value = literal.value
    if value is None:
        return "NULL"
    match literal.type:
        case Null():
            return "NULL"
        case Boolean():
            return "true" if value else "false"
        case String():
            return str(value)
        case Binary():
            assert isinstance(value, bytes)
            return f"X'{value.hex().upper()}'"
        case Float():
            assert isinstance(value, float)
            return java_double(value)
        case Decimal(_, scale):
            return format(Exact(str(value)).scaleb(-scale), "f")
        case Date():
            assert isinstance(value, int)
            return f"DATE '{(date(1970, 1, 1) + timedelta(value)).isoformat()}'"
        case Timestamp() | TimestampNTZ():
            assert isinstance(value, int)
            name = "TIMESTAMP_NTZ" if isinstance(literal.type, TimestampNTZ) else "TIMESTAMP"
            return f"{name} '{_timestamp(value)}'"
        case YearMonthInterval() | DayTimeInterval():
            assert isinstance(value, int)
            return interval_text(value, literal.type)
        case CalendarInterval():
            return f"INTERVAL '{calendar_text(value)}'"
        case _:
            return str(value)


def java_double(value: float) -> str:
    """Java's Double.toString."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value) if "e" not in repr(value) else format(value, "f")
    digits, exponent = f"{value:.17e}".split("e")
    shortest = repr(value)
    if "e" in shortest:
        digits, exponent = shortest.split("e")
    else:
        exact = Exact(shortest).normalize()
        sign, parts, power = exact.as_tuple()
        assert isinstance(power, int)
        head = "".join(map(str, parts))
        digits = ("-" if sign else "") + head[0] + "." + (head[1:] or "0")
        exponent = str(power + len(head) - 1)
    if "." not in digits:
        digits += ".0"
    return f"{digits}E{int(exponent)}"


def _timestamp(micros: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text


def interval_text(value: int, type: YearMonthInterval | DayTimeInterval) -> str:
    """An interval as an SQL literal with its fields: INTERVAL '1 02:03:04' DAY TO SECOND."""
    sign = "-" if value < 0 else ""
    if isinstance(type, YearMonthInterval):
        names = ("YEAR", "MONTH")
        years, months = divmod(abs(value), 12)
        match type.start, type.end:
            case (0, 0):
                body = f"{years}"
            case (1, 1):
                body = f"{abs(value)}"
            case _:
                body = f"{years}-{months}"
        unit = names[type.start] if type.start == type.end else "YEAR TO MONTH"
        return f"INTERVAL '{sign}{body}' {unit}"
    return f"INTERVAL '{sign}{_day_time(abs(value), type)}' {_day_time_unit(type)}"


def _day_time_unit(type: DayTimeInterval) -> str:
    names = ("DAY", "HOUR", "MINUTE", "SECOND")
    if type.start == type.end:
        return names[type.start]
    return f"{names[type.start]} TO {names[type.end]}"


def _day_time(micros: int, type: DayTimeInterval) -> str:
    sizes = (86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000)
    parts = []
    rest = micros
    for unit in range(type.start, type.end + 1):
        count, rest = divmod(rest, sizes[unit])
        digits = str(count) if unit == type.start and unit != 3 else f"{count:02d}"
        if unit == 3 and rest:
            digits += f".{rest:06d}".rstrip("0")
        parts.append(digits)
    if type.start == 0 and len(parts) > 1:
        return f"{parts[0]} {':'.join(parts[1:])}"
    return ":".join(parts)


def calendar_text(value: object) -> str:
    """A calendar interval in words: 1 years 2 months 3 days."""
    assert isinstance(value, tuple)
    months, days, micros = value
    years, months = int(months / 12), months - 12 * int(months / 12)
    parts = [f"{n} {unit}" for n, unit in ((years, "years"), (months, "months")) if n]
    if days:
        parts.append(f"{days} days")
    hours, rest = int(micros / 3_600_000_000), micros - 3_600_000_000 * int(micros / 3_600_000_000)
    minutes, rest = int(rest / 60_000_000), rest - 60_000_000 * int(rest / 60_000_000)
    parts += [f"{n} {unit}" for n, unit in ((hours, "hours"), (minutes, "minutes")) if n]
    if rest:
        parts.append(f"{format(Exact(rest).scaleb(-6).normalize(), 'f')} seconds")
    return " ".join(parts) or "0 seconds"


def _fixed(template: str, arity: int) -> Callable[[list[str]], str | None]:
    return lambda args: template.format(*args) if len(args) == arity else None


_RENAMED: dict[str, str] = {}

_SPECIAL: dict[str, Callable[[list[str]], str | None]] = {
    "!": _fixed("(NOT {0})", 1),
    "not": _fixed("(NOT {0})", 1),
    "!=": _fixed("(NOT ({0} = {1}))", 2),
    "<>": _fixed("(NOT ({0} = {1}))", 2),
    "-": _fixed("(- {0})", 1),
    "negative": _fixed("negative({0})", 1),
    "+": _fixed("(+ {0})", 1),
    "~": _fixed("~{0}", 1),
    "isnull": _fixed("({0} IS NULL)", 1),
    "isnotnull": _fixed("({0} IS NOT NULL)", 1),
    "like": _fixed("{0} LIKE {1}", 2),
    "ilike": _fixed("ilike({0}, {1})", 2),
    "in": lambda args: f"({args[0]} IN ({', '.join(args[1:])}))",
    "if": _fixed("(IF({0}, {1}, {2}))", 3),
}
