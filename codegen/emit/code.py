"""The text of generated functions, and control flow as context managers.

A `Code` collects functions of one program; inside `function(...)` everything staged goes to that
function. It knows no query and needs no LLVM library: it appends lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from pyflare.codegen.emit.value import I1, I64, PTR, Val, constant, mangled


@dataclass(slots=True)
class Body:
    """One function under construction: entry lines (allocas, loads of state slots), then lines."""

    name: str
    result: str
    parameters: tuple[tuple[str, str], ...]
    attributes: str = "nounwind"
    entry: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    block: str = "start"
    names: dict[str, int] = field(default_factory=dict)
    terminated: bool = False
    scopes: list[int] = field(default_factory=lambda: [0])
    scope_count: int = 0

    def text(self) -> str:
        parameters = ", ".join(f"{type_} %{name}" for name, type_ in self.parameters)
        head = f"define {self.result} @{self.name}({parameters}) {self.attributes} {{\nentry:\n"
        entry = "".join(f"  {line}\n" for line in (*self.entry, "br label %start"))
        return head + entry + "start:\n" + "\n".join(self.lines) + "\n}\n"


class Variable:
    """A mutable value: an alloca of the entry block, a register after sroa."""

    __slots__ = ("pointer", "type")

    def __init__(self, pointer: Val, type_: str) -> None:
        self.pointer = pointer
        self.type = type_

    def get(self) -> Val:
        return self.pointer.load(self.type, "var")

    def set(self, value: Val | int | float | bool) -> None:
        if not isinstance(value, Val):
            value = self.pointer.code.const(value, self.type)
        assert value.type == self.type, f"{value!r} into a variable of {self.type}"
        self.pointer.store(value)

    def add(self, value: Val | int | float) -> None:
        self.set(self.get() + value)


class Array:
    """Elements of one type behind a pointer: `array[i]` loads, `array[i] = value` stores."""

    __slots__ = ("pointer", "type")

    def __init__(self, pointer: Val, type_: str) -> None:
        self.pointer = pointer
        self.type = type_

    def __getitem__(self, index: Val | int) -> Val:
        return self.pointer.at(self.type, index).load(self.type)

    def __setitem__(self, index: Val | int, value: Val | int | float | bool) -> None:
        if not isinstance(value, Val):
            value = self.pointer.code.const(value, self.type)
        self.pointer.at(self.type, index).store(value)


class Loop:
    """The exits of an enclosing loop."""

    __slots__ = ("code", "done", "next")

    def __init__(self, code: Code, next_: str, done: str) -> None:
        self.code = code
        self.next = next_
        self.done = done

    def break_if(self, condition: Val) -> None:
        after = self.code.label("go")
        self.code.branch(condition, self.done, after)
        self.code.start(after)

    def continue_if(self, condition: Val) -> None:
        after = self.code.label("go")
        self.code.branch(condition, self.next, after)
        self.code.start(after)


@cache
def _plain(hint: str) -> str:
    """`hint` as part of a name: users' column names hold spaces, dots and letters of any script."""
    return re.sub(r"[^0-9A-Za-z_]", "_", hint)


