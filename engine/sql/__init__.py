"""SQL text to the syntax tree (engine.plan.syntax). sqlglot parses; nothing is resolved here."""

from pyflare.engine.sql.types import parse_ddl, parse_schema, parse_type

__all__ = ["parse_ddl", "parse_schema", "parse_type"]
