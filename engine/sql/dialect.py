"""Spark SQL as a sqlglot dialect.

sqlglot reads tokens, SELECT, FROM, joins, subqueries, CTEs and set operations. Where its grammar is
wider than Spark's, or another, this dialect overrides it: expressions (expressions.py) come out in
our syntax at once, function names stay as written, and the clauses of a query come in one order.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.tokens import TokenType

from pyflare.engine.plan.syntax import Alias, Ordering, Relation, SyntaxExpr
from pyflare.engine.sql import expressions
from pyflare.engine.sql.clauses import Clauses
from pyflare.engine.sql.relations import query
from pyflare.engine.sql.stream import Parsed
from pyflare.engine.sql.tables import CLAUSES

_SYMBOLS = ("/*+", "==", "::", "||", "|>", ">=", "<=", "<>", "!=", "<=>", "->", "=>")
_WORDS = (
    "ALL", "ANTI", "AS", "CLUSTER BY", "CROSS", "DISTINCT", "DISTRIBUTE BY", "EXCEPT", "FROM",
    "FULL", "GROUP BY", "HAVING", "INNER", "INTERSECT", "JOIN", "LATERAL", "LEFT", "LIMIT",
    "MINUS", "NATURAL", "OFFSET", "ON", "ORDER BY", "OUTER", "PERCENT", "RECURSIVE", "RIGHT",
    "ROWS", "SELECT", "SEMI", "SORT BY", "TABLE", "TABLESAMPLE", "UNION", "USING", "VALUES",
    "VIEW", "WHERE", "WINDOW", "WITH",
)  # fmt: skip


class Grammar(Clauses):
    """Spark's grammar over sqlglot's parser; what overrides one of its hooks has its name."""

    def read(self) -> SyntaxExpr:
        return expressions.expression(self)

    def read_value(self) -> SyntaxExpr:
        return expressions.value(self)

    def read_ordering(self) -> Ordering:
        return expressions.ordering(self)

    def read_named(self) -> SyntaxExpr:
        child = self.read()
        if self.take("AS"):
            names = self.names() if self.at("(") else (self.name(),)
        elif self.is_name() and self.word() not in CLAUSES:
            names = (self.name(),)
        else:
            return child
        return Alias(child, names)

    def read_query(self) -> Relation:
        tree = self._parse_statement()
        assert tree is not None
        return query(tree)

    def _parse_expression(self) -> exp.Expr:
        return Parsed(this=self.read_named())

    def _parse_disjunction(self) -> exp.Expr:
        return Parsed(this=self.read())

    def _parse_assignment(self) -> exp.Expr:
        return Parsed(this=self.read())

    def _parse_term(self, parse_mod: bool = True) -> exp.Expr:
        return Parsed(this=self.read())

    def _parse_factor(self, parse_mod: bool = True) -> exp.Expr:
        return Parsed(this=self.read_value())

    def _parse_primary(self) -> exp.Expr:
        return Parsed(this=self.read_value())

    def _parse_number(self) -> exp.Expr:
        return Parsed(this=self.read_value())

    def _parse_placeholder(self) -> None:
        return None

    def _parse_ordered(self, parse_method: Any = None) -> exp.Expr:
        return Parsed(this=self.read_ordering())


class SparkSql(Spark):  # type: ignore[misc]
    """The dialect: sqlglot's Spark with only the keywords that its relations need."""

    class Tokenizer(Spark.Tokenizer):  # type: ignore[misc]
        KEYWORDS: ClassVar = {k: Spark.Tokenizer.KEYWORDS[k] for k in (*_SYMBOLS, *_WORDS)}
        HEX_STRINGS: ClassVar[list[Any]] = []
        COMMANDS: ClassVar[set[TokenType]] = set()
        NUMERIC_LITERALS: ClassVar[dict[str, str]] = {}

    Parser = Grammar
