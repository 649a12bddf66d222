"""The README's examples run, in order, as a reader would paste them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from pyflare.tpch.data import generate

ROOT = Path(__file__).parents[2]


def test_the_examples_run() -> None:
    """SQL, DataFrame, UDF and classifier, one after the other, at a smaller scale."""
    folder = ROOT / "data" / "tpch-sf0.01"
    generate(0.01, folder, lambda share, what: None)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    code = "\n".join(blocks).replace("data/tpch-sf1", str(folder))
    done = subprocess.run(
        [sys.executable, "-"],
        input=code,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    for expected in ("1193053.2253", "1-URGENT", "90.0", "count(1)"):
        assert expected in done.stdout
