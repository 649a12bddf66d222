"""Exceptions as gRPC statuses: doors A and C tell the client which Python class to raise."""

from __future__ import annotations

import json
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import EXCEPTION_CLASS_MAPPING
from pyspark.sql.connect import proto as pb2

_DETAILS = "grpc-status-details-bin"
_JVM = {python: java for java, python in EXCEPTION_CLASS_MAPPING.items()}


class Refusal(grpc.RpcError):  # type: ignore[misc]
    """The error that a client sees when a call fails."""

    def __init__(self, status: grpc.Status) -> None:
        super().__init__(status.details)
        self._status = status

    def code(self) -> grpc.StatusCode:
        return self._status.code

    def details(self) -> str:
        return str(self._status.details)

    def trailing_metadata(self) -> tuple[tuple[str, Any], ...]:
        return tuple(self._status.trailing_metadata or ())

    def initial_metadata(self) -> tuple[tuple[str, Any], ...]:
        return ()


def status_of(error: Exception, error_id: str) -> grpc.Status:
    """The status of a failed call; FetchErrorDetails gives the rest under `error_id`."""
    message = _message(error)
    info = error_details_pb2.ErrorInfo(reason=type(error).__name__, domain="org.apache.spark")
    info.metadata["classes"] = json.dumps(java_classes(error))
    info.metadata["errorId"] = error_id
    if isinstance(error, PySparkException):
        if error.getCondition() is not None:
            info.metadata["errorClass"] = str(error.getCondition())
        if error.getSqlState() is not None:
            info.metadata["sqlState"] = str(error.getSqlState())
        info.metadata["messageParameters"] = json.dumps(error.getMessageParameters() or {})
    detail = any_pb2.Any()
    detail.Pack(info)
    rich = status_pb2.Status(code=code_pb2.INTERNAL, message=message, details=[detail])
    return rpc_status.to_status(rich)


def error_details(error: Exception) -> Any:
    """What FetchErrorDetails answers: the whole message and the query contexts."""
    response = pb2.FetchErrorDetailsResponse(root_error_idx=0)
    made = response.errors.add()
    made.error_type_hierarchy.extend(java_classes(error))
    made.message = _message(error)
    if isinstance(error, PySparkException):
        throwable = made.spark_throwable
        if error.getCondition() is not None:
            throwable.error_class = str(error.getCondition())
        if error.getSqlState() is not None:
            throwable.sql_state = str(error.getSqlState())
        throwable.message_parameters.update(error.getMessageParameters() or {})
        for context in error.getQueryContext():
            throwable.query_contexts.append(context._q)
    return response


def java_classes(error: Exception) -> list[str]:
    """The JVM classes whose names the client maps back to Python's."""
    known = [_JVM[cls] for cls in type(error).__mro__ if cls in _JVM]
    return [*known, "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"]


def _message(error: Exception) -> str:
    if isinstance(error, PySparkException):
        return str(getattr(error, "_message", None) or error)
    return f"{type(error).__name__}: {error}"
