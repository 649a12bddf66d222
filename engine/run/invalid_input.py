"""Which of Spark's errors a function raises for an argument that it cannot take."""

from __future__ import annotations

from collections.abc import Sequence

from pyflare.codegen.functions.calendar import py_month_length
from pyflare.codegen.functions.pattern import misplaced_escape
from pyflare.codegen.ir.expr import Call, Expr


def invalid_input(
    expr: Expr | None, operands: Sequence[object], shown: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """The error class and its parameters; `shown` are the operands as Spark writes them."""
    name = expr.function if isinstance(expr, Call) else ""
    match name, tuple(operands):
        case "split_part", _:
            return "INVALID_INDEX_OF_ZERO", {}
        case "next_day", (_, day):
            return "ILLEGAL_DAY_OF_WEEK", {"string": str(day)}
        case "make_date", (int() as year, int() as month, int() as day):
            return "DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION", {
                "rangeMessage": out_of_bounds(year, month, day)
            }
        case (("to_date_format" | "to_timestamp_format"), (str() as text, *_)):
            function = "try_to_date" if name == "to_date_format" else "try_to_timestamp"
            return "CANNOT_PARSE_TIMESTAMP", {
                "func": f"`{function}`",
                "message": f"Text '{text}' could not be parsed at index 0",
            }
        case "rlike", (_, str(), *_):
            return "INVALID_PARAMETER_VALUE.PATTERN", {
                "functionName": "`rlike`",
                "parameter": "`regexp`",
                "value": shown[1],
            }
        case "regexp_replace", (source, pattern, replacement):
            return "INVALID_REGEXP_REPLACE", {
                "source": str(source),
                "pattern": str(pattern),
                "replacement": str(replacement),
                "position": "1",
            }
        case "like", (_, str() as pattern, *rest):
            escape = rest[0] if rest and isinstance(rest[0], str) else "\\"
            char = misplaced_escape(pattern, escape)
            if char is None:
                return "INVALID_FORMAT.ESC_AT_THE_END", {"format": f"'{pattern}'"}
            return "INVALID_FORMAT.ESC_IN_THE_MIDDLE", {
                "format": f"'{pattern}'",
                "char": f"'{char}'",
            }
        case _:
            where = {"functionName": f"`{name}`", "parameter": "`input`"}
            return "INVALID_PARAMETER_VALUE.PATTERN", {**where, "value": ", ".join(shown)}


def out_of_bounds(year: int, month: int, day: int) -> str:
    """java.time's words for a date that is none."""
    if not 1 <= month <= 12:
        return f"Invalid value for MonthOfYear (valid values 1 - 12): {month}"
    if not 1 <= day <= 31:
        return f"Invalid value for DayOfMonth (valid values 1 - 28/31): {day}"
    if day > py_month_length(year, month):
        if month == 2 and day == 29:
            return f"Invalid date 'February 29' as '{year}' is not a leap year"
        return f"Invalid date '{MONTHS[month - 1]} {day}'"
    return f"Invalid value for Year (valid values -999999999 - 999999999): {year}"


MONTHS = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER",
    "OCTOBER", "NOVEMBER", "DECEMBER",
)  # fmt: skip
