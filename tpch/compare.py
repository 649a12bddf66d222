"""Are two answers the same? Decimals exactly, doubles to 1e-9 relative, rows in any order."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

RELATIVE = 1e-9


def differences(ours: Any, theirs: Any) -> str | None:
    """None if two Arrow tables hold the same rows, else what differs first.

    Where one engine gives a decimal and the other a double (averages, quotients), the double may
    be off by half a unit of the decimal's last place.
    """
    if ours.num_columns != theirs.num_columns:
        return f"{ours.num_columns} columns, expected {theirs.num_columns}"
    if ours.num_rows != theirs.num_rows:
        return f"{ours.num_rows} rows, expected {theirs.num_rows}"
    left, right = sorted(rows(ours), key=order), sorted(rows(theirs), key=order)
    for a, b in zip(left, right, strict=True):
        if not all(same(x, y) for x, y in zip(a, b, strict=True)):
            return f"row {a}, expected {b}"
    return None


def rows(table: Any) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True))


def order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Exact values first, so that no rounding difference reorders rows that they tell apart."""
    exact = tuple(str(v) for v in row if isinstance(v, (str, int)) or hasattr(v, "year"))
    inexact = tuple("" if v is None else f"{float(v):.6g}" for v in row if is_number(v))
    return (exact, inexact)


def is_number(value: Any) -> bool:
    return isinstance(value, (float, Decimal))


def same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return a == b
    if is_number(a) and is_number(b):
        places = [-int(v.as_tuple().exponent) for v in (a, b) if isinstance(v, Decimal)]
        slack = 0.5000001 * 10.0 ** -places[0] if places else 0.0
        return math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=slack)
    return bool(a == b)
