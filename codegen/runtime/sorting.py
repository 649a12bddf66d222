"""Sorting in the staged language: normalised keys, a comparison of rows, merges of runs.

An entry is 16 bytes: a prefix of the first key, as unsigned 64 bits, and the row's number. Equal
prefixes are decided by the rows' keys, equal keys by the row's number, so the order is stable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyflare.codegen.emit.code import Code
from pyflare.codegen.emit.sql import Value
from pyflare.codegen.emit.value import F32, F64, I1, I8, I32, I64, PTR, Val, bits
from pyflare.codegen.functions.text import compare_bytes
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import SortKey
from pyflare.codegen.runtime.hashing import normalised

if TYPE_CHECKING:
    from pyflare.codegen.operators.pipeline import PipelineContext

SIGN = -(1 << 63)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key in a row: where its words lie, which compare as unsigned numbers; then, for strings,
    its (pointer, length)."""

    rank_at: int | None
    words_at: tuple[int, ...]
    text_at: int | None
    ascending: bool


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """The keys of a row, in its first `width` bytes."""

    keys: tuple[StoredKey, ...]
    width: int


def plan_keys(keys: Sequence[SortKey], values: Sequence[Value]) -> KeyPlan:
    at = 0
    stored = []
    for key, value in zip(keys, values, strict=True):
        rank_at = None
        if value.valid is not None:
            rank_at, at = at, at + 8
        count = 2 if value.length is None and bits(value.data.type) > 64 else 1
        words_at = tuple(at + 8 * i for i in range(count))
        at += 8 * count
        text_at = None
        if value.length is not None:
            text_at, at = at, at + 16
        stored.append(StoredKey(rank_at, words_at, text_at, key.ascending))
    return KeyPlan(tuple(stored), at)


def store_keys(
    plan: KeyPlan,
    keys: Sequence[SortKey],
    values: Sequence[Value],
    row: Val,
    context: PipelineContext,
) -> None:
    """Writes the keys; NULLs all look alike."""
    code = context.code
    for key, value, stored in zip(keys, values, plan.keys, strict=True):
        valid = value.valid
        if stored.rank_at is not None:
            assert valid is not None
            first = 0 if key.nulls_first else 1
            rank = valid.select(code.const(1 - first, I64), code.const(first, I64))
            row.at(I8, stored.rank_at).store(rank)
        for at, word in zip(stored.words_at, words(value), strict=True):
            ordered = word if key.ascending else ~word
            row.at(I8, at).store(ordered if valid is None else valid.select(ordered, 0))
        if stored.text_at is not None:
            assert value.length is not None
            length = value.length if valid is None else valid.select(value.length, 0)
            row.at(I8, stored.text_at).store(value.data)
            row.at(I8, stored.text_at + 8).store(length)
            context.reset_heap = False


def words(value: Value) -> list[Val]:
    """64-bit words that compare, as unsigned and one after the other, like the value."""
    value = normalised(value)
    if value.length is not None:
        return [_prefix(value)]
    data = value.data
    if data.type == I1:
        return [data.zext(I64)]
    if data.type in (F64, F32):
        # NaN, with its positive sign and full exponent, comes out as the largest
        raw = data.fpext().bitcast(I64)
        return [(raw < 0).select(~raw, raw ^ SIGN)]
    if bits(data.type) > 64:
        return [data.ashr(64).trunc(I64) ^ SIGN, data.trunc(I64)]
    return [data.sext(I64) ^ SIGN]


def _prefix(value: Value) -> Val:
    """The first eight bytes, big endian, zeros behind a shorter string."""
    from pyflare.codegen.functions.helpers import helper

    code = value.data.code
    assert value.length is not None
    length = value.length if value.valid is None else value.valid.select(value.length, 0)
    name = helper(code, "text_prefix", I64, [("text", PTR), ("length", I64)], _prefix_body)
    found = code.call(name, I64, value.data, length)
    assert found is not None
    return found


def _prefix_body(text: Val, length: Val) -> None:
    code = text.code
    with code.if_(length >= 8, "long"):
        code.ret(code.unary("bswap", text.load(I64, "word", 1)))
    word = code.var(0)
    with code.range_(0, length, hint="byte") as (i, _):
        word.set((word.get() << 8) | text.at(I8, i).load(I8).zext(I64))
    shift = (code.const(8, I64) - length) * 8
    code.ret((length == 0).select(code.const(0, I64), word.get() << (shift & 63)))


def prefix_of(plan: KeyPlan, row: Val) -> Val:
    """What an entry says of its row: never out of order, equal perhaps where the keys differ."""
    first = plan.keys[0]
    word = row.at(I8, first.words_at[0]).load(I64, "key")
    if first.rank_at is None:
        return word
    rank = row.at(I8, first.rank_at).load(I64, "rank")
    return (rank << 63) | word.lshr(1)


