"""PySpark's exceptions with Spark's error classes: the only way PyFlare reports a user's mistake.

`parameters` are the template's, already in Spark's notation: names in backticks
(engine.suggest.quoted), types, expressions and keys in double quotes, strings in single quotes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyflare.codegen.ir.expr import Origin
from pyflare.codegen.unsupported import Unsupported
from pyflare.engine import messages, where
from pyflare.engine.suggest import proposals, quoted


def analysis_error(
    error_class: str, parameters: Mapping[str, str], origin: Origin | None = None
) -> Exception:
    """An AnalysisException of this error class, e.g. UNRESOLVED_COLUMN.WITH_SUGGESTION."""
    suffix = where.position(origin)
    return _error("AnalysisException", error_class, parameters, origin, suffix=suffix)


def parse_error(
    error_class: str, parameters: Mapping[str, str], origin: Origin | None = None
) -> Exception:
    """A ParseException; the message carries line, position and the SQL text with a caret."""
    suffix = where.pointed(origin)
    return _error("ParseException", error_class, parameters, origin, prefix="\n", suffix=suffix)


def runtime_error(
    error_class: str, parameters: Mapping[str, str], origin: Origin | None = None
) -> Exception:
    """The exception class Spark uses for this error at run time (ArithmeticException for
    DIVIDE_BY_ZERO, NumberFormatException for CAST_INVALID_INPUT to a number, …)."""
    summary = where.summary(origin)
    suffix = "\n" + summary if summary else ""
    kind = _runtime_class(error_class, parameters)
    return _error(kind, error_class, parameters, origin, suffix=suffix)


def illegal_argument(error_class: str, parameters: Mapping[str, str]) -> Exception:
    """An IllegalArgumentException: a setting or an option that makes no sense."""
    return _error("IllegalArgumentException", error_class, parameters, None)


def no_such_element(error_class: str, parameters: Mapping[str, str]) -> Exception:
    """A SparkNoSuchElementException: a key that nobody set."""
    return _error("SparkNoSuchElementException", error_class, parameters, None)


def unsupported(construct: str, advice: str = "") -> Exception:
    """An UnsupportedOperationException that names the construct and the way round, if any."""
    text = f"PyFlare does not support {construct}."
    if advice:
        text += f" {advice.rstrip('.')}."
    error: Exception = _exception("UnsupportedOperationException")(
        f"[UNSUPPORTED_FEATURE] {text} SQLSTATE: 0A000",
        errorClass="UNSUPPORTED_FEATURE",
        messageParameters={"feature": construct},
        sql_state="0A000",
    )
    return error


def spark_error(error: Exception) -> Exception:
    """`error` as one of PySpark's: itself, a construct that is not compiled, or a defect."""
    known: type[Exception] = importlib.import_module("pyspark.errors").PySparkException
    if isinstance(error, known):
        return error
    if isinstance(error, Unsupported):
        return unsupported(error.construct)
    return internal_error(error)


def internal_error(error: BaseException) -> Exception:
    """A defect of PyFlare, wrapped so that callers who catch PySpark's exceptions see it."""
    text = f"{type(error).__name__}: {error}"
    return _error("SparkException", "INTERNAL_ERROR", {"message": text}, None)


def python_error(traceback: str) -> Exception:
    """A user's Python function failed; `traceback` is its own."""
    summary = "An exception was thrown from the Python function."
    error: Exception = _exception("PythonException")(
        f"[PYTHON_EXCEPTION] {summary} Please see the stack trace below.\n{traceback}",
        errorClass="PYTHON_EXCEPTION",
        messageParameters={"msg": summary, "traceback": traceback},
    )
    return error


def unresolved_column(
    name: Sequence[str], candidates: Iterable[Sequence[str]], origin: Origin | None = None
) -> Exception:
    """UNRESOLVED_COLUMN with Spark's proposals from `candidates` (qualified names)."""
    proposal = proposals(name, candidates)
    if not proposal:
        parameters = {"objectName": quoted(name)}
        return analysis_error("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", parameters, origin)
    parameters = {"objectName": quoted(name), "proposal": proposal}
    return analysis_error("UNRESOLVED_COLUMN.WITH_SUGGESTION", parameters, origin)


ANSI = '"spark.sql.ansi.enabled"'
SEARCH_PATH = "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"


_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "TABLE_OR_VIEW_NOT_FOUND": {"searchPath": SEARCH_PATH},
    "UNRESOLVED_ROUTINE": {"searchPath": SEARCH_PATH},
    "DIVIDE_BY_ZERO": {"config": ANSI},
    "REMAINDER_BY_ZERO": {"config": ANSI},
    "ARITHMETIC_OVERFLOW": {"config": ANSI, "alternative": ""},
    "CAST_INVALID_INPUT": {"ansiConfig": ANSI},
    "CAST_OVERFLOW": {"ansiConfig": ANSI},
}


