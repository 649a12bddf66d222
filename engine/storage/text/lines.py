"""spark.read.text: a column `value` of lines."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.files import DataFile
from pyflare.engine.storage.partitions import partition_fields
from pyflare.engine.storage.text.csv_options import flag
from pyflare.engine.storage.text.decoded import Decoded, DecodedTable
from pyflare.engine.storage.text.malformed import read_text
from pyflare.engine.storage.text.tokens import lines


@dataclass(frozen=True, slots=True)
class LineDecoder:
    """Text files by lines, or whole."""

    line_separator: str | None
    whole: bool
    encoding: str
    zone: str
    fields: tuple[t.Field, ...] = (t.Field("value", t.STRING),)
    corrupt: None = None
    drops: bool = False

    @property
    def key(self) -> Hashable:
        return ("text", self)

    def decode(self, file: DataFile, ordinals: Sequence[int], threads: int) -> Decoded:
        """The lines of one file."""
        text = read_text(file, self.encoding).decode("utf-8", "replace")
        found = [text] if self.whole else lines(text, self.line_separator)
        return Decoded(len(found), tuple(pa.array(found, pa.string()) for _ in ordinals))


def text_table(
    name: str, files: Sequence[DataFile], options: Mapping[str, str], conf: Mapping[str, str]
) -> DecodedTable:
    """The table of text files."""
    decoder = LineDecoder(
        options.get("linesep"),
        flag(options, "wholetext"),
        options.get("encoding", "utf-8"),
        conf.get("spark.sql.session.timeZone", "UTC"),
    )
    return DecodedTable(name, files, decoder, partition_fields(files, None))
