"""Values between Arrow and the storage form of literals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal as Exact

import pyarrow as pa

from pyflare.codegen.ir.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Float,
    Integer,
    String,
    Timestamp,
    TimestampNTZ,
    Type,
)
from pyflare.engine.types import type_to_arrow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def storage_value(value: object, type: Type) -> object:
    """A cell of to_pylist() in storage form: unscaled decimals, days, microseconds."""
    match value:
        case Exact():
            assert isinstance(type, Decimal)
            return int(value.scaleb(type.scale))
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            passed = moment - _EPOCH
            return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
        case date():
            return (value - date(1970, 1, 1)).days
        case _:
            return value


def can_be_arrow(type: Type) -> bool:
    """`arrow_column` knows the type."""
    plain = Boolean | Integer | Float | String | Binary | Decimal | Date | Timestamp | TimestampNTZ
    return isinstance(type, plain)


def arrow_column(values: Sequence[object], type: Type) -> pa.Array:
    """Values in storage form as an Arrow array of the type."""
    arrow = type_to_arrow(type)
    match type:
        case Decimal(_, scale):
            exact = [None if v is None else Exact(str(v)).scaleb(-scale) for v in values]
            return pa.array(exact, arrow)
        case Date():
            return pa.array(values, pa.int32()).cast(arrow)
        case Timestamp() | TimestampNTZ():
            return pa.array(values, pa.int64()).cast(arrow)
        case _:
            return pa.array(values, arrow)
