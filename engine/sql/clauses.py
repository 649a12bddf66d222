"""Queries: WITH, the clauses of SELECT in Spark's order, set operations, hints.

What overrides a hook of sqlglot's Parser has sqlglot's name.
"""

from __future__ import annotations

from typing import Any, NoReturn

from sqlglot import exp
from sqlglot.tokens import TokenType

from pyflare.engine.errors import parse_error, unsupported
from pyflare.engine.sql import grouping, literals
from pyflare.engine.sql.stream import Parsed
from pyflare.engine.sql.tables import Tables
from pyflare.engine.sql.windows import named_window

_SELECT_CLAUSES = ("WHERE", "GROUP BY", "HAVING", "WINDOW")
_CLAUSE_ORDER = (
    "WHERE", "GROUP BY", "HAVING", "WINDOW", "ORDER BY", "CLUSTER BY", "DISTRIBUTE BY", "SORT BY",
    "LIMIT", "OFFSET",
)  # fmt: skip
_ARRANGEMENTS = frozenset({"ORDER BY", "CLUSTER BY", "DISTRIBUTE BY", "SORT BY"})
_SET_OPERATIONS = frozenset({"UNION", "EXCEPT", "INTERSECT", "MINUS"})
_TAIL = ("order", "cluster", "distribute", "sort", "limit", "offset")


class Clauses(Tables):
    """A query over its relations."""

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
        if with_ is None:
            return None
        names = [cte.alias.lower() for cte in with_.expressions]
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

    def parse_set_operation(self, this: exp.Expr | None, *args: Any, **kwargs: Any) -> Any:
        """ORDER BY and LIMIT of an operand need parentheses; there is no BY NAME."""
        if self.word() in _SET_OPERATIONS:
            if isinstance(this, (exp.Select, exp.Values)) and any(map(this.args.get, _TAIL)):
                raise self.unexpected()
            by = 2 if self.word(1) in ("ALL", "DISTINCT") else 1
            if self.word(by) == "BY":
                raise self.unexpected(self.ahead(by))
        return super().parse_set_operation(this, *args, **kwargs)

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
