"""Constants: numbers, strings and typed literals, in the storage form of codegen.ir.types."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal as Exact

from pyflare.codegen.ir.expr import Literal, Origin
from pyflare.codegen.ir.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    MAX_PRECISION,
    NULL,
    SMALLINT,
    STRING,
    TIMESTAMP,
    TIMESTAMP_NTZ,
    TINYINT,
    Decimal,
    Float,
    Integer,
)
from pyflare.engine.errors import parse_error, runtime_error, unsupported
from pyflare.engine.plan.syntax import CastTo, Function, SyntaxExpr

NUMBER = re.compile(
    r"(?=\d+[LSY]?$|.*[\d.](?:BD|[FD])?$)(\d+(?:\.\d*)?|\.\d+)(E[+-]?\d+)?(BD|[LSYFD])?",
    re.IGNORECASE,
)
_INTEGERS = {"L": BIGINT, "S": SMALLINT, "Y": TINYINT}
_NAMES = {TINYINT: "tinyint", SMALLINT: "smallint", BIGINT: "bigint"}
_LIMITS = {
    FLOAT: (3.4028234663852886e38, "3.4028234663852886E+38"),
    DOUBLE: (1.7976931348623157e308, "1.7976931348623157E+308"),
}
_SUPPORTED = '"DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP", "INTERVAL", "X", "TIME"'

_EPOCH = datetime.datetime(1970, 1, 1)
_DATE = re.compile(r"\s*([+-]?\d{4,7})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?\s*", re.DOTALL)
_TIMESTAMP = re.compile(
    r"\s*([+-]?\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2})"
    r"(?:[ T](?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?\s*(Z|UTC|GMT|[A-Za-z][\w/+:-]*"
    r"|[+-]\d{1,2}(?::?\d{1,2}){0,2})?)?)?)?\s*"
)

NULL_VALUE = Literal(None, NULL)


def boolean(value: bool) -> Literal:
    """TRUE or FALSE."""
    return Literal(value, BOOLEAN)


def string(value: str) -> Literal:
    """A string constant."""
    return Literal(value, STRING)


def number(text: str, where: Origin) -> Literal:
    """A numeric constant with its sign: an int that does not fit becomes bigint, then decimal."""
    match = NUMBER.fullmatch(text.lstrip("-"))
    assert match is not None
    minus = "-" if text.startswith("-") else ""
    digits, exponent, suffix = minus + match[1], match[2] or "", (match[3] or "").upper()
    match suffix:
        case "L" | "S" | "Y":
            return _integer(digits, _INTEGERS[suffix], text, where)
        case "D":
            return _float(digits + exponent, DOUBLE, where)
        case "F":
            return _float(digits + exponent, FLOAT, where)
        case "BD":
            return _decimal(Exact(digits + exponent))
    if exponent:
        return _float(digits + exponent, DOUBLE, where)
    if "." in digits:
        return _decimal(Exact(digits))
    exact = Exact(digits)
    if -(2**31) <= exact < 2**31:
        return Literal(int(exact), INT)
    if -(2**63) <= exact < 2**63:
        return Literal(int(exact), BIGINT)
    return _decimal(exact)


def is_number(text: str) -> bool:
    """Whether this word is a number with a suffix, such as 10L."""
    return NUMBER.fullmatch(text) is not None


def _integer(digits: str, type_: Integer, text: str, where: Origin) -> Literal:
    limit = 2 ** (type_.bits - 1)
    value = Exact(digits)
    if not -limit <= value < limit:
        parameters = {
            "rawStrippedQualifier": text[:-1],
            "typeName": _NAMES[type_],
            "minValue": str(-limit),
            "maxValue": str(limit - 1),
        }
        raise parse_error("INVALID_NUMERIC_LITERAL_RANGE", parameters, where)
    return Literal(int(value), type_)


def _float(digits: str, type_: Float, where: Origin) -> Literal:
    value = float(digits)
    limit, shown = _LIMITS[type_]
    if abs(value) > limit:
        parameters = {
            "rawStrippedQualifier": digits,
            "typeName": "double" if type_ == DOUBLE else "float",
            "minValue": "-" + shown,
            "maxValue": shown,
        }
        raise parse_error("INVALID_NUMERIC_LITERAL_RANGE", parameters, where)
    return Literal(value, type_)


def _decimal(value: Exact) -> Literal:
    """Exactly as written: 1.50 is decimal(3,2), 0.01 is decimal(2,2)."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    zeros = max(exponent, 0) if value else 0
    precision = max(len(digits) + zeros, scale)
    if precision > MAX_PRECISION:
        parameters = {"precision": str(precision), "maxPrecision": str(MAX_PRECISION)}
        raise runtime_error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", parameters)
    unscaled = int("".join(map(str, digits))) * 10**zeros
    return Literal(-unscaled if sign else unscaled, Decimal(precision, scale))


