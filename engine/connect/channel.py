"""A gRPC channel without a wire: PySpark's client calls the servicer's methods directly.

Only the shape of grpc.Channel that generated stubs use is here; an error of the servicer leaves
as the grpc.RpcError that a network would have carried.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from pyspark.sql.connect.client import ChannelBuilder

from pyflare.engine.connect.status import Refusal


class StatusContext:
    """Errors leave as over a network (door A)."""

    def abort_with_status(self, status: grpc.Status) -> None:
        raise Refusal(status)


class RaisingContext:
    """Errors leave as they are (door B): the servicer asks for `refuse` first."""

    def refuse(self, error: Exception) -> None:
        raise error


class InProcessChannel(grpc.Channel):  # type: ignore[misc]
    """Each stub becomes a plain function that calls `servicer`."""

    def __init__(self, servicer: Any, context: Any) -> None:
        self._servicer, self._context = servicer, context

    def _method(self, path: str) -> Callable[[Any], Any]:
        method = getattr(self._servicer, path.rpartition("/")[2])
        return lambda request: method(request, self._context)

    def unary_unary(self, method: str, *_: Any, **__: Any) -> Callable[..., Any]:
        call = self._method(method)

        def answer(request: Any, timeout: Any = None, metadata: Any = None, **_: Any) -> Any:
            result = call(request)
            if not isinstance(result, Iterator):
                return result
            # a finalizer of the client calls the streaming ExecutePlan as if it gave one answer
            return collections.deque(result, maxlen=1).pop()

        return answer

    def unary_stream(self, method: str, *_: Any, **__: Any) -> Callable[..., Any]:
        call = self._method(method)

        def answer(
            request: Any, timeout: Any = None, metadata: Any = None, **_: Any
        ) -> Iterator[Any]:
            return iter(call(request))

        return answer

    def stream_unary(self, method: str, *_: Any, **__: Any) -> Callable[..., Any]:
        call = self._method(method)

        def answer(requests: Any, timeout: Any = None, metadata: Any = None, **_: Any) -> Any:
            return call(iter(requests))

        return answer

    def stream_stream(self, method: str, *_: Any, **__: Any) -> Callable[..., Any]:
        raise NotImplementedError(method)

    def subscribe(self, callback: Any, try_to_connect: bool = False) -> None:
        callback(grpc.ChannelConnectivity.READY)

    def unsubscribe(self, callback: Any) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self) -> InProcessChannel:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class InProcessChannelBuilder(ChannelBuilder):  # type: ignore[misc]
    """What SparkConnectClient wants in place of an address."""

    def __init__(self, servicer: Any, context: Any = None) -> None:
        super().__init__()
        self._servicer, self._context = servicer, context or StatusContext()

    @property
    def host(self) -> str:
        return "localhost"

    @property
    def endpoint(self) -> str:
        return "in-process"

    def toChannel(self) -> grpc.Channel:
        return InProcessChannel(self._servicer, self._context)

    def __deepcopy__(self, memo: dict[int, Any]) -> InProcessChannelBuilder:
        # newSession and cloneSession copy the builder; the servicer is the same place
        copied = InProcessChannelBuilder(self._servicer, self._context)
        copied._params = dict(self._params)
        return copied
