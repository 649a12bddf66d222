"""TPC-H side by side: systems in turn, new parameters each run, medians, answers compared.

Each query runs `runs` times on every system; run k of all systems has the same parameters. The
first, uncounted run of a query warms code and compares answers on the validation values; all
counted runs are compared too. Times are wall seconds from SQL text to a complete Arrow table.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyflare.tpch.compare import differences
from pyflare.tpch.parameters import VALIDATION, draw, sql
from pyflare.tpch.systems import System


@dataclass(frozen=True, slots=True)
class Line:
    """The medians of one query, in milliseconds. `cold` is the first run, compilation included;
    `compile` the median of planning and compiling in the counted runs; `wrong` names the first
    difference from a peer, None when all answers agree."""

    query: int
    ours: float
    cold: float
    compile: float
    peers: dict[str, float]
    rows: int
    wrong: str | None

    def ratio(self, peer: str) -> float:
        """Our time over the peer's: below 1 we are faster."""
        return self.ours / self.peers[peer]


def measure(query: int, ours: System, peers: Sequence[System], runs: int, scale: float) -> Line:
    """Runs one query on all systems in turn."""
    times: dict[str, list[float]] = {s.name: [] for s in (ours, *peers)}
    compiles: list[float] = []
    wrong: str | None = None
    cold = rows = 0.0
    for run in range(runs + 1):
        text = sql(query, VALIDATION[query] if run == 0 else draw(query, scale, run))
        mine = ours.run(text)
        if run == 0:
            cold, rows = mine.seconds, mine.table.num_rows
        else:
            times[ours.name].append(mine.seconds)
            compiles.append(mine.compile)
        for peer in peers:
            answer = peer.run(text)
            difference = differences(mine.table, answer.table)
            if difference and wrong is None:
                wrong = f"{peer.name}, run {run}: {difference}"
            if run:
                times[peer.name].append(answer.seconds)
    median = {name: statistics.median(values) * 1000 for name, values in times.items()}
    return Line(
        query,
        median.pop(ours.name),
        cold * 1000,
        statistics.median(compiles) * 1000,
        median,
        int(rows),
        wrong,
    )


def table(lines: Sequence[Line], peers: Sequence[str]) -> str:
    """The result as text: a row per query, then geometric means."""
    head = ["query", "rows", "pyflare ms", "compile ms", "first run ms"]
    for peer in peers:
        head += [f"{peer} ms", f"pyflare/{peer}"]
    body = []
    for line in lines:
        row = [f"Q{line.query}", str(line.rows), f"{line.ours:.1f}"]
        row += [f"{line.compile:.1f}", f"{line.cold:.1f}"]
        for peer in peers:
            row += [f"{line.peers[peer]:.1f}", f"{line.ratio(peer):.2f}"]
        body.append([*row, "agrees" if line.wrong is None else "DIFFERS"] if peers else row)
    if len(lines) > 1:
        means = ["geo. mean", "", f"{geometric([x.ours for x in lines]):.1f}", "", ""]
        for peer in peers:
            means.append(f"{geometric([x.peers[peer] for x in lines]):.1f}")
            means.append(f"{geometric([x.ratio(peer) for x in lines]):.2f}")
        body.append([*means, ""] if peers else means)
    return aligned([[*head, "answers"] if peers else head, *body])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def geometric(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def run_all(
    queries: Sequence[int],
    ours: System,
    peers: Sequence[System],
    runs: int,
    scale: float,
    progress: Callable[[float, str], None],
) -> list[Line]:
    """All queries in order; `progress` hears the share done and what is running."""
    lines = []
    for done, query in enumerate(queries):
        progress(done / len(queries), f"Q{query}")
        lines.append(measure(query, ours, peers, runs, scale))
    progress(1.0, "done")
    return lines


def as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [asdict(line) for line in lines]