def compare_rows(plan: KeyPlan, code: Code, x: Val, y: Val) -> Val:
    """Negative, zero or positive (i32) by the keys of two rows."""
    from pyflare.codegen.functions.helpers import helper

    name = helper(
        code, "compare_rows", I32, [("x", PTR), ("y", PTR)], lambda a, b: _compare(plan, a, b)
    )
    found = code.call(name, I32, x, y)
    assert found is not None
    return found


def _compare(plan: KeyPlan, x: Val, y: Val) -> None:
    code = x.code
    less, more = code.const(-1, I32), code.const(1, I32)
    for key in plan.keys:
        for at in [*([key.rank_at] if key.rank_at is not None else []), *key.words_at]:
            a, b = x.at(I8, at).load(I64), y.at(I8, at).load(I64)
            with code.if_(a != b, "differ"):
                code.ret(a.ult(b).select(less, more))
        if key.text_at is not None:
            a_text, b_text = _text(x, key.text_at), _text(y, key.text_at)
            order = compare_bytes(a_text, b_text)
            with code.if_(order != 0, "differ"):
                code.ret(order if key.ascending else -order)
    code.ret(code.const(0, I32))


def _text(row: Val, at: int) -> Value:
    return Value(t.STRING, row.at(I8, at).load(PTR), length=row.at(I8, at + 8).load(I64))


@dataclass(frozen=True, slots=True)
class Entries:
    """Arrays of entries whose rows lie at `base`, `width` bytes each."""

    plan: KeyPlan
    code: Code
    base: Val
    width: int

    def row(self, number: Val) -> Val:
        return self.base.at(I8, number * self.width)

    def precedes(self, x: Val, y: Val) -> Val:
        """Entry at y < entry at x, strictly, as an i1: then y must go first."""
        code = self.code
        a, b = x.load(I64, "prefix"), y.load(I64, "prefix")

        def tie() -> list[Val]:
            p, q = (self.row(e.at(I64, 1).load(I64, "number")) for e in (x, y))
            return [compare_rows(self.plan, code, q, p) < 0]

        return code.choose(a == b, tie, lambda: [b.ult(a)])[0]

    def merge(self, source: Val, target: Val, lo: Val, middle: Val, hi: Val) -> None:
        """Merges the sorted [lo, middle) and [middle, hi) of `source` into `target`."""
        code = self.code
        left, right = code.var(lo), code.var(middle)
        with code.range_(lo, hi, hint="out") as (out, _):
            has_left, has_right = left.get() < middle, right.get() < hi

            def both() -> list[Val]:
                return [self.precedes(entry(source, left.get()), entry(source, right.get()))]

            take_right = code.choose(has_left & has_right, both, lambda: [has_right])[0]
            place = take_right.select(right.get(), left.get())
            copy_entry(entry(target, out), entry(source, place))
            right.set(right.get() + take_right.zext(I64))
            left.set(left.get() + (~take_right).zext(I64))

    def insertion(self, entries: Val, lo: Val, hi: Val) -> None:
        """Sorts [lo, hi) in place: for a few."""
        code = self.code
        held = code.stack(I64, 2, "held").pointer
        with code.range_(lo + 1, hi, hint="insert") as (i, _):
            copy_entry(held, entry(entries, i))
            at = code.var(i)
            with code.loop("shift") as loop:
                loop.break_if(at.get() <= lo)
                before = entry(entries, at.get() - 1)
                loop.break_if(~self.precedes(before, held))
                copy_entry(entry(entries, at.get()), before)
                at.add(-1)
            copy_entry(entry(entries, at.get()), held)

    def sort(self, entries: Val, spare: Val, lo: Val, hi: Val) -> None:
        """Sorts [lo, hi) of `entries` by merges that go to `spare` and back."""
        code = self.code
        few = 16
        with code.range_(lo, hi, few, hint="few") as (start, _):
            self.insertion(entries, start, least(start + few, hi))
        width = code.var(few)
        here, there = code.var(entries), code.var(spare)
        with code.while_(lambda: width.get() < hi - lo, "pass"):
            pair = code.var(lo)
            with code.while_(lambda: pair.get() < hi, "pairs"):
                first = pair.get()
                middle = least(first + width.get(), hi)
                last = least(first + width.get() * 2, hi)
                self.merge(here.get(), there.get(), first, middle, last)
                pair.set(last)
            swapped = here.get()
            here.set(there.get())
            there.set(swapped)
            width.set(width.get() * 2)
        away = here.get().ptrtoint() != entries.ptrtoint()
        with code.if_(away, "home"), code.range_(lo, hi, hint="back") as (i, _):
            copy_entry(entry(entries, i), entry(spare, i))


def entry(entries: Val, index: Val) -> Val:
    return entries.at("{ i64, i64 }", index)


def copy_entry(to: Val, source: Val) -> None:
    first, second = source.load(I64), source.at(I64, 1).load(I64)
    to.store(first)
    to.at(I64, 1).store(second)


def least(x: Val, y: Val) -> Val:
    return (x < y).select(x, y)


Body = Callable[[Val], None]
