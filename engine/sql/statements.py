"""Statements that are not queries."""

from __future__ import annotations

from collections.abc import Callable

from pyflare.engine.plan.syntax import Command, Relation
from pyflare.engine.sql.tokens import Cursor


def statement(p: Cursor, query: Callable[[int], Relation]) -> Command | Relation | None:
    """The command at `p`; None if it is a query. `query` parses the text from an offset on."""
    return None
