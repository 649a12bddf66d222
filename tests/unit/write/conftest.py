"""A session that answers every query with one Arrow table, and a look at what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine.catalog import Catalog
from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.write import write
from pyflare.engine.types import arrow_to_schema

CONF = {
    "spark.sql.session.timeZone": "Europe/Berlin",
    "spark.sql.files.maxRecordsPerFile": "0",
    "spark.sql.sources.partitionOverwriteMode": "STATIC",
    "spark.sql.parquet.compression.codec": "snappy",
}


@dataclass
class Rows:
    """A query whose rows are there; `failing` breaks after the first batch."""

    table: pa.Table
    failing: bool = False
    metrics: Any = None

    @property
    def schema(self) -> t.Struct:
        return arrow_to_schema(self.table.schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.table.to_batches(max_chunksize=3)
        if self.failing:
            raise ZeroDivisionError

    def explain(self, mode: str) -> str:
        return mode


class NoResults:
    def refresh(self, is_stale: Any) -> None:
        """Nothing is cached here."""


@dataclass
class Desk:
    """`save(table, …)` runs the command that df.write would send."""

    folder: Path
    catalog: Catalog = field(default_factory=Catalog)
    results: NoResults = field(default_factory=NoResults)
    current: Rows | None = None

    def query(self, relation: s.Relation, *, action: bool = False) -> Rows:
        assert self.current is not None
        return self.current

    def conf(self, key: str) -> str:
        return {**CONF, "spark.sql.warehouse.dir": str(self.folder / "warehouse")}[key]

    def save(
        self,
        table: pa.Table,
        format: str,
        mode: Any = "error",
        by: tuple[str, ...] = (),
        *,
        failing: bool = False,
        name: str | None = None,
        **options: str,
    ) -> None:
        self.current = Rows(table, failing)
        command = s.Write(
            s.OneRowRelation(),
            format,
            None if name else str(self.folder / "out"),
            (name,) if name else None,
            mode,
            by,
            tuple(options.items()),
        )
        write(command, self)  # type: ignore[arg-type]

    def files(self) -> dict[str, bytes]:
        """Relative folder of each part file -> its bytes; _SUCCESS must be there."""
        out = self.folder / "out"
        assert (out / "_SUCCESS").read_bytes() == b""
        parts = [p for p in out.rglob("*") if p.is_file() and p.name != "_SUCCESS"]
        assert all(p.name.startswith("part-00000-") for p in parts)
        return {str(p.parent.relative_to(out)): p.read_bytes() for p in parts}

    def text(self) -> str:
        """The one part file."""
        (content,) = self.files().values()
        return content.decode()

    def names(self) -> list[str]:
        return sorted(p.name for p in (self.folder / "out").iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
