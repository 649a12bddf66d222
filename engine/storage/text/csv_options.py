"""The options of spark.read.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pyflare.engine.errors import illegal_argument, unsupported
from pyflare.engine.storage.text.values import DEFAULT_FORMATS, Formats

Mode = Literal["PERMISSIVE", "DROPMALFORMED", "FAILFAST"]

_ESCAPES = {
    "\\t": "\t", "\\r": "\r", "\\n": "\n", "\\b": "\b", "\\f": "\f",
    '\\"': '"', "\\'": "'", "\\\\": "\\", "\\u0000": "\0", "\\0": "\0",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How CSV text is cut into values."""

    separator: str = ","
    quote: str = '"'
    escape: str = "\\"
    comment: str = ""
    header: bool = False
    infer: bool = False
    enforce_schema: bool = True
    prefer_date: bool = True
    multiline: bool = False
    trim_left: bool = False
    trim_right: bool = False
    null: str = ""
    empty: str = ""
    line_separator: str | None = None
    encoding: str = "utf-8"
    mode: Mode = "PERMISSIVE"
    corrupt: str = "_corrupt_record"
    formats: Formats = DEFAULT_FORMATS


def csv_options(options: Mapping[str, str], conf: Mapping[str, str]) -> CsvOptions:
    """Options by lower-case name, with Spark's defaults."""
    separator = options.get("sep", options.get("delimiter", ","))
    separator = _ESCAPES.get(separator, separator)
    if not separator:
        raise illegal_argument("INVALID_DELIMITER_VALUE.EMPTY_STRING", {})
    return CsvOptions(
        separator=separator,
        quote=_one(options, "quote", '"'),
        escape=_one(options, "escape", "\\"),
        comment=_one(options, "comment", ""),
        header=flag(options, "header"),
        infer=flag(options, "inferschema"),
        enforce_schema=flag(options, "enforceschema", True),
        prefer_date=flag(options, "preferdate", True),
        multiline=flag(options, "multiline"),
        trim_left=flag(options, "ignoreleadingwhitespace"),
        trim_right=flag(options, "ignoretrailingwhitespace"),
        null=options.get("nullvalue", ""),
        empty=options.get("emptyvalue", ""),
        line_separator=options.get("linesep"),
        encoding=options.get("encoding", options.get("charset", "utf-8")),
        mode=parse_mode(options),
        corrupt=corrupt_column(options, conf),
        formats=text_formats(options, conf),
    )


def parse_mode(options: Mapping[str, str]) -> Mode:
    """Spark takes a mode it does not know for PERMISSIVE."""
    match options.get("mode", "PERMISSIVE").upper():
        case "DROPMALFORMED":
            return "DROPMALFORMED"
        case "FAILFAST":
            return "FAILFAST"
        case _:
            return "PERMISSIVE"


def corrupt_column(options: Mapping[str, str], conf: Mapping[str, str]) -> str:
    """The column that takes the text of malformed records, if the schema has it."""
    default = conf.get("spark.sql.columnNameOfCorruptRecord", "_corrupt_record")
    return options.get("columnnameofcorruptrecord", default)


def text_formats(options: Mapping[str, str], conf: Mapping[str, str]) -> Formats:
    """How dates, times and special numbers are written."""
    return Formats(
        zone=options.get("timezone", conf.get("spark.sql.session.timeZone", "UTC")),
        date=options.get("dateformat"),
        timestamp=options.get("timestampformat"),
        timestamp_ntz=options.get("timestampntzformat"),
        nan=options.get("nanvalue", "NaN"),
        positive_infinity=options.get("positiveinf", "Inf"),
        negative_infinity=options.get("negativeinf", "-Inf"),
    )


def flag(options: Mapping[str, str], name: str, default: bool = False) -> bool:
    """A boolean option."""
    text = options.get(name, str(default)).lower()
    if text not in ("true", "false"):
        raise unsupported(f"the value '{text}' of the option {name}", "write true or false")
    return text == "true"


def _one(options: Mapping[str, str], name: str, default: str) -> str:
    """A single character; empty or NUL switches it off."""
    text = options.get(name, default)
    text = _ESCAPES.get(text, text)
    if len(text) > 1:
        raise unsupported(f"the option {name}='{text}'", "it must be a single character")
    return "" if text == "\0" else text
