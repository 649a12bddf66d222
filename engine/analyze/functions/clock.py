"""What is the same for every row of a query: its time, its user, its catalog."""

from __future__ import annotations

import getpass
import importlib.metadata
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from pyflare.codegen.ir.expr import Expr, Literal
from pyflare.codegen.ir.types import DATE, STRING, TIMESTAMP, TIMESTAMP_NTZ
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table
from pyflare.engine.types import simple_string

_DAY = 86_400_000_000


def local_micros(a: Arguments) -> int:
    """The wall clock of the session's time zone at the start of the query."""
    offset = datetime.fromtimestamp(a.now / 1e6, ZoneInfo(a.timezone)).utcoffset()
    assert offset is not None
    return a.now + int(offset.total_seconds()) * 1_000_000


def current_date(a: Arguments) -> Expr:
    return Literal(local_micros(a) // _DAY, DATE)


def current_timestamp(a: Arguments) -> Expr:
    return Literal(a.now, TIMESTAMP)


def local_timestamp(a: Arguments) -> Expr:
    return Literal(local_micros(a), TIMESTAMP_NTZ)


def text(value: Callable[[Arguments], str]) -> Builtin:
    return Builtin(0, 0, lambda a: Literal(value(a), STRING))


def _version() -> str:
    version: str = importlib.metadata.version("pyspark")
    return version


def type_of(a: Arguments) -> Expr:
    return Literal(simple_string(a[0].type), STRING)


TABLE: Table = {
    "current_date": Builtin(0, 0, current_date),
    "curdate": Builtin(0, 0, current_date),
    "current_timestamp": Builtin(0, 0, current_timestamp),
    "now": Builtin(0, 0, current_timestamp),
    "localtimestamp": Builtin(0, 0, local_timestamp),
    "current_timezone": text(lambda a: a.timezone),
    "current_user": text(lambda a: getpass.getuser()),
    "user": text(lambda a: getpass.getuser()),
    "session_user": text(lambda a: getpass.getuser()),
    "current_catalog": text(lambda a: "spark_catalog"),
    "current_database": text(lambda a: "default"),
    "current_schema": text(lambda a: "default"),
    "version": text(lambda a: _version()),
    "typeof": Builtin(1, 1, type_of),
}
