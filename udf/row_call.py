"""One call of a user's function in CPython: the exact path behind every compiled form."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyflare.codegen.ir.types import Type
from pyflare.udf.boundary import from_python, to_python


@dataclass(frozen=True, slots=True)
class RowCall:
    """`function` over storage-form values. What it raises, PySpark would raise."""

    function: Callable[..., Any]
    name: str
    arguments: tuple[Type, ...]
    result: Type

    def __call__(self, *args: object) -> object:
        values = (to_python(a, type_) for a, type_ in zip(args, self.arguments, strict=True))
        return from_python(self.function(*values), self.result)

    def failed(self, exception: BaseException, args: tuple[object, ...]) -> Exception:
        """PySpark's PythonException with the user's own traceback and the offending values."""
        from pyspark.errors import PythonException

        frames = traceback.extract_tb(exception.__traceback__)
        ours = [i for i, frame in enumerate(frames) if frame.filename == __file__]
        own = frames[ours[-1] + 1 :] if ours else frames
        lines = ["Traceback (most recent call last):\n", *traceback.format_list(own)]
        lines += traceback.format_exception_only(type(exception), exception)
        values = ", ".join(
            repr(to_python(a, type_)) for a, type_ in zip(args, self.arguments, strict=True)
        )
        summary = f"An exception was thrown from the Python function {self.name}({values})."
        details = "".join(lines)
        error: Exception = PythonException(
            message=f"{summary} Please see the stack trace below.\n{details}",
            errorClass="PYTHON_EXCEPTION",
            messageParameters={"msg": summary, "traceback": details},
        )
        return error
