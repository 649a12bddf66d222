"""Time zones as tables of transitions, searched by staged code and by Python alike.

Local time L becomes UTC by the offset before a transition until L has passed both its readings:
in a gap that moves L forward by the gap, in an overlap it takes the earlier instant, as Java does.
Rules repeat every 400 years, so instants beyond the table are moved into its last 400.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.value import I64, PTR, Val
from pyflare.codegen.functions.helpers import helper
from pyflare.codegen.functions.values import keyed

MICROS = 1_000_000
CYCLE = 146097 * 86400  # seconds of 400 years
RULES = 2_114_380_800  # 2037-01-01: from here on every zone follows a rule
TABLE_END = RULES + CYCLE
FIXED = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")


@dataclass(frozen=True, slots=True)
class Zone:
    """offsets[i] (seconds) holds from transitions[i - 1] (UTC) or thresholds[i - 1] (local)."""

    name: str
    transitions: tuple[int, ...]
    thresholds: tuple[int, ...]
    offsets: tuple[int, ...]

    @property
    def fixed(self) -> bool:
        return not self.transitions

    def to_local(self, micros: int) -> int:
        """The wall clock of an instant."""
        return micros + MICROS * self._offset(self.transitions, micros // MICROS)

    def to_utc(self, micros: int) -> int:
        """The instant of a wall clock time."""
        return micros - MICROS * self._offset(self.thresholds, micros // MICROS)

    def _offset(self, starts: tuple[int, ...], seconds: int) -> int:
        if seconds >= TABLE_END:
            seconds -= ((seconds - TABLE_END) // CYCLE + 1) * CYCLE
        return self.offsets[bisect_right(starts, seconds)]


@cache
def zone(name: str) -> Zone:
    """The zone of a region ("Europe/Rome") or an offset ("+01:00", "UTC", "Z")."""
    if name in ("UTC", "Z", "GMT", "UT", "Etc/UTC", "Etc/GMT", "Etc/UCT", "UCT", "Zulu"):
        return Zone(name, (), (), (0,))
    fixed = FIXED.fullmatch(name)
    if fixed is not None:
        sign, *parts = fixed.groups()
        hours, minutes, seconds = (int(part or 0) for part in parts)
        offset = hours * 3600 + minutes * 60 + seconds
        if offset > 18 * 3600 or minutes > 59 or seconds > 59:
            raise KeyError(name)
        return Zone(name, (), (), (-offset if sign == "-" else offset,))
    return _region(name)


def _region(name: str) -> Zone:
    info = ZoneInfo(name)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def offset(seconds: int) -> int:
        found = (epoch + timedelta(seconds=seconds)).astimezone(info).utcoffset()
        assert found is not None
        return round(found.total_seconds())

    start, day = -5_364_662_400, 86400  # 1800, before the first zone
    samples = [*range(start, RULES, 4 * day), *range(RULES, TABLE_END, 10 * day)]
    transitions: list[int] = []
    offsets = [offset(start)]
    before = start
    for at in samples:
        now = offset(at)
        if now != offsets[-1]:
            low, high = before, at
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
            transitions.append(high)
            offsets.append(now)
        before = at
    pairs = zip(transitions, offsets, offsets[1:], strict=False)
    thresholds = tuple(at + max(old, new) for at, old, new in pairs)
    return Zone(name, tuple(transitions), thresholds, tuple(offsets))


# ---------------------------------------------------------------- staged


def to_local(micros: Val, name: str, context: Context) -> Val:
    """The wall clock (i64 microseconds) of an instant."""
    found = zone(name)
    if found.fixed:
        return micros + MICROS * found.offsets[0] if found.offsets[0] else micros
    return micros + _offset(micros, found, found.transitions, "utc", context) * MICROS


def to_utc(micros: Val, name: str, context: Context) -> Val:
    """The instant (i64 microseconds) of a wall clock time."""
    found = zone(name)
    if found.fixed:
        return micros - MICROS * found.offsets[0] if found.offsets[0] else micros
    return micros - _offset(micros, found, found.thresholds, "local", context) * MICROS


def _offset(micros: Val, found: Zone, starts: tuple[int, ...], role: str, context: Context) -> Val:
    """Pairs (start, offset), padded to a power of two, the first start before all time."""
    pairs = list(zip((-(1 << 63), *starts), found.offsets, strict=True))
    size = 1 << (len(pairs) - 1).bit_length()
    pairs += [((1 << 63) - 1, pairs[-1][1])] * (size - len(pairs))
    data = b"".join(struct.pack("<qq", *pair) for pair in pairs)
    table = context.table(data, keyed(f"zone_{role}", data))
    code = context.code
    name = helper(
        code,
        f"zone_offset_{size}",
        I64,
        [("micros", I64), ("table", PTR)],
        lambda at, pairs_: _search(at, pairs_, size),
    )
    offset = code.call(name, I64, micros, table)
    assert offset is not None
    return offset


def _search(micros: Val, table: Val, size: int) -> None:
    code = micros.code
    seconds = floor_div(micros, MICROS)
    cycles = (seconds - TABLE_END).sdiv(CYCLE) + 1
    seconds = (seconds >= TABLE_END).select(seconds - cycles * CYCLE, seconds)
    at = code.const(0, I64)
    step = size // 2
    while step:
        probe = at + step
        at = (table.at(I64, probe * 2).load(I64) <= seconds).select(probe, at)
        step //= 2
    code.ret(table.at(I64, at * 2 + 1).load(I64))


def floor_div(x: Val, by: int) -> Val:
    """x / by toward minus infinity."""
    quotient = x.sdiv(by)
    return quotient - ((x - quotient * by) < 0).zext(x.type)


def floor_mod(x: Val, by: int) -> Val:
    """x - by * floor(x / by), never negative."""
    rest = x.srem(by)
    return (rest < 0).select(rest + by, rest)
