"""Strings: code points, LIKE, substring, concat."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Call, Column, Literal
from tests.unit.functions.harness import Input, check

S = Column(0, "s", t.STRING)
TEXTS: list[str | None] = [
    "", "a", "ab", "abc", "PROMO BRUSHED", "xPROMO", "special requests", "aé", "éa", "日本語",
    "a%b", "a_b", "special " * 20 + "requests", "requests special", "\n", "a\nb", "😀b", None,
    "x" * 31 + "needle", "x" * 15 + "needle" + "y" * 40, "needl" * 30, "needl" * 30 + "needle",
]  # fmt: skip
PATTERNS = [
    "", "%", "%%", "a", "a%", "%a", "%b%", "PROMO%", "%special%requests%", "%needle%", "_", "__",
    "a_", "_a%", "%_b", "a\\%b", "a\\_b", "%é", "%日%", "a%b", "%語", "😀_", "%n_edl%e", "ab%bc",
    "x" * 70 + "%", "%" + "x" * 70 + "%",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_like(pattern: str) -> None:
    """Every kind of pattern over texts of every kind; `_` is one character."""
    call = Call("like", (S, Literal(pattern, t.STRING), Literal("\\", t.STRING)), t.BOOLEAN)
    check(call, Input(S, TEXTS))


@settings(max_examples=15, deadline=None)
@given(
    st.text("ab%_", max_size=6),
    st.lists(st.one_of(st.none(), st.text("abé", max_size=50)), min_size=1, max_size=60),
)
def test_like_random(pattern: str, texts: list[Any]) -> None:
    """Compiled matching agrees with a regular expression."""
    call = Call("like", (S, Literal(pattern, t.STRING), Literal("\\", t.STRING)), t.BOOLEAN)
    check(call, Input(S, texts))


@pytest.mark.parametrize("name", ["startswith", "endswith", "contains"])
@pytest.mark.parametrize("part", ["", "a", "needle", "日", "requests"])
def test_parts(name: str, part: str) -> None:
    """A literal at the start, at the end, anywhere."""
    check(Call(name, (S, Literal(part, t.STRING)), t.BOOLEAN), Input(S, TEXTS))


@pytest.mark.parametrize("position", [0, 1, 2, 5, -1, -3, 2147483647, -2147483648])
@pytest.mark.parametrize("count", [0, 1, 2, 100, -1, 2147483647])
def test_substring(position: int, count: int) -> None:
    """Positions count characters from 1, or back from the end."""
    args = (S, Literal(position, t.INT), Literal(count, t.INT))
    check(Call("substring", args, t.STRING), Input(S, TEXTS))
    ascii_ = [text for text in TEXTS if text is None or text.isascii()]
    check(Call("substring", args, t.STRING), Input(S, ascii_, ascii=True))


def test_concat_and_length() -> None:
    """Concatenation is NULL with a NULL part; length counts characters."""
    other = Column(1, "o", t.STRING)
    inputs = [Input(S, TEXTS), Input(other, [*TEXTS[1:], None])]
    check(Call("concat", (S, other, Literal("é", t.STRING), S), t.STRING), *inputs)
    check(Call("length", (S,), t.INT), inputs[0])
    check(Call("octet_length", (S,), t.INT), inputs[0])
