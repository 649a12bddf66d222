"""Text."""

from __future__ import annotations

from pyflare.codegen.ir.types import BOOLEAN, INT, STRING
from pyflare.codegen.ir.expr import Literal, Expr
from pyflare.engine.analyze.functions.signature import Table, Builtin, Arguments

def like(a: Arguments) -> Expr:
    escape = a[2] if len(a) == 3 else Literal("\\", STRING)
    return a.call("like", (a.wants(0, STRING), a.wants(1, STRING), escape), BOOLEAN)

def substring(a):
    n = a.wants(2, INT) if len(a) == 3 else Literal(2147483647, INT)
    return a.call("substring", (a.wants(0, STRING), a.wants(1, INT), n), STRING)

TABLE: Table = {"like": Builtin(2, 3, like), "substring": Builtin(2,3,substring), "substr": Builtin(2,3,substring)}
