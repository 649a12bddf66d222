"""What the optimiser may know of a function without staging it."""

from __future__ import annotations

from enum import IntEnum

from pyflare.codegen.functions import vocabulary
from pyflare.codegen.functions.pattern import BadPattern, parse
from pyflare.codegen.functions.registry import FUNCTIONS
from pyflare.codegen.ir.expr import Call, Case, Cast, Column, Expr, Literal, UdfCall
from pyflare.codegen.ir.types import (
    MAX_PRECISION,
    Binary,
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

vocabulary.load()


class Cost(IntEnum):
    """Classes of work per row."""

    FREE = 0
    INSTRUCTIONS = 1
    LOOP = 2
    CALLBACK = 3


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


FALLIBLE_BY_TYPE = _names("""add sub mul neg abs div mod pmod intdiv""")
FALLIBLE = _names(
    """round bround add_months make_date next_day
    raise_error assert_true to_timestamp_format to_date_format iv_add iv_sub
    iv_neg iv_mul iv_div ts_add ts_add_months ts_diff timestamp_seconds timestamp_millis
    element regexp_replace regexp_extract rlike unbase64 split_part"""
)
LOOPS = _names(
    """like ilike rlike contains concat substring upper lower trim ltrim rtrim replace locate
    lpad rpad repeat reverse initcap translate split_part substring_index concat_ws
    levenshtein soundex length exp ln log10 log2 pow sin cos tan"""
)
CALLBACKS = _names(
    """rlike regexp_replace regexp_extract md5 sha1 sha2 base64 unbase64 date_format
    to_timestamp_format to_date_format initcap soundex levenshtein"""
)
INTEGER_DIGITS = {8: 3, 16: 5, 32: 10, 64: 19}


def known(name: str) -> bool:
    """The function can be emitted and interpreted."""
    return name in FUNCTIONS


def infallible(expr: Expr) -> bool:
    """Evaluating `expr` on any row whatever cannot raise, by its types alone."""
    match expr:
        case Column() | Literal():
            return True
        case Call(name, args):
            return known(name) and _total(expr) and all(infallible(arg) for arg in args)
        case Cast(child, target, mode):
            return (mode != "ansi" or total_cast(child.type, target)) and infallible(child)
        case Case(branches, otherwise):
            return all(infallible(a) and infallible(b) for a, b in branches) and (
                otherwise is None or infallible(otherwise)
            )
        case _:
            return False


def cost(expr: Expr) -> Cost:
    """The most expensive class of work in `expr`."""
    match expr:
        case Column() | Literal():
            return Cost.FREE
        case Call(name, args):
            own = Cost.INSTRUCTIONS
            if name in CALLBACKS:
                own = Cost.CALLBACK
            elif name in LOOPS or any(isinstance(arg.type, String | Binary) for arg in args):
                own = Cost.LOOP
            return max([own, *map(cost, args)])
        case Cast(child, target):
            text = isinstance(child.type, String) or isinstance(target, String)
            return max(cost(child), Cost.LOOP if text else Cost.INSTRUCTIONS)
        case Case(branches, otherwise):
            inner = [cost(part) for branch in branches for part in branch]
            return max([Cost.INSTRUCTIONS, *inner, cost(otherwise) if otherwise else Cost.FREE])
        case UdfCall():
            return Cost.CALLBACK
        case _:
            return Cost.LOOP


def _total(call: Call) -> bool:
    types = [arg.type for arg in call.args]
    match call.function, types:
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
            by = call.args[1]
            # -1 overflows at the smallest integer
            return isinstance(by, Literal) and by.value not in (None, 0, -1)
        case (("round" | "bround"), [Float(), *_]):
            return True
        case "like", _:
            match call.args[1]:
                case Literal(str() as pattern):
                    return is_well_formed(pattern, call)
                case _:
                    return False
        case (("ceil" | "floor"), [Float()]):
            return False
        case (("ceil" | "floor"), [Integer()]):
            return True
        case _:
            return call.function not in FALLIBLE_BY_TYPE and call.function not in FALLIBLE


def is_well_formed(pattern: str, call: Call) -> bool:
    """The LIKE pattern has no misplaced escape."""
    escape = (
        call.args[2].value if len(call.args) > 2 and isinstance(call.args[2], Literal) else "\\"
    )
    try:
        parse(pattern, escape if isinstance(escape, str) else "\\")
    except BadPattern:
        return False
    return True


def total_cast(source: Type, target: Type) -> bool:
    """An ANSI cast that succeeds on every value."""
    if source == target:
        return True
    match source, target:
        case Null(), _:
            return True
        case Integer(a), Integer(b):
            return a <= b
        case ((Integer() | Boolean() | Float() | Decimal()), (Float() | Boolean())):
            return True
        case Integer(bits), Decimal(precision, scale):
            return precision - scale >= INTEGER_DIGITS[bits]
        case Decimal(p, s), Decimal(precision, scale):
            # rounding may carry into one more digit
            return precision - scale >= p - s + (scale < s)
        case ((Integer() | Boolean() | Float() | Decimal() | Date() | Timestamp()), String()):
            return True
        case TimestampNTZ(), String():
            return True
        case ((Timestamp() | TimestampNTZ()), Date()):
            return True
        case Boolean(), Integer():
            return True
        case _:
            return False
