"""The path of a query. Start reading here.

decode (Connect) or parse (SQL)   what the user wrote              engine.plan.syntax
analyze                           names, types, coercions          engine.plan.nodes
rewrite                           the rules                        engine.plan.nodes
load                              columns into memory              codegen.bindings
lower                             join sides, proofs               codegen.ir.operators
build                             pipelines as LLVM text           codegen.program
run                               machine code over morsels        record batches
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from pyflare.codegen.ir import show as physical
from pyflare.codegen.ir.check import check as check_operator
from pyflare.codegen.ir.operators import Operator
from pyflare.codegen.ir.types import Field, Struct
from pyflare.codegen.program import Program
from pyflare.codegen.reuse import built
from pyflare.engine import explain
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.deep import deep
from pyflare.engine.load import Inputs, load
from pyflare.engine.lower import lower
from pyflare.engine.plan import show as logical
from pyflare.engine.plan import syntax as s
from pyflare.engine.plan.check import check as check_plan
from pyflare.engine.plan.nodes import Plan, Tail
from pyflare.engine.rewrite import rewrite
from pyflare.engine.run.execute import Metrics, execute
from pyflare.engine.settings import current
from pyflare.engine.trace import trace
from pyflare.engine.types import schema_to_arrow

if TYPE_CHECKING:
    from pyflare.engine.analyze.environment import Environment


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query ready to run: the plan after each stage, and what it is run on."""

    optimized: Plan
    rules: tuple[tuple[str, str], ...]
    inputs: Inputs
    operator: Operator
    program: Program
    milliseconds: dict[str, float]


def compile(plan: Plan, threads: int) -> Compiled:
    """The stages between analysis and execution, each under its name."""
    clock = Clock()
    checked = current().check
    rules: list[tuple[str, str]] = []

    optimized = rewrite(plan, log=lambda name, rule: rules.append((name, rule)), checked=checked)
    clock.mark("rewriteMs")
    trace("plan", "rewrite", lambda: logical.show(optimized))
    trace("rules", "rules", lambda: explain.rule_log(rules))

    inputs = load(optimized, threads)
    clock.mark("loadMs")

    operator = lower(optimized, inputs)
    clock.mark("lowerMs")
    trace("ir", "lower", lambda: physical.show(operator))
    if checked:
        check_operator(operator)

    program = built(operator)
    clock.mark("buildMs")
    trace("llvm", "build", lambda: explain.llvm(program), "ll")
    trace("opt", "opt", lambda: explain.machine(program, assembly=False), "ll")
    trace("asm", "asm", lambda: explain.machine(program, assembly=True), "s")
    return Compiled(optimized, tuple(rules), inputs, operator, program, clock.milliseconds)


def query(relation: s.Relation, session: Environment) -> Query:
    """`relation`, analysed; it is compiled when its rows are asked for."""
    clock = Clock()
    plan = analyze(relation, session)
    clock.mark("analyzeMs")
    trace("plan", "analyze", lambda: logical.show(plan))
    if current().check:
        check_plan(plan, "analysis")
    return Query(relation, plan, clock.milliseconds)


def collect(plan: Plan, session: Environment) -> pa.Table:
    """All rows of an analysed plan, now."""
    asked = Query(None, plan, {})
    return pa.Table.from_batches(list(asked.batches()), schema_to_arrow(asked.schema))


@dataclass(slots=True)
class Query:
    """An analysed query: its schema is known, its rows can be asked for, again and again."""

    relation: s.Relation | None
    plan: Plan
    milliseconds: dict[str, float]
    metrics: dict[str, object] = field(default_factory=dict)
    compiled: Compiled | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def schema(self) -> Struct:
        """Names, types and nullability of the rows, as Spark gives them."""
        columns = self.plan.output
        return Struct(tuple(Field(c.name, c.type, c.nullable, c.metadata) for c in columns))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, while the query runs."""
        match self.plan:
            case Tail(child, limit):
                # Only the last rows of a result are kept: there is nothing to plan
                yield from last(self._run(child), limit)
            case plan:
                yield from self._run(plan)

    def explain(self, mode: str) -> str:
        """The plan as Spark's df.explain prints it."""
        return explain.explain(self.relation, self.plan, self.compiled, self.metrics, mode)

    def cancel(self) -> None:
        """Ends the run that is under way, from another thread."""
        self.stop.set()

    def _run(self, plan: Plan) -> Iterator[pa.RecordBatch]:
        self.stop.clear()
        threads = current().threads
        self.compiled = compiled = deep(lambda: compile(plan, threads))
        schema = schema_to_arrow(self.schema)
        pipelines: list[Metrics] = []
        clock = Clock()
        try:
            for batch in execute(
                compiled.program,
                compiled.inputs.bindings,
                threads=threads,
                cancel=self.stop,
                metrics=pipelines,
            ):
                # a batch without columns alone knows its number of rows
                named = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
                yield named if batch.num_columns else batch
        finally:
            # What is kept for explain must not keep the tables in memory
            self.compiled = replace(compiled, inputs=Inputs())
        clock.mark("executeMs")
        self.metrics = measured({**self.milliseconds, **compiled.milliseconds}, clock, pipelines)


def measured(
    stages: dict[str, float], execution: Clock, pipelines: list[Metrics]
) -> dict[str, object]:
    """Milliseconds per stage; compileMs is all that came before the first row but the loading."""
    planned = sum(each for name, each in stages.items() if name != "loadMs")
    compiled = sum(pipeline.compile_ms for pipeline in pipelines)
    known: dict[str, object] = {**stages, **execution.milliseconds}
    known["compileMs"] = planned + compiled
    for number, each in enumerate(pipelines):
        known[f"{number} {each.name}"] = {
            "compileMs": each.compile_ms,
            "runMs": each.run_ms,
            "rows": each.rows,
            "morsels": each.morsels,
        }
    return known


def last(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The last `rows` rows of a stream of batches."""
    kept: deque[pa.RecordBatch] = deque()
    count = 0
    for batch in batches:
        kept.append(batch)
        count += batch.num_rows
        while kept and count - kept[0].num_rows >= rows:
            count -= kept.popleft().num_rows
    for batch in kept:
        skip = max(count - rows, 0)
        count -= batch.num_rows
        yield batch.slice(skip)


@dataclass(slots=True)
class Clock:
    """Milliseconds per stage."""

    milliseconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def mark(self, name: str) -> None:
        """The time since the last mark belongs to `name`."""
        now = time.perf_counter()
        self.milliseconds[name] = (now - self._last) * 1e3
        self._last = now
