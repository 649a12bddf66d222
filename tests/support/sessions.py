"""A session of a test's own that is also the default and the active one meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspark.sql.connect.session import SparkSession

from pyflare.engine.connect.activate import flare_session


@contextmanager
def own_session() -> Iterator[Any]:
    """Other tests' default and active session come back afterwards."""
    active = SparkSession._active_session
    before = SparkSession._default_session, getattr(active, "session", None)
    session = flare_session()()
    SparkSession._default_session = active.session = session
    try:
        yield session
        session.stop()
    finally:
        SparkSession._default_session, active.session = before
