"""One PyFlare session for the scripts of everyday PySpark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyflare


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What an unchanged script gets after activate()."""
    pyflare.activate()
    from pyspark.sql import SparkSession

    warehouse = str(tmp_path_factory.mktemp("warehouse"))
    yield (
        SparkSession.builder.master("local[2]")
        .appName("scripts")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", warehouse)
        .getOrCreate()
    )
    pyflare.deactivate()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of one test."""
    return tmp_path
