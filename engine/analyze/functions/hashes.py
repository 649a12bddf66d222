"""Hashes of rows."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.codegen.ir.expr import Expr
from pyflare.codegen.ir.types import BIGINT, INT, Map, Type
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table
from pyflare.engine.types import sql_name


def hashed(function: str, type: Type) -> Callable[[Arguments], Expr]:
    """hash and xxhash64 skip NULLs and are never NULL."""

    def build(a: Arguments) -> Expr:
        if any(isinstance(arg.type, Map) for arg in a.args):
            raise a.mismatch(
                "HASH_MAP_TYPE",
                functionName=f"`{a.name.lower()}`",
                dataType=f'"{sql_name(a[0].type)}"',
            )
        return a.call(function, a.args, type, False)

    return build


TABLE: Table = {
    "hash": Builtin(1, None, hashed("hash", INT)),
    "xxhash64": Builtin(1, None, hashed("xxhash64", BIGINT)),
}
