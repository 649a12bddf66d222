"""What a predicate does to a row of NULLs: the reason an outer join may be an inner one."""

from __future__ import annotations

from collections.abc import Set

from pyflare.codegen.ir.expr import Call, Cast, Column, Expr

# NULL when any argument is NULL
_STRICT = """
    add sub mul div intdiv mod pmod neg abs sign bitand bitor bitxor bitnot eq lt le gt ge not like
    ilike rlike startswith endswith contains substring upper lower trim ltrim rtrim length
    octet_length concat replace round bround ceil floor year quarter month day dayofweek dayofyear
    weekofyear date_add date_diff add_months last_day hour minute second
"""
STRICT = frozenset(_STRICT.split())


def null_when(expr: Expr, ids: Set[int]) -> bool:
    """`expr` is NULL whenever all columns `ids` are."""
    match expr:
        case Column(id):
            return id in ids
        case Call(function, args) if function in STRICT:
            return any(null_when(arg, ids) for arg in args)
        case Call("in", args):
            return null_when(args[0], ids)
        case Call("and" | "or", args):
            return all(null_when(arg, ids) for arg in args)
        case Cast(child):
            return null_when(child, ids)
        case _:
            return False


def rejects_null(predicate: Expr, ids: Set[int]) -> bool:
    """`predicate` is not true on any row where all columns `ids` are NULL."""
    match predicate:
        case Call("and", args):
            return any(rejects_null(arg, ids) for arg in args)
        case Call("or", args):
            return all(rejects_null(arg, ids) for arg in args)
        case Call("is_not_null", (arg,)):
            return null_when(arg, ids)
        case Call("not", (Call("is_null", (arg,)),)):
            return null_when(arg, ids)
        case _:
            return null_when(predicate, ids)
