"""CSV and JSON files give what real Spark 4.3 gave for the same files (recorded)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row

from pyflare.codegen.ir import types as t
from pyflare.engine.sql.types import parse_schema
from pyflare.engine.storage.read import read
from pyflare.engine.storage.table import Loaded, Table
from pyflare.engine.types import simple_string

CASES = json.loads((Path(__file__).parent / "spark_text_gold.json").read_text())
EPOCH = datetime.datetime(1970, 1, 1)


def _shown(type: t.Type, value: Any) -> Any:
    """A value in storage form (or of Arrow) as PySpark's collect gives it."""
    if value is None:
        return None
    match type:
        case t.String():
            return value.decode() if isinstance(value, bytes) else value
        case t.Boolean():
            return bool(value)
        case t.Decimal(_, scale):
            return value if isinstance(value, Decimal) else Decimal(value).scaleb(-scale)
        case t.Date():
            return EPOCH.date() + datetime.timedelta(days=value)
        case t.Timestamp() | t.TimestampNTZ():
            return EPOCH + datetime.timedelta(microseconds=value)
        case t.Struct(fields):
            return Row(**{f.name: _shown(f.type, value[f.name]) for f in fields})
        case t.Array(element):
            return [_shown(element, item) for item in value]
        case t.Map(_, element):
            return {key: _shown(element, item) for key, item in value}
        case _:
            return value


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_files_are_read_as_spark_reads_them(
    case: dict[str, Any],
    tmp_path: Path,
    column_of: Callable[[Table, Loaded, int], list[Any]],
) -> None:
    """Schema, rows, or the error class are Spark's."""
    for name, text in case["files"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
    root = str(tmp_path / next(iter(case["files"])).split("/")[0])
    schema = parse_schema(case["schema"]) if case["schema"] else None
    conf = {"spark.sql.session.timeZone": "UTC"}
    want = case["want"]

    def run() -> tuple[str, Any]:
        table = read(case["format"], [root], schema, case["options"], conf)
        names = [field.name for field in table.schema.fields]
        if case["columns"] == []:
            return simple_string(table.schema), table.load([], [], 2).rows
        chosen = case["columns"] or names
        ordinals = [names.index(name) for name in chosen]
        loaded = table.load(ordinals, [], 2)
        part = _Part(t.Struct(tuple(table.schema.fields[i] for i in ordinals)))
        columns = [column_of(part, loaded, i) for i in range(len(ordinals))]  # type: ignore[arg-type]
        types = [field.type for field in part.schema.fields]
        shown = [
            [repr(_shown(kind, v)) for v in column]
            for kind, column in zip(types, columns, strict=True)
        ]
        rows = [list(row) for row in zip(*shown, strict=True)]
        return simple_string(table.schema), sorted(rows) if len(case["files"]) > 1 else rows

    if "error" in want:
        with pytest.raises(Exception) as caught:
            run()
        assert caught.value.getCondition() == want["error"]  # type: ignore[attr-defined]
        return
    schema_text, rows = run()
    expected = want["rows"]
    assert schema_text == want["schema"]
    # Spark orders the files of a folder by size, we by name
    assert rows == (sorted(expected) if len(case["files"]) > 1 else expected)


class _Part:
    """The schema of the columns that a load asked for."""

    def __init__(self, schema: t.Struct) -> None:
        self.schema = schema
