"""Values between the engine's storage form and the Python objects that PySpark hands to a UDF."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

from pyflare.codegen.ir import types as t

_EPOCH_DAY = datetime.date(1970, 1, 1)
_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)


def to_python(value: Any, type_: t.Type) -> Any:
    """The object a Python UDF sees for a stored value of `type_`."""
    if value is None:
        return None
    match type_:
        case t.Decimal(_, scale):
            return decimal.Decimal(value).scaleb(-scale, _CONTEXT)
        case t.Date():
            return _EPOCH_DAY + datetime.timedelta(days=value)
        case t.Timestamp():
            utc = (_EPOCH + datetime.timedelta(microseconds=value)).replace(tzinfo=datetime.UTC)
            return utc.astimezone().replace(tzinfo=None)
        case t.TimestampNTZ():
            return _EPOCH + datetime.timedelta(microseconds=value)
        case t.DayTimeInterval():
            return datetime.timedelta(microseconds=value)
        case t.Array(element, _, _):
            return [to_python(item, element) for item in value]
        case t.Map(key, item_type, _):
            return {to_python(k, key): to_python(v, item_type) for k, v in value}
        case _:
            return value


def from_python(value: Any, type_: t.Type) -> Any:
    """The stored form of a UDF's result, by the rules of PySpark's Arrow-based UDFs.

    Raises TypeError or ValueError when the object is no value of `type_`.
    """
    if value is None:
        return None
    match type_:
        case t.Boolean():
            return _exactly(bool, value, type_)
        case t.Integer(bits):
            number = int(_number(value, type_))
            if number != value:
                raise ValueError(f"{value!r} is not an integer")
            if not -(1 << bits - 1) <= number < 1 << bits - 1:
                raise OverflowError(f"{value!r} does not fit into {bits} bits")
            return number
        case t.Float():
            return float(_number(value, type_))
        case t.Decimal(precision, scale):
            scaled = decimal.Decimal(value).scaleb(scale, _CONTEXT)
            number = int(scaled.to_integral_value(decimal.ROUND_HALF_UP))
            if abs(number) >= 10**precision:
                raise OverflowError(f"{value!r} does not fit into decimal({precision},{scale})")
            return number
        case t.String():
            return str(value).lower() if isinstance(value, bool) else str(value)
        case t.Binary():
            return bytes(value)
        case t.Date():
            day = value.date() if isinstance(value, datetime.datetime) else value
            return (_exactly(datetime.date, day, type_) - _EPOCH_DAY).days
        case t.Timestamp():
            moment: datetime.datetime = _exactly(datetime.datetime, value, type_)
            utc = moment.astimezone(datetime.UTC).replace(tzinfo=None)
            return (utc - _EPOCH) // _MICROSECOND
        case t.TimestampNTZ():
            return (_exactly(datetime.datetime, value, type_) - _EPOCH) // _MICROSECOND
        case t.DayTimeInterval():
            return _exactly(datetime.timedelta, value, type_) // _MICROSECOND
        case t.Array(element, _, _):
            return tuple(from_python(item, element) for item in value)
        case t.Map(key, item_type, _):
            return tuple((from_python(k, key), from_python(v, item_type)) for k, v in value.items())
        case _:
            raise TypeError(f"a UDF cannot return {type_}")


_CONTEXT = decimal.Context(prec=76)


def _number(value: Any, type_: t.Type) -> Any:
    if isinstance(value, (int, float, decimal.Decimal)) or hasattr(value, "__index__"):
        return value
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    raise TypeError(f"{value!r} of type {type(value).__name__} is no {type_}")


def _exactly(class_: type, value: Any, type_: t.Type) -> Any:
    if hasattr(value, "item") and not isinstance(value, class_):
        value = value.item()
    if not isinstance(value, class_):
        raise TypeError(f"{value!r} of type {type(value).__name__} is no {type_}")
    return value
