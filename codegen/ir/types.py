"""The types of PyFlare: Spark SQL's, as frozen values.

One type system serves the logical plan, the physical plan and the generated code. `Array` has a
`size` for fixed-size lists (vectors); Spark shows such a column as an ordinary array.

Values in "storage form" (literals, the interpreter, statistics) are plain Python objects:
bool; int (integers, decimals as the unscaled integer, dates as days and timestamps as
microseconds since 1970-01-01 UTC, year-month intervals as months, day-time intervals as
microseconds); float; str; bytes; tuple for arrays and structs; tuple of pairs for maps; None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Null:
    """The type of a bare NULL (Spark's void)."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A signed integer of 8, 16, 32 or 64 bits (tinyint, smallint, int, bigint)."""

    bits: int


@dataclass(frozen=True, slots=True)
class Float:
    """An IEEE float of 32 or 64 bits (float, double), compared by Spark's rules for NaN and -0."""

    bits: int


@dataclass(frozen=True, slots=True)
class Decimal:
    """An exact number: an integer of at most `precision` digits times 10 ** -`scale`."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class String:
    """UTF-8 text."""


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar: days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant, microseconds since 1970-01-01 UTC, shown in the session time zone."""


@dataclass(frozen=True, slots=True)
class TimestampNTZ:
    """A wall-clock time without zone, microseconds since 1970-01-01 00:00."""


@dataclass(frozen=True, slots=True)
class YearMonthInterval:
    """A number of months; `start` and `end` are field numbers, 0 = year, 1 = month."""

    start: int = 0
    end: int = 1


@dataclass(frozen=True, slots=True)
class DayTimeInterval:
    """A number of microseconds; fields 0 = day, 1 = hour, 2 = minute, 3 = second."""

    start: int = 0
    end: int = 3


@dataclass(frozen=True, slots=True)
class CalendarInterval:
    """Months, days and microseconds kept apart (SQL's INTERVAL '1 month 2 days')."""


@dataclass(frozen=True, slots=True)
class Array:
    """A list of elements; with `size`, a fixed-size list (a vector)."""

    element: Type
    contains_null: bool = True
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Map:
    """Key-value pairs with unique, non-NULL keys."""

    key: Type
    value: Type
    value_contains_null: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """One named member of a struct or a schema. `metadata` is a JSON text or None."""

    name: str
    type: Type
    nullable: bool = True
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Struct:
    """Named fields in order; also the schema of a relation."""

    fields: tuple[Field, ...]


Type: TypeAlias = (
    Null
    | Boolean
    | Integer
    | Float
    | Decimal
    | String
    | Binary
    | Date
    | Timestamp
    | TimestampNTZ
    | YearMonthInterval
    | DayTimeInterval
    | CalendarInterval
    | Array
    | Map
    | Struct
)

NULL = Null()
BOOLEAN = Boolean()
TINYINT, SMALLINT, INT, BIGINT = Integer(8), Integer(16), Integer(32), Integer(64)
FLOAT, DOUBLE = Float(32), Float(64)
STRING, BINARY, DATE = String(), Binary(), Date()
TIMESTAMP, TIMESTAMP_NTZ = Timestamp(), TimestampNTZ()
MAX_PRECISION = 38
