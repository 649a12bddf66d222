"""Programs of plans that differ only in literals: built once, then given other parameters.

Literals are parameters of the generated code (see PipelineContext.parameter). `built` replaces the
plan's literals by values that carry their number, so that the program's slots know which literal
each came from, and keeps the program under the plan's shape: everything but those values. Where
a literal decides the code (a pattern, a rounding scale, a list long enough for a table) it stays
in the shape; of the others the shape keeps what code may assume: type, digits, length, and which
of them are equal.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from pyflare.codegen.build import build
from pyflare.codegen.ir.expr import Call, Column, Literal, Origin, UdfCall
from pyflare.codegen.ir.operators import Aggregate, HashJoin, Operator
from pyflare.codegen.operators.literals import bits_of, digit_class, numbered
from pyflare.codegen.program import Fill, Pipeline, Program, Word

COMPARED = frozenset({"eq", "lt", "le", "gt", "ge", "eq_null_safe", "add", "sub", "mul"})
SHORT_LIST = 8  # longer lists of IN become tables, whose content is data of the program
MOST_PROGRAMS = 256

_programs: OrderedDict[object, tuple[Program, object]] = OrderedDict()
_lock = threading.Lock()


def built(operator: Operator) -> Program:
    """The program of `operator`, from an earlier one of its shape where there is one."""
    shape = Shape()
    try:
        key = shape.of(operator)
    except Unstable:
        return build(operator)
    with _lock:
        found = _programs.get(key)
        if found is not None:
            _programs.move_to_end(key)
    if found is not None:
        return rebound(found[0], operator, shape.values)
    program = build(shape.numbered(operator))
    with _lock:
        # the plan is kept: the shape may hold identities of its objects
        _programs[key] = (program, operator)
        while len(_programs) > MOST_PROGRAMS:
            _programs.popitem(last=False)
    return program


def rebound(program: Program, operator: Operator, values: Sequence[Any]) -> Program:
    """`program` with the literals of `operator` in place of those it was built with."""
    constants = dict(program.constants)
    for name, number in program.literals:
        value = values[number]
        constants[name] = value.encode() if isinstance(value, str) else bytes(value)
    pipelines = tuple(_with(pipeline, values) for pipeline in program.pipelines)
    return replace(program, pipelines=pipelines, constants=constants, root=operator)


def _with(pipeline: Pipeline, values: Sequence[Any]) -> Pipeline:
    slots = tuple(_filled(fill, values) for fill in pipeline.slots)
    return replace(pipeline, slots=slots)


def _filled(fill: Fill, values: Sequence[Any]) -> Fill:
    match fill:
        case Word(_, number, (literal, part)):
            return Word(bits_of(values[literal], part), number, (literal, part))
        case _:
            return fill


class Unstable(Exception):
    """The plan holds a function whose code may differ from one use to the next."""


class Shape:
    """A plan's key, and the literals that are not part of it."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def of(self, node: Any, free: bool = False) -> object:
        """A hashable stand-in for `node`; `free` literals go to `values`."""
        match node:
            case Literal(value, type_):
                return self._literal(value, type_, free)
            case Column(number, name, type_, nullable):
                return ("column", number, name, type_, nullable)
            case Call(function, args, type_):
                free = function in COMPARED or (function == "in" and len(args) <= SHORT_LIST)
                return (function, type_, *(self.of(arg, free) for arg in args))
            case UdfCall(function, name, args, type_):
                if not getattr(function, "stable", False):
                    raise Unstable(name)
                return ("udf", id(function), type_, *(self.of(arg) for arg in args))
            case HashJoin():
                estimate = node.build_rows.bit_length()
                return (estimate, self._fields(node, "build_rows"))
            case Aggregate():
                estimate = node.groups.bit_length()
                return (estimate, self._fields(node, "groups"))
            case Origin():
                return None
            case tuple():
                return tuple(self.of(each) for each in node)
            case _ if type(node) in _composite():
                return self._fields(node, "")
            case _:
                return node

    def _fields(self, node: Any, skipped: str) -> object:
        names = _names(type(node))
        return (type(node), *(self.of(getattr(node, n)) for n in names if n != skipped))

    def _literal(self, value: Any, type_: object, free: bool) -> object:
        if not free or value is None or isinstance(value, bool):
            return ("literal", type(value), value, type_)
        if isinstance(value, float) and value != value:
            return ("literal", "NaN", type_)
        same = self.values.index(value) if value in self.values else len(self.values)
        self.values.append(value)
        match value:
            case int():
                return ("int", digit_class(value), type_, same)
            case float():
                return ("float", type_, same)
            case str() | bytes():
                return (type(value), value.isascii(), type_, same)
            case _:
                raise Unstable(repr(value))

    def numbered(self, operator: Operator) -> Operator:
        """The plan whose free literals know their place in `values`."""
        counter = iter(range(len(self.values)))

        def visit(node: Any, free: bool = False) -> Any:
            match node:
                case Literal(value, type_):
                    if not free or value is None or isinstance(value, bool) or value != value:
                        return node
                    return Literal(numbered(value, next(counter)), type_)
                case Column() | Origin():
                    return node
                case Call(function, args):
                    free = function in COMPARED or (function == "in" and len(args) <= SHORT_LIST)
                    return replace(node, args=tuple(visit(arg, free) for arg in args))
                case tuple():
                    return tuple(visit(each) for each in node)
                case _ if type(node) in _composite() or isinstance(node, UdfCall):
                    changed = {}
                    for name in _names(type(node)):
                        before = getattr(node, name)
                        after = visit(before)
                        if after is not before:
                            changed[name] = after
                    return replace(node, **changed) if changed else node
                case _:
                    return node

        found: Operator = visit(operator)
        return found


_NAMES: dict[type, tuple[str, ...]] = {}
_COMPOSITE: set[type] = set()


def _names(kind: type) -> tuple[str, ...]:
    found = _NAMES.get(kind)
    if found is None:
        found = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return found


def _composite() -> set[type]:
    """Operators and expressions, whose members may hold literals."""
    if not _COMPOSITE:
        from typing import get_args

        from pyflare.codegen.ir import expr, operators

        _COMPOSITE.update(get_args(operators.Operator))
        _COMPOSITE.update(get_args(expr.Expr))
        _COMPOSITE.add(expr.SortKey)
    return _COMPOSITE
