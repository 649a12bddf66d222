"""LIKE by the kind of its pattern: equality, prefix, suffix, search for parts in order, or a
matcher for patterns with `_`. Lengths of parts are in the code, their bytes are parameters.
"""

from __future__ import annotations

import struct
from typing import Any

from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import I1, I8, I32, I64, PTR, Val
from pyflare.codegen.functions.callbacks import called as call_python
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.pattern import BadPattern, Pattern, parse, regular
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.search import find
from pyflare.codegen.functions.text import called, is_start, memcmp, same_bytes
from pyflare.codegen.functions.values import boolean, keyed, safe_length
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call, Literal

INLINE = 64


def pattern_of(call: Call) -> tuple[str, str] | None:
    """The pattern and escape character of a LIKE if they are literal."""
    match call.args[1:]:
        case (Literal(str() as pattern), Literal(str() as escape)):
            return pattern, escape
        case (Literal(str() as pattern),):
            return pattern, "\\"
        case _:
            return None


def py_like(call: Call, s: str, pattern: str, escape: str = "\\") -> bool:
    try:
        return regular(pattern, escape).fullmatch(s) is not None
    except BadPattern:
        raise Fails(Failure.INVALID_INPUT) from None


@function("like", py_like)
def like(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """The whole string matches the pattern."""
    literal = pattern_of(call)
    s = args[0]
    try:
        pattern = None if literal is None else parse(*literal)
    except BadPattern:
        pattern = None
    if pattern is None:
        return call_python(call, args, context, Failure.INVALID_INPUT)
    if pattern.plain:
        data = match_parts(s.data, safe_length(s), pattern.texts(), context)
    else:
        data = match_general(s.data, safe_length(s), pattern, context)
    return boolean(data, all_valid(*args))


def match_parts(s: Val, length: Val, parts: tuple[bytes, ...], context: Context) -> Val:
    """The string begins with the first part, ends with the last, holds the others in between."""
    code = s.code
    least = sum(len(part) for part in parts)
    name = "like_" + "_".join(str(len(part)) for part in parts)
    # 8-byte aligned parts behind one pointer
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + (len(part) + 7) // 8 * 8)
    data = b"".join(part.ljust((len(part) + 7) // 8 * 8, b"\0") for part in parts)
    table = context.table(data or bytes(8), keyed(name, data))

    def build(text: Val, size: Val, constants: Val) -> None:
        pieces = [constants.at(I8, offset) for offset in offsets]
        lengths = [len(part) for part in parts]
        with code.if_((size != least) if len(parts) == 1 else (size < least)):
            code.ret(code.false)
        first, last = lengths[0], lengths[-1]
        with code.if_(~bytes_equal(text, pieces[0], first)):
            code.ret(code.false)
        if len(parts) == 1:
            code.ret(code.true)
            return
        tail = text.at(I8, size - last)
        with code.if_(~bytes_equal(tail, pieces[len(parts) - 1], last)):
            code.ret(code.false)
        at = code.const(first, I64)
        end = size - last
        for piece, many in zip(pieces[1:-2], lengths[1:-1], strict=True):
            found = find(text.at(I8, at), end - at, piece, many)
            with code.if_(found < 0):
                code.ret(code.false)
            at = at + found + many
        code.ret(code.true)

    function_name = helper(code, name, I1, [("text", PTR), ("length", I64), ("parts", PTR)], build)
    return called(code.call(function_name, I1, s, length, table))


def bytes_equal(x: Val, y: Val, size: int) -> Val:
    return same_bytes(x, y, size) if size <= INLINE else memcmp(x, y, x.code.const(size, I64)) == 0


def match_general(s: Val, length: Val, pattern: Pattern, context: Context) -> Val:
    """A pattern with `_`, by tokens of (kind, byte) and a return to the last `%`."""
    code = s.code
    tokens = tokenize(pattern)
    data = b"".join(struct.pack("<I", token) for token in tokens)
    table = context.table(data, keyed("like_tokens", data))
    name = helper(
        code,
        "like_tokens",
        I1,
        [("text", PTR), ("length", I64), ("tokens", PTR), ("count", I64)],
        _general,
    )
    return called(code.call(name, I1, s, length, table, code.const(len(tokens), I64)))


ANY_ONE, ANY_MANY = 256, 257


def tokenize(pattern: Pattern) -> list[int]:
    """Bytes below 256, ANY_ONE for `_`, ANY_MANY for `%`."""
    tokens: list[int] = []
    for index, segment in enumerate(pattern.segments):
        if index:
            tokens.append(ANY_MANY)
        for char in segment:
            tokens += [ANY_ONE] if char is None else list(char.encode())
    return tokens


def _general(text: Val, length: Val, tokens: Val, count: Val) -> None:
    """Greedy: on a mismatch go back to the last `%` and let it take one more character."""
    code = text.code
    at, token = code.var(0), code.var(0)
    star, resume = code.var(-1), code.var(0)
    with code.while_(lambda: at.get() < length) as outer:
        inside = token.get() < count
        kind = tokens.at(I32, inside.select(token.get(), 0)).load(I32)
        many = inside & (kind == ANY_MANY)
        with code.if_(many):
            star.set(token.get() + 1)
            resume.set(at.get())
            token.set(token.get() + 1)
        outer.continue_if(many)
        byte = text.at(I8, at.get()).load(I8)
        one = inside & (kind == ANY_ONE)
        same = inside & (kind == byte.zext(I32))
        with code.if_(one):
            at.set(next_point(text, at.get(), length))
            token.add(1)
        outer.continue_if(one)
        with code.if_(same):
            at.add(1)
            token.add(1)
        outer.continue_if(same)
        with code.if_(star.get() < 0):
            code.ret(code.false)
        resume.set(next_point(text, resume.get(), length))
        at.set(resume.get())
        token.set(star.get())
    with code.while_(lambda: token.get() < count):
        with code.if_(tokens.at(I32, token.get()).load(I32) != ANY_MANY):
            code.ret(code.false)
        token.add(1)
    code.ret(code.true)


def next_point(text: Val, at: Val, length: Val) -> Val:
    """The offset of the code point after the one at `at`."""
    name = helper(
        text.code, "next_point", I64, [("text", PTR), ("at", I64), ("length", I64)], _next_point
    )
    return called(text.code.call(name, I64, text, at, length))


def _next_point(text: Val, at: Val, length: Val) -> None:
    code = text.code
    here = code.var(at + 1)
    with code.while_(lambda: here.get() < length) as loop:
        loop.break_if(is_start(text.at(I8, here.get()).load(I8)))
        here.add(1)
    code.ret(here.get())


# ---------------------------------------------------------------- startswith, endswith, contains


def _tests(name: str, test: Any, parts: Any) -> None:
    @function(name, lambda call, s, part: test(s, part))
    def stage(call: Call, args: tuple[Value, ...], context: Context) -> Value:
        match call.args[1]:
            case Literal(str() as part):
                bytes_ = parts(part.encode())
            case Literal(bytes() as part):
                bytes_ = parts(part)
            case _:
                return call_python(call, args, context)
        s = args[0]
        return boolean(match_parts(s.data, safe_length(s), bytes_, context), all_valid(*args))


_tests("startswith", lambda s, part: s.startswith(part), lambda part: (part, b""))
_tests("endswith", lambda s, part: s.endswith(part), lambda part: (b"", part))
_tests("contains", lambda s, part: part in s, lambda p: (b"", p, b"") if p else (b"", b""))
