"""The systems that answer queries side by side: from SQL text to a complete Arrow table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pyflare.tpch.tables import TABLES, read_tables


@dataclass(frozen=True, slots=True)
class Answer:
    """One run: the Arrow table, wall seconds in all, and of them plan and compile seconds."""

    table: Any
    seconds: float
    compile: float = 0.0


class System(Protocol):
    """A system with the TPC-H tables loaded."""

    name: str

    def run(self, text: str) -> Answer: ...

    def close(self) -> None: ...


class PyFlare:
    """This engine. `memory` keeps the tables resident, as CREATE TABLE does for DuckDB."""

    name = "pyflare"

    def __init__(self, folder: Path, threads: int, memory: bool, doubles: bool = False) -> None:
        import pyflare

        pyflare.settings(threads=threads)
        self.spark = pyflare.SparkSession.builder.getOrCreate()
        self.tables = read_tables(self.spark, folder, doubles)
        if memory:
            for name in TABLES:
                frame = getattr(self.tables, name)
                frame.cache()
                frame.count()

    def run(self, text: str) -> Answer:
        start = time.perf_counter()
        frame = self.spark.sql(text)
        table = frame.toArrow()
        seconds = time.perf_counter() - start
        return Answer(table, seconds, compile_seconds(frame))

    def close(self) -> None:
        self.spark.stop()


def compile_seconds(frame: Any) -> float:
    """Plan and compile time of the last run of `frame`, from its execution metrics."""
    info = frame.executionInfo
    if info is None:
        return 0.0
    _, plans = info.metrics.extract_graph()
    for plan in plans.values():
        for value in plan.metrics:
            if value.name == "compileMs":
                return float(value.value) / 1000.0
    return 0.0


class DuckDB:
    """DuckDB in this process, on tables of its own in memory or on the Parquet files."""

    name = "duckdb"

    def __init__(self, folder: Path, threads: int, memory: bool, doubles: bool = False) -> None:
        import duckdb

        self.connection = duckdb.connect(config={"threads": threads})
        kind = "TABLE" if memory else "VIEW"
        for name in TABLES:
            file = self.connection.read_parquet(str(folder / f"{name}.parquet"))
            columns = ", ".join(
                f"{column}::DOUBLE AS {column}" if doubles and "DECIMAL" in str(type_) else column
                for column, type_ in zip(file.columns, file.types, strict=True)
            )
            path = str(folder / f"{name}.parquet").replace("'", "''")
            self.connection.execute(
                f"CREATE {kind} {name} AS SELECT {columns} FROM read_parquet('{path}')"
            )

    def run(self, text: str) -> Answer:
        start = time.perf_counter()
        table = self.connection.sql(text).to_arrow_table()
        return Answer(table, time.perf_counter() - start)

    def close(self) -> None:
        self.connection.close()


class Spark:
    """Real Spark in a process of its own, since it and PyFlare cannot share one `pyspark`."""

    name = "spark"

    def __init__(self, folder: Path, threads: int, memory: bool, doubles: bool = False) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "SPARK_CONNECT_MODE_ENABLED"}
        command = [sys.executable, "-m", "pyflare.tpch.spark_peer", str(folder), str(threads)]
        self.process = subprocess.Popen(
            [
                *command,
                "memory" if memory else "parquet",
                "doubles" if doubles else "decimals",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.scratch = tempfile.TemporaryDirectory()
        self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line of the peer that is one of ours; Spark prints others."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                reply: dict[str, Any] = json.loads(line)
                if "error" in reply:
                    raise RuntimeError(f"Spark: {reply['error']}")
                return reply
        raise RuntimeError("the Spark process ended; is Java 17 or later installed?")

    def run(self, text: str) -> Answer:
        import pyarrow as pa

        path = str(Path(self.scratch.name) / "answer.arrow")
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"sql": text, "path": path}) + "\n")
        self.process.stdin.flush()
        seconds = float(self.answer()["seconds"])
        with pa.OSFile(path) as file:
            return Answer(pa.ipc.open_file(file).read_all(), seconds)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.scratch.cleanup()


PEERS: dict[str, Any] = {"duckdb": DuckDB, "spark": Spark}
