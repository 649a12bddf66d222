"""Search for bytes within one string: blocks compared with the first and the last byte sought.

No load leaves the string: the last block of a width is moved back to end with the string, and a
string too short for a block is searched byte by byte.
"""

from __future__ import annotations

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.value import I8, I64, PTR, Val, with_lanes
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.text import called, memcmp, same_bytes

WIDTH = 16  # a wider block gains nothing on texts of the usual length, and compiles slowly
INLINE = 64


def find(text: Val, length: Val, sought: Val, size: int) -> Val:
    """The first offset of sought[:size], size > 0, in text[:length]; -1 without one."""
    code = text.code
    name = helper(
        code,
        f"find_{size}",
        I64,
        [("text", PTR), ("length", I64), ("sought", PTR)],
        lambda t, n, s: _find(t, n, s, size),
    )
    return called(code.call(name, I64, text, length, sought))


def _find(text: Val, length: Val, sought: Val, size: int) -> None:
    code = text.code
    starts = length - (size - 1)
    with code.if_(starts <= 0):
        code.ret(code.const(-1, I64))
    first, last = sought.load(I8), sought.at(I8, size - 1).load(I8)
    with code.if_(starts >= WIDTH):
        _blocks(text, starts, sought, size, first, last)
    with code.range_(0, starts, hint="byte") as (at, loop):
        here = text.at(I8, at)
        ends = (here.load(I8) == first) & (here.at(I8, size - 1).load(I8) == last)
        loop.continue_if(~ends)
        with code.if_(matches(here, sought, size)):
            code.ret(at)
    code.ret(code.const(-1, I64))


def _blocks(text: Val, starts: Val, sought: Val, size: int, first: Val, last: Val) -> None:
    """Every start in blocks; returns from the function."""
    code = text.code
    vector, mask = f"<{WIDTH} x i8>", f"i{WIDTH}"
    firsts, lasts = splat(code, first, WIDTH), splat(code, last, WIDTH)
    at = code.var(0)
    with code.loop("block") as loop:
        here = text.at(I8, at.get())
        one = here.load(vector, align=1) == firsts
        two = here.at(I8, size - 1).load(vector, align=1) == lasts
        found = code.var((one & two).bitcast(mask))
        with code.while_(lambda: found.get() != 0):
            bits = found.get()
            bit = code.intrinsic(f"llvm.cttz.{mask}", mask, bits, code.true)
            place = at.get() + bit.zext(I64)
            with code.if_(matches(text.at(I8, place), sought, size)):
                code.ret(place)
            found.set(bits & (bits - 1))
        loop.break_if(at.get() >= starts - WIDTH)
        following = at.get() + WIDTH
        final = starts - WIDTH
        at.set((following < final).select(following, final))
    code.ret(code.const(-1, I64))


def matches(here: Val, sought: Val, size: int) -> Val:
    """The bytes between the first and the last agree."""
    if size <= 2:
        return here.code.true
    if size <= INLINE:
        return same_bytes(here, sought, size)
    return memcmp(here, sought, here.code.const(size, I64)) == 0


def splat(code: Code, value: Val, lanes: int) -> Val:
    """A vector with `value` in every lane."""
    type_ = with_lanes(value.type, f"<{lanes} x i8>")
    one = code.value(
        "lane", type_, f"insertelement {type_} poison, {value.type} {value.ref}, i32 0"
    )
    return code.value(
        "splat",
        type_,
        f"shufflevector {type_} {one.ref}, {type_} poison, <{lanes} x i32> zeroinitializer",
    )
