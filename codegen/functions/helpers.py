"""Functions shared by the rows and pipelines of one program, emitted once under their name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyflare.codegen.emit.code import Code


def helper(
    code: Code,
    name: str,
    result: str,
    parameters: Sequence[tuple[str, str]],
    build: Callable[..., None],
) -> str:
    """Defines `name` in this module unless it is there, `build(*parameters)` its body."""
    name = f"fn.{name}"
    head = f"define internal {result} @{name}("
    if not any(text.startswith(head) for text in code.functions):
        with code.function(name, f"internal {result}", parameters) as values:
            build(*values)
    return name
