"""spark.conf: Spark's settings with Spark's defaults and Spark's refusals.

The defaults are data (defaults.json, recorded from `SET -v`). Three differ from Spark on purpose:
tables given to createDataFrame always go by reference (localRelationCacheThreshold 0, no size
limit) and plans are never compressed.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pyflare.engine.errors import analysis_error, illegal_argument, no_such_element

TIME_ZONE = "spark.sql.session.timeZone"
WAREHOUSE = "spark.sql.warehouse.dir"
_UNDEFINED = "<undefined>"
_STATIC = frozenset(
    {
        WAREHOUSE,
        "spark.sql.catalogImplementation",
        "spark.sql.extensions",
        "spark.sql.cache.serializer",
        "spark.sql.queryExecutionListeners",
        "spark.sql.streaming.streamingQueryListeners",
        "spark.sql.event.truncate.length",
        "spark.sql.hive.metastore.version",
        "spark.sql.hive.metastore.jars",
        "spark.sql.ui.retainedExecutions",
    }
)
# settings of the cluster, fixed when a Spark application starts
_CORE = re.compile(
    r"spark\.(master|app\.|driver\.|executor\.|ui\.|eventLog\.|memory\.|cores\.|task\.|submit\."
    r"|jars|files|serializer|kryo|locality|scheduler\.|speculation|network\.|rpc\.|storage\.)"
)
_CHOICES = {
    "spark.sql.storeAssignmentPolicy": ("ANSI", "LEGACY", "STRICT"),
    "spark.sql.mapKeyDedupPolicy": ("EXCEPTION", "LAST_WIN"),
    "spark.sql.timestampType": ("TIMESTAMP_LTZ", "TIMESTAMP_NTZ"),
    "spark.sql.sources.partitionOverwriteMode": ("STATIC", "DYNAMIC"),
}


class Config:
    """The settings of one session; `version` grows with each change, so that plans can be kept."""

    def __init__(self, initial: Mapping[str, str] | None = None) -> None:
        self._lock = threading.Lock()
        self.version = 0
        self._initial = {
            "spark.app.name": "pyspark-shell",
            "spark.app.id": f"local-{int(time.time() * 1000)}",
            "spark.app.startTime": str(int(time.time() * 1000)),
            "spark.driver.host": "localhost",
            "spark.executor.id": "driver",
            "spark.master": "local[*]",
            TIME_ZONE: machine_time_zone(),
            WAREHOUSE: "file:" + str(Path.cwd() / "spark-warehouse"),
            **(initial or {}),
        }
        self._values = dict(self._initial)

    def copy(self) -> Config:
        """A session of its own with the same settings (cloneSession)."""
        return Config(self._values)

    def get(self, key: str) -> str:
        """The value in force; SQL_CONF_NOT_FOUND for a key that Spark does not know either."""
        value = self.find(key)
        if value is None:
            raise no_such_element("SQL_CONF_NOT_FOUND", {"sqlConf": f'"{key}"'})
        return value

    def find(self, key: str) -> str | None:
        """The value in force or None; `<value of x>` in the defaults means x."""
        value = self._values.get(key)
        if value is None:
            value = _defaults().get(key)
            if value is not None and value.startswith("<value of "):
                return self.find(value[len("<value of ") : -1])
        return value

    def given(self, key: str, default: str | None) -> str | None:
        """What has been set, else `default`: Spark's own default does not count here."""
        return self._values.get(key, default)

    def set(self, key: str, value: str) -> None:
        """Spark's checks, then the value counts."""
        self._check(key, value)
        self.force(key, value)

    def force(self, key: str, value: str) -> None:
        """A builder's option: what is fixed once the session runs may still be set."""
        if key == TIME_ZONE:
            _check_time_zone(value)
        with self._lock:
            self._values[key] = value
            self.version += 1

    def unset(self, key: str) -> None:
        """Back to the default, or to nothing."""
        self._check_modifiable(key)
        with self._lock:
            self._values.pop(key, None)
            if key in self._initial:
                self._values[key] = self._initial[key]
            self.version += 1

    def reset(self) -> None:
        """RESET: everything as it was when the session began."""
        with self._lock:
            self._values = dict(self._initial)
            self.version += 1

    def items(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """What has been set, in order of keys (spark.conf.getAll, SET)."""
        with self._lock:
            held = sorted(self._values.items())
        return iter([(key, value) for key, value in held if key.startswith(prefix)])

    def everything(self) -> Iterator[tuple[str, str]]:
        """SET -v: the defaults too."""
        keys = sorted(_defaults().keys() | self._values.keys())
        return ((key, self.find(key) or _UNDEFINED) for key in keys)

    def in_force(self) -> Mapping[str, str]:
        """Every setting, found when it is asked for: reading a table asks for one or two."""
        return _InForce(self)

    def is_modifiable(self, key: str) -> bool:
        """Whether `set` would be allowed: a run-time setting of Spark SQL that Spark knows."""
        return key in _defaults() and key not in _STATIC

    def _check_modifiable(self, key: str) -> None:
        if key in _STATIC:
            raise analysis_error("CANNOT_MODIFY_STATIC_CONFIG", {"key": f'"{key}"'})
        if _CORE.match(key):
            docs = "https://spark.apache.org/docs/latest"
            raise analysis_error("CANNOT_MODIFY_CONFIG", {"key": f'"{key}"', "docroot": docs})

    def _check(self, key: str, value: str) -> None:
        self._check_modifiable(key)
        if key == TIME_ZONE:
            _check_time_zone(value)
        default = _defaults().get(key, "")
        if default in ("true", "false") and value.strip().lower() not in ("true", "false"):
            raise _mismatch(key, value, "boolean")
        # a unit may follow (300s, 10MB), so only what starts with no number is surely wrong
        if default.lstrip("-").isdigit() and not value.strip().lstrip("+-")[:1].isdigit():
            raise _mismatch(key, value, "int")
        options = _CHOICES.get(key)
        if options is not None and value.upper() not in options:
            parameters = _named(key, value) | {"confOptions": ", ".join(options)}
            raise illegal_argument("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS", parameters)


@dataclass(frozen=True, slots=True)
class _InForce(Mapping[str, str]):
    config: Config

    def __getitem__(self, key: str) -> str:
        value = self.config.find(key)
        if value is None and key not in _defaults():
            raise KeyError(key)
        return _UNDEFINED if value is None else value

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self.config.everything()])

    def __len__(self) -> int:
        return len(list(self.config.everything()))


