"""Other libraries' pools and budgets follow PyFlare's settings."""

from __future__ import annotations

import functools

import pyarrow as pa

from pyflare.engine.settings import Values, on_change
from pyflare.engine.storage.memory import default_memory, machine_memory


@functools.cache
def follow_settings() -> None:
    """From now on, Arrow's threads and the memory budget are what the settings say."""
    on_change(_apply)


def _apply(values: Values) -> None:
    pa.set_cpu_count(values.threads)
    default_memory().budget = values.memory or machine_memory()
