"""One pipeline function under construction: its slots, its failures, what ends it.

It is the Context that codegen.functions emits against.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pyflare.codegen.emit.code import Code, Loop, Variable
from pyflare.codegen.emit.context import Failure, Row
from pyflare.codegen.emit.sql import Value, machine_type, type_range, width_for
from pyflare.codegen.emit.value import F32, F64, I8, I32, I64, PTR, Val
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Column, Expr
from pyflare.codegen.operators import dictionaries, failures
from pyflare.codegen.operators.literals import Part, bits_of, digit_class, number_of
from pyflare.codegen.program import (
    FUNCTION,
    Call,
    Callback,
    Cancel,
    Constant,
    Diagnosis,
    DictionaryPart,
    Fill,
    Heap,
    Local,
    Offset,
    Pipeline,
    Shared,
    Site,
    Source,
    Status,
    Word,
    Worker,
)
from pyflare.codegen.runtime.calls import Request

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder

T = TypeVar("T")


class PipelineContext:
    """Slots are loaded once, in the entry block; `at_end` runs when the morsel is done."""

    def __init__(self, builder: Builder, name: str, source: Source) -> None:
        self.builder = builder
        self.name = name
        self.source = source
        self.code = Code()
        self.sites: list[Site] = []
        self.libraries: dict[str, bytes] = {}
        self.reset_heap = True
        self.heavy = False
        self.fans_out = False
        self.output: str | None = None
        self.limit: tuple[int | None, int] | None = None
        self.position: Val | None = None
        self.loop: Loop | None = None
        self._fills: list[Fill] = []
        self._slots: dict[tuple[Fill, str], Val] = {}
        self._once: dict[Hashable, object] = {}
        self._at_end: list[Callable[[], None]] = []
        self._parameters = 0

    # ------------------------------------------------------------ the function

    @contextmanager
    def staging(self) -> Iterator[None]:
        """Everything staged inside is the function's body."""
        parameters = [("state", "ptr noalias"), ("begin", I64), ("end", I64)]
        with self.code.function(FUNCTION, I64, parameters) as (_, begin, end):
            self.state = Val(self.code, "%state", PTR)
            self.begin, self.end = begin, end
            self.code.comment(self.name)
            yield
            for finish in self._at_end:
                finish()
            self.code.ret(end)

    def finished(self) -> Pipeline:
        return Pipeline(
            self.name,
            self.code.module(),
            self.source,
            tuple(self._fills),
            tuple(self.sites),
            tuple(sorted(self.libraries.items())),
            self.reset_heap,
            self.heavy,
            self.output,
            self.limit,
            self.fans_out,
        )

    @property
    def fallible(self) -> bool:
        """Some row may fail here."""
        return "status" in self._once

    def at_end(self, finish: Callable[[], None]) -> None:
        """Stages `finish` after the loop over the morsel."""
        self._at_end.append(finish)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """`make()`, staged once in this function; it may only use the entry block."""
        if key not in self._once:
            self._once[key] = make()
        return self._once[key]  # type: ignore[return-value]

    # ------------------------------------------------------------ slots and variables

    def slot_address(self, fill: Fill) -> Val:
        index = self._index(fill)
        return self.code.entry_value(
            "slot", PTR, f"getelementptr inbounds i64, ptr %state, i64 {index}"
        )

    def _index(self, fill: Fill) -> int:
        if fill not in self._fills:
            self._fills.append(fill)
        return self._fills.index(fill)

    def slot(self, fill: Fill, type_: str = PTR, hint: str = "slot") -> Val:
        """The content of a slot, an entry value."""
        found = self._slots.get((fill, type_))
        if found is None:
            at = self.slot_address(fill)
            found = self.code.entry_value(hint, type_, f"load {type_}, ptr {at.ref}, align 8")
            self._slots[fill, type_] = found
        return found

    def entry_load(self, base: Val, byte: int, type_: str, hint: str) -> Val:
        """A word behind an entry pointer, loaded in the entry block."""
        at = self.code.entry_value(
            hint + ".at", PTR, f"getelementptr inbounds i8, ptr {base.ref}, i64 {byte}"
        )
        return self.code.entry_value(hint, type_, f"load {type_}, ptr {at.ref}, align 8")

    def register(self, type_: str, initial: str, hint: str = "reg") -> Variable:
        """A variable that starts as the constant or entry value `initial` in the entry block."""
        pointer = self.code.entry_value(hint, PTR, f"alloca {type_}, align 16")
        self.code.body.entry.append(f"store {type_} {initial}, ptr {pointer.ref}")
        return Variable(pointer, type_)

    def kept(self, key: Hashable, base: Val, byte: int, type_: str, hint: str) -> Variable:
        """A word of a local block, in a register during the morsel and written back at its end."""

        def make() -> Variable:
            at = self.code.entry_value(
                hint + ".at", PTR, f"getelementptr inbounds i8, ptr {base.ref}, i64 {byte}"
            )
            initial = self.code.entry_value(hint, type_, f"load {type_}, ptr {at.ref}, align 8")
            variable = self.register(type_, initial.ref, hint)
            self.at_end(lambda: at.store(variable.get(), align=8))
            return variable

        return self.once(("kept", key), make)

    @property
    def offset(self) -> Val:
        """The position of `begin` in the whole source."""
        return self.slot(Offset(), I64, "offset")

    def request(self, request: Request, name: str, a: Val | int = 0, b: Val | int = 0) -> None:
        """Asks the runner; see codegen.runtime.calls."""
        code = self.code
        key = self.builder.constant(name.encode() + b"\0", f"name {name}")
        values = [
            code.const(int(request), I64),
            self.slot(Constant(key), I64, "name"),
            self.slot(Worker(), I64, "worker"),
            *(x if isinstance(x, Val) else code.const(x, I64) for x in (a, b)),
        ]
        code.call_pointer(self.slot(Callback(), PTR, "callback"), "void", *values)

    def cancelled(self) -> Val:
        """The query must end; tested where a row may cost much."""
        word = self.slot(Cancel(), PTR, "cancel")
        # another thread writes it: the load must not be moved out of the loop
        return self.code.value("cancelled", I64, f"load volatile i64, ptr {word.ref}, align 8") != 0

    # ------------------------------------------------------------ Context

    def parameter(self, value: object, type_: t.Type) -> Value:
        code = self.code
        if value is None:
            lane = machine_type(type_)
            zero = "null" if lane == PTR else "zeroinitializer"
            length = (
                code.const(0, I64) if isinstance(type_, t.String | t.Binary | t.Array) else None
            )
            bounds = type_range(type_)
            lo, hi = bounds if bounds is not None else (None, None)
            return Value(type_, Val(code, zero, lane), code.false, lo, hi, length)
        match value:
            case bool():
                return Value(type_, self._word(int(value), "i1"), None, 0, 1)
            case int() if isinstance(type_, t.Float):
                return self._float(value, type_)
            case int():
                lo, hi = digits_range(value, type_)
                lane = f"i{width_for(lo, hi)}"
                return Value(type_, self._integer(value, lane), None, lo, hi)
            case float():
                return self._float(value, type_)
            case str() | bytes():
                return self._bytes(value, type_)
            case _:
                raise AssertionError(f"no literal of {type_}: {value!r}")

    def _next_word(self, value: Any, part: Part) -> Word:
        # two literals of the same value keep apart slots: the text must not depend on values
        self._parameters += 1
        number = number_of(value)
        literal = None if number is None else (number, part)
        return Word(bits_of(value, part), self._parameters, literal)

    def parameter_word(self, value: int) -> Val:
        """A 64-bit parameter that is no SQL value, e.g. a limit."""
        return self._word(value, I64)

    def _word(self, value: Any, lane: str, part: Part = "low") -> Val:
        word = self.slot(self._next_word(value, part), I64, "param")
        return self._narrowed(word, lane)

    def _narrowed(self, word: Val, lane: str) -> Val:
        if lane == I64:
            return word
        return self.code.entry_value("param", lane, f"trunc i64 {word.ref} to {lane}")

    def _integer(self, value: int, lane: str) -> Val:
        if lane != "i128":
            return self._word(value, lane)
        low = self._word(value, I64)
        high = self._word(value, I64, "high")
        entry = self.code.entry_value
        a = entry("low", "i128", f"zext i64 {low.ref} to i128")
        b = entry("high", "i128", f"zext i64 {high.ref} to i128")
        c = entry("high", "i128", f"shl i128 {b.ref}, 64")
        return entry("param", "i128", f"or i128 {a.ref}, {c.ref}")

    def _float(self, value: float, type_: t.Type) -> Value:
        word = self.slot(self._next_word(value, "double"), F64, "param")
        if isinstance(type_, t.Float) and type_.bits == 32:
            word = self.code.entry_value("param", F32, f"fptrunc double {word.ref} to float")
        return Value(type_, word, None, finite=value == value)

    def _bytes(self, value: str | bytes, type_: t.Type) -> Value:
        data = value.encode() if isinstance(value, str) else bytes(value)
        key = f"literal {len(self.builder.constants)}"
        number = number_of(value)
        if number is not None:
            self.builder.literals.append((key, number))
        pointer = self.slot(Constant(self.builder.constant(data, key)), PTR, "text")
        length = self._word(value, I64, "length")
        return Value(type_, pointer, None, length=length, ascii=data.isascii())

    def table(self, data: bytes, key: str) -> Val:
        return self.slot(Constant(self.builder.constant(data, "table " + key)), PTR, "table")

    def fail(
        self,
        failure: Failure,
        when: Val,
        operands: tuple[Value, ...] = (),
        expr: Expr | None = None,
        detail: tuple[tuple[str, str], ...] = (),
    ) -> None:
        if when.ref == "false":
            return
        status = self.once("status", self._status)
        if self.builder.diagnose:
            number = len(self.sites)
            types = tuple(operand.type for operand in operands)
            self.sites.append(Site(failure, types, expr, detail))
            record = self.slot(Diagnosis(), PTR, "diagnosis")
            failures.record(self.code, record, number, when, operands)
        status.set(status.get() | (when.zext(I64) << int(failure)))

    def _status(self) -> Variable:
        variable = self.register(I64, "0", "status")
        at = self.slot_address(Status())
        self.at_end(lambda: at.store(at.load(I64) | variable.get()))
        return variable

    def heap(self, size: Val) -> Val:
        name = f"heap {self.name}"
        if name not in self.builder.structures:
            self.builder.structure(Heap(name))
        local = self.slot(Local(name), PTR, "heap")
        code = self.code
        at = code.var(local.load(PTR, "free"), hint="free")
        room = local.at(I64, 1).load(I64) - at.get().ptrtoint()
        with code.if_(room < size, "grow_heap", unlikely=True):
            self.request(Request.HEAP, name, size)
            at.set(local.load(PTR, "free"))
        start = at.get()
        local.store(start.at(I8, size))
        return start

    def callback(
        self,
        key: str,
        function: object,
        arguments: tuple[t.Type, ...],
        result: t.Type,
        *args: Value,
    ) -> Value:
        self.builder.calls.setdefault(key, Call(key, function, arguments, result))
        return failures.call(self, key, result, args)

    def row_number(self) -> Val:
        assert self.position is not None
        if not self.fans_out:
            return self.position
        # a row of the source has become several: they are counted, too
        turn = self.once("row number", lambda: self.register(I64, "0", "turn"))
        turn.add(1)
        return (self.position << 24) + turn.get()

    def library(self, name: str, bitcode: bytes) -> None:
        self.libraries[name] = bitcode

    def over_dictionary(self, expr: Expr, column: Column, row: Row) -> Value | None:
        return dictionaries.over_dictionary(self, expr, column, row)

    # ------------------------------------------------------------ dictionaries

    def dictionary_string(
        self,
        type_: t.Type,
        dictionary: dictionaries.Dictionary,
        code: Val,
        valid: Val | None,
        ascii: bool,
    ) -> Value:
        """The string of an i32 code; codes of NULL rows must be valid codes too."""
        source, column = dictionary.source, dictionary.column
        offsets = self.slot(DictionaryPart(source, column, "offsets"), PTR, "dict_offsets")
        data = self.slot(DictionaryPart(source, column, "data"), PTR, "dict")
        at = offsets.at(I32, code.zext(I64))
        start, stop = at.load(I32).zext(I64), at.at(I32, 1).load(I32).zext(I64)
        return Value(
            type_,
            data.at(I8, start),
            valid,
            length=stop - start,
            code=code,
            dictionary=dictionary,
            ascii=ascii,
        )

    def shared(self, structure: str) -> Val:
        return self.slot(Shared(structure), PTR, "shared")

    def local(self, structure: str) -> Val:
        return self.slot(Local(structure), PTR, "local")


def digits_range(value: int, type_: t.Type) -> tuple[int, int]:
    """What may be assumed of a literal: the class of its number of digits, never its value."""
    bounds = type_range(type_)
    assert bounds is not None, type_
    if isinstance(type_, t.Integer | t.Decimal):
        most = 10 ** digit_class(value) - 1
        return max(bounds[0], -most), min(bounds[1], most)
    return bounds
