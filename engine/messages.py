"""Spark's own message templates, read from the jar that PySpark ships, once and lazily."""

from __future__ import annotations

import importlib.util
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """The text of one error, as Spark prints it after the class in brackets, and its SQL state."""

    text: str
    sql_state: str | None


def message(error_class: str, parameters: Mapping[str, str]) -> Message:
    """The message of `MAIN` or `MAIN.SUB` with its parameters filled in."""
    main, _, sub = error_class.partition(".")
    condition = _conditions().get(main)
    if condition is None:
        shown = ", ".join(f"{key}: {value}" for key, value in parameters.items())
        return Message(shown, None)
    template = "\n".join(condition["message"])
    subs = condition.get("subClass", {})
    if sub in subs:
        template += " " + "\n".join(subs[sub]["message"])
    return Message(_fill(template, parameters), condition.get("sqlState"))


def _fill(template: str, parameters: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda m: str(parameters.get(m[1], m[0])), template)


@cache
def _conditions() -> Mapping[str, Any]:
    """Empty when the jar is absent: pyspark-client has no jars, and messages then show parameters.

    >>> "DIVIDE_BY_ZERO" in _conditions() or not _conditions()
    True
    """
    # find_spec, not import: importing pyspark runs its launcher's checks
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        return {}
    for jar in sorted((Path(spec.origin).parent / "jars").glob("spark-common-utils_*.jar")):
        with zipfile.ZipFile(jar) as archive:
            conditions: dict[str, Any] = json.loads(archive.read("error/error-conditions.json"))
            return conditions
    return {}
