"""What a decoder may ask of the session while it translates a plan; it looks up nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyflare.codegen.ir.types import Type
from pyflare.engine.plan.syntax import Command, LocalTable, Relation, SyntaxExpr


@dataclass(frozen=True, slots=True)
class Context:
    """`local_tables` by the hash that a plan names (with the user's schema, if he gave one);
    `functions` by the token that stands in PythonUDF.command (else it holds a pickle);
    the parsers read the SQL text that comes inside plans.
    """

    parse_type: Callable[[str], Type]
    parse_expression: Callable[[str], SyntaxExpr]
    parse_query: Callable[[str], Relation | Command]
    local_tables: Mapping[str, LocalTable] = field(default_factory=dict)
    functions: Mapping[bytes, Any] = field(default_factory=dict)
