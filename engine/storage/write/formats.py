"""What a file format must offer the writer of folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error
from pyflare.engine.types import sql_name


class Sink(Protocol):
    """An open part file."""

    def write(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """`open(path)` starts a part file whose name ends in `extension`."""

    name: str
    extension: str
    open: Callable[[str], Sink]


def check_types(name: str, schema: t.Struct, *, allowed: Callable[[t.Type], bool]) -> None:
    """UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for the first column that the format cannot hold."""
    if not schema.fields or any(_is_empty(field.type) for field in schema.fields):
        raise analysis_error("EMPTY_SCHEMA_NOT_SUPPORTED_FOR_DATASOURCE", {"format": name})
    for field in schema.fields:
        if not allowed(field.type):
            raise analysis_error(
                "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                {
                    "format": name,
                    "columnName": f"`{field.name}`",
                    "columnType": f'"{sql_name(field.type)}"',
                },
            )


def holds(kind: t.Type, *unwanted: type[object]) -> bool:
    """Whether `kind` or a type inside it is one of `unwanted`."""
    if isinstance(kind, unwanted):
        return True
    match kind:
        case t.Array(element):
            return holds(element, *unwanted)
        case t.Map(key, value):
            return holds(key, *unwanted) or holds(value, *unwanted)
        case t.Struct(fields):
            return any(holds(field.type, *unwanted) for field in fields)
        case _:
            return False


def _is_empty(type: t.Type) -> bool:
    match type:
        case t.Struct(fields):
            return not fields or any(_is_empty(field.type) for field in fields)
        case t.Array(element):
            return _is_empty(element)
        case t.Map(key, value):
            return _is_empty(key) or _is_empty(value)
        case _:
            return False
