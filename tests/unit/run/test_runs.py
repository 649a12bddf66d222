"""What happens around the loops: failures, memory, interruption, results left half read."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from pyflare.codegen.build import build
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import AggregateCall, Call, Column, Literal, SortKey
from pyflare.codegen.ir.operators import (
    Aggregate,
    Filter,
    HashJoin,
    JoinKind,
    NestedLoopJoin,
    Operator,
    Project,
    Range,
    Sort,
    Union,
)
from pyflare.engine.run.execute import Metrics, execute
from pyflare.engine.storage.memory import Memory
from tests.support.programs import compiled

ID = Column(1, "id", t.BIGINT, False)


def numbers(count: int, column: Column = ID) -> Range:
    return Range(0, count, 1, column)


def count(op: Operator) -> Aggregate:
    call = AggregateCall("count", (), t.BIGINT, False)
    return Aggregate(op, (), ((Column(99, "n", t.BIGINT, False), call),))


def literal(value: int) -> Literal:
    return Literal(value, t.BIGINT)


def plus(column: Column, value: int) -> Call:
    return Call("add", (column, literal(value)), t.BIGINT, False)


def cross(rows: int) -> NestedLoopJoin:
    """rows * rows pairs, of which none is kept."""
    other = Column(2, "other", t.BIGINT, False)
    condition = Call("lt", (plus(ID, 5), plus(other, -(2**40))), t.BOOLEAN, False)
    return NestedLoopJoin(JoinKind.INNER, numbers(rows, other), numbers(rows), condition)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rows", [1_000, 1_000_000])
def test_the_first_failing_row_is_reported(threads: int, rows: int) -> None:
    """The error names the operands of a row that really failed, in Spark's words."""
    divisor = Call("sub", (ID, literal(rows - 3)), t.BIGINT, False)
    quotient = Call("intdiv", (ID, divisor), t.BIGINT, False)
    op = Project(numbers(rows), ((Column(3, "q", t.BIGINT, False), quotient),))
    with pytest.raises(Exception, match=r"DIVIDE_BY_ZERO"):
        compiled(op, {}, threads)


def test_operands_of_a_failing_row() -> None:
    """CAST_OVERFLOW shows the value of the first row that does not fit."""
    from pyflare.codegen.ir.expr import Cast

    op = Project(numbers(300_000), ((Column(3, "x", t.SMALLINT), Cast(ID, t.SMALLINT)),))
    with pytest.raises(Exception, match=r"The value 32768L of the type \"BIGINT\""):
        compiled(op, {}, 2)


def test_rows_that_are_filtered_out_do_not_fail() -> None:
    """A filter protects the expressions above it."""
    kept = Filter(numbers(1000), Call("gt", (ID, literal(0)), t.BOOLEAN, False))
    quotient = Call("intdiv", (literal(100), ID), t.BIGINT, False)
    rows = compiled(Project(kept, ((Column(3, "q", t.BIGINT, False), quotient),)), {}, 2)
    assert len(rows) == 999


def test_memory_budget() -> None:
    """A query that needs more than the budget fails by name, and gives everything back."""
    memory = Memory(32 << 20)
    op = Sort(numbers(4_000_000), (SortKey(ID),))
    with pytest.raises(Exception, match="UNABLE_TO_ACQUIRE_MEMORY"):
        list(execute(build(op), {}, threads=2, memory=memory))
    assert memory.used == 0
    assert sum(b.num_rows for b in execute(build(numbers(10)), {}, memory=memory)) == 10


@pytest.mark.parametrize("shape", ["groups", "join", "result"])
def test_memory_of_every_structure(shape: str) -> None:
    """Groups, join tables and results are counted too."""
    memory = Memory(16 << 20)
    match shape:
        case "groups":
            op: Operator = Aggregate(
                numbers(3_000_000), ((Column(4, "k", t.BIGINT, False), ID),), ()
            )
        case "join":
            other = Column(2, "other", t.BIGINT, False)
            op = count(
                HashJoin(
                    JoinKind.INNER,
                    numbers(3_000_000),
                    numbers(10, other),
                    (ID,),
                    (other,),
                    (False,),
                )
            )
        case _:
            op = numbers(9_000_000)
    with pytest.raises(Exception, match="UNABLE_TO_ACQUIRE_MEMORY"):
        kept = list(execute(build(op), {}, threads=2, memory=memory))
        del kept
    assert memory.used == 0


def test_blocks_that_do_not_all_fit() -> None:
    """Where the budget holds the large block of one worker only, it is given back."""
    memory = Memory(3 << 20)
    key = Column(4, "k", t.BIGINT, False)
    op = Aggregate(numbers(100_000), ((key, ID),), (), groups=100_000)
    with pytest.raises(Exception, match="UNABLE_TO_ACQUIRE_MEMORY"):
        list(execute(build(op), {}, threads=4, memory=memory))
    assert memory.used == 0


def test_a_worker_that_fails_waits_for_the_others() -> None:
    """Memory is given back only when no worker uses it any more, whichever of them fails."""
    program = build(numbers(9_000_000))
    for i in range(60):
        memory = Memory((16 << 20) + i % 7 * 300_000)
        with pytest.raises(Exception, match="UNABLE_TO_ACQUIRE_MEMORY"):
            kept = list(execute(program, {}, threads=4, memory=memory))
            del kept
        assert memory.used == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_cancel(threads: int) -> None:
    """A query of many pairs ends soon after it is cancelled."""
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    start = time.monotonic()
    with pytest.raises(Exception, match="OPERATION_CANCELED"):
        list(execute(build(count(cross(300_000))), {}, threads, Memory(1 << 30), cancel))
    assert time.monotonic() - start < 5


