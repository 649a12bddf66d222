"""Expressions and physical plans as text: deterministic, so that two texts can be compared.

Columns are shown by name; where several columns of one text have the same name they are numbered
in order of appearance (`n_name#1`, `n_name#2`).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import assert_never

from pyflare.codegen.ir.expr import (
    AggregateCall,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Lambda,
    LambdaVariable,
    Literal,
    SortKey,
    UdfCall,
    WindowCall,
)
from pyflare.codegen.ir.operators import (
    Aggregate,
    Expand,
    Filter,
    HashJoin,
    Limit,
    NestedLoopJoin,
    OneRow,
    Operator,
    Project,
    Range,
    Scan,
    Shared,
    Sort,
    Storage,
    Union,
    Window,
)
from pyflare.codegen.ir.types import (
    Array,
    Binary,
    Boolean,
    CalendarInterval,
    Date,
    DayTimeInterval,
    Decimal,
    Float,
    Integer,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
    TimestampNTZ,
    Type,
    YearMonthInterval,
)

INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "intdiv": "div",
    "eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq_null_safe": "<=>",
    "and": "AND", "or": "OR", "bitand": "&", "bitor": "|", "bitxor": "^",
}  # fmt: skip
INTEGERS = {8: "tinyint", 16: "smallint", 32: "int", 64: "bigint"}
EPOCH = datetime.datetime(1970, 1, 1)


class Names:
    """The text of each column: its name, numbered where another column has the same one."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._count: dict[str, int] = {}

    def __call__(self, column: Column) -> str:
        known = self._known.get(column.id)
        if known is None:
            name = column.name or "_"
            count = self._count[name] = self._count.get(name, 0) + 1
            known = name if count == 1 else f"{name}#{count}"
            self._known[column.id] = known
        return known


def show_type(type: Type) -> str:
    """A type as SQL writes it."""
    match type:
        case Null():
            return "void"
        case Boolean():
            return "boolean"
        case Integer(bits):
            return INTEGERS[bits]
        case Float(bits):
            return "float" if bits == 32 else "double"
        case Decimal(precision, scale):
            return f"decimal({precision},{scale})"
        case String():
            return "string"
        case Binary():
            return "binary"
        case Date():
            return "date"
        case Timestamp():
            return "timestamp"
        case TimestampNTZ():
            return "timestamp_ntz"
        case YearMonthInterval() | DayTimeInterval() | CalendarInterval():
            return "interval"
        case Array(element, _, size):
            return f"array<{show_type(element)}>" + (f"[{size}]" if size is not None else "")
        case Map(key, value):
            return f"map<{show_type(key)},{show_type(value)}>"
        case Struct(fields):
            return "struct<" + ",".join(f"{f.name}:{show_type(f.type)}" for f in fields) + ">"
        case _:
            assert_never(type)


def show_expr(expr: Expr, names: Callable[[Column], str]) -> str:
    """An expression as SQL-like text."""
    match expr:
        case Column():
            return names(expr)
        case LambdaVariable(name=name):
            return name
        case Literal(value, type):
            return show_literal(value, type)
        case Call(function, args) if function in INFIX:
            return "(" + f" {INFIX[function]} ".join(show_expr(a, names) for a in args) + ")"
        case Call("not", (arg,)):
            return f"NOT {show_expr(arg, names)}"
        case Call("is_null", (arg,)):
            return f"({show_expr(arg, names)} IS NULL)"
        case Call("is_not_null", (arg,)):
            return f"({show_expr(arg, names)} IS NOT NULL)"
        case Call("in", (arg, *members)):
            inside = ", ".join(show_expr(m, names) for m in members)
            return f"{show_expr(arg, names)} IN ({inside})"
        case Call("like", (arg, pattern, *_)):
            return f"{show_expr(arg, names)} LIKE {show_expr(pattern, names)}"
        case Call(function, args):
            return f"{function}({', '.join(show_expr(a, names) for a in args)})"
        case UdfCall(_, name, args):
            return f"{name}({', '.join(show_expr(a, names) for a in args)})"
        case Cast(child, type, mode):
            word = "try_cast" if mode == "try" else "cast"
            return f"{word}({show_expr(child, names)} as {show_type(type)})"
        case Case(branches, otherwise):
            parts = [
                f"WHEN {show_expr(when, names)} THEN {show_expr(then, names)}"
                for when, then in branches
            ]
            if otherwise is not None:
                parts.append(f"ELSE {show_expr(otherwise, names)}")
            return f"CASE {' '.join(parts)} END"
        case AggregateCall():
            inside = ", ".join(show_expr(a, names) for a in expr.args) or "*"
            text = f"{expr.function}({'distinct ' if expr.distinct else ''}{inside})"
            where = f" FILTER (WHERE {show_expr(expr.filter, names)})" if expr.filter else ""
            return text + where
        case WindowCall():
            inside = ", ".join(show_expr(a, names) for a in expr.args)
            over = []
            if expr.partition:
                over.append(
                    "PARTITION BY " + ", ".join(show_expr(p, names) for p in expr.partition)
                )
            if expr.order:
                over.append("ORDER BY " + ", ".join(show_key(k, names) for k in expr.order))
            return f"{expr.function}({inside}) OVER ({' '.join(over)})"
        case Lambda(parameters, body):
            left = ", ".join(parameter.name for parameter in parameters)
            return f"({left}) -> {show_expr(body, names)}"
        case _:
            assert_never(expr)


