"""The same IR in plain Python: the oracle of tests, the exact path of errors, the documentation."""

from pyflare.codegen.interpret.failure import EvaluationError

__all__ = ["EvaluationError"]
