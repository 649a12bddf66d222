"""pyflare.activate(): scripts that say `from pyspark.sql import SparkSession` run on PyFlare."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

_REMOTE = "SPARK_CONNECT_MODE_ENABLED"
_original: dict[str, Any] = {}


def activate() -> None:
    """Every SparkSession.builder….getOrCreate() of this process gives a PyFlare session."""
    check_installation()
    flare = flare_session()
    builder = importlib.import_module("pyspark.sql.session").SparkSession.Builder
    if "create" in _original:
        return
    _original.update(getOrCreate=builder.getOrCreate, create=builder.create)

    def made(self: Any, method: str) -> Any:
        own = flare.Builder()
        own._options.update(self._options)
        return getattr(own, method)()

    builder.getOrCreate = lambda self: made(self, "getOrCreate")
    builder.create = lambda self: made(self, "create")
    build_connect_columns()


def deactivate() -> None:
    """JVM sessions can be made again; PyFlare's go on working, with pyspark.sql.connect.functions
    in place of pyspark.sql.functions."""
    if "create" in _original:
        builder = importlib.import_module("pyspark.sql.session").SparkSession.Builder
        builder.getOrCreate, builder.create = _original["getOrCreate"], _original["create"]
    if _REMOTE in _original:
        before = _original[_REMOTE]
        if before is None:
            os.environ.pop(_REMOTE, None)
        else:
            os.environ[_REMOTE] = before
    _original.clear()


def build_connect_columns() -> None:
    """pyspark.sql.functions makes JVM columns unless this is set; a live JVM session keeps them."""
    context = sys.modules.get("pyspark.core.context")
    if context is None or context.SparkContext._active_spark_context is None:
        _original.setdefault(_REMOTE, os.environ.get(_REMOTE))
        os.environ[_REMOTE] = "1"


def flare_session() -> Any:
    """The class FlareSession, imported so that PySpark's checks cannot end the process."""
    with _main_has_a_file(), _without_ipython(), warnings.catch_warnings():
        # PySpark warns at import of a pandas newer than itself
        warnings.simplefilter("ignore", FutureWarning)
        return importlib.import_module("pyflare.engine.connect.spark").FlareSession


@contextmanager
def _without_ipython() -> Iterator[None]:
    # PySpark imports all of IPython for the width of a terminal; a fallback needs none
    if "IPython" in sys.modules:
        yield
        return
    sys.modules["IPython"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["IPython"]


@contextmanager
def _main_has_a_file() -> Iterator[None]:
    # PySpark takes a __main__ without a file (python -c) for a doctest run and may call sys.exit
    main = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = "<pyflare>"
    try:
        yield
    finally:
        del main.__file__


@functools.cache
def check_installation() -> None:
    """ImportError when two distributions have overwritten each other's pyspark folder."""
    found = [name for name in ("pyspark", "pyspark-client") if _installed(name)]
    if len(found) == 2:
        raise ImportError(
            "pyspark and pyspark-client are both installed and overwrite each other; "
            "run: pip uninstall pyspark-client, then: pip install --force-reinstall pyspark"
        )


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
