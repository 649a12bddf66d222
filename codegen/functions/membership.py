"""IN over a list: compares for few literals, a search in a sorted table for many."""

from __future__ import annotations

import struct
from typing import Any

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I1, I64, PTR, Val
from pyflare.codegen.functions.comparison import equal, order_key
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.registry import function
from pyflare.codegen.functions.values import boolean, bounds, keyed
from pyflare.codegen.ir.expr import Call, Literal

FEW = 24


def py_in(call: Call, x: Any, *items: Any) -> bool | None:
    if x is None:
        return None
    key = order_key(x)
    if any(item is not None and order_key(item) == key for item in items):
        return True
    return None if any(item is None for item in items) else False


@function("in", py_in, strict=False)
def in_(call: Call, args: tuple[Value, ...], context: Context) -> Value:
    """True if equal to an item; else NULL if x or an item is NULL."""
    x, *items = args
    code = context.code
    found = code.false
    unknown: Val | None = None
    table = _sorted_table(call, x)
    if table is not None:
        found = _search(x, table, context)
    else:
        for index, item in enumerate(items, 1):
            literal = call.args[index]
            if isinstance(literal, Literal) and literal.value is None:
                continue
            same = equal(x, item)
            if item.valid is not None:
                same = same & item.valid
                unknown = ~item.valid if unknown is None else unknown | ~item.valid
            found = same if found.ref == "false" else found | same
    valid = x.valid
    if any(isinstance(a, Literal) and a.value is None for a in call.args[1:]):
        unknown = code.true
    if unknown is not None:
        settled = found | ~unknown
        valid = settled if valid is None else settled & valid
    return boolean(found, valid)


def _sorted_table(call: Call, x: Value) -> list[int] | None:
    """The distinct literals in order, where all are 64-bit integers and there are many."""
    numbers: set[int] = set()
    for item in call.args[1:]:
        match item:
            case Literal(None):
                continue
            case Literal(int() as number) if -(1 << 63) <= number < 1 << 63:
                numbers.add(number)
            case _:
                return None
    lo, hi = bounds(x) if x.lo is not None else (0, 1 << 64)
    wide = lo < -(1 << 63) or hi >= 1 << 63
    return sorted(numbers) if len(numbers) > FEW and not wide else None


def _search(x: Value, numbers: list[int], context: Context) -> Val:
    code = context.code
    # padded to a power of two with its last item, so that the search has no special cases
    size = 1 << (len(numbers) - 1).bit_length()
    padded = numbers + [numbers[-1]] * (size - len(numbers))
    data = struct.pack(f"<{size}q", *padded)
    table = context.table(data, keyed(f"in_{size}", data))
    name = helper(
        code,
        f"in_{size}",
        I1,
        [("key", I64), ("table", PTR)],
        lambda key, items: _binary_search(key, items, size),
    )
    found = code.call(name, I1, x.data.resize(I64), table)
    assert found is not None
    return found


def _binary_search(key: Val, table: Val, size: int) -> None:
    """The last item that is not above `key` is `key`: log2(size) branch-free steps."""
    code = key.code
    at = code.const(0, I64)
    step = size // 2
    while step:
        probe = at + step
        at = (table.at(I64, probe).load(I64) <= key).select(probe, at)
        step //= 2
    code.ret(table.at(I64, at).load(I64) == key)
