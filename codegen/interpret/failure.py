"""How the interpreter reports a row that fails."""

from __future__ import annotations

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.ir.expr import Expr


class Fails(Exception):
    """Raised by a Python definition: this operation fails on its operands."""

    def __init__(self, failure: Failure, detail: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(failure.name)
        self.failure = failure
        self.detail = detail


class EvaluationError(Exception):
    """`expr` failed on `operands`, the storage-form values of its arguments."""

    def __init__(
        self,
        failure: Failure,
        operands: tuple[object, ...] = (),
        expr: Expr | None = None,
        detail: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{failure.name} {operands!r} {detail!r}")
        self.failure = failure
        self.operands = operands
        self.expr = expr
        self.detail = detail
