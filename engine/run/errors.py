"""Which of Spark's errors a failing row raises."""

from __future__ import annotations

from collections.abc import Sequence

from pyflare.codegen.program import Site
from pyflare.engine.errors import runtime_error


def error_of(site: Site, operands: Sequence[object]) -> Exception:
    return runtime_error(site.failure.name, dict(site.detail), getattr(site.expr, "origin", None))
