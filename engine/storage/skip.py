"""Which parts of a table a predicate proves to be without a match."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.footer import Bounds

Predicates = Sequence[tuple[int, str, object]]


def may_hold(bounds: Bounds, type: t.Type, op: str, value: object, rows: int) -> bool:
    """False only if no value within `bounds` satisfies `column op value`."""
    if bounds.nulls == rows:
        return False  # a comparison with NULL is never true
    if value is None:
        return False
    lo, hi = bounds.lo, bounds.hi
    if op == "in":
        assert isinstance(value, tuple | list | set | frozenset)
        return any(may_hold(bounds, type, "=", item, rows) for item in value)
    if isinstance(type, t.Float):
        # footers ignore NaN, which Spark holds to be greater than all numbers
        if isinstance(value, float) and math.isnan(value):
            return True
        hi = math.inf if op in (">", ">=") else hi
    if isinstance(type, t.String):
        if not isinstance(value, str):
            return True
        value = value.encode()
        lo = lo.encode() if isinstance(lo, str) else None
        hi = hi.encode() if isinstance(hi, str) else None
    if type == t.BOOLEAN and isinstance(value, bool):
        value = int(value)
    if not isinstance(value, bytes | int | float):
        return True
    below, above = lo is not None, hi is not None
    match op:
        case "<":
            return not (below and lo >= value)
        case "<=":
            return not (below and lo > value)
        case ">":
            return not (above and hi <= value)
        case ">=":
            return not (above and hi < value)
        case "=":
            return not ((below and lo > value) or (above and hi < value))
        case _:
            raise AssertionError(f"predicate {op}")