def hexadecimal(digits: str, where: Origin) -> Literal:
    """X'1F': an odd number of digits is filled up in front."""
    try:
        return Literal(bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits), BINARY)
    except ValueError:
        raise invalid_typed("X", digits, where) from None


def typed(name: str, text: str, where: Origin) -> SyntaxExpr:
    """DATE '…', TIMESTAMP '…', TIMESTAMP_NTZ '…'.

    A TIMESTAMP without a zone depends on the session's, which only the analyser knows: it stays a
    cast from the checked text.
    """
    match name:
        case "DATE":
            return _special_date(text) or Literal(_days(text, where), DATE)
        case "TIMESTAMP" | "TIMESTAMP_LTZ":
            special = _special_timestamp(text)
            if special is not None:
                return special
            micros, zone = _micros(name, text, where)
            if zone in ("Z", "UTC", "GMT"):
                return Literal(micros, TIMESTAMP)
            return CastTo(string(text), TIMESTAMP, origin=where)
        case "TIMESTAMP_NTZ":
            micros, _ = _micros(name, text, where)
            return Literal(micros, TIMESTAMP_NTZ)
        case "X":
            return hexadecimal(text, where)
        case "TIME":
            raise unsupported("TIME literals")
    parameters = {"unsupportedType": f'"{name}"', "supportedTypes": _SUPPORTED}
    raise parse_error("UNSUPPORTED_TYPED_LITERAL", parameters, where)


def invalid_typed(name: str, text: str, where: Origin) -> Exception:
    """INVALID_TYPED_LITERAL, e.g. DATE 'yesterday evening'."""
    return parse_error(
        "INVALID_TYPED_LITERAL", {"valueType": f'"{name}"', "value": f"'{text}'"}, where
    )


def _days(text: str, where: Origin) -> int:
    match = _DATE.fullmatch(text)
    if match is None:
        raise invalid_typed("DATE", text, where)
    try:
        day = datetime.date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        raise invalid_typed("DATE", text, where) from None
    return day.toordinal() - _EPOCH.toordinal()


def _micros(name: str, text: str, where: Origin) -> tuple[int, str | None]:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise invalid_typed(name, text, where)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        wall = datetime.datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0),
            int(second or 0), int(((fraction or "") + "000000")[:6]),
        )  # fmt: skip
    except ValueError:
        raise invalid_typed(name, text, where) from None
    return (wall - _EPOCH) // datetime.timedelta(microseconds=1), zone


def _special_date(text: str) -> SyntaxExpr | None:
    today = Function("current_date", ())
    match text.strip().lower():
        case "epoch":
            return Literal(0, DATE)
        case "now" | "today":
            return today
        case "yesterday":
            return Function("date_sub", (today, Literal(1, INT)))
        case "tomorrow":
            return Function("date_add", (today, Literal(1, INT)))
    return None


def _special_timestamp(text: str) -> SyntaxExpr | None:
    match text.strip().lower():
        case "epoch":
            return Literal(0, TIMESTAMP)
        case "now":
            return Function("current_timestamp", ())
        case "today" | "yesterday" | "tomorrow":
            day = _special_date(text)
            assert day is not None
            return CastTo(day, TIMESTAMP)
    return None
