"""Fields of structs and elements of arrays; other functions of nested values are not built."""

from __future__ import annotations

from pyflare.codegen.ir.expr import Expr
from pyflare.codegen.ir.types import BIGINT, Array
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table


def grouping(a: Arguments) -> Expr:
    """grouping(k), grouping_id(…): replaced where the grouping sets are known."""
    return a.call(a.name.lower(), a.args, BIGINT, False)


def get(a: Arguments) -> Expr:
    """get(array, index), counted from 0"""
    if not isinstance(a[0].type, Array):
        raise a.unexpected(0, '"ARRAY"')
    raise a.not_supported()


TABLE: Table = {
    "grouping": Builtin(1, 1, grouping),
    "grouping_id": Builtin(0, None, grouping),
    "get": Builtin(2, 2, get),
}
