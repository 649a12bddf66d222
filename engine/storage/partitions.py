"""Columns that Hive-style folders spell (year=2024/month=01): their names and inferred types."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error
from pyflare.engine.storage.files import DataFile
from pyflare.engine.types import type_to_arrow


def partition_fields(
    files: Sequence[DataFile], given: t.Struct | None, infer: bool = True
) -> tuple[t.Field, ...]:
    """The partition columns of `files`; types from `given` where it names them, else inferred."""
    if not files:
        return ()
    names = tuple(name for name, _ in files[0].partitions)
    for file in files:
        if tuple(name for name, _ in file.partitions) != names:
            raise analysis_error(
                "CONFLICTING_PARTITION_COLUMN_NAMES",
                {
                    "distinctPartColLists": "\n".join(
                        sorted({", ".join(n for n, _ in f.partitions) for f in files})
                    ),
                    "suspiciousPaths": "\n".join(f.uri for f in files[:10]),
                },
            )
    known = {f.name.lower(): f for f in given.fields} if given else {}
    fields = []
    for i, name in enumerate(names):
        field = known.get(name.lower())
        if field is None:
            texts = {file.partitions[i][1] for file in files} - {None}
            field = t.Field(name, _infer({x for x in texts if x is not None}, infer))
        fields.append(field)
    return tuple(fields)


def _infer(texts: set[str], infer: bool) -> t.Type:
    """The first type of int, bigint, decimal, double, date, timestamp, string that reads all."""
    if not infer or not texts:
        return t.STRING
    kinds = {_kind(text) for text in texts}
    for kind in _ORDER:
        if kinds <= _ACCEPTS[kind]:
            return kind
    return t.STRING


_BIG = t.Decimal(38, 0)
_ORDER: tuple[t.Type, ...] = (t.INT, t.BIGINT, _BIG, t.DOUBLE, t.DATE, t.TIMESTAMP)
_ACCEPTS: dict[t.Type, set[t.Type]] = {
    t.INT: {t.INT},
    t.BIGINT: {t.INT, t.BIGINT},
    _BIG: {t.INT, t.BIGINT, _BIG},
    t.DOUBLE: {t.INT, t.BIGINT, t.DOUBLE},
    t.DATE: {t.DATE},
    t.TIMESTAMP: {t.DATE, t.TIMESTAMP},
}


def _kind(text: str) -> t.Type:
    if re.fullmatch(r"[+-]?\d+", text):
        value = int(text)
        if -(1 << 31) <= value < 1 << 31:
            return t.INT
        if -(1 << 63) <= value < 1 << 63:
            return t.BIGINT
        return _BIG if len(text.lstrip("+-")) <= 38 else t.STRING
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return t.DOUBLE
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
        return t.DATE if _date(text) is not None else t.STRING
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?", text):
        return t.TIMESTAMP
    return t.STRING


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date(*(int(part) for part in text.split("-")))
    except ValueError:
        return None


def constant(text: str | None, type: t.Type, rows: int) -> pa.Array:
    """The partition value of one file as a column of `rows` rows."""
    target = type_to_arrow(type)
    if text is None:
        return pa.nulls(rows, target)
    value: object
    match type:
        case t.String():
            codes = pa.repeat(pa.scalar(0, pa.int32()), rows)
            return pa.DictionaryArray.from_arrays(codes, pa.array([text]))
        case t.Date():
            value = _date(text)
        case t.Decimal():
            value = Decimal(text)
        case t.Integer():
            value = int(text)
        case t.Float():
            value = float(text)
        case _:
            return pa.repeat(pa.scalar(text).cast(target), rows)
    return pa.repeat(pa.scalar(value, target), rows)
