"""Alternatives: staged apart, then joined by `select` where that is cheap, else by control flow.

Which it is shows in the staged code itself: a few straight instructions that store nothing (a
check that may fail stores its status) are evaluated for every row, anything else only where it
is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value, type_range
from pyflare.codegen.emit.value import Val, bits
from pyflare.codegen.functions.values import bounds, lane_for
from pyflare.codegen.ir import types as t

STRAIGHT_LINES = 24


@dataclass(frozen=True, slots=True)
class Fragment:
    """Lines staged aside: they begin block `label` and end in block `end` with `value`."""

    label: str
    lines: list[str]
    end: str
    value: Value

    @property
    def straight(self) -> bool:
        """Short and free of blocks, stores and calls of functions with effects or loops."""
        body = self.lines[1:]
        return len(body) <= STRAIGHT_LINES and not any(map(_has_effect, body))


def _has_effect(line: str) -> bool:
    """A block border, a store, or a call of anything but an intrinsic that gives a value."""
    if line.endswith(":") or line.startswith(("  store", "  call")):
        return True
    return " call " in line and "@llvm." not in line


def fragment(code: Code, hint: str, build: Callable[[], Value]) -> Fragment:
    """What `build` stages, kept aside."""
    body = code.body
    lines, block, terminated = body.lines, body.block, body.terminated
    label = code.label(hint)
    body.lines, body.terminated = [f"{label}:"], False
    body.block = label
    with code.scope():
        value = build()
    staged = Fragment(label, body.lines, body.block, value)
    assert not body.terminated
    body.lines, body.block, body.terminated = lines, block, terminated
    return staged


def choose(code: Code, condition: Val, then: Fragment, otherwise: Fragment) -> Value:
    """The value of `then` where `condition`, else of `otherwise`."""
    if then.straight and otherwise.straight:
        code.body.lines += then.lines[1:]
        code.body.lines += otherwise.lines[1:]
        one, two = alike([then.value, otherwise.value])
        merged = [condition.select(a, b) for a, b in zip(parts(one), parts(two), strict=True)]
        return rebuilt(one, merged)
    shared = shape([then.value, otherwise.value])
    after = code.label("end")
    code.branch(condition, then.label, otherwise.label)
    ends: list[tuple[list[Val], str]] = []
    for branch in (then, otherwise):
        code.body.lines += branch.lines
        code.body.terminated = False
        code.body.block = branch.end
        ends.append((parts(conformed(code, branch.value, shared)), code.body.block))
        code.jump(after)
    code.start(after)
    (left, left_end), (right, right_end) = ends
    merged = [
        code.value(
            "phi", a.type, f"phi {a.type} [ {a.ref}, %{left_end} ], [ {b.ref}, %{right_end} ]"
        )
        for a, b in zip(left, right, strict=True)
    ]
    return rebuilt(shared, merged)


def alike(values: Sequence[Value]) -> list[Value]:
    """The values with one machine form: equal lanes, lengths, validity and codes."""
    shared = shape(values)
    return [conformed(value.data.code, value, shared) for value in values]


def shape(values: Sequence[Value]) -> Value:
    """The form all `values` can take; its Vals name only types."""
    first = next((v for v in values if not isinstance(v.type, t.Null)), values[0])
    nullable = any(value.valid is not None for value in values)
    proved = [v for v in values if not constant_null(v)] or list(values)
    lo = hi = None
    lane = first.data.type
    if type_range(first.type) is not None:
        ranges = [bounds(value) for value in proved if not isinstance(value.type, t.Null)]
        if ranges:
            lo, hi = min(r[0] for r in ranges), max(r[1] for r in ranges)
            if not isinstance(first.type, t.Boolean):
                lane = lane_for(lo, hi)
    one_dictionary = first.dictionary is not None and all(
        v.dictionary == first.dictionary and v.code is not None for v in proved
    )
    code = first.data.code
    return Value(
        first.type,
        Val(code, "undef", lane),
        code.true if nullable else None,
        lo,
        hi,
        Val(code, "undef", "i64") if first.length is not None else None,
        Val(code, "undef", "i32") if one_dictionary else None,
        first.dictionary if one_dictionary else None,
        all(v.ascii for v in proved),
        all(v.finite for v in proved),
    )


def constant_null(value: Value) -> bool:
    return value.valid is not None and value.valid.ref == "false"


def conformed(code: Code, value: Value, shared: Value) -> Value:
    """`value` in the form of `shared`, staged here."""
    lane = shared.data.type
    data = value.data
    if data.type != lane:
        if isinstance(value.type, t.Null) or constant_null(value):
            zero = "null" if lane == "ptr" else "zeroinitializer"
            data = Val(code, zero, lane)
        else:
            data = data.resize(lane) if bits(data.type) > 1 else data.zext(lane)
    length = None
    if shared.length is not None:
        length = value.length if value.length is not None else code.const(0, "i64")
    valid = None
    if shared.valid is not None:
        valid = value.valid if value.valid is not None else code.true
    number = None
    if shared.code is not None:
        number = value.code if value.code is not None else code.const(0, "i32")
    return replace(shared, data=data, valid=valid, length=length, code=number)


def parts(value: Value) -> list[Val]:
    """The staged components of a value."""
    return [v for v in (value.data, value.valid, value.length, value.code) if v is not None]


def rebuilt(shared: Value, merged: list[Val]) -> Value:
    """A value of the form of `shared` with these components."""
    rest = iter(merged)
    return replace(
        shared,
        data=next(rest),
        valid=next(rest) if shared.valid is not None else None,
        length=next(rest) if shared.length is not None else None,
        code=next(rest) if shared.code is not None else None,
    )
