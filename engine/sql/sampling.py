"""TABLESAMPLE."""

from __future__ import annotations

from dataclasses import dataclass

from pyflare.codegen.ir.expr import Literal
from pyflare.codegen.ir.types import Decimal
from pyflare.engine.errors import parse_error, unsupported
from pyflare.engine.plan.syntax import Limit, Relation, Sample, SyntaxExpr
from pyflare.engine.sql.stream import Stream


@dataclass(frozen=True, slots=True)
class Sampling:
    """A fraction of the rows, or their number."""

    fraction: float = 1.0
    rows: SyntaxExpr | None = None
    seed: int | None = None

    def over(self, child: Relation) -> Relation:
        """The sample of `child`."""
        if self.rows is not None:
            return Limit(child, self.rows)
        return Sample(child, 0.0, self.fraction, False, self.seed)


def read_sample(p: Stream) -> Sampling:
    """TABLESAMPLE (n PERCENT | n ROWS | BUCKET x OUT OF y) REPEATABLE (seed)."""
    start = p.start
    p.need("TABLESAMPLE", "(")
    rows, fraction = None, 1.0
    if p.take("BUCKET"):
        part = _number(p.read_value())
        p.need("OUT", "OF")
        fraction = part / _number(p.read_value())
        if p.at("ON"):
            raise unsupported("TABLESAMPLE (BUCKET x OUT OF y ON column)")
    else:
        size = p.read_value()
        if p.take("PERCENT"):
            fraction = _number(size) / 100
        else:
            p.need("ROWS")
            rows = size
    p.need(")")
    seed = None
    if p.take("REPEATABLE"):
        p.need("(")
        seed = int(_number(p.read_value()))
        p.need(")")
    if not 0 <= fraction <= 1:
        parameters = {"fraction": str(fraction)}
        raise parse_error("INVALID_TABLESAMPLE_FRACTION", parameters, p.origin(start))
    return Sampling(fraction, rows, seed)


def _number(node: SyntaxExpr) -> float:
    if not isinstance(node, Literal) or not isinstance(node.value, int | float):
        raise unsupported("a sample size that is not a number")
    scale = node.type.scale if isinstance(node.type, Decimal) else 0
    return float(node.value / 10**scale)
