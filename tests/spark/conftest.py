"""Real Spark in a process of its own; without Java these tests skip, in CI they fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PEER = Path(__file__).with_name("peer.py")


class RealSpark:
    """Asks the peer process; an answer is {"schema", "rows"} or {"error", "class"}."""

    def __init__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARK_")}
        self.process = subprocess.Popen(
            [sys.executable, str(PEER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**environment, "TZ": "UTC"},
        )
        self.ask({"ping": True})

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError("the Spark process ended")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="session")
def real_spark() -> Iterator[RealSpark]:
    if shutil.which("java") is None:
        if os.environ.get("PYFLARE_REQUIRE_JAVA"):
            pytest.fail("Java is required here (PYFLARE_REQUIRE_JAVA) and is not installed")
        pytest.skip("real Spark needs Java 17 or later")
    peer = RealSpark()
    yield peer
    peer.close()