class Code:
    """Functions under construction and the external symbols they use."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.declarations: dict[str, str] = {}
        self.body: Body

    # ------------------------------------------------------------ functions and lines

    @contextmanager
    def function(
        self,
        name: str,
        result: str,
        parameters: Sequence[tuple[str, str]],
        attributes: str = "nounwind",
    ) -> Iterator[list[Val]]:
        """Opens `define result @name(parameters)`; yields the parameters. Ends with `ret`."""
        outer = getattr(self, "body", None)
        self.body = Body(name, result, tuple(parameters), attributes)
        yield [Val(self, f"%{p}", type_) for p, type_ in parameters]
        self.functions.append(self.body.text())
        if outer is not None:
            self.body = outer

    def ret(self, value: Val | None = None) -> None:
        self.line(f"ret {value.type} {value.ref}" if value is not None else "ret void")
        self.body.terminated = True

    def line(self, text: str) -> None:
        assert not self.body.terminated, f"{text!r} after the end of a block"
        self.body.lines.append("  " + text)

    def comment(self, text: str) -> None:
        """A remark at an operator's border, for readers of the IR."""
        self.body.lines.append("  ; " + " ".join(text.split()))

    def fresh(self, hint: str) -> str:
        """A name not used in this function: hint, hint.1, hint.2, …"""
        count = self.body.names.get(hint, 0)
        self.body.names[hint] = count + 1
        return f"{hint}.{count}" if count else hint

    def value(self, hint: str, type_: str, instruction: str) -> Val:
        name = "%" + self.fresh("v." + _plain(hint))
        self.line(f"{name} = {instruction}")
        return Val(self, name, type_)

    def entry_value(self, hint: str, type_: str, instruction: str) -> Val:
        """A value computed once in the entry block, usable everywhere in the function."""
        name = "%" + self.fresh("e." + _plain(hint))
        self.body.entry.append(f"{name} = {instruction}")
        return Val(self, name, type_)

    def const(self, value: bool | int | float, type_: str) -> Val:
        return Val(self, constant(value, type_), type_)

    @property
    def true(self) -> Val:
        return self.const(True, I1)

    @property
    def false(self) -> Val:
        return self.const(False, I1)

    def null(self) -> Val:
        return Val(self, "null", PTR)

    # ------------------------------------------------------------ calls

    def call(self, name: str, result: str, *args: Val, declare: str | None = None) -> Val | None:
        """Calls @name; `declare` is the declaration of an external symbol."""
        if declare is not None:
            self.declarations[name] = declare
        arguments = ", ".join(f"{a.type} {a.ref}" for a in args)
        text = f"call {result} @{name}({arguments})"
        if result == "void":
            self.line(text)
            return None
        return self.value("call", result, text)

    def intrinsic(self, name: str, result: str, *args: Val) -> Val:
        """Calls an LLVM intrinsic by its full name, e.g. llvm.smax.i64."""
        types = ", ".join(a.type for a in args)
        value = self.call(name, result, *args, declare=f"declare {result} @{name}({types})")
        assert value is not None
        return value

    def call_pointer(self, pointer: Val, result: str, *args: Val) -> Val | None:
        """Calls through a function pointer loaded from the state."""
        arguments = ", ".join(f"{a.type} {a.ref}" for a in args)
        text = f"call {result} {pointer.ref}({arguments})"
        if result == "void":
            self.line(text)
            return None
        return self.value("call", result, text)

    def unary(self, op: str, x: Val) -> Val:
        """llvm.<op>.<type>(x), e.g. fabs, floor, sqrt, ctpop, bswap."""
        return self.intrinsic(f"llvm.{op}.{mangled(x.type)}", x.type, x)

    def binary(self, op: str, x: Val, y: Val) -> Val:
        """llvm.<op>.<type>(x, y), e.g. smax, umin, minnum."""
        return self.intrinsic(f"llvm.{op}.{mangled(x.type)}", x.type, x, y)

    # ------------------------------------------------------------ blocks

    def label(self, hint: str) -> str:
        return self.fresh("b." + hint)

    def start(self, label: str) -> None:
        """Begins block `label`; falls through from an open block."""
        if not self.body.terminated:
            self.line(f"br label %{label}")
        self.body.lines.append(f"{label}:")
        self.body.block = label
        self.body.terminated = False

    def jump(self, label: str) -> None:
        if not self.body.terminated:
            self.line(f"br label %{label}")
            self.body.terminated = True

    def branch(self, condition: Val, then: str, otherwise: str, unlikely: bool = False) -> None:
        weights = ', !prof !{!"branch_weights", i32 1, i32 4000}' if unlikely else ""
        self.line(f"br i1 {condition.ref}, label %{then}, label %{otherwise}{weights}")
        self.body.terminated = True

    # ------------------------------------------------------------ scopes

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Code that some paths to what follows do not run: its values are not visible there."""
        body = self.body
        body.scope_count += 1
        body.scopes.append(body.scope_count)
        yield
        body.scopes.pop()

    @property
    def here(self) -> tuple[str, int]:
        """The innermost scope, a mark for `visible`."""
        return self.body.name, self.body.scopes[-1]

    def visible(self, mark: tuple[str, int]) -> bool:
        """Whether a value staged in the scope `mark` may be used here."""
        return mark[0] == self.body.name and mark[1] in self.body.scopes

    # ------------------------------------------------------------ control flow

    @contextmanager
    def if_(self, condition: Val, hint: str = "then", unlikely: bool = False) -> Iterator[None]:
        """The body runs where `condition` holds."""
        then, after = self.label(hint), self.label("end_" + hint)
        self.branch(condition, then, after, unlikely)
        self.start(then)
        with self.scope():
            yield
        self.jump(after)
        self.start(after)

    def choose(
        self,
        condition: Val,
        then: Callable[[], Sequence[Val]],
        otherwise: Callable[[], Sequence[Val]],
    ) -> list[Val]:
        """The values of `then()` or of `otherwise()`; only the chosen one is evaluated."""
        yes, no, after = self.label("then"), self.label("else"), self.label("end")
        self.branch(condition, yes, no)
        self.start(yes)
        with self.scope():
            left = list(then())
        left_end = self.body.block
        self.jump(after)
        self.start(no)
        with self.scope():
            right = list(otherwise())
        right_end = self.body.block
        self.jump(after)
        self.start(after)
        return [
            self.value(
                "phi", a.type, f"phi {a.type} [ {a.ref}, %{left_end} ], [ {b.ref}, %{right_end} ]"
            )
            for a, b in zip(left, right, strict=True)
        ]

    @contextmanager
    def while_(self, condition: Callable[[], Val], hint: str = "while") -> Iterator[Loop]:
        """The body repeats while `condition()`, staged anew before each turn, holds."""
        test, turn, done = self.label(hint), self.label("body"), self.label("done")
        self.start(test)
        self.branch(condition(), turn, done)
        self.start(turn)
        with self.scope():
            yield Loop(self, test, done)
        self.jump(test)
        self.start(done)

    @contextmanager
    def loop(self, hint: str = "loop") -> Iterator[Loop]:
        """Repeats until a `break_if`."""
        turn, done = self.label(hint), self.label("done")
        self.start(turn)
        with self.scope():
            yield Loop(self, turn, done)
        self.jump(turn)
        self.start(done)

    @contextmanager
    def range_(
        self, lo: Val | int, hi: Val, step: int = 1, hint: str = "row"
    ) -> Iterator[tuple[Val, Loop]]:
        """The body runs for each i in lo, lo + step, … below hi (signed); i is a phi."""
        type_ = hi.type
        first = lo if isinstance(lo, Val) else self.const(lo, type_)
        test, turn = self.label(hint), self.label("body")
        after, done = self.label("next"), self.label("done")
        before = self.body.block
        self.jump(test)
        self.start(test)
        name, following = "%" + self.fresh("i." + hint), "%" + self.fresh("i.next")
        self.line(f"{name} = phi {type_} [ {first.ref}, %{before} ], [ {following}, %{after} ]")
        index = Val(self, name, type_)
        self.branch(index < hi, turn, done)
        self.start(turn)
        with self.scope():
            yield index, Loop(self, after, done)
        self.jump(after)
        self.start(after)
        self.line(f"{following} = add nsw {type_} {name}, {step}")
        self.jump(test)
        self.start(done)

    # ------------------------------------------------------------ storage

    def var(self, value: Val | int | float | bool, type_: str = I64, hint: str = "var") -> Variable:
        """A mutable variable that starts as `value` here."""
        if isinstance(value, Val):
            type_ = value.type
        variable = Variable(self.entry_value(hint, PTR, f"alloca {type_}"), type_)
        variable.set(value)
        return variable

    def stack(self, type_: str, count: int, hint: str = "buf") -> Array:
        """An uninitialised array on the stack, allocated once per call of the function."""
        pointer = self.entry_value(hint, PTR, f"alloca {type_}, i64 {count}, align 64")
        return Array(pointer, type_)

    # ------------------------------------------------------------ module

    def module(self) -> str:
        """The whole text, declarations first."""
        defined = {f.split("@", 1)[1].split("(", 1)[0] for f in self.functions}
        declared = [d for name, d in sorted(self.declarations.items()) if name not in defined]
        return "\n".join([*declared, "", *self.functions])
