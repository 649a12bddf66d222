"""Door B: PySpark's Connect client with the engine behind it; record batches by reference.

The client's own code stays in charge of the API. Overridden are the hook through which all rows
come, and what would otherwise go through protobuf for no reason. `OVERRIDDEN` lists every private
name of PySpark that is relied upon; `check_names` says at start which one a version lacks.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyspark
import pyspark.errors.utils as call_sites
from pyspark.errors import PySparkException
from pyspark.sql.connect import proto as pb2
from pyspark.sql.connect.client import core as client_core
from pyspark.sql.connect.client.core import (
    ConfigResult,
    PlanObservedMetrics,
    SparkConnectClient,
)
from pyspark.sql.connect.conversion import proto_to_remote_cached_dataframe
from pyspark.sql.connect.dataframe import DataFrame
from pyspark.sql.connect.expressions import PythonUDF
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.connect.types import UnparsedDataType, pyspark_types_to_proto_types
from pyspark.sql.types import StructType

from pyflare.engine.connect import each
from pyflare.engine.connect.channel import InProcessChannelBuilder, RaisingContext
from pyflare.engine.connect.core import CheckpointMade, Core, Measured, SqlResult, Started
from pyflare.engine.connect.metrics import literal, plan_metrics
from pyflare.engine.connect.servicer import FlareServicer, configure
from pyflare.engine.errors import spark_error
from pyflare.engine.sql import parse_ddl
from pyflare.engine.types import type_to_spark

OVERRIDDEN: tuple[tuple[Any, str], ...] = (
    (SparkConnectClient, "_execute_and_fetch_as_iterator"),
    (SparkConnectClient, "_execute"),
    (SparkConnectClient, "_handle_error"),
    (SparkConnectClient, "_on_exit"),
    (SparkConnectClient, "schema"),
    (SparkConnectClient, "config"),
    (SparkConnectClient, "clone"),
    (SparkSession, "_cache_local_relation"),
    (SparkSession, "_set_default_and_active_session"),
    (SparkSession, "_get_default_session"),
    (SparkSession.Builder, "_apply_options"),
    (PythonUDF, "to_plan"),
    (DataFrame, "__getattr__"),
    (DataFrame, "foreach"),
    (DataFrame, "foreachPartition"),
    (ConfigResult, "fromProto"),
    (call_sites, "_capture_call_site"),
    (client_core, "PlanObservedMetrics"),
)


def check_names() -> None:
    """ImportError with the missing names when this PySpark is not one that PyFlare knows."""
    missing = [f"{owner.__name__}.{name}" for owner, name in OVERRIDDEN if not hasattr(owner, name)]
    if missing:
        raise ImportError(
            f"PyFlare does not know PySpark {pyspark.__version__}: it lacks {', '.join(missing)}; "
            "versions 4.2 and 4.3 are supported"
        )


class FlareClient(SparkConnectClient):  # type: ignore[misc]
    """SparkConnectClient whose server is a Core in the same process."""

    def __init__(self, core: Core, session_hooks: list[Any] | None = None) -> None:
        servicer = FlareServicer()
        super().__init__(
            InProcessChannelBuilder(servicer, RaisingContext()),
            use_reattachable_execute=False,
            session_hooks=session_hooks,
        )
        # the base class cleans up remote models at exit, and would keep each client alive for it
        atexit.unregister(self._on_exit)
        self.core = core
        self.servicer = servicer
        servicer.adopt(self._session_id, core)
        self._server_session_id = servicer.id
        self._plan_compression_threshold, self._plan_compression_algorithm = -1, "NONE"

    def _execute_and_fetch_as_iterator(
        self, req: Any, observations: dict[str, Any], progress: Any = None
    ) -> Iterator[Any]:
        """Everything a plan yields; toArrow, toPandas, collect and commands all come through."""
        self._stub  # noqa: B018 - raises if the session has been stopped
        operation_id = req.operation_id
        for hook in self._session_hooks:
            req = hook.on_execute_plan(req)
            req.operation_id = operation_id
        try:
            for event in self.core.execute(req.plan, operation_id, frozenset(req.tags)):
                yield from self._translated(event, observations)
        except KeyboardInterrupt:
            self.core.interrupt(lambda operation: operation.id == operation_id)
            raise
        except PySparkException as error:
            error._operation_id = operation_id
            raise
        except Exception as error:
            raise spark_error(error) from error

    def _translated(self, event: Any, observations: dict[str, Any]) -> Iterator[Any]:
        match event:
            case pa.RecordBatch():
                yield event
            case Started(schema):
                yield type_to_spark(schema)
            case SqlResult(relation):
                yield {"sql_command_result": relation}
            case CheckpointMade(key):
                made = pb2.CachedRemoteRelation(relation_id=key)
                yield {"checkpoint_command_result": proto_to_remote_cached_dataframe(made)}
            case Measured(metrics, observed):
                yield from plan_metrics(metrics)
                for name, values in observed.items():
                    if name in observations:
                        observations[name]._result.update(values)
                    literals = [literal(value) for value in values.values()]
                    yield PlanObservedMetrics(name, literals, list(values))

    def _execute(self, req: Any) -> None:
        for _ in self._execute_and_fetch_as_iterator(req, {}):
            pass

    def _handle_error(self, error: Exception, operation_id: str | None = None) -> Any:
        """The servicer's errors are PySpark's already."""
        raise error

    def schema(self, plan: Any) -> StructType:
        self._stub  # noqa: B018 - raises if the session has been stopped
        try:
            return type_to_spark(self.core.query(plan).schema)
        except PySparkException:
            raise
        except Exception as error:
            raise spark_error(error) from error

    def config(self, operation: Any) -> ConfigResult:
        self._stub  # noqa: B018 - raises if the session has been stopped
        return ConfigResult.fromProto(configure(self.core.session, operation))

    def close(self) -> None:
        """Ends the session: what it kept is freed with it. Called by finalizers, so no locks."""
        self._closed = True

    def _on_exit(self) -> None:
        pass


@functools.cache
def install() -> None:
    """Puts PyFlare's parts into PySpark's client code; other servers' clients see no change."""
    check_names()
    # PySpark 4.3 says so at each of several calls, about a pandas that works
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    pickled = PythonUDF.to_plan

    def to_plan(self: Any, session: Any) -> Any:
        """The function goes by reference: pickling it would copy all that it has captured."""
        if not isinstance(session, FlareClient):
            return pickled(self, session)
        if isinstance(self._output_type, UnparsedDataType):
            self._output_type = type_to_spark(parse_ddl(self._output_type.data_type_string))
        token, held = getattr(self, "_pyflare", (None, None))
        if token is None or session.core.context.functions.get(token) is None:
            token, held = session.core.hold(self._func, binary=True)
            self._pyflare = token, held
        return pb2.PythonUDF(
            output_type=pyspark_types_to_proto_types(self._output_type),
            eval_type=self._eval_type,
            command=token,
            python_ver=self._python_ver,
        )

    column = DataFrame.__getattr__

    def attribute(self: Any, name: str) -> Any:
        """IPython asks for names that no object has; a column in answer costs the HTML table."""
        if name.startswith(("_ipython_", "_repr_")):
            raise AttributeError(name)
        return column(self, name)

    DataFrame.__getattr__ = attribute
    PythonUDF.to_plan = to_plan
    each.install(FlareClient)
    call_sites._capture_call_site = call_site


_PYSPARK = pyspark.__path__[0]


def call_site(depth: int) -> str:
    """The user's frames of a DataFrame call, as PySpark captures them at a fifth of the cost."""
    skipped = [_PYSPARK]
    cell = ""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if ipython is not None and shell is not None:
        skipped += [ipython.__path__[0]]
        cell = f" in cell [{shell.execution_count}]"
    frames = (f for f in _frames() if not f.f_code.co_filename.startswith(tuple(skipped)))
    found = itertools.islice(frames, depth)
    if cell:
        return "\n".join(f"line {frame.f_lineno}{cell}" for frame in found)
    return "\n".join(f"{frame.f_code.co_filename}:{frame.f_lineno}" for frame in found)


def _frames() -> Iterator[Any]:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename != __file__:
            yield frame
        frame = frame.f_back  # type: ignore[assignment]
