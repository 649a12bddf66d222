"""The types that inferSchema gives to CSV columns."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.text.csv_options import CsvOptions
from pyflare.engine.storage.text.patterns import compile_pattern
from pyflare.engine.storage.text.values import boolean, floating, integer, timestamp

_WHOLE = re.compile(r"[+-]?[0-9]+")


def infer(texts: pa.Array, options: CsvOptions) -> t.Type:
    """The narrowest type that reads every text; string if only NULLs are there."""
    texts = texts.drop_null()
    if not len(texts):
        return t.STRING
    for shape, type in ((r"^-?[0-9]{1,9}$", t.INT), (r"^-?[0-9]+\.[0-9]+$", t.DOUBLE)):
        if _all_match(texts[:1000], shape) and _all_match(texts, shape):
            return type
    found: t.Type | None = None
    for text in pc.unique(texts).to_pylist():
        kind = _kind(text, options)
        found = kind if found is None else merge(found, kind)
        if found == t.STRING:
            break
    assert found is not None
    return found


def _all_match(texts: pa.Array, shape: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, shape)).as_py())


def merge(a: t.Type, b: t.Type) -> t.Type:
    """The type of a column that holds values of both; string if they have nothing in common."""
    if a == b:
        return a
    kinds = {type(a), type(b)}
    if kinds == {t.Integer}:
        return t.BIGINT
    if kinds <= {t.Integer, t.Decimal}:
        digits = max(_digits(a), _digits(b))
        return t.Decimal(digits, 0) if digits <= t.MAX_PRECISION else t.DOUBLE
    if kinds <= {t.Integer, t.Decimal, t.Float}:
        return t.DOUBLE
    if kinds == {t.Date, t.Timestamp}:
        return t.TIMESTAMP
    return t.STRING


def _digits(type: t.Type) -> int:
    match type:
        case t.Decimal(precision):
            return precision
        case t.Integer(32):
            return 10
        case _:
            return 20


def _kind(text: str, options: CsvOptions) -> t.Type:
    formats = options.formats
    if _reads(lambda: integer(text, 32)):
        return t.INT
    if _reads(lambda: integer(text, 64)):
        return t.BIGINT
    exact = _whole(text)
    if exact is not None:
        return exact
    if _reads(lambda: floating(text, formats)):
        return t.DOUBLE
    day = compile_pattern(formats.date or "yyyy-MM-dd")
    if options.prefer_date and _reads(lambda: day.date(text)):
        return t.DATE
    if formats.timestamp is None:
        if _reads(lambda: timestamp(text, formats.zone)):
            return t.TIMESTAMP
    else:
        pattern = compile_pattern(formats.timestamp)
        if _reads(lambda: pattern.moment(text)):
            return t.TIMESTAMP
    if _reads(lambda: boolean(text)):
        return t.BOOLEAN
    return t.STRING


def _whole(text: str) -> t.Type | None:
    """A decimal type for whole numbers beyond bigint; 1,234 is read as one, but not inferred."""
    digits = text.lstrip("+-").lstrip("0")
    if not _WHOLE.fullmatch(text) or len(digits) > t.MAX_PRECISION:
        return None
    return t.Decimal(max(len(digits), 1), 0)


def _reads(read: Callable[[], object]) -> bool:
    try:
        read()
    except (ValueError, OverflowError):
        return False
    return True
