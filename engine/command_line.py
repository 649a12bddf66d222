"""pyflare sql "SELECT …" --table name=path: anyone's files, from the shell."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_FORMATS = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json"}


def sql(arguments: Sequence[str]) -> int:
    """Runs one statement and prints or writes its rows; 1 after an error of the user's."""
    known = _parser().parse_args(arguments)
    from pyspark.errors import PySparkException

    from pyflare.engine.front import default_session
    from pyflare.engine.settings import settings

    if known.threads:
        settings(threads=known.threads)
    spark = default_session()
    try:
        for name, path in known.table:
            _read(spark, path).createOrReplaceTempView(name)
        started = time.perf_counter()
        frame = spark.sql(Path(known.file).read_text() if known.file else known.query)
        if known.explain:
            print(frame._explain_string(mode=known.explain))
            return 0
        _put(frame, known)
    except PySparkException as error:
        print(str(error).strip(), file=sys.stderr)
        return 1
    if known.time:
        print(f"{time.perf_counter() - started:.3f} s", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("pyflare sql", description="Query files with Spark SQL.")
    parser.add_argument("query", nargs="?", help="one SQL statement")
    parser.add_argument("--file", help="read the statement from this file")
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        type=_named_path,
        metavar="NAME=PATH",
        help="a file, folder or glob as a table; Parquet, CSV with header, JSON lines",
    )
    parser.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table")
    parser.add_argument("--out", type=Path, help="write here instead of standard output")
    parser.add_argument("--limit", type=int, default=50, help="rows of the printed table")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--time", action="store_true", help="print the seconds taken")
    parser.add_argument("--explain", choices=("simple", "extended", "formatted", "cost", "codegen"))
    return parser


def _named_path(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals or not name or not path:
        raise argparse.ArgumentTypeError(f"{text} is not of the form name=path")
    return name, path


def _read(spark: Any, path: str) -> Any:
    format = _format(path)
    reader = spark.read.format(format)
    if format == "csv":
        separator = "\t" if path.endswith(".tsv") else ","
        reader = reader.options(header=True, inferSchema=True, sep=separator)
    return reader.load(path)


def _format(path: str) -> str:
    """By the extension of the path, or of the first file in the folder."""
    found = Path(path)
    if found.is_dir():
        inside = (file for file in sorted(found.rglob("*")) if file.suffix in _FORMATS)
        found = next(inside, found)
    return _FORMATS.get(found.suffix, "parquet")


def _put(frame: Any, known: argparse.Namespace) -> None:
    if known.format == "table":
        text = frame._show_string(known.limit, truncate=False) + "\n"
        if known.out:
            known.out.write_text(text)
        else:
            sys.stdout.write(text)
        return
    table = frame.toArrow()
    if known.format == "parquet":
        if known.out is None:
            raise SystemExit("--format parquet needs --out FILE")
        import pyarrow.parquet

        pyarrow.parquet.write_table(table, known.out)
        return
    with open(known.out, "wb") if known.out else _binary_stdout() as sink:
        if known.format == "csv":
            import pyarrow.csv

            pyarrow.csv.write_csv(table, sink)
        else:
            _write_json(table, sink)


class _binary_stdout:
    """Standard output as a file that stays open."""

    def __enter__(self) -> Any:
        return sys.stdout.buffer

    def __exit__(self, *_: object) -> None:
        sys.stdout.buffer.flush()


def _write_json(table: Any, sink: Any) -> None:
    import json

    for batch in table.to_batches():
        for row in batch.to_pylist():
            sink.write((json.dumps(row, default=str, ensure_ascii=False) + "\n").encode())
