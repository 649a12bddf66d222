"""TPC-H data as Parquet files, by tpchgen-cli: one file per table."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pyflare.tpch.tables import TABLES

# share of the bytes written, so that the progress bar moves evenly
WEIGHTS = {"lineitem": 69, "orders": 17, "partsupp": 11, "part": 2, "customer": 2, "supplier": 1}


def generate(scale: float, out: Path, progress: Callable[[float, str], None]) -> None:
    """Writes the eight tables at `scale` into `out`; a folder that is complete is left as it is.

    Tables are written aside and renamed, so an interrupted run leaves no half-written file.
    Raises RuntimeError with the generator's own words when it fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    total = sum(WEIGHTS.get(name, 1) for name in TABLES)
    done = 0
    for name in sorted(TABLES, key=lambda n: WEIGHTS.get(n, 1)):
        progress(done / total, name)
        target = out / f"{name}.parquet"
        if not target.exists():
            generate_table(name, scale, target)
        done += WEIGHTS.get(name, 1)
    progress(1.0, "done")


def generate_table(name: str, scale: float, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [
            generator(),
            "parquet",
            "--tables",
            name,
            "-s",
            str(scale),
            "--output-dir",
            folder,
        ]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode != 0:
            raise RuntimeError(f"tpchgen-cli failed on {name}: {finished.stderr.strip()}")
        (Path(folder) / target.name).rename(target)


def generator() -> str:
    """The tpchgen-cli of this environment."""
    beside = Path(sys.executable).with_name("tpchgen-cli")
    found = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
    if found is None:
        raise RuntimeError("tpchgen-cli is not installed: pip install 'pyflare-engine[tpch]'")
    return found
