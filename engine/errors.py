"""PySpark's exceptions with Spark's error classes: the only way PyFlare reports a user's mistake."""

from __future__ import annotations

from collections.abc import Mapping

from pyflare.codegen.ir.expr import Origin


def analysis_error(
    error_class: str, parameters: Mapping[str, str], origin: Origin | None = None
) -> Exception:
    """A pyspark.errors AnalysisException of this error class, e.g. UNRESOLVED_COLUMN.WITH_SUGGESTION."""
    raise NotImplementedError


def parse_error(
    error_class: str, parameters: Mapping[str, str], origin: Origin | None = None
) -> Exception:
    """A ParseException; the message carries line, position and the SQL text with a caret."""
    raise NotImplementedError


def runtime_error(
    error_class: str, parameters: Mapping[str, str], origin: Origin | None = None
) -> Exception:
    """The exception class Spark uses for this error at run time (ArithmeticException for
    DIVIDE_BY_ZERO, NumberFormatException for CAST_INVALID_INPUT to a number, …)."""
    raise NotImplementedError


def unsupported(construct: str, advice: str = "") -> Exception:
    """An UnsupportedOperationException that names the construct and, if there is one, the way round."""
    raise NotImplementedError
