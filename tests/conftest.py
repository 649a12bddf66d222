"""Every test verifies plans, operators and modules after each stage; fuzzing is repeatable.

PYFLARE_FUZZ=1 (make test-all) draws new examples in each run.
"""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("PYFLARE_CHECK", "1")
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("random" if os.environ.get("PYFLARE_FUZZ") else "repeatable")
