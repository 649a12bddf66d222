"""Statements that real Spark was asked about; record_statements.py writes the file.

Where PyFlare answers otherwise the entry has "here": statements about stored tables are
unsupported, a keyword in the place of a name is a syntax error, and some syntax errors are found
one token before or after.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

_RECORDER = Path(__file__).with_name("record_statements.py")
_spec = importlib.util.spec_from_file_location("record_statements", _RECORDER)
assert _spec is not None and _spec.loader is not None
recorder = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recorder)

ENTRIES: list[dict[str, Any]] = json.loads(recorder.STATEMENTS.read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["sql"])
def test_a_statement_is_accepted_or_refused_as_recorded(entry: dict[str, Any]) -> None:
    """Acceptance, error class, offending word, line and position are Spark's, or as noted."""
    assert recorder.here(entry["sql"]) == entry.get("here", entry["spark"])


def test_what_spark_accepts_is_seldom_a_syntax_error_here() -> None:
    """Only keywords used as names may be refused; nothing that Spark refuses gets an answer."""
    refused = [
        e["sql"]
        for e in ENTRIES
        if e["spark"] == ["accepted"] and e.get("here", [""])[0] == "error"
    ]
    answered = [
        e["sql"] for e in ENTRIES if e["spark"][0] == "error" and e.get("here") == ["accepted"]
    ]
    assert len(ENTRIES) > 400
    assert len(refused) <= 16
    assert len(answered) <= 2
