"""Settings: environment variable, call and context manager are one object."""

from __future__ import annotations

import os
import subprocess
import sys

import pyarrow as pa
import pytest
from pyspark.errors import IllegalArgumentException

from pyflare.engine.connect.spark import use_master
from pyflare.engine.pools import follow_settings
from pyflare.engine.settings import current, parse_bytes, settings
from pyflare.engine.storage.memory import default_memory


def test_a_block_puts_back_what_it_changed() -> None:
    """with settings(…) is in force inside; a change of something else inside stays."""
    before = current()
    with settings(threads=before.threads + 1, dump="llvm,plan") as inside:
        assert inside.threads == before.threads + 1
        assert inside.dump == {"llvm", "plan"}
        settings(check=not before.check)
    assert current().threads == before.threads and current().dump == before.dump
    assert current().check is not before.check
    settings(check=before.check)


def test_nonsense_is_refused() -> None:
    """A bad value names the setting."""
    with pytest.raises(IllegalArgumentException, match=r"pyflare\.threads"):
        settings(threads=0)
    with pytest.raises(IllegalArgumentException, match="colour is not one of"):
        settings(dump="colour")
    with pytest.raises(IllegalArgumentException, match=r"pyflare\.memory"):
        settings(memory="much")
    assert parse_bytes("1.5g") == 3 << 29


def test_the_environment_sets_them_too() -> None:
    """PYFLARE_THREADS and its sisters count from the start of the process."""
    program = "from pyflare.engine.settings import current; print(current())"
    variables = {"PYFLARE_THREADS": "7", "PYFLARE_MEMORY": "2GB", "PYFLARE_DUMP": "ir"}
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.getcwd(), **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "threads=7" in shown and f"memory={2 << 30}" in shown and "'ir'" in shown


def test_pools_and_budgets_follow() -> None:
    """Arrow's threads and the engine's memory budget are what the settings say."""
    follow_settings()
    threads, budget = pa.cpu_count(), default_memory().budget
    with settings(threads=3, memory="1GB"):
        assert pa.cpu_count() == 3 and default_memory().budget == 1 << 30
    assert (pa.cpu_count(), default_memory().budget) == (threads, budget)


@pytest.mark.parametrize(("master", "threads"), [("local", 1), ("local[3]", 3), ("local[2, 4]", 2)])
def test_the_master_says_how_many_threads(master: str, threads: int) -> None:
    """local[N] sets the threads; local[*] and clusters leave them."""
    with settings(threads=5):
        use_master("local[*]")
        use_master("spark://host:7077")
        assert current().threads == 5
        use_master(master)
        assert current().threads == threads


def test_importing_pyflare_is_light() -> None:
    """import pyflare loads neither PySpark nor the compiler."""
    program = (
        "import sys, pyflare; "
        "print(sorted({'pyspark', 'pyarrow', 'pandas', 'llvmlite', 'numpy'} & sys.modules.keys()))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.strip() == "[]"
