"""The staged language: small functions, compiled and called, against Python."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import I64, PTR
from pyflare.codegen.ir import types as t
from pyflare.codegen.jit import Tier, load
from pyflare.codegen.operators.row import LazyRow


def compiled(code: Code, arguments: int, tier: Tier) -> Callable[..., int]:
    loaded = load(code.module(), ["f"], tier)
    prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * arguments)
    function = prototype(loaded.addresses["f"])
    return lambda *args: (loaded, function(*args))[1]


@pytest.mark.parametrize("tier", list(Tier))
def test_loops_and_variables(tier: Tier) -> None:
    """A loop over a range with breaks and continues does what it does in Python."""
    code = Code()
    with code.function("f", I64, [("n", I64), ("stop", I64)]) as (n, stop):
        total = code.var(0)
        with code.range_(0, n) as (i, loop):
            loop.continue_if((i & 1) == 1)
            loop.break_if(i >= stop)
            total.add(i)
        code.ret(total.get())
    f = compiled(code, 2, tier)
    for count, bound in [(0, 5), (10, 5), (10, 100), (7, 0)]:
        assert f(count, bound) == sum(i for i in range(count) if i % 2 == 0 and i < bound)


@pytest.mark.parametrize("tier", list(Tier))
def test_choice(tier: Tier) -> None:
    """Only the chosen side runs: the other may divide by zero."""
    code = Code()
    with code.function("f", I64, [("x", I64), ("y", I64)]) as (x, y):
        chosen = code.choose(y != 0, lambda: [x.sdiv(y)], lambda: [code.const(-1, I64)])
        code.ret(chosen[0])
    f = compiled(code, 2, tier)
    assert f(7, 2) == 3
    assert f(7, 0) == -1


def test_scopes() -> None:
    """A value staged in a branch is seen there and inside, and nowhere behind it."""
    code = Code()
    with code.function("f", I64, [("x", I64)]) as (x,):
        outer = code.here
        with code.if_(x > 0):
            inner = code.here
            assert code.visible(outer)
            assert code.visible(inner)
        assert code.visible(outer)
        assert not code.visible(inner)
        code.ret(x)


def test_a_lazy_row_loads_where_it_is_used() -> None:
    """A column read first inside a branch is read again behind it, and only once in each."""
    code = Code()
    loads: list[str] = []
    with code.function("f", I64, [("data", PTR), ("n", I64)]) as (data, n):

        def column() -> Value:
            loads.append(code.body.block)
            return Value(t.BIGINT, data.load(I64))

        row = LazyRow(code, {1: column})
        result = code.var(0)
        with code.if_(n > 0):
            result.set(row[1].data + row[1].data)
        result.add(row[1].data)
        code.ret(result.get())
    assert len(loads) == 2
    f = compiled(code, 2, Tier.FULL)
    number = np.array([21], np.int64)
    assert f(number.ctypes.data, 1) == 63
    assert f(number.ctypes.data, 0) == 21


def test_a_program_runs_in_another_process(tmp_path: Path) -> None:
    """A program is plain data: pickled here, it runs elsewhere."""
    import pickle

    from pyflare.codegen.build import build
    from pyflare.codegen.ir.expr import AggregateCall, Column
    from pyflare.codegen.ir.operators import Aggregate, Range

    column = Column(1, "id", t.BIGINT, False)
    total = AggregateCall("sum", (column,), t.BIGINT)
    op = Aggregate(Range(0, 1000, 1, column), (), ((Column(2, "s", t.BIGINT), total),))
    file = tmp_path / "program"
    file.write_bytes(pickle.dumps(build(op)))
    code = (
        "import pickle, sys\n"
        "from pyflare.engine.run.execute import execute\n"
        "program = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "print([batch.to_pylist() for batch in execute(program, {})])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "[[{'s': 499500}]]", done.stderr


def test_text_is_the_same_each_time() -> None:
    """Equal plans give equal text, whatever their literals: the object cache depends on it."""
    from pyflare.codegen.build import build
    from pyflare.codegen.ir.expr import Call, Column, Literal
    from pyflare.codegen.ir.operators import Filter, Range

    column = Column(1, "id", t.BIGINT, False)

    def texts(bound: int) -> list[str]:
        literal = Literal(bound, t.BIGINT)
        op = Filter(Range(0, 1000, 1, column), Call("lt", (column, literal), t.BOOLEAN, False))
        return [pipeline.text for pipeline in build(op).pipelines]

    assert texts(500) == texts(321)
