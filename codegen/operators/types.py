"""The two callbacks that operators are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from pyflare.codegen.emit.context import Row
from pyflare.codegen.ir.operators import Operator

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder

Emit: TypeAlias = Callable[[Row], None]
Produce: TypeAlias = "Callable[[Operator, Builder, Emit], None]"
