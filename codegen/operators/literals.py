"""Literals that know which literal of the plan they are, and how they fill 64-bit slots."""

from __future__ import annotations

import struct
from typing import Any, TypeAlias
from typing import Literal as OneOf

MASK64 = (1 << 64) - 1
Part: TypeAlias = OneOf["low", "high", "double", "length"]


class NumberedInt(int):
    """An int with the number of its literal."""

    number: int


class NumberedFloat(float):
    """A float with the number of its literal."""

    number: int


class NumberedStr(str):
    """A str with the number of its literal."""

    number: int


class NumberedBytes(bytes):
    """Bytes with the number of their literal."""

    number: int


Numbered: TypeAlias = NumberedInt | NumberedFloat | NumberedStr | NumberedBytes


def numbered(value: Any, number: int) -> Numbered:
    """`value`, equal to what it was, that knows its number."""
    kinds = {int: NumberedInt, float: NumberedFloat, str: NumberedStr, bytes: NumberedBytes}
    made: Numbered = kinds[type(value)](value)
    made.number = number
    return made


def number_of(value: object) -> int | None:
    """The number of a numbered literal."""
    return getattr(value, "number", None)


def digit_class(value: int) -> int:
    """2, 4, 9, 18 or 38: a number of decimal digits that holds `value`. Few classes, so that
    queries that differ in literals share their code."""
    digits = len(str(abs(value)))
    return next(most for most in (2, 4, 9, 18, 38, digits) if digits <= most)


def bits_of(value: Any, part: Part) -> int:
    """The 64 bits of a slot that holds this part of a literal."""
    match part:
        case "low":
            return int(value) & MASK64
        case "high":
            return (int(value) >> 64) & MASK64
        case "length":
            return len(value.encode()) if isinstance(value, str) else len(value)
        case "double":
            return int(struct.unpack("<Q", struct.pack("<d", float(value)))[0])