def show_literal(value: object, type: Type) -> str:
    """A constant in storage form as SQL writes it."""
    match type, value:
        case _, None:
            return "NULL"
        case Boolean(), _:
            return "true" if value else "false"
        case Decimal(_, scale), int():
            digits = str(abs(value)).rjust(scale + 1, "0")
            text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
            return f"-{text}" if value < 0 else text
        case Date(), int():
            try:
                return f"DATE '{datetime.date.fromordinal(value + 719163).isoformat()}'"
            except (ValueError, OverflowError):
                return f"DATE {value}"
        case ((Timestamp() | TimestampNTZ()), int()):
            try:
                return f"TIMESTAMP '{EPOCH + datetime.timedelta(microseconds=value)}'"
            except OverflowError:
                return f"TIMESTAMP {value}"
        case String(), str():
            return "'" + value.replace("'", "''") + "'"
        case YearMonthInterval(), int():
            return f"INTERVAL {value} MONTHS"
        case DayTimeInterval(), int():
            return f"INTERVAL {value} MICROSECONDS"
        case _:
            return str(value)


def show_key(key: SortKey, names: Callable[[Column], str]) -> str:
    """One sort key with its direction; the place of NULLs only where it is not the default."""
    text = show_expr(key.expr, names) + (" ASC" if key.ascending else " DESC")
    if key.nulls_first != key.ascending:
        text += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
    return text


def show_columns(columns: Sequence[tuple[Column, Expr]], names: Callable[[Column], str]) -> str:
    """Outputs with their definitions; a column that only passes through is shown by name."""
    parts = []
    for column, expr in columns:
        if isinstance(expr, Column) and expr.id == column.id:
            renamed = "" if expr.name == column.name else f" AS {column.name}"
            parts.append(names(expr) + renamed)
        else:
            parts.append(f"{show_expr(expr, names)} AS {names(column)}")
    return "[" + ", ".join(parts) + "]"


def show_list(columns: Sequence[Column], names: Callable[[Column], str]) -> str:
    """Column names in brackets."""
    return "[" + ", ".join(map(names, columns)) + "]"


def draw(line: str, below: Sequence[str]) -> str:
    """A node's line above the indented texts of its children, as Spark draws trees."""
    text = [line]
    for i, child in enumerate(below):
        last = i == len(below) - 1
        first, rest = ("+- ", "   ") if last else (":- ", ":  ")
        head, *tail = child.split("\n")
        text.append(first + head)
        text.extend(rest + line for line in tail)
    return "\n".join(text)


def show(
    plan: Operator, note: Callable[[Operator], str] | None = None, storage: bool = True
) -> str:
    """A physical plan as a tree; `note` adds a remark to each operator's line; `storage` says of
    each scanned column how it lies in memory."""
    names = Names()
    shared: set[str] = set()

    def visit(op: Operator) -> str:
        below = [] if isinstance(op, Shared) and op.name in shared else _children(op)
        if isinstance(op, Shared):
            shared.add(op.name)
        # Children first: a column is numbered where it is made
        texts = [visit(child) for child in below]
        line = _scan(op, names, storage) if isinstance(op, Scan) else _line(op, names)
        return draw(line + (note(op) if note else ""), texts)

    return visit(plan)


