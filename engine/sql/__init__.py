"""SQL text to the syntax tree (engine.plan.syntax). sqlglot parses; nothing is resolved here."""

from pyflare.engine.sql.parse import parse, parse_expression
from pyflare.engine.sql.types import parse_ddl, parse_schema, parse_type

__all__ = ["parse", "parse_ddl", "parse_expression", "parse_schema", "parse_type"]
