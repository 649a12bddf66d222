"""TPC-H at SF 0.01, made once and kept in the ignored folder data/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyflare.tpch.data import generate
from pyflare.tpch.tables import TABLES, Tables, read_tables

SCALE = 0.01
FOLDER = Path(__file__).parents[2] / "data" / f"tpch-sf{SCALE:g}"


@pytest.fixture(scope="session")
def folder() -> Path:
    generate(SCALE, FOLDER, lambda share, what: None)
    return FOLDER


@pytest.fixture(scope="session")
def spark() -> Any:
    import pyflare

    return pyflare.SparkSession.builder.getOrCreate()


@pytest.fixture(scope="module", params=["decimals", "doubles"])
def schema(request: pytest.FixtureRequest) -> str:
    """The specification's decimals, and the all-double variant of Flare's experiments."""
    return str(request.param)


@pytest.fixture(scope="module")
def tables(spark: Any, folder: Path, schema: str) -> Tables:
    return read_tables(spark, folder, doubles=schema == "doubles")


@pytest.fixture(scope="module")
def oracle(folder: Path, schema: str) -> Iterator[Any]:
    """DuckDB over the same files."""
    import duckdb

    connection = duckdb.connect()
    for name in TABLES:
        relation = connection.read_parquet(str(folder / f"{name}.parquet"))
        columns = [
            f"{c}::double as {c}" if schema == "doubles" and str(kind).startswith("DECIMAL") else c
            for c, kind in zip(relation.columns, relation.types, strict=True)
        ]
        connection.execute(
            f"create table {name} as select {', '.join(columns)} "
            f"from read_parquet('{folder / name}.parquet')"
        )
    yield connection
    connection.close()
