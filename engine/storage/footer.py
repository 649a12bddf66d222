"""What Parquet footers tell: schema, row groups, bounds, NULLs, and which strings repeat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import runtime_error
from pyflare.engine.storage.files import DataFile

_REPEATING = 8.0  # bytes per value below which a string column is taken for dictionary-encoded
_TICKS = {"milliseconds": 1_000, "microseconds": 1}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and greatest value (storage form; None = unknown) and NULLs of a part of a column."""

    lo: Any = None
    hi: Any = None
    nulls: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Footer:
    """The footer of one file.

    `columns` maps lower-case top-level names to (name, physical columns), `types` names to types.
    """

    file: DataFile
    metadata: pq.FileMetaData
    arrow: pa.Schema
    columns: dict[str, tuple[str, tuple[int, ...]]]
    types: dict[str, pa.DataType]

    def leaf(self, name: str) -> int | None:
        """The physical column of a flat column; None for a nested or missing one."""
        found = self.columns.get(name.lower())
        return found[1][0] if found is not None and len(found[1]) == 1 else None

    def bounds(self, group: int, name: str, type: t.Type) -> Bounds:
        """The statistics of one row group, as far as they can be trusted for `type`."""
        leaf = self.leaf(name)
        if leaf is None or pa.types.is_nested(self.arrow.field(self.columns[name.lower()][0]).type):
            return Bounds()
        chunk = self.metadata.row_group(group).column(leaf)
        found = chunk.statistics
        if found is None:
            return Bounds()
        nulls = found.null_count if found.has_null_count else None
        if not found.has_min_max:
            return Bounds(nulls=nulls)
        lo, hi = _storage(found, type)
        return Bounds(lo, hi, nulls)

    def repeats(self, name: str) -> bool:
        """Whether the strings of a column look dictionary-encoded in the file."""
        leaf = self.leaf(name)
        if leaf is None:
            return False
        if self.metadata.num_rows <= 1 << 14:
            return True
        size = sum(
            self.metadata.row_group(i).column(leaf).total_uncompressed_size
            for i in range(min(4, self.metadata.num_row_groups))
        )
        rows = sum(
            self.metadata.row_group(i).num_rows for i in range(min(4, self.metadata.num_row_groups))
        )
        return bool(size < _REPEATING * rows)


def read_footer(file: DataFile) -> Footer:
    """The footer of `file`; Spark's error if it is not a complete Parquet file."""
    try:
        with pq.ParquetFile(file.path, pre_buffer=False) as parquet:
            metadata, schema = parquet.metadata, parquet.schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise runtime_error(
            "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", {"path": f"file:{file.path}"}
        ) from error
    columns: dict[str, tuple[str, tuple[int, ...]]] = {}
    leaf = 0
    for field in schema:
        leaves = _leaves(field.type)
        columns[field.name.lower()] = (field.name, tuple(range(leaf, leaf + leaves)))
        leaf += leaves
    assert leaf == metadata.num_columns, file.path
    return Footer(file, metadata, schema, columns, _types(metadata, schema, columns))


def _leaves(type: pa.DataType) -> int:
    if isinstance(type, pa.BaseExtensionType):
        return _leaves(type.storage_type)
    if pa.types.is_nested(type):
        return sum(_leaves(type.field(i).type) for i in range(type.num_fields))
    return 1


def _types(
    metadata: pq.FileMetaData, schema: pa.Schema, columns: dict[str, tuple[str, tuple[int, ...]]]
) -> dict[str, pa.DataType]:
    """Arrow types by column name; INT96 is an instant whatever Arrow calls it."""
    types = {field.name: field.type for field in schema}
    for name, leaves in columns.values():
        if pa.types.is_timestamp(types[name]):
            physical = metadata.schema.column(leaves[0]).physical_type
            if physical == "INT96":
                types[name] = pa.timestamp("us", "UTC")
    return types


def _storage(found: pq.Statistics, type: t.Type) -> tuple[Any, Any]:
    """Footer bounds in storage form; (None, None) where the file's order is not ours."""
    unknown = None, None
    lo, hi = found.min_raw, found.max_raw
    logical = found.logical_type
    match type:
        case t.Integer() | t.Date() if isinstance(lo, int) and _signed(logical):
            return lo, hi
        case t.Decimal(_, scale) if logical.type == "DECIMAL":
            if f"scale={scale}," not in f"{logical},".replace(")", ","):
                return unknown
            if isinstance(lo, bytes):
                return int.from_bytes(lo, "big", signed=True), int.from_bytes(
                    hi, "big", signed=True
                )
            return lo, hi
        case t.Float() if isinstance(lo, float):
            return unknown if math.isnan(lo) or math.isnan(hi) else (lo, hi)
        case t.Timestamp() | t.TimestampNTZ() if isinstance(lo, int):
            for unit, ticks in _TICKS.items():
                if unit in str(logical):
                    return lo * ticks, hi * ticks
            return unknown
        case t.String() if isinstance(lo, bytes):
            try:
                return lo.decode(), hi.decode()
            except UnicodeDecodeError:  # bounds may be cut inside a character
                return unknown
        case t.Boolean() if isinstance(lo, bool):
            return int(lo), int(hi)
        case _:
            return unknown


def _signed(logical: Any) -> bool:
    return logical.type in ("NONE", "DATE") or "isSigned=true" in str(logical).replace(" ", "")
