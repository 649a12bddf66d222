"""df.foreach and df.foreachPartition: the user's function runs in his own process, on each row.

PySpark's client sends them as UDFs that return nothing; here there is nobody to send them to.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.types import Row

from pyflare.engine.errors import python_error

T = TypeVar("T")


def install(client: type) -> None:
    """Replaces both methods for sessions whose client is a `client`."""
    elsewhere = DataFrame.foreach, DataFrame.foreachPartition

    @functools.wraps(elsewhere[0])
    def foreach(self: Any, f: Callable[[Row], None]) -> None:
        if not isinstance(self._session.client, client):
            elsewhere[0](self, f)
            return
        for row in self.toLocalIterator():
            _called(f, row)

    @functools.wraps(elsewhere[1])
    def foreach_partition(self: Any, f: Callable[[Iterator[Row]], None]) -> None:
        if not isinstance(self._session.client, client):
            elsewhere[1](self, f)
            return
        _called(f, self.toLocalIterator())

    DataFrame.foreach, DataFrame.foreachPartition = foreach, foreach_partition


def _called(f: Callable[[T], None], value: T) -> None:
    try:
        f(value)
    except Exception as error:
        frames = error.__traceback__.tb_next if error.__traceback__ else None
        shown = traceback.format_exception(type(error), error, frames)
        raise python_error("".join(shown)) from error
