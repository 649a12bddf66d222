"""Rounds of merges: neighbouring runs of an order in pairs, until one is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pyflare.codegen.program import Merges, Pipeline
from pyflare.engine.run.morsels import Morsel

if TYPE_CHECKING:
    from pyflare.engine.run.execute import Run


def rounds(run: Run, index: int, pipeline: Pipeline, function: Any) -> None:
    """Each morsel of a round merges one pair; its borders are the words behind the third word of
    the order's shared block."""
    assert isinstance(pipeline.source, Merges)
    order = run.structures.get(pipeline.source.order)
    while len(order.runs) > 2 and not run.stop[0]:
        runs = order.runs
        pairs = len(runs) // 2
        borders = np.array([*runs, runs[-1], runs[-1]], np.uint64)
        order.point(borders)
        run.run_morsels(index, function, [Morsel(i, i + 1) for i in range(pairs)])
        order.swap([*runs[:-1:2], runs[-1]])
