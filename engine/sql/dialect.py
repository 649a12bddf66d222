"""Spark SQL as a sqlglot dialect.

sqlglot reads tokens, SELECT, FROM, joins, subqueries, CTEs and set operations. Where its grammar is
wider than Spark's, or another, this dialect overrides it: expressions (expressions.py) come out in
our syntax at once, function names stay as written, and the clauses of a query come in one order.
Only what overrides a hook of sqlglot's Parser has sqlglot's name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, NoReturn

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.tokens import TokenType

from pyflare.engine.errors import parse_error, unsupported
from pyflare.engine.plan.syntax import Alias, Function, Ordering, Relation, SyntaxExpr
from pyflare.engine.sql import expressions, grouping, literals
from pyflare.engine.sql.calls import call
from pyflare.engine.sql.pivots import read_pivot
from pyflare.engine.sql.relations import query
from pyflare.engine.sql.sampling import read_sample
from pyflare.engine.sql.stream import Parsed, Stream
from pyflare.engine.sql.windows import named_window

_SYMBOLS = ("/*+", "==", "::", "||", "|>", ">=", "<=", "<>", "!=", "<=>", "->", "=>")
_WORDS = (
    "ALL", "ANTI", "AS", "CLUSTER BY", "CROSS", "DISTINCT", "DISTRIBUTE BY", "EXCEPT", "FROM",
    "FULL", "GROUP BY", "HAVING", "INNER", "INTERSECT", "JOIN", "LATERAL", "LEFT", "LIMIT",
    "MINUS", "NATURAL", "OFFSET", "ON", "ORDER BY", "OUTER", "PERCENT", "RECURSIVE", "RIGHT",
    "ROWS", "SELECT", "SEMI", "SORT BY", "TABLE", "TABLESAMPLE", "UNION", "USING", "VALUES",
    "VIEW", "WHERE", "WINDOW", "WITH",
)  # fmt: skip

# Words that cannot be an alias without AS.
_CLAUSES = frozenset(
    {
        "FROM", "WHERE", "HAVING", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "MINUS",
        "WINDOW", "LATERAL", "PIVOT", "UNPIVOT", "AND", "OR", "NOT", "THEN", "WHEN",
        "ELSE", "END", "IS", "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "ON", "USING",
        "ORDER", "GROUP", "SORT", "CLUSTER", "DISTRIBUTE", "QUALIFY", "FOR",
    }
)  # fmt: skip
_NOT_TABLE_ALIASES = _CLAUSES | {
    "ANTI", "CROSS", "FULL", "INNER", "JOIN", "LEFT", "NATURAL", "RIGHT", "SEMI", "TABLESAMPLE",
    "SELECT", "VALUES", "WITH", "SET",
}  # fmt: skip
_SELECT_CLAUSES = ("WHERE", "GROUP BY", "HAVING", "WINDOW")
_CLAUSE_ORDER = (
    "WHERE", "GROUP BY", "HAVING", "WINDOW", "ORDER BY", "CLUSTER BY", "DISTRIBUTE BY", "SORT BY",
    "LIMIT", "OFFSET",
)  # fmt: skip
_ARRANGEMENTS = frozenset({"ORDER BY", "CLUSTER BY", "DISTRIBUTE BY", "SORT BY"})
_SET_OPERATIONS = frozenset({"UNION", "EXCEPT", "INTERSECT", "MINUS"})
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
_TAIL = ("order", "cluster", "distribute", "sort", "limit", "offset")


class Grammar(Stream):
    """Spark's grammar over sqlglot's parser."""

    ADD_JOIN_ON_TRUE = False
    SUPPORTS_TABLE_QUERY = True

    # ------------------------------------------------------------ expressions

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
        elif self.is_name() and self.word() not in _CLAUSES:
            names = (self.name(),)
        else:
            return child
        return Alias(child, names)

    def table_alias(self) -> str | None:
        if self.take("AS") or (self.is_name() and self.word() not in _NOT_TABLE_ALIASES):
            return self.name()
        return None

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

    def _parse_function(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        """A table-valued function."""
        if not self.is_name() or not self.at_type(TokenType.L_PAREN, 1):
            return None
        start = self.start
        return Parsed(this=call(self, (self.name(),), start))

    # ------------------------------------------------------------ queries

    def _parse_statement(self) -> exp.Expr:
        tree = self._parse_select()
        if tree is None and self.at_query():
            tree = self._parse_set_operations(self._parse_select(nested=True))
        if tree is None:
            raise self.unexpected()
        return self._parse_query_modifiers(tree)

    def _parse_with(self, skip_with_token: bool = False) -> Any:
        start = self.start
        with_ = super()._parse_with(skip_with_token)
        names = [] if with_ is None else [cte.alias.lower() for cte in with_.expressions]
        repeated = sorted({f"`{name}`" for name in names if names.count(name) > 1})
        if repeated:
            parameters = {"duplicateNames": ", ".join(repeated)}
            raise parse_error("DUPLICATED_CTE_NAMES", parameters, self.origin(start))
        return with_

    def _parse_select_query(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        """A WITH clause stays with its own query; sqlglot merges nested ones, losing scopes."""
        with_ = self._parse_with()
        if with_ is None:
            return super()._parse_select_query(*args, **kwargs)
        tree = self._parse_statement()
        if tree.args.get("with_"):
            tree = exp.Subquery(this=tree)
        tree.set("with_", with_)
        return tree

    def _parse_query_modifiers(self, this: Any) -> Any:
        """Joins, then the clauses of a query, each at most once and in Spark's order."""
        if not isinstance(this, self.MODIFIABLES):
            return this
        self._parse_extensions(this)
        last = -1
        arranged: dict[str, int] = {}
        while self.word() in _CLAUSE_ORDER:
            word, start = self.word(), self.start
            rank = _CLAUSE_ORDER.index(word)
            if rank <= last or (word in _SELECT_CLAUSES and not isinstance(this, exp.Select)):
                raise self.unexpected()
            last = rank
            key, value = self.QUERY_MODIFIER_PARSERS[self._curr.token_type](self)
            this.set(key, value)
            if word in _ARRANGEMENTS:
                arranged[word] = start
                if len(arranged) > 1 and set(arranged) != {"DISTRIBUTE BY", "SORT BY"}:
                    where = self.origin(min(arranged.values()))
                    raise parse_error(
                        "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES", {}, where
                    )
        if self.at("QUALIFY") and isinstance(this, exp.Select):
            raise unsupported("QUALIFY", "filter a subquery that has the window function")
        return this

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

    def parse_set_operation(self, this: exp.Expr | None, *args: Any, **kwargs: Any) -> Any:
        """ORDER BY and LIMIT of an operand need parentheses; there is no BY NAME."""
        if self.word() in _SET_OPERATIONS:
            if isinstance(this, (exp.Select, exp.Values)) and any(map(this.args.get, _TAIL)):
                raise self.unexpected()
            by = 2 if self.word(1) in ("ALL", "DISTINCT") else 1
            if self.word(by) == "BY":
                raise self.unexpected(self.ahead(by))
        return super().parse_set_operation(this, *args, **kwargs)

    def _at_pivot(self) -> bool:
        if self.word() == "UNPIVOT" and self.word(2) == "NULLS":
            return True
        return self.word() in ("PIVOT", "UNPIVOT") and self.at_type(TokenType.L_PAREN, 1)

    def _parse_limit(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        if kwargs.get("top") or not self.take("LIMIT"):
            return None
        if self.take("ALL"):
            return exp.Limit()
        return exp.Limit(expression=Parsed(this=self.read()))

    def _parse_offset(self, this: exp.Expr | None = None) -> exp.Expr | None:
        self.need("OFFSET")
        return exp.Offset(expression=Parsed(this=self.read()))

    def _parse_group(self, skip_group_by_token: bool = False) -> exp.Expr:
        self.need("GROUP BY")
        return Parsed(this=grouping.read_grouping(self))

    def _parse_window_clause(self) -> list[exp.Expr]:
        self.need("WINDOW")
        windows = [Parsed(this=named_window(self, literals.NULL_VALUE))]
        while self.take(","):
            windows.append(Parsed(this=named_window(self, literals.NULL_VALUE)))
        return windows

    def _parse_sort(self, exp_class: Any, token: TokenType) -> Any:
        self._advance()
        return exp_class(expressions=self._parse_csv(self._parse_ordered))

    def _parse_cluster(self) -> Any:
        return self._parse_sort(exp.Cluster, TokenType.CLUSTER_BY)

    def _parse_hint(self) -> exp.Hint | None:
        if not self._match(TokenType.HINT):
            return None
        return exp.Hint(expressions=[self.source(self._prev)[3:-2].strip()])

    def _parse_pipe_syntax_query(self, query: Any) -> NoReturn:
        raise unsupported("the |> operator", "write the query with SELECT … FROM …")

    # ------------------------------------------------------------ relations

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
        if self.is_name() and not self.at("AS") and self.word() not in _NOT_TABLE_ALIASES:
            table = self.name()
        columns: list[str] = []
        if self.take("AS") or (self.is_name() and self.word() not in _NOT_TABLE_ALIASES):
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


class SparkSql(Spark):  # type: ignore[misc]
    """The dialect: sqlglot's Spark with only the keywords that its relations need."""

    class Tokenizer(Spark.Tokenizer):  # type: ignore[misc]
        KEYWORDS: ClassVar = {k: Spark.Tokenizer.KEYWORDS[k] for k in (*_SYMBOLS, *_WORDS)}
        HEX_STRINGS: ClassVar[list[Any]] = []
        COMMANDS: ClassVar[set[TokenType]] = set()
        NUMERIC_LITERALS: ClassVar[dict[str, str]] = {}

    Parser = Grammar
