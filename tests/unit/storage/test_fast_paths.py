"""Where Arrow's readers are used, they give what the record-by-record readers give."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.text import json as json_reader
from pyflare.engine.storage.text.convert import _each, convert
from pyflare.engine.storage.text.csv_options import csv_options
from pyflare.engine.storage.text.json import JsonDecoder, JsonOptions
from pyflare.engine.storage.text.json_text import Liberties
from pyflare.engine.storage.text.json_values import array
from pyflare.engine.storage.text.tokens import _by_arrow, _one_by_one
from pyflare.engine.storage.text.values import Formats

PIECES = ["", "a", "1", " ", '"', '""', "\\", ",", "\n", "\r\n", "\r", "é", "#", "NA", '"x,y"', "|"]
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "nullvalue": st.sampled_from(["NA", "a"]),
        "emptyvalue": st.just("E"),
        "multiline": st.just("true"),
        "escape": st.just('"'),
        "sep": st.just("|"),
        "comment": st.just("#"),
        "quote": st.just(""),
    },
)


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=14), options=OPTIONS)
@settings(max_examples=200, deadline=None)
def test_csv_texts_are_the_same_by_both_tokenizers(
    pieces: list[str], options: dict[str, str]
) -> None:
    """Quotes, escapes, line ends and empty values mean the same, or Arrow's reader is not used."""
    text = "".join(pieces)
    settings_ = csv_options(options, {})
    for width in (1, 2):
        fast = _by_arrow(text.encode(), width, range(width), settings_)
        if fast is None:
            continue
        slow = _one_by_one(text, width, range(width), settings_, raw=False)
        assert {i: c.to_pylist() for i, c in fast.columns.items()} == {
            i: c.to_pylist() for i, c in slow.columns.items()
        }
        assert slow.uneven is not None and not slow.uneven.any()


NUMBER_LIKE = r"[ +-]?[0-9]{0,4}([.-][0-9]{1,3}){0,2}([ T][0-9]{1,2}:[0-9]{2})?"
ODD = ["", "NaN", "nan", "Inf", "0x1F", "1e5", "1e400", "true", "T", "٣", "1_0"]


@given(
    texts=st.lists(
        st.one_of(
            st.none(),
            st.from_regex(NUMBER_LIKE, fullmatch=True),
            st.sampled_from(ODD),
        ),
        max_size=8,
    )
)  # fmt: skip
@pytest.mark.parametrize(
    "type",
    [t.INT, t.TINYINT, t.BIGINT, t.DOUBLE, t.Decimal(6, 2), t.DATE, t.TIMESTAMP, t.TIMESTAMP_NTZ],
    ids=str,
)
@settings(max_examples=60, deadline=None)
def test_whole_columns_convert_as_single_values_do(texts: list[str | None], type: t.Type) -> None:
    """The same values, and the same texts refused."""
    array = pa.array(texts, pa.string())
    formats = Formats("Europe/Berlin")
    values, failed = convert(array, type, formats)
    expected, refused = _each(array, type, formats)
    assert str(_plain(values)) == str(_plain(expected))
    assert (failed is None) == (refused is None)
    if failed is not None and refused is not None:
        assert failed.tolist() == refused.tolist()


def _plain(values: pa.Array) -> list[Any]:
    """Years that Python's dates do not have are compared as numbers."""
    if pa.types.is_temporal(values.type):
        values = values.view(f"int{values.type.bit_width}")
    return list(values.to_pylist())


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.text(max_size=3),
    st.floats(allow_nan=False), st.just([1]), st.just({"x": 1}), st.just("2020-01-02"),
)  # fmt: skip


@given(
    records=st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES), min_size=1, max_size=4),
    between=st.sampled_from(["\n", "\n\n", " ", "\r\n"]),
)
@settings(max_examples=100, deadline=None)
def test_json_records_are_the_same_by_both_readers(
    records: list[dict[str, Any]], between: str
) -> None:
    """What Arrow's reader accepts it reads as Spark would; the rest it must refuse."""
    text = between.join(json.dumps(record) for record in records)
    types: tuple[t.Type, ...] = (t.INT, t.STRING, t.DOUBLE, t.DATE)
    fields = tuple(t.Field(name, type) for name, type in zip("abcd", types, strict=True))
    options = JsonOptions(False, None, "utf-8", "PERMISSIVE", "", Liberties(), Formats())
    fast = json_reader._by_arrow(text.encode(), fields, options.formats)
    if fast is None:
        return
    columns, bad = JsonDecoder(fields, options)._read(text.encode(), fields)
    assert not any(bad)
    arrays = [array(c, f.type) for c, f in zip(columns, fields, strict=True)]
    assert [str(a.to_pylist()) for a in fast] == [str(a.to_pylist()) for a in arrays]
