"""Changing strings letter by letter: case, trimming, reversing, padding."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import I1, I8, I64, PTR, Val
from pyflare.codegen.functions.branches import choose, fragment
from pyflare.codegen.functions.callbacks import called as call_python
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.text import called
from pyflare.codegen.functions.values import safe_length
from pyflare.codegen.ir.expr import Call


def change_case(name: str, python: Callable[[str], str], first: str) -> None:
    """Enters upper or lower: ASCII by flipping a bit of the letters from `first`, else Python."""

    @function(name, lambda call, s: python(s))
    def stage(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        (s,) = args
        code = context.code
        size = safe_length(s)

        def flipped() -> Value:
            to = context.heap(size)
            flip = helper(
                code,
                f"flip_{first}",
                "void",
                [("text", PTR), ("length", I64), ("to", PTR)],
                lambda text, length, out: _flip(text, length, out, first),
            )
            code.call(flip, "void", s.data, size, to)
            return Value(call.type, to, s.valid, length=size, ascii=True)

        if s.ascii:
            return flipped()
        name_ = helper(code, "is_ascii", I1, [("text", PTR), ("length", I64)], _is_ascii)
        plain = called(code.call(name_, I1, s.data, size))
        return choose(
            code,
            plain,
            fragment(code, "ascii", flipped),
            fragment(code, "unicode", lambda: call_python(call, args, context)),
        )


def _flip(text: Val, length: Val, to: Val, first: str) -> None:
    code = text.code
    with code.range_(0, length, hint="byte") as (i, _):
        byte = text.at(I8, i).load(I8)
        letter = (byte - ord(first)).ult(26)
        to.at(I8, i).store(byte ^ (letter.zext(I8) << 5))
    code.ret()


def _is_ascii(text: Val, length: Val) -> None:
    code = text.code
    every = code.var(code.const(0, I8))
    with code.range_(0, length, hint="byte") as (i, _):
        every.set(every.get() | text.at(I8, i).load(I8))
    code.ret(every.get() >= 0)


change_case("upper", str.upper, "a")
change_case("lower", str.lower, "A")


# ---------------------------------------------------------------- trim


def trim(name: str, python: Callable[[str, str], str], left: bool, right: bool) -> None:
    """Enters a trim of spaces, or of given characters."""

    @function(name, lambda call, s, characters=" ": python(s, characters) if characters else s)
    def stage(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        s = args[0]
        if len(args) > 1:
            return call_python(call, args, context)
        code = context.code
        start, stop = code.var(0), code.var(safe_length(s))

        def space(at: Val) -> Val:
            inside = start.get() < stop.get()
            return inside & (s.data.at(I8, inside.select(at, 0)).load(I8) == ord(" "))

        # the pointer of an empty string is not read
        with code.if_(stop.get() > 0):
            if left:
                with code.while_(lambda: space(start.get())):
                    start.add(1)
            if right:
                with code.while_(lambda: space(stop.get() - 1)):
                    stop.add(-1)
        begin = start.get()
        return Value(
            call.type, s.data.at(I8, begin), s.valid, length=stop.get() - begin, ascii=s.ascii
        )


trim("trim", str.strip, left=True, right=True)
trim("ltrim", str.lstrip, left=True, right=False)
trim("rtrim", str.rstrip, left=False, right=True)


# ---------------------------------------------------------------- reverse


@function("reverse", lambda call, s: s[::-1])
def reverse(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The code points in the opposite order."""
    (s,) = args
    code = context.code
    size = safe_length(s)
    to = context.heap(size)
    name = helper(code, "reverse", "void", [("text", PTR), ("length", I64), ("to", PTR)], _reverse)
    code.call(name, "void", s.data, size, to)
    return Value(call.type, to, all_valid(s), length=size, ascii=s.ascii)


def _reverse(text: Val, length: Val, to: Val) -> None:
    """A code point of n bytes at i goes to length - i - n."""
    code = text.code
    at = code.var(0)
    with code.while_(lambda: at.get() < length):
        byte = text.at(I8, at.get()).load(I8)
        size = code.const(1, I64) + (byte.uge(0xC0)).zext(I64) + (byte.uge(0xE0)).zext(I64)
        size = size + (byte.uge(0xF0)).zext(I64)
        room = length - at.get()
        size = (size < room).select(size, room)
        target = room - size
        with code.range_(0, size, hint="part") as (i, _):
            to.at(I8, target + i).store(text.at(I8, at.get() + i).load(I8))
        at.set(at.get() + size)
    code.ret()
