"""CAST and TRY_CAST: what may be cast to what, and the functions that are casts (int(x), …)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pyflare.codegen.ir.expr import Cast, Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    SMALLINT,
    STRING,
    TIMESTAMP,
    TINYINT,
    Array,
    Binary,
    Boolean,
    Date,
    DayTimeInterval,
    Decimal,
    Float,
    Integer,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
    TimestampNTZ,
    Type,
    YearMonthInterval,
)
from pyflare.engine.analyze.coerce import may_be_null
from pyflare.engine.analyze.decimals import of_integer
from pyflare.engine.analyze.functions.signature import Arguments, Builtin, Table
from pyflare.engine.plan import syntax as s
from pyflare.engine.types import sql_name


def explicit_cast(a: Arguments, type: Type, trying: bool = False) -> Expr:
    """CAST(a[0] AS type); a cast that Spark refuses is DATATYPE_MISMATCH."""
    given = a[0]
    if not castable(given.type, type):
        raise _refused(a, type, trying)
    if given.type == type:
        return given
    if isinstance(given, Literal) and given.value is None:
        return Literal(None, type)
    mode = "try" if trying else "ansi" if a.options.ansi else "legacy"
    nullable = given.nullable or may_be_null(given.type, type)
    nullable = nullable or (mode != "ansi" and not _total(given.type, type))
    zone = a.timezone if _zoned(given.type, type) else None
    return Cast(given, type, mode, nullable, zone, a.origin)  # type: ignore[arg-type]


def written_moment(node: s.CastTo, timezone: str) -> Literal | None:
    """TIMESTAMP '2020-01-01 00:00:00' as a constant: the instant that the text names in the
    session's time zone. None for casts, and for texts that need Spark's fuller grammar."""
    match node:
        case s.CastTo(Literal(str() as text), Timestamp(), False, origin) if origin is not None:
            pass
        case _:
            return None
    if not origin.fragment.lower().startswith("timestamp"):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone))
    passed = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return Literal(passed // timedelta(microseconds=1), TIMESTAMP)


def castable(from_: Type, to: Type) -> bool:
    """Spark allows this cast under ANSI."""
    if from_ == to:
        return True
    match from_, to:
        case (Null(), _):
            return True
        case (_, String()):
            return True
        case (String(), Array() | Map() | Struct() | Null()):
            return False
        case (String(), _):
            return True
        case (Integer() | Float() | Decimal() | Boolean(), Integer() | Float() | Decimal()):
            return True
        case (Integer() | Float() | Decimal(), Boolean() | Timestamp()):
            return True
        case (Timestamp(), Integer() | Float() | Decimal()):
            return True
        case (Date() | Timestamp() | TimestampNTZ(), Date() | Timestamp() | TimestampNTZ()):
            return True
        case (YearMonthInterval() | DayTimeInterval(), Integer() | Decimal()):
            return True
        case (Integer() | Decimal(), YearMonthInterval() | DayTimeInterval()):
            return True
        case (YearMonthInterval(), YearMonthInterval()) | (DayTimeInterval(), DayTimeInterval()):
            return True
        case (Array(), Array()):
            return castable(from_.element, to.element) and (
                to.contains_null or not from_.contains_null
            )
        case (Map(), Map()):
            return (
                castable(from_.key, to.key)
                and castable(from_.value, to.value)
                and (to.value_contains_null or not from_.value_contains_null)
            )
        case (Struct(), Struct()):
            return len(from_.fields) == len(to.fields) and all(
                castable(x.type, y.type) and (y.nullable or not x.nullable)
                for x, y in zip(from_.fields, to.fields, strict=True)
            )
        case _:
            return False


def _refused(a: Arguments, type: Type, trying: bool) -> Exception:
    given = a[0].type
    parameters = {"srcType": f'"{sql_name(given)}"', "targetType": f'"{sql_name(type)}"'}
    match given, type:
        case (Integer() | Float() | Decimal(), Date()):
            return a.mismatch(
                "CAST_WITH_FUNC_SUGGESTION", **parameters, functionNames="`DATE_FROM_UNIX_DATE`"
            )
        case (Date(), Integer() | Float() | Decimal()):
            return a.mismatch(
                "CAST_WITH_FUNC_SUGGESTION", **parameters, functionNames="`UNIX_DATE`"
            )
        case (Boolean(), Timestamp()) | (Date() | Timestamp(), Boolean()) if not trying:
            return a.mismatch(
                "CAST_WITH_CONF_SUGGESTION",
                **parameters,
                config='"spark.sql.ansi.enabled"',
                configVal="'false'",
            )
        case (Integer(), Binary()) if not trying:
            return a.mismatch(
                "CAST_WITH_CONF_SUGGESTION",
                **parameters,
                config='"spark.sql.ansi.enabled"',
                configVal="'false'",
            )
        case _:
            return a.mismatch("CAST_WITHOUT_SUGGESTION", **parameters)


def _total(from_: Type, to: Type) -> bool:
    """The cast has a value for every value: TRY_CAST stays non-NULL."""
    match from_, to:
        case (_, String()):
            return True
        case (Integer(x), Integer(y)):
            return x <= y
        case (Integer() | Boolean() | Decimal(), Float()) | (Float(32), Float(64)):
            return True
        case (Boolean(), Integer()) | (Integer() | Float() | Decimal(), Boolean()):
            return True
        case (Date() | Timestamp() | TimestampNTZ(), Date() | Timestamp() | TimestampNTZ()):
            return True
        case (Integer(), Decimal()):
            whole = of_integer(from_)
            return to.precision - to.scale >= whole.precision
        case (Decimal(), Decimal()):
            return to.scale >= from_.scale and (
                to.precision - to.scale >= from_.precision - from_.scale
            )
        case _:
            return False


def _zoned(from_: Type, to: Type) -> bool:
    zoned = isinstance(from_, Timestamp) or isinstance(to, Timestamp)
    calendar = (String, Date, TimestampNTZ)
    return zoned and (isinstance(from_, calendar) or isinstance(to, calendar))


def _to(type: Type) -> Callable[[Arguments], Expr]:
    return lambda a: explicit_cast(a, type)


def _function(type: Type) -> Builtin:
    return Builtin(1, 1, _to(type))


TABLE: Table = {
    "boolean": _function(BOOLEAN),
    "tinyint": _function(TINYINT),
    "smallint": _function(SMALLINT),
    "int": _function(INT),
    "bigint": _function(BIGINT),
    "float": _function(FLOAT),
    "double": _function(DOUBLE),
    "decimal": _function(Decimal(10, 0)),
    "string": _function(STRING),
    "binary": _function(BINARY),
    "date": _function(DATE),
    "timestamp": _function(TIMESTAMP),
}