def table_not_found(name: Sequence[str], origin: Origin | None = None) -> Exception:
    """TABLE_OR_VIEW_NOT_FOUND, as a query that names an unknown table meets it."""
    parameters = {"relationName": quoted(name), "searchPath": SEARCH_PATH}
    return analysis_error("TABLE_OR_VIEW_NOT_FOUND", parameters, origin)


def routine_not_found(name: Sequence[str], origin: Origin | None = None) -> Exception:
    """UNRESOLVED_ROUTINE: a function that is neither built in nor registered."""
    parameters = {"routineName": quoted(name), "searchPath": SEARCH_PATH}
    return analysis_error("UNRESOLVED_ROUTINE", parameters, origin)


def _error(
    kind: str,
    error_class: str,
    parameters: Mapping[str, str],
    origin: Origin | None,
    prefix: str = "",
    suffix: str = "",
) -> Exception:
    parameters = {**_DEFAULTS.get(error_class, {}), **parameters}
    text, state = (filled := messages.message(error_class, parameters)).text, filled.sql_state
    shown = f"[{error_class}] {text}" + (f" SQLSTATE: {state}" if state else "")
    error: Any = _exception(kind)(
        prefix + shown + suffix,
        errorClass=error_class,
        messageParameters=dict(parameters),
        sql_state=state,
    )
    # set afterwards: the constructor would print a JSON line per error to stderr
    error._contexts = _contexts(origin)
    made: Exception = error
    return made


def _exception(name: str) -> Any:
    return getattr(importlib.import_module("pyspark.errors.exceptions.connect"), name)


def _contexts(origin: Origin | None) -> list[Any]:
    """What getQueryContext answers."""
    if origin is None or (origin.sql is None and origin.call_site is None):
        return []
    pb2 = importlib.import_module("pyspark.sql.connect.proto")
    context = pb2.FetchErrorDetailsResponse.QueryContext
    shared = {"fragment": where.fragment(origin), "summary": where.summary(origin)}
    if origin.sql is None:
        made = context(context_type=context.DATAFRAME, call_site=origin.call_site, **shared)
        return [_exception("DataFrameQueryContext")(made)]
    start, stop = where.span(origin)
    made = context(context_type=context.SQL, start_index=start, stop_index=stop, **shared)
    return [_exception("SQLQueryContext")(made)]


_ARITHMETIC = {
    "DIVIDE_BY_ZERO", "REMAINDER_BY_ZERO", "ARITHMETIC_OVERFLOW", "BINARY_ARITHMETIC_OVERFLOW",
    "CAST_OVERFLOW", "CAST_OVERFLOW_IN_TABLE_INSERT", "NUMERIC_VALUE_OUT_OF_RANGE",
    "INTERVAL_ARITHMETIC_OVERFLOW", "INTERVAL_DIVIDED_BY_ZERO", "DATETIME_OVERFLOW",
    "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
}  # fmt: skip
_DATETIME = {
    "CANNOT_PARSE_TIMESTAMP", "DATETIME_FIELD_OUT_OF_BOUNDS", "INVALID_FRACTION_OF_SECOND",
    "INVALID_TIMEZONE", "CANNOT_PARSE_TIME",
}  # fmt: skip
_SPARK = {
    "SCALAR_SUBQUERY_TOO_MANY_ROWS", "FAILED_READ_FILE", "TASK_WRITE_FAILED", "INTERNAL_ERROR",
    "MALFORMED_RECORD_IN_PARSING", "FAILED_EXECUTE_UDF", "OPERATION_CANCELED",
}  # fmt: skip
_ARRAY_INDEX = {"INVALID_ARRAY_INDEX", "INVALID_ARRAY_INDEX_IN_ELEMENT_AT"}
_NUMBERS = ("TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL")


def _runtime_class(error_class: str, parameters: Mapping[str, str]) -> str:
    main = error_class.partition(".")[0]
    if main == "CAST_INVALID_INPUT":
        target = parameters.get("targetType", "").strip('"').upper()
        if target.startswith(_NUMBERS):
            return "NumberFormatException"
        return "DateTimeException" if target.startswith(("DATE", "TIME")) else _RUNTIME
    if main in _ARITHMETIC:
        return "ArithmeticException"
    if main in _DATETIME:
        return "DateTimeException"
    if main in _ARRAY_INDEX:
        return "ArrayIndexOutOfBoundsException"
    if main in _SPARK:
        return "SparkException"
    if main == "INCONSISTENT_BEHAVIOR_CROSS_VERSION":
        return "SparkUpgradeException"
    if main == "UNSUPPORTED_FEATURE":
        return "UnsupportedOperationException"
    return _RUNTIME


_RUNTIME = "SparkRuntimeException"
