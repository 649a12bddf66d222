"""Python functions as they are at one moment.

A client of Spark pickles its functions when it makes a view, caches a plan or registers a name;
here they go by reference, and a copy is taken at these moments if they have captured anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cloudpickle

from pyflare.engine.plan import syntax as s
from pyflare.engine.views import map_members, nodes
from pyflare.udf.captured import is_closed


def frozen(relation: s.Relation) -> s.Relation:
    """`relation` with a copy of each function that could change behind its back."""
    if not any(isinstance(node, s.PythonFunction) for node in nodes(relation)):
        return relation
    copied: s.Relation = _frozen(relation)
    return copied


def frozen_function(function: s.PythonFunction) -> s.PythonFunction:
    """The function with its own globals, closure and helpers, if it has any."""
    if is_closed(function.function):
        return function
    try:
        copied = cloudpickle.loads(cloudpickle.dumps(function.function))
    except Exception:  # what cannot be pickled can still be called
        return function
    return replace(function, function=copied)


def _frozen(node: Any) -> Any:
    mapped = map_members(node, _frozen)
    return frozen_function(mapped) if isinstance(mapped, s.PythonFunction) else mapped
