"""Spark Connect's service over cores: what doors A (in process) and C (gRPC) serve."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pyarrow as pa
from pyspark.sql.connect import proto as pb2
from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceServicer

from pyflare.engine.connect.analyze import analyze_plan
from pyflare.engine.connect.core import (
    CheckpointMade,
    Core,
    Event,
    Measured,
    Operation,
    SqlResult,
    Started,
)
from pyflare.engine.connect.metrics import literal, metric_objects
from pyflare.engine.connect.status import error_details, status_of
from pyflare.engine.connect.types import encode_type
from pyflare.engine.errors import spark_error, unsupported
from pyflare.engine.session import Session

T = TypeVar("T")
_ERRORS_KEPT = 64


class FlareServicer(SparkConnectServiceServicer):  # type: ignore[misc]
    """One core per session id, made when first asked for and dropped by ReleaseSession."""

    def __init__(self, core: Core | None = None, session_id: str | None = None) -> None:
        self.id = core.id if core is not None else str(uuid.uuid4())
        self._cores: dict[str, Core] = {}
        self._lock = threading.Lock()
        self._errors: OrderedDict[str, Exception] = OrderedDict()
        if core is not None and session_id is not None:
            self._cores[session_id] = core

    def adopt(self, session_id: str, core: Core) -> None:
        """Serves `session_id` by this core."""
        self._cores[session_id] = core

    def core(self, session_id: str) -> Core:
        """The core of a session."""
        with self._lock:
            if session_id not in self._cores:
                self._cores[session_id] = Core()
            return self._cores[session_id]

    # ---------------------------------------------------------------- calls

    def ExecutePlan(self, request: Any, context: Any) -> Iterator[Any]:
        core = self.core(request.session_id)
        operation = request.operation_id or str(uuid.uuid4())
        sent = 0

        def response(**content: Any) -> Any:
            return pb2.ExecutePlanResponse(
                session_id=request.session_id,
                server_side_session_id=self.id,
                operation_id=operation,
                response_id=str(uuid.uuid4()),
                **content,
            )

        events = core.execute(request.plan, operation, frozenset(request.tags))
        while True:
            event = self._guarded(context, lambda: next(events, None))
            if event is None:
                break
            if isinstance(event, pa.RecordBatch):
                packed = _packed(event, sent)
                sent += event.num_rows
                yield response(arrow_batch=packed)
            else:
                yield response(**_content(event))
        yield response(result_complete=pb2.ExecutePlanResponse.ResultComplete())

    def AnalyzePlan(self, request: Any, context: Any) -> Any:
        core = self.core(request.session_id)
        answer = self._guarded(context, lambda: analyze_plan(core, request))
        return self._signed(answer, request)

    def Config(self, request: Any, context: Any) -> Any:
        core = self.core(request.session_id)
        answer = self._guarded(context, lambda: configure(core.session, request.operation))
        return self._signed(answer, request)

    def AddArtifacts(self, requests: Iterator[Any], context: Any) -> Any:
        response = pb2.AddArtifactsResponse()
        name, parts, missing = "", list[bytes](), 0
        request: Any = None
        for request in requests:
            core = self.core(request.session_id)
            match request.WhichOneof("payload"):
                case "batch":
                    for artifact in request.batch.artifacts:
                        self._store(context, core, artifact.name, artifact.data.data)
                        response.artifacts.add(name=artifact.name, is_crc_successful=True)
                case "begin_chunk":
                    begun = request.begin_chunk
                    name, parts = begun.name, [begun.initial_chunk.data]
                    missing = begun.num_chunks - 1
                case _:
                    parts.append(request.chunk.data)
                    missing -= 1
            if name and not missing:
                self._store(context, core, name, b"".join(parts))
                response.artifacts.add(name=name, is_crc_successful=True)
                name, parts = "", []
        return self._signed(response, request)

    def ArtifactStatus(self, request: Any, context: Any) -> Any:
        response = pb2.ArtifactStatusesResponse()
        held = self.core(request.session_id).artifacts
        for name in request.names:
            response.statuses[name].exists = name in held
        return self._signed(response, request)

    def Interrupt(self, request: Any, context: Any) -> Any:
        kinds = pb2.InterruptRequest.InterruptType
        wanted: Callable[[Operation], bool]
        match request.interrupt_type:
            case kinds.INTERRUPT_TYPE_TAG:
                wanted = lambda operation: request.operation_tag in operation.tags  # noqa: E731
            case kinds.INTERRUPT_TYPE_OPERATION_ID:
                wanted = lambda operation: request.operation_id == operation.id  # noqa: E731
            case _:
                wanted = lambda _: True  # noqa: E731
        stopped = self.core(request.session_id).interrupt(wanted)
        return self._signed(pb2.InterruptResponse(interrupted_ids=stopped), request)

    def ReleaseExecute(self, request: Any, context: Any) -> Any:
        # results are handed over as they are made, none is kept for reattaching
        return self._signed(pb2.ReleaseExecuteResponse(operation_id=request.operation_id), request)

    def ReattachExecute(self, request: Any, context: Any) -> Iterator[Any]:
        self._refuse(context, unsupported("reattaching to an execution"))
        yield

    def ReleaseSession(self, request: Any, context: Any) -> Any:
        with self._lock:
            core = self._cores.pop(request.session_id, None)
        if core is not None:
            core.interrupt(lambda _: True)
        return self._signed(pb2.ReleaseSessionResponse(), request)

    def CloneSession(self, request: Any, context: Any) -> Any:
        cloned = Core(self.core(request.session_id).session.copy())
        new_id = request.new_session_id or str(uuid.uuid4())
        self.adopt(new_id, cloned)
        answer = pb2.CloneSessionResponse(new_session_id=new_id, new_server_side_session_id=self.id)
        return self._signed(answer, request)

    def GetStatus(self, request: Any, context: Any) -> Any:
        return self._signed(pb2.GetStatusResponse(), request)

    def FetchErrorDetails(self, request: Any, context: Any) -> Any:
        error = self._errors.get(request.error_id)
        response = pb2.FetchErrorDetailsResponse() if error is None else error_details(error)
        return self._signed(response, request)

    # ---------------------------------------------------------------- helpers

    def _signed(self, response: Any, request: Any) -> Any:
        response.session_id = request.session_id
        response.server_side_session_id = self.id
        return response

    def _guarded(self, context: Any, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:
            self._refuse(context, spark_error(error))
            raise AssertionError from error  # abort raises

    def _refuse(self, context: Any, error: Exception) -> None:
        refuse = getattr(context, "refuse", None)
        if refuse is not None:
            refuse(error)
        error_id = str(uuid.uuid4())
        with self._lock:
            self._errors[error_id] = error
            while len(self._errors) > _ERRORS_KEPT:
                self._errors.popitem(last=False)
        context.abort_with_status(status_of(error, error_id))

    def _store(self, context: Any, core: Core, name: str, data: bytes) -> None:
        if not name.startswith("cache/"):
            kind = name.partition("/")[0]
            advice = "put the file on sys.path" if kind == "pyfiles" else ""
            self._refuse(context, unsupported(f"addArtifacts of {kind}", advice))
        core.artifacts[name] = data


def configure(session: Session, operation: Any) -> Any:
    """The answer to a Config request."""
    config, response = session.config, pb2.ConfigResponse()

    def pair(key: str, value: str | None) -> None:
        made = response.pairs.add(key=key)
        if value is not None:
            made.value = value

    match operation.WhichOneof("op_type"):
        case "set":
            for item in operation.set.pairs:
                if operation.set.silent:
                    config.force(item.key, item.value)
                else:
                    config.set(item.key, item.value)
        case "get":
            for key in operation.get.keys:
                pair(key, config.get(key))
        case "get_with_default":
            for item in operation.get_with_default.pairs:
                default = item.value if item.HasField("value") else None
                pair(item.key, config.given(item.key, default))
        case "get_option":
            for key in operation.get_option.keys:
                pair(key, config.find(key))
        case "get_all":
            prefix = operation.get_all.prefix if operation.get_all.HasField("prefix") else ""
            for key, value in config.items(prefix):
                pair(key.removeprefix(prefix), value)
        case "unset":
            for key in operation.unset.keys:
                config.unset(key)
        case "is_modifiable":
            for key in operation.is_modifiable.keys:
                pair(key, "true" if config.is_modifiable(key) else "false")
        case kind:
            raise unsupported(f"the configuration request {kind}")
    return response


def _packed(batch: pa.RecordBatch, offset: int) -> Any:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return pb2.ExecutePlanResponse.ArrowBatch(
        row_count=batch.num_rows, data=sink.getvalue().to_pybytes(), start_offset=offset
    )


def _content(event: Event) -> dict[str, Any]:
    match event:
        case Started(schema):
            return {"schema": encode_type(schema)}
        case SqlResult(relation):
            result = pb2.ExecutePlanResponse.SqlCommandResult(relation=relation)
            return {"sql_command_result": result}
        case CheckpointMade(key):
            result = pb2.CheckpointCommandResult(relation=pb2.CachedRemoteRelation(relation_id=key))
            return {"checkpoint_command_result": result}
        case Measured(metrics, observed):
            measured = pb2.ExecutePlanResponse.Metrics(metrics=metric_objects(metrics))
            seen = [
                pb2.ExecutePlanResponse.ObservedMetrics(
                    name=name, keys=list(values), values=[literal(v) for v in values.values()]
                )
                for name, values in observed.items()
            ]
            return {"metrics": measured, "observed_metrics": seen}
        case _:
            raise AssertionError(event)
