"""Where PyFlare answers otherwise than Spark did: what is not built, and what is meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "deviations.json"
_READ: dict[str, Any] = json.loads(_FILE.read_text())

UNSUPPORTED: frozenset[str] = frozenset(_READ["unsupported"])
"""Snippets that are refused by name (UNSUPPORTED_FEATURE)."""

ACCEPTED: dict[str, tuple[str, Any]] = {
    code: (why, found) for why, cases in _READ["accepted"].items() for code, found in cases.items()
}
"""Snippet -> reason, and PyFlare's outcome."""
