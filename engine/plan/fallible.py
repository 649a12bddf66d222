"""Which expressions can raise: only the others may be evaluated earlier than the user wrote."""

from __future__ import annotations

from pyflare.codegen.functions.facts import infallible

__all__ = ["infallible"]