def _scan(op: Scan, names: Names, storage: bool) -> str:
    if not storage:
        return f"Scan {op.source} {show_list(op.columns, names)}"
    pairs = zip(op.columns, op.storage, strict=True)
    return f"Scan {op.source} [{', '.join(f'{names(c)}: {show_storage(s)}' for c, s in pairs)}]"


def _children(op: Operator) -> list[Operator]:
    match op:
        case Scan() | Range() | OneRow():
            return []
        case HashJoin() | NestedLoopJoin():
            return [op.probe, op.build]
        case Union():
            return list(op.children)
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Expand() | Shared() | Window():
            return [op.child]
        case _:
            assert_never(op)


def _line(op: Operator, names: Names) -> str:
    match op:
        case Scan():
            return _scan(op, names, True)
        case Range(start, end, step, column):
            return f"Range {start} to {end} step {step} [{names(column)}]"
        case OneRow():
            return "OneRow"
        case Filter(_, predicate):
            return f"Filter {show_expr(predicate, names)}"
        case Project(_, columns_):
            return f"Project {show_columns(columns_, names)}"
        case HashJoin():
            return _hash_join(op, names)
        case NestedLoopJoin(kind, condition=condition):
            on = f" on {show_expr(condition, names)}" if condition is not None else ""
            return f"NestedLoopJoin {kind.value}{on}"
        case Aggregate(_, keys, aggregates, domains):
            direct = ""
            if domains is not None:
                direct = " direct " + " x ".join(f"[{lo}..{hi}]" for lo, hi in domains)
            made = show_columns(aggregates, names)
            return f"Aggregate by {show_columns(keys, names)} {made}{direct}"
        case Sort(_, keys_, limit, offset):
            order = ", ".join(show_key(key, names) for key in keys_)
            return f"Sort [{order}]{show_limit(limit, offset)}"
        case Limit(_, limit, offset):
            return f"Limit{show_limit(limit, offset)}"
        case Union(_, _, columns):
            return f"Union {show_list(columns, names)}"
        case Expand(_, projections, columns, repeat):
            times = "" if repeat is None else f" repeated {show_expr(repeat, names)} times"
            rows = ", ".join(
                "(" + ", ".join(show_expr(e, names) for e in row) + ")" for row in projections
            )
            return f"Expand {show_list(columns, names)} = {rows}{times}"
        case Shared(name, _, columns):
            return f"Shared {name} {show_list(columns, names)}"
        case Window(_, calls):
            return f"Window {show_columns(calls, names)}"
        case _:
            assert_never(op)


def _hash_join(op: HashJoin, names: Names) -> str:
    safe = op.null_safe or (False,) * len(op.build_keys)
    keys = ", ".join(
        f"{show_expr(p, names)} {'<=>' if null_safe else '='} {show_expr(b, names)}"
        for p, b, null_safe in zip(op.probe_keys, op.build_keys, safe, strict=True)
    )
    text = f"HashJoin {op.kind.value} on {keys}"
    if op.residual is not None:
        text += f" where {show_expr(op.residual, names)}"
    if op.key_range is not None:
        text += f" dense [{op.key_range[0]}..{op.key_range[1]}]"
    return text + (" unique" if op.unique else "")


def show_storage(storage: Storage) -> str:
    """How a column lies in memory, in a word: i16, u8 of 3, str32; `?` where NULLs may be."""
    word = {
        "fixed": f"i{storage.bits}",
        "bits": "bit",
        "string": f"str{storage.bits}",
        "dictionary": f"u{storage.bits} of {storage.entries}",
        "vector": f"{storage.size}xi{storage.bits}",
        "opaque": "opaque",
    }[storage.kind]
    return word + ("?" if storage.nulls else "")


def show_limit(limit: int | None, offset: int) -> str:
    """` limit n offset m`, without what is not there."""
    text = "" if limit is None else f" limit {limit}"
    return text + (f" offset {offset}" if offset else "")
