"""FROM: tables, functions, VALUES, subqueries, joins, LATERAL, PIVOT, with Spark's rules for names.

What overrides a hook of sqlglot's Parser has sqlglot's name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlglot import exp
from sqlglot.tokens import TokenType

from pyflare.engine.errors import parse_error, unsupported
from pyflare.engine.plan.syntax import Alias, Function, SyntaxExpr
from pyflare.engine.sql.calls import call
from pyflare.engine.sql.pivots import read_pivot
from pyflare.engine.sql.sampling import read_sample
from pyflare.engine.sql.stream import Parsed, Stream

# Words that cannot be an alias without AS.
CLAUSES = frozenset(
    {
        "FROM", "WHERE", "HAVING", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "MINUS",
        "WINDOW", "LATERAL", "PIVOT", "UNPIVOT", "AND", "OR", "NOT", "THEN", "WHEN",
        "ELSE", "END", "IS", "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "ON", "USING",
        "ORDER", "GROUP", "SORT", "CLUSTER", "DISTRIBUTE", "QUALIFY", "FOR",
    }
)  # fmt: skip
_NOT_ALIASES = CLAUSES | {
    "ANTI", "CROSS", "FULL", "INNER", "JOIN", "LEFT", "NATURAL", "RIGHT", "SEMI", "TABLESAMPLE",
    "SELECT", "VALUES", "WITH", "SET",
}  # fmt: skip
_NOT_LATERAL = {
    ("RIGHT", ""): "RIGHT OUTER",
    ("RIGHT", "OUTER"): "RIGHT OUTER",
    ("FULL", ""): "FULL OUTER",
    ("FULL", "OUTER"): "FULL OUTER",
    ("LEFT", "SEMI"): "LEFT SEMI",
    ("", "SEMI"): "LEFT SEMI",
    ("LEFT", "ANTI"): "LEFT ANTI",
    ("", "ANTI"): "LEFT ANTI",
}


class Tables(Stream):
    """The relations of a FROM clause."""

    ADD_JOIN_ON_TRUE = False
    SUPPORTS_TABLE_QUERY = True

    def table_alias(self) -> str | None:
        if self.take("AS") or (self.is_name() and self.word() not in _NOT_ALIASES):
            return self.name()
        return None

    def _parse_extensions(self, this: exp.Expr) -> None:
        """Joins and pivots apply, left to right, to all that stands before them."""
        if isinstance(this, exp.Select) and not this.args.get("from_"):
            return
        if isinstance(this, exp.Values):
            return
        while True:
            if (self.word() in ("PIVOT", "UNPIVOT") and self.at_type(TokenType.L_PAREN, 1)) or (
                self.word() == "UNPIVOT" and self.word(2) == "NULLS"
            ):
                this.append("joins", Parsed(this=read_pivot(self)))
            elif self.at("LATERAL", "VIEW"):
                this.append("joins", self._parse_lateral_view())
            elif self.at(",") and not isinstance(this, exp.Select):
                return
            elif (join := self._parse_join()) is not None:
                this.append("joins", join)
            else:
                return

    def _parse_join(self, *args: Any, **kwargs: Any) -> exp.Join | None:
        """Every join has one relation at its right: a JOIN b JOIN c ON … ON … is not Spark's."""
        if self.take(","):
            return exp.Join(this=self._parse_table(), kind="CROSS")
        index, start = self._index, self.start
        method = "NATURAL" if self.take("NATURAL") else ""
        side = kind = ""
        if self.word() in ("INNER", "CROSS", "SEMI", "ANTI"):
            kind = self.name().upper()
        elif self.word() in ("LEFT", "RIGHT", "FULL"):
            side = self.name().upper()
            if self.at("OUTER") or (side == "LEFT" and self.word() in ("SEMI", "ANTI")):
                kind = self.name().upper()
        if not self.take("JOIN"):
            if side or kind or method:
                raise self.unexpected()
            self._retreat(index)
            return None
        join = exp.Join(this=self._parse_table(), method=method, side=side, kind=kind)
        if self.take("ON"):
            join.set("on", Parsed(this=self.read()))
        elif self.take("USING"):
            join.set("using", [exp.to_identifier(c, quoted=True) for c in self.names()])
        if isinstance(join.this, exp.Lateral) and (side, kind) in _NOT_LATERAL:
            parameters = {"joinType": _NOT_LATERAL[side, kind]}
            raise parse_error("INVALID_LATERAL_JOIN_TYPE", parameters, self.origin(start))
        return join

    def _at_pivot(self) -> bool:
        if self.word() == "UNPIVOT" and self.word(2) == "NULLS":
            return True
        return self.word() in ("PIVOT", "UNPIVOT") and self.at_type(TokenType.L_PAREN, 1)

    def _parse_lateral(self) -> exp.Lateral | None:
        """LATERAL (SELECT …) or LATERAL function(…), with its alias."""
        if not self.at("LATERAL") or self.at("LATERAL", "VIEW"):
            return None
        self.need("LATERAL")
        if self.at_query():
            self.need("(")
            this: exp.Expr | None = exp.Subquery(this=self._parse_statement())
            self.need(")")
        else:
            this = self._parse_function()
        if this is None:
            raise self.unexpected()
        return exp.Lateral(this=this, alias=self._parse_table_alias())

    def _parse_lateral_view(self) -> exp.Lateral:
        self.need("LATERAL", "VIEW")
        outer = self.take("OUTER")
        generator = self._parse_function()
        if generator is None:
            raise self.unexpected()
        table = ""
        if self.is_name() and not self.at("AS") and self.word() not in _NOT_ALIASES:
            table = self.name()
        columns: list[str] = []
        if self.take("AS") or (self.is_name() and self.word() not in _NOT_ALIASES):
            columns.append(self.name())
            while self.at(",") and self.is_name(1) and not self._starts_relation(1):
                self.need(",")
                columns.append(self.name())
        alias = exp.TableAlias(
            this=exp.to_identifier(table, quoted=True),
            columns=[exp.to_identifier(c, quoted=True) for c in columns],
        )
        return exp.Lateral(this=generator, view=True, outer=outer, alias=alias)

    def _starts_relation(self, distance: int) -> bool:
        return self.word(distance) == "LATERAL"

    def _parse_function(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        """A table-valued function."""
        if not self.is_name() or not self.at_type(TokenType.L_PAREN, 1):
            return None
        start = self.start
        return Parsed(this=call(self, (self.name(),), start))

    def _parse_table_part(self, schema: bool = False) -> exp.Expr:
        function = self._parse_function()
        if function is not None:
            return function
        if self.at("(") or not self.is_name():
            raise self.unexpected()
        token = self._curr
        self._advance()
        quoted = token.token_type == TokenType.IDENTIFIER
        name = exp.Identifier(this=token.text, quoted=quoted).update_positions(token)
        name.meta["sql"] = self.sql
        return name

    def _parse_table_parts_fast(self) -> None:
        """The ordinary path keeps to Spark's rules for names."""

    def _parse_id_var(self, any_token: bool = True, tokens: Any = None) -> exp.Expr | None:
        if not self.is_name():
            return None
        return exp.to_identifier(self.name(), quoted=True)

    def _parse_table_alias(
        self, alias_tokens: Collection[TokenType] | None = None
    ) -> exp.TableAlias | None:
        alias = self.table_alias()
        if alias is None:
            return None
        name = exp.to_identifier(alias, quoted=True)
        columns = self.names() if self.at("(") and not self.at_query() else ()
        identifiers = [exp.to_identifier(c, quoted=True) for c in columns]
        return exp.TableAlias(this=name, columns=identifiers)

    def _parse_alias(self, this: exp.Expr | None, explicit: bool = False) -> exp.Expr | None:
        return this

    def _parse_bracket(self, this: exp.Expr | None = None) -> exp.Expr | None:
        return this

    def _parse_table_sample(self, as_modifier: bool = False) -> exp.Expr | None:
        return Parsed(this=read_sample(self)) if self.at("TABLESAMPLE") else None

    def _parse_subquery(self, this: exp.Expr | None, parse_alias: bool = True) -> Any:
        """In Spark the sample stands before the alias."""
        if this is None:
            return None
        sample = self._parse_table_sample()
        alias = self._parse_table_alias() if parse_alias else None
        return exp.Subquery(this=this, sample=sample, alias=alias)

    def _parse_value(self, values: bool = True) -> exp.Tuple:
        """A row of VALUES: what is no struct is a row of one column."""
        node = self.read()
        items: tuple[SyntaxExpr, ...] = (node,)
        if isinstance(node, Function) and node.name == "struct":
            items = tuple(a.child if isinstance(a, Alias) else a for a in node.args)
        return exp.Tuple(expressions=[Parsed(this=item) for item in items])

    def _parse_derived_table_values(self, *args: Any, **kwargs: Any) -> exp.Values | None:
        if not self.take("VALUES"):
            return None
        rows = [self._parse_value()]
        while self.take(","):
            rows.append(self._parse_value())
        return exp.Values(expressions=rows, alias=self._parse_table_alias())

    def _parse_pivots(self) -> None:
        """Read by _parse_extensions: they apply to the whole relation, not to its last table."""

    def _parse_stream(self) -> None:
        return None

    def _parse_unnest(self, with_alias: bool = True) -> None:
        return None

    def _parse_into(self) -> None:
        return None

    def _parse_version(self) -> None:
        if self.at("VERSION", "AS", "OF") or self.at("TIMESTAMP", "AS", "OF"):
            raise unsupported("time travel")

    def _parse_table_hints(self) -> None:
        if self.at("WITH", "("):
            raise unsupported("options of a table in FROM")

    def _parse_historical_data(self) -> None:
        return None

    def _parse_changes(self) -> None:
        return None

    def _parse_partition(self) -> None:
        return None
