"""SQL values at staging time: data, validity, and what is proved of them.

Ranges travel with values: `lo`, `hi` bound the data in storage units, for integers, decimals,
dates, timestamps. They come from statistics or from the type, so they always exist for those
types; arithmetic derives them and so decides widths and drops overflow checks. Literals are
parameters: their range is what their type allows, never their value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyflare.codegen.emit.value import F32, F64, I1, I8, Val
from pyflare.codegen.ir import types as t


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A SQL value of `type`.

    data    i1 for booleans; i8 … i128 for integers, decimals (scaled), dates, timestamps and
            intervals, in any width that holds [lo, hi]; float or double; ptr for strings and
            binary (then `length`); the vector's element pointer for fixed-size lists
    valid   i1, false for NULL; None when never NULL. Where invalid, data is garbage
    length  i64 bytes of a string; elements of a vector
    code    the i32 dictionary code of a dictionary string, whose `dictionary` names it: equal
            dictionaries have equal codes for equal strings
    ascii   every byte is below 128
    finite  a float that is never NaN
    """

    type: t.Type
    data: Val
    valid: Val | None = None
    lo: int | None = None
    hi: int | None = None
    length: Val | None = None
    code: Val | None = None
    dictionary: object | None = None
    ascii: bool = False
    finite: bool = False

    def with_valid(self, valid: Val | None) -> Value:
        return replace(self, valid=valid)


def both(a: Val | None, b: Val | None) -> Val | None:
    """Valid where both are."""
    if a is None or b is None:
        return a if b is None else b
    return a & b


def all_valid(*values: Value) -> Val | None:
    """Valid where every value is; None when none can be NULL."""
    valid: Val | None = None
    for value in values:
        valid = both(valid, value.valid)
    return valid


def type_range(type_: t.Type) -> tuple[int, int] | None:
    """The bounds that the type alone proves."""
    match type_:
        case t.Integer(bits):
            return -(1 << bits - 1), (1 << bits - 1) - 1
        case t.Decimal(precision, _):
            return 1 - 10**precision, 10**precision - 1
        case t.Date() | t.YearMonthInterval():
            return -(1 << 31), (1 << 31) - 1
        case t.Timestamp() | t.TimestampNTZ() | t.DayTimeInterval():
            return -(1 << 63), (1 << 63) - 1
        case t.Boolean():
            return 0, 1
        case _:
            return None


def width_for(lo: int, hi: int) -> int:
    """The fewest bits of 8, 16, 32, 64, 128 whose signed range holds [lo, hi]; 256 if none does."""
    for bits in (8, 16, 32, 64, 128):
        if -(1 << bits - 1) <= lo and hi < 1 << bits - 1:
            return bits
    return 256


def machine_type(type_: t.Type) -> str:
    """The LLVM type of a value's data when nothing narrower is proved."""
    match type_:
        case t.Boolean():
            return I1
        case t.Float(32):
            return F32
        case t.Float():
            return F64
        case t.Null():
            return I8
        case t.String() | t.Binary() | t.Array() | t.Map() | t.Struct():
            return "ptr"
        case t.CalendarInterval():
            return "i128"
        case _:
            bounds = type_range(type_)
            assert bounds is not None
            return f"i{width_for(*bounds)}"