def machine_time_zone() -> str:
    """The JVM's default: TZ, else the link /etc/localtime, else UTC."""
    zone = os.environ.get("TZ", "").lstrip(":")
    if not zone:
        target = os.path.realpath("/etc/localtime")
        zone = target.partition("zoneinfo/")[2]
    if not zone or zone in ("UTC", "Etc/UTC"):
        return "Etc/UTC"
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return "Etc/UTC"
    return zone


@cache
def _defaults() -> Mapping[str, str]:
    text = Path(__file__).with_name("defaults.json").read_text(encoding="utf-8")
    defaults: dict[str, str] = json.loads(text)
    return defaults


def _check_time_zone(value: str) -> None:
    if re.fullmatch(r"(?:UTC|GMT|Z|UT)?(?:[+-]\d{1,2}(?::?\d{2}){0,2})?", value) and value:
        return
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise illegal_argument("INVALID_CONF_VALUE.TIME_ZONE", _named(TIME_ZONE, value)) from None


def _mismatch(key: str, value: str, kind: str) -> Exception:
    parameters = _named(key, value) | {"confType": kind}
    return illegal_argument("INVALID_CONF_VALUE.TYPE_MISMATCH", parameters)


def _named(key: str, value: str) -> dict[str, str]:
    return {"confName": key, "confValue": value}
