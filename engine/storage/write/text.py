"""Text files: one string column, one line per row."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pyflare.codegen.ir import types as t
from pyflare.engine.errors import analysis_error
from pyflare.engine.storage.write.formats import Format, check_types
from pyflare.engine.storage.write.lines import LineFile, codec, line_separator
from pyflare.engine.storage.write.options import Options


def text_format(schema: t.Struct, options: Options) -> Format:
    """The text format; NULL is an empty line, as in Spark."""
    check_types("Text", schema, allowed=lambda type: type == t.STRING)
    if len(schema.fields) > 1:
        raise analysis_error("_LEGACY_ERROR_TEMP_1290", {"schemaSize": str(len(schema.fields))})
    compression, suffix = codec(options)
    separator = line_separator(options)

    def lines(table: pa.Table) -> pa.ChunkedArray:
        return pc.fill_null(table.column(0), "")

    return Format(
        "Text", ".txt" + suffix, lambda path: LineFile(path, compression, separator, None, lines)
    )
