"""Statements with parameter markers, parsed once per text: the decoder puts the values in."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyspark.errors import AnalysisException

from pyflare.engine.plan.syntax import Command, Parameter, Relation, SyntaxExpr
from pyflare.engine.sql import parse


@functools.lru_cache(maxsize=256)
def cached_parse(text: str) -> Relation | Command:
    """A statement's tree: spark.sql, schema and the action parse the same text."""
    try:
        return parse(text)
    except AnalysisException as error:
        if error.getCondition() != "UNBOUND_SQL_PARAMETER":
            raise
        return parse(text, _Names(), _Places())


class _Names(Mapping[str, SyntaxExpr]):
    """Every :name is bound, to its own marker."""

    def __getitem__(self, key: str) -> SyntaxExpr:
        return Parameter(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1

    def __contains__(self, key: object) -> bool:
        return True


class _Places(Sequence[SyntaxExpr]):
    """Every ? is bound, to its own marker."""

    def __getitem__(self, key: Any) -> Any:
        return Parameter(key)

    def __len__(self) -> int:
        return 1 << 30