def test_interrupt() -> None:
    """Ctrl-C reaches a query that runs; the process can go on."""
    code = (
        "import _thread, threading\n"
        "from tests.unit.run.test_runs import *\n"
        "threading.Timer(0.5, _thread.interrupt_main).start()\n"
        "try:\n"
        "    list(execute(build(count(cross(300_000))), {}, 2, Memory(1 << 30)))\n"
        "except KeyboardInterrupt:\n"
        "    print(compiled(count(numbers(10)), {}, 2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[(10,)]", done.stderr


def test_fork() -> None:
    """A forked child starts threads of its own."""
    code = (
        "import os\n"
        "from tests.unit.run.test_runs import *\n"
        "compiled(count(numbers(1_000_000)), {}, 2)\n"
        "child = os.fork()\n"
        "rows = compiled(count(numbers(1_000_000)), {}, 2)\n"
        "os.write(1, f'{rows}\\n'.encode())\n"  # one write: two processes share the pipe
        "os._exit(0) if child == 0 else os.waitpid(child, 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split("\n") == ["[(1000000,)]", "[(1000000,)]", ""], done.stderr


def test_a_result_left_half_read() -> None:
    """Closing the iterator ends the query and frees its memory; batches taken before stay good."""
    memory = Memory(1 << 30)
    batches = execute(build(numbers(20_000_000)), {}, threads=2, memory=memory)
    first = next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert first.column(0)[0].as_py() == 0
    del first
    assert memory.used == 0


def test_results_are_bounded() -> None:
    """A slow reader holds the workers back: memory does not grow with the result."""
    memory = Memory(1 << 30)
    rows = 0
    for batch in execute(build(numbers(30_000_000)), {}, threads=2, memory=memory):
        rows += batch.num_rows
        del batch
    assert rows == 30_000_000
    assert memory.peak < 200 << 20


@pytest.mark.parametrize("threads", [1, 2])
def test_few_rows_become_many(threads: int) -> None:
    """A small join with a result larger than what may be pending still finds its reader."""
    other = Column(2, "other", t.BIGINT, False)
    left, right = Column(3, "left", t.BIGINT, False), Column(4, "right", t.BIGINT, False)
    build_side = Project(numbers(2000), ((ID, ID), (left, literal(1))))
    probe_side = Project(numbers(2000, other), ((other, other), (right, literal(1))))
    op = HashJoin(JoinKind.INNER, build_side, probe_side, (left,), (right,), (False,))
    batches = execute(build(op), {}, threads=threads, memory=Memory(1 << 30))
    assert sum(batch.num_rows for batch in batches) == 4_000_000


def test_failure_in_one_pipeline_of_several() -> None:
    """Rows before the failure may have been handed out; the error still arrives."""
    x = Column(5, "x", t.BIGINT, False)
    bad = Project(
        numbers(100_000),
        (
            (
                x,
                Call(
                    "intdiv",
                    (ID, Call("sub", (ID, literal(70_000)), t.BIGINT, False)),
                    t.BIGINT,
                    False,
                ),
            ),
        ),
    )
    y = Column(6, "y", t.BIGINT, False)
    good = Project(numbers(100_000), ((y, ID),))
    out = Column(7, "z", t.BIGINT, False)
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        compiled(Union((good, bad), ((y,), (x,)), (out,)), {}, 2)


def test_metrics() -> None:
    """Every pipeline tells its name, its rows and its time."""
    metrics: list[Metrics] = []
    list(execute(build(count(numbers(1000))), {}, metrics=metrics))
    assert [m.rows for m in metrics] == [1000, 1]
    assert all(m.compile_ms >= 0 and m.run_ms >= 0 for m in metrics)


def test_concurrent_queries() -> None:
    """Queries of several threads run side by side."""
    results: list[int] = []

    def ask() -> None:
        rows = compiled(count(numbers(2_000_000)), {}, 2)
        results.append(rows[0][0])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2_000_000] * 4


def test_schema_of_batches() -> None:
    """Batches have the types that PySpark's client expects."""
    op = Project(
        numbers(3),
        (
            (Column(2, "i", t.BIGINT, False), ID),
            (Column(3, "s", t.STRING, False), Literal("x", t.STRING)),
            (Column(4, "d", t.Decimal(5, 2), False), Literal(150, t.Decimal(5, 2))),
            (Column(5, "t", t.DATE, False), Literal(1, t.DATE)),
            (Column(6, "ts", t.TIMESTAMP, False), Literal(1, t.TIMESTAMP)),
            (Column(7, "b", t.BOOLEAN, False), Literal(True, t.BOOLEAN)),
            (Column(8, "n", t.STRING), Literal(None, t.STRING)),
            (Column(9, "v", t.NULL), Literal(None, t.NULL)),
            (Column(10, "f", t.FLOAT, False), Literal(0.5, t.FLOAT)),
            (Column(11, "bin", t.BINARY, False), Literal(b"\xff", t.BINARY)),
        ),
    )
    (batch,) = execute(build(op), {})
    types = [pa.int64(), pa.string(), pa.decimal128(5, 2), pa.date32(), pa.timestamp("us", "UTC")]
    types += [pa.bool_(), pa.string(), pa.null(), pa.float32(), pa.binary()]
    assert batch.schema.types == types
    assert batch.num_rows == 3
    assert [c[2].as_py() for c in batch.columns][5:] == [True, None, None, 0.5, b"\xff"]
