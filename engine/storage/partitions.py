"""Columns that Hive-style folders spell (year=2024/month=01): their names and inferred types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import runtime_error
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.text import values
from pyflare.engine.storage.text.convert import convert
from pyflare.engine.storage.text.csv_infer import merge
from pyflare.engine.types import sql_name, type_to_arrow


def partition_fields(
    files: Sequence[DataFile], given: t.Struct | None, infer: bool = True
) -> tuple[t.Field, ...]:
    """The partition columns of `files`; types from `given` where it names them, else inferred."""
    if not files:
        return ()
    lists = {tuple(name for name, _ in file.partitions): file for file in reversed(files)}
    if len(lists) > 1:
        raise _conflict(lists)
    names = next(iter(lists))
    known = {f.name.lower(): f for f in given.fields} if given else {}
    fields = []
    for i, name in enumerate(names):
        field = known.get(name.lower())
        if field is None:
            texts = {file.partitions[i][1] for file in files} - {None}
            field = t.Field(name, _infer({x for x in texts if x is not None}, infer))
        fields.append(field)
    return tuple(fields)


def _conflict(lists: Mapping[tuple[str, ...], DataFile]) -> Exception:
    listed = sorted(lists)
    names = [f"Partition column name list #{i}: {', '.join(n)}" for i, n in enumerate(listed)]
    folders = [lists[n].uri.rpartition("/")[0].replace("file://", "file:") for n in listed]
    return runtime_error(
        "CONFLICTING_PARTITION_COLUMN_NAMES",
        {
            "distinctPartColLists": "\n\t" + "\n\t".join(names) + "\n",
            "suspiciousPaths": "\n\t" + "\n\t".join(folders),
        },
    )


def _infer(texts: set[str], infer: bool) -> t.Type:
    """The narrowest type that reads all: int, bigint, decimal, double, date, timestamp, string."""
    found: t.Type | None = None
    for text in sorted(texts) if infer else ():
        kind = _kind(text)
        found = kind if found is None else _wider(found, kind)
    return found or t.STRING


def _wider(a: t.Type, b: t.Type) -> t.Type:
    if a == b:
        return a
    kinds = {type(a), type(b)}
    if t.DOUBLE in (a, b) and (t.BIGINT in (a, b) or t.Decimal in kinds):
        return t.STRING  # Spark: a double would not show these integers exactly
    return merge(a, b)


def _kind(text: str) -> t.Type:
    if re.fullmatch(r"[+-]?[0-9]+", text):
        value = int(text)
        for bits in (32, 64):
            if -(1 << (bits - 1)) <= value < 1 << (bits - 1):
                return t.Integer(bits)
        digits = len(str(abs(value)))
        return t.Decimal(digits, 0) if digits <= t.MAX_PRECISION else t.DOUBLE
    for type, read in _READERS:
        try:
            read(text)
        except (ValueError, OverflowError):
            continue
        return type
    return t.STRING


def _strict_date(text: str) -> int:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", text):
        raise ValueError(text)
    return values.date(text)


def _strict_timestamp(text: str) -> int:
    if not re.match(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T]", text):
        raise ValueError(text)
    return values.timestamp(text, "UTC")


def _double(text: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        raise ValueError(text)
    return float(text)


_READERS: tuple[tuple[t.Type, Callable[[str], object]], ...] = (
    (t.DOUBLE, _double),
    (t.DATE, _strict_date),
    (t.TIMESTAMP, _strict_timestamp),
)


def constant(text: str | None, type: t.Type, rows: int, zone: str) -> pa.Array:
    """The partition value of one file as a column of `rows` rows."""
    if text is None and isinstance(type, t.String):  # a dictionary, as the other files' values
        codes = pa.nulls(rows, pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array([], pa.string()))
    if text is None:
        return pa.nulls(rows, type_to_arrow(type))
    if isinstance(type, t.String):
        codes = pa.repeat(pa.scalar(0, pa.int32()), rows)
        return pa.DictionaryArray.from_arrays(codes, pa.array([text]))
    value, failed = convert(pa.array([text]), type, values.Formats(zone))
    if failed is not None:
        raise runtime_error(
            "CAST_INVALID_INPUT",
            {
                "expression": f"'{text}'",
                "sourceType": '"STRING"',
                "targetType": f'"{sql_name(type)}"',
                "ansiConfig": '"spark.sql.ansi.enabled"',
            },
        )
    return pa.repeat(value[0], rows)
