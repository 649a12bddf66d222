"""Where an error lies in the user's text, printed as Spark prints it.

Run-time errors show the fragment under a header, analysis errors a line and a position, syntax
errors the whole text with a pointer.
"""

from __future__ import annotations

from pyflare.codegen.ir.expr import Origin

# SQLQueryContext.summary keeps this much of the line on each side of the fragment
_EXTRA = 32
_CUT = "..."


def span(origin: Origin) -> tuple[int, int]:
    """First and last character of the fragment within the whole SQL text."""
    text = origin.sql or ""
    length = len(origin.fragment) or max(origin.stop - origin.start, 1)
    start = max(origin.start, 0)
    return start, min(start + length, len(text)) - 1


def fragment(origin: Origin) -> str:
    """The user's words."""
    if origin.sql is None or origin.fragment:
        return origin.fragment
    start, stop = span(origin)
    return origin.sql[start : stop + 1]


def summary(origin: Origin | None) -> str:
    """`== SQL (line 1, position 8) ==` and the fragment underlined, or the DataFrame call."""
    if origin is None:
        return ""
    if origin.sql is None:
        if origin.call_site is None:
            return ""
        return f'== DataFrame ==\n"{origin.fragment}" was called from\n{origin.call_site}\n'
    return f"== SQL (line {origin.line}, position {origin.column + 1}) ==\n{_underlined(origin)}"


def _underlined(origin: Origin) -> str:
    text = origin.sql or ""
    if not text:
        return ""
    start, stop = span(origin)
    before = min(start, len(text) - 1)  # an unexpected end lies behind the text
    while before >= 0 and start - before <= _EXTRA and text[before] != "\n":
        before -= 1
    after = stop
    while after < len(text) and after - stop <= _EXTRA and text[after] != "\n":
        after += 1
    left = _CUT if start - before > _EXTRA else ""
    right = _CUT if after - stop > _EXTRA else ""
    at = before - len(left)
    out = ""
    for line in (left + text[before + 1 : after] + right).split("\n"):
        out += line + "\n"
        at += 1
        for _ in line:
            if at < start:
                out += " "
            elif at <= stop:
                out += "^"
            at += 1
        out += "\n"
    return out


def position(origin: Origin | None) -> str:
    """`; line 1 pos 7` after the message of an analysis error in SQL text."""
    if origin is None or origin.sql is None:
        return ""
    return f"; line {origin.line} pos {origin.column}"


def pointed(origin: Origin | None) -> str:
    """` (line 1, pos 9)` and the text with `---^^^` under the offending line."""
    if origin is None or origin.sql is None:
        return ""
    lines = origin.sql.split("\n")
    while lines and not lines[-1]:  # as Java's split: no trailing empty lines
        lines.pop()
    above, below = lines[: origin.line], lines[origin.line :]
    shown = [*above, "-" * origin.column + "^^^", *below]
    return f" (line {origin.line}, pos {origin.column})\n\n== SQL ==\n" + "\n".join(shown) + "\n"
