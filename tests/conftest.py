"""Every test verifies plans, operators and modules after each stage."""

from __future__ import annotations

import os

os.environ.setdefault("PYFLARE_CHECK", "1")
