"""Which expressions can raise: only the others may be evaluated earlier than the user wrote."""

from __future__ import annotations

from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal
from pyflare.codegen.ir.types import (
    MAX_PRECISION,
    Boolean,
    Date,
    Decimal,
    Float,
    Integer,
    Null,
    String,
    Timestamp,
    TimestampNTZ,
    Type,
)

_TOTAL = """
    eq lt le gt ge eq_null_safe greatest least and or not is_null is_not_null is_nan coalesce in
    nanvl sign bitand bitor bitxor bitnot shiftleft shiftright shiftrightunsigned try_add try_sub
    try_mul try_div try_mod wrap_add wrap_sub wrap_mul wrap_neg wrap_abs null_div null_mod
    null_intdiv ceil floor sqrt cbrt exp expm1 ln log10 log2 log1p sin cos tan asin acos atan atan2
    sinh cosh tanh asinh acosh atanh degrees radians rint hypot like ilike rlike startswith endswith
    contains substring upper lower trim ltrim rtrim length octet_length concat replace locate lpad
    rpad reverse initcap ascii translate substring_index concat_ws year quarter month day dayofweek
    weekday dayofyear weekofyear hour minute second date_diff last_day trunc_date date_trunc hash
    xxhash64 md5 sha1 crc32 get_field levenshtein soundex
"""
TOTAL = frozenset(_TOTAL.split())

INTEGER_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19}


def infallible(expr: Expr) -> bool:
    """Evaluating `expr` on any row whatever cannot raise (decided from its types alone)."""
    match expr:
        case Column() | Literal():
            return True
        case Call(function, args):
            return _total(function, expr) and all(infallible(arg) for arg in args)
        case Cast(child, target, mode):
            return (mode != "ansi" or _total_cast(child.type, target)) and infallible(child)
        case Case(branches, otherwise):
            return all(infallible(a) and infallible(b) for a, b in branches) and (
                otherwise is None or infallible(otherwise)
            )
        case _:
            return False


def _total(function: str, call: Call) -> bool:
    if function in TOTAL:
        return True
    types = [arg.type for arg in call.args]
    match function, types:
        case (("add" | "sub" | "mul" | "neg" | "abs"), [Float(), *_]):
            return True
        case (("neg" | "abs"), [Decimal()]):
            return True
        case (("add" | "sub"), [Decimal() as a, Decimal() as b]):
            scale = max(a.scale, b.scale)
            digits = max(a.precision - a.scale, b.precision - b.scale) + scale + 1
            return digits <= MAX_PRECISION and call.type == Decimal(digits, scale)
        case "mul", [Decimal() as a, Decimal() as b]:
            digits = a.precision + b.precision + 1
            return digits <= MAX_PRECISION and call.type == Decimal(digits, a.scale + b.scale)
        case (("div" | "mod" | "pmod" | "intdiv"), [Float() | Integer(), Float() | Integer()]):
            # -1 overflows at the smallest integer
            by = call.args[1]
            return isinstance(by, Literal) and by.value not in (None, 0, -1)
        case "round", [Float(), *_]:
            return True
        case _:
            return False


def _total_cast(source: Type, target: Type) -> bool:
    if source == target:
        return True
    match source, target:
        case Null(), _:
            return True
        case Integer(a), Integer(b):
            return a <= b
        case Integer() | Boolean() | Float() | Decimal(), Float():
            return True
        case Integer(bits), Decimal(precision, scale):
            return precision - scale >= INTEGER_DIGITS[bits]
        case Decimal(p, s), Decimal(precision, scale):
            return scale >= s and precision - scale >= p - s
        case ((Integer() | Boolean() | Float() | Decimal() | Date() | Timestamp()), String()):
            return True
        case Date(), Timestamp() | TimestampNTZ():
            return True
        case Timestamp() | TimestampNTZ(), Date():
            return True
        case Boolean(), Integer():
            return True
        case _:
            return False
