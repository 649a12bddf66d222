"""The session that users hold: PySpark's Connect session over a core in this process."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import pyspark
import pyspark.errors.utils as call_sites
from pyspark.conf import SparkConf
from pyspark.errors import PySparkAttributeError
from pyspark.sql.connect.plan import ChunkedCachedLocalRelation
from pyspark.sql.connect.session import SparkSession

from pyflare.engine.connect import client
from pyflare.engine.connect.activate import build_connect_columns
from pyflare.engine.connect.client import FlareClient
from pyflare.engine.connect.core import Core
from pyflare.engine.plan.syntax import LocalTable
from pyflare.engine.pools import follow_settings
from pyflare.engine.session import Session
from pyflare.engine.settings import current, settings
from pyflare.engine.types import json_to_type


class FlareSession(SparkSession):  # type: ignore[misc]
    """SparkSession on PyFlare's engine."""

    class Builder(SparkSession.Builder):  # type: ignore[misc]
        """SparkSession.builder; the master only says how many threads to use."""

        def master(self, master: str) -> Any:
            return self.config("spark.master", master)

        def enableHiveSupport(self) -> Any:
            # scripts ask for it out of habit; a Hive table would fail by its name
            return self

        def create(self) -> FlareSession:
            session = FlareSession(hook_factories=self._hook_factories)
            self._apply_options(session)
            SparkSession._set_default_and_active_session(session)
            return session

        def getOrCreate(self) -> FlareSession:
            with SparkSession._lock:
                for found in (SparkSession.getActiveSession(), SparkSession._get_default_session()):
                    if isinstance(found, FlareSession):
                        self._apply_options(found)
                        return found
                SparkSession._active_session.session = None
                SparkSession._default_session = None
                return self.create()

        def _apply_options(self, session: Any) -> None:
            super()._apply_options(session)
            master = self._options.get("spark.master")
            if master is not None:
                session._client.core.session.config.force("spark.master", master)
                use_master(master)

    def __init__(self, core: Core | None = None, hook_factories: list[Any] | None = None) -> None:
        client.install()
        # PySpark decides once whether errors name call sites, and a column made before there was
        # a session would have decided against it
        call_sites._enable_debugging_cache = None
        follow_settings()
        build_connect_columns()
        hooks = [factory(self) for factory in hook_factories or []]
        self._client = FlareClient(core or Core(), session_hooks=hooks)
        self._session_id = self._client._session_id
        self.release_session_on_close = True
        if in_notebook():
            # notebooks show a DataFrame as a table of its first rows
            self._flare.config.force("spark.sql.repl.eagerEval.enabled", "true")

    @property
    def _flare(self) -> Session:
        """The engine's own session."""
        session: Session = self._client.core.session
        return session

    def sql(self, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:
        """spark.sql; the DataFrames it is formatted with live as long as the result."""
        frame = super().sql(sqlQuery, args, **kwargs)
        frame._plan._pyflare_held = (args, kwargs)
        return frame

    def __repr__(self) -> str:
        return f"<pyflare.SparkSession object at {id(self):#x}>"

    def _cache_local_relation(self, local_relation: Any, *limits: int) -> Any:
        """The Arrow table itself, by a token; it lives as long as the plan."""
        text = local_relation._schema
        schema: Any = json_to_type(text) if text is not None else None
        token, held = self._client.core.hold(LocalTable(local_relation._table, schema))
        plan = ChunkedCachedLocalRelation([token], None)
        plan._pyflare_held = held
        return plan

    def newSession(self) -> FlareSession:
        """An empty session beside this one."""
        return FlareSession()

    def cloneSession(self, new_session_id: str | None = None) -> FlareSession:
        """A session that starts with this one's settings, names and functions."""
        return FlareSession(Core(self._flare.copy()))

    @property
    def sparkContext(self) -> FlareContext:
        """What old scripts ask of it: log level, names, parallelism."""
        return FlareContext(self)


class FlareContext:
    """The few things of a SparkContext that mean something without a cluster."""

    def __init__(self, session: FlareSession) -> None:
        self._session = session

    def setLogLevel(self, logLevel: str) -> None:
        """Accepted; PyFlare logs nothing."""

    def getConf(self) -> Any:
        """A SparkConf with the session's settings."""
        conf = SparkConf(loadDefaults=False)
        conf.setAll([(k, v) for k, v in self._session._flare.config.items() if v is not None])
        return conf

    @property
    def appName(self) -> str:
        return self._get("spark.app.name")

    @property
    def applicationId(self) -> str:
        return self._get("spark.app.id")

    @property
    def master(self) -> str:
        return self._get("spark.master")

    @property
    def startTime(self) -> int:
        return int(self._get("spark.app.startTime"))

    @property
    def version(self) -> str:
        version: str = pyspark.__version__
        return version

    @property
    def pythonVer(self) -> str:
        return f"{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def defaultParallelism(self) -> int:
        return current().threads

    @property
    def defaultMinPartitions(self) -> int:
        return min(self.defaultParallelism, 2)

    @property
    def uiWebUrl(self) -> None:
        return None

    def sparkUser(self) -> str:
        return os.environ.get("SPARK_USER") or os.environ.get("USER") or "root"

    def setJobDescription(self, value: str) -> None:
        """Accepted; there is no job page."""

    def setJobGroup(self, *_: Any, **__: Any) -> None:
        """Accepted; there is no job page."""

    def cancelAllJobs(self) -> None:
        self._session.interruptAll()

    def stop(self) -> None:
        self._session.stop()

    def _get(self, key: str) -> str:
        return self._session._flare.config.get(key)

    def __repr__(self) -> str:
        return f"<SparkContext master={self.master} appName={self.appName}> (PyFlare)"

    def __getattr__(self, name: str) -> Any:
        raise PySparkAttributeError(
            f"[JVM_ATTRIBUTE_NOT_SUPPORTED] PyFlare does not support sparkContext.{name}: there is "
            "neither a JVM nor an RDD behind its sessions. Use the DataFrame API.",
            errorClass="JVM_ATTRIBUTE_NOT_SUPPORTED",
            messageParameters={"attr_name": f"sparkContext.{name}"},
        )


def in_notebook() -> bool:
    """The code runs in a Jupyter kernel, not merely where its packages are loaded."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def use_master(master: str) -> None:
    """local[N] sets the threads; local is one; any other master is somebody else's cluster."""
    if master == "local":
        settings(threads=1)
    elif found := re.fullmatch(r"local\[(\d+)(?:,\s*\d+)?\]", master):
        settings(threads=max(1, int(found[1])))
