"""What PYFLARE_DUMP asks to see of each stage, in numbered files or on standard error."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

from pyflare.engine.settings import current

_numbers = itertools.count(1)


def trace(what: str, stage: str, text: Callable[[], str], suffix: str = "txt") -> None:
    """Shows `text()` of a stage if PYFLARE_DUMP lists `what`."""
    values = current()
    if what not in values.dump:
        return
    shown = text()
    if values.dump_dir is None:
        print(f"-- {stage}\n{shown}", file=sys.stderr)
        return
    values.dump_dir.mkdir(parents=True, exist_ok=True)
    (values.dump_dir / f"{next(_numbers):02d}-{stage}.{suffix}").write_text(shown + "\n")
