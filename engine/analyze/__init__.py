"""Names, types and Spark's rules: engine.plan.syntax becomes engine.plan.nodes."""

from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.analyze.environment import Environment

__all__ = ["Environment", "analyze"]
