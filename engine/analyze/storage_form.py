"""Python values of Arrow columns as literals hold them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as Exact

from pyflare.codegen.ir.types import Decimal, Type

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
