"""Spark's functions by name: how many arguments, which types, and what IR call each becomes."""

from __future__ import annotations

from pyflare.engine.analyze.functions import (
    aggregate,
    arithmetic,
    casts,
    clock,
    dates,
    hashes,
    maths,
    nested,
    predicates,
    regression,
    strings,
)
from pyflare.engine.analyze.functions.signature import Arguments, Builtin
from pyflare.engine.analyze.functions.unbuilt import UNBUILT

BUILTINS: dict[str, Builtin] = {
    **arithmetic.TABLE,
    **predicates.TABLE,
    **maths.TABLE,
    **strings.TABLE,
    **dates.TABLE,
    **clock.TABLE,
    **hashes.TABLE,
    **casts.TABLE,
    **nested.TABLE,
    **aggregate.TABLE,
    **regression.TABLE,
}

AGGREGATES = frozenset(name for name, builtin in BUILTINS.items() if builtin.aggregate)

__all__ = ["AGGREGATES", "BUILTINS", "UNBUILT", "Arguments", "Builtin"]
