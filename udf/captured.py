"""What a Python function sees besides its arguments: the part of it that can change.

Spark pickles a function for each action, so its globals and closures count as they are then.
`captured` tells whether they are the same as before; compiled forms are kept by it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_SMALL = 1000  # entries; larger containers are told apart by identity alone


def captured(function: Any) -> Hashable:
    """Equal as long as the function would be pickled to the same bytes, give or take its name."""
    return _captured(function, set())


def identity(function: Any) -> Hashable:
    """Equal for a function and its copies, as long as they have captured the same."""
    if isinstance(function, FunctionType):
        return function.__code__, captured(function)
    return id(function)


def is_closed(function: Any, above: frozenset[int] = frozenset()) -> bool:
    """Whether nothing that the function has captured could be given another value."""
    if id(function) in above:
        return True
    inside = above | {id(function)}
    return not any(_may_change(value, inside) for _, value in seen(function))


def seen(function: Any) -> Iterator[tuple[str, Any]]:
    """The globals, closure cells and defaults that the function can reach, by name."""
    if not isinstance(function, FunctionType):
        return
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from enumerate_defaults(function)


def enumerate_defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Default values, positional and by keyword."""
    for number, value in enumerate(function.__defaults__ or ()):
        yield f"default {number}", value
    yield from (function.__kwdefaults__ or {}).items()


def _captured(function: Any, above: set[int]) -> Hashable:
    if id(function) in above:
        return "recursion"
    inside = above | {id(function)}
    return tuple((name, _value(value, inside)) for name, value in seen(function))


def _value(value: Any, above: set[int]) -> Hashable:
    if isinstance(value, _PLAIN):
        return type(value).__name__, value
    if isinstance(value, FunctionType):
        return value.__code__, _captured(value, above)
    if isinstance(value, list | tuple | set | dict) and len(value) <= _SMALL:
        try:
            data: bytes = cloudpickle.dumps(value)
        except Exception:  # what cannot be pickled is told apart by identity
            return id(value)
        return data
    return id(value)


def _may_change(value: Any, above: frozenset[int]) -> bool:
    if isinstance(value, FunctionType):
        return not is_closed(value, above)
    return not isinstance(value, ModuleType | BuiltinFunctionType | type)


def _names(code: CodeType) -> set[str]:
    """The global names of a function and of those defined inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
