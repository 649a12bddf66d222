"""The compiled form of the TPC-H queries: portable text, and plain data that can travel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from pyflare.codegen import reuse
from pyflare.codegen.jit import Tier, compile_object
from pyflare.codegen.program import Program
from pyflare.engine import stages
from pyflare.tpch.parameters import QUERIES, sql
from pyflare.tpch.tables import Tables


@pytest.fixture(scope="module")
def schema() -> str:
    return "decimals"


def program(text: str, spark: Any) -> Program:
    """What the engine builds for a query."""
    made: list[Program] = []
    built = reuse.built

    def spy(operator: Any) -> Program:
        made.append(built(operator))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "built", spy)
        spark.sql(text).toArrow()
    return made[-1]


@pytest.mark.parametrize("query", QUERIES)
def test_every_kernel_compiles_for_avx2_and_aarch64(query: int, tables: Tables, spark: Any) -> None:
    """The text holds no instruction, lane width or intrinsic of one CPU, and no address."""
    for pipeline in program(sql(query), spark).pipelines:
        assert "llvm.x86" not in pipeline.text
        assert "inttoptr (i64" not in pipeline.text
        for cpu in ("avx2", "aarch64"):
            assert compile_object(pipeline.text, Tier.CHEAP, cpu)


RUN = """
import pickle, sys
import pyarrow.parquet as pq
from pyflare.engine.run.execute import execute
from pyflare.engine.storage.read import read
program, columns = pickle.load(open(sys.argv[1], "rb"))
table = read("parquet", [sys.argv[2]], None, {}, {})
names = [field.name for field in table.schema.fields]
loaded = table.load([names.index(c) for c in columns], (), 2)
for batch in execute(program, {"lineitem#0": loaded.binding}, threads=2):
    print(batch.column(0)[0].as_py())
"""


def test_a_pickled_program_runs_in_a_new_process(
    tables: Tables, spark: Any, folder: Path, tmp_path: Path
) -> None:
    """A program and named bindings are all a process needs: Q6, shipped and run elsewhere."""
    text = "select sum(l_extendedprice * l_discount) from lineitem where l_quantity < 24"
    made = program(text, spark)
    expected = spark.sql(text).toArrow().column(0)[0].as_py()
    columns = ["l_quantity", "l_extendedprice", "l_discount"]
    saved = tmp_path / "program.pickle"
    saved.write_bytes(cloudpickle.dumps((made, columns)))
    command = [sys.executable, "-c", RUN, str(saved), str(folder / "lineitem.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(expected), done.stderr
