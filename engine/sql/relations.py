"""sqlglot's tree of queries and relations to ours. A clause that is not known here is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from typing import Literal as OneOf

from sqlglot import exp

from pyflare.codegen.ir.expr import Literal, Origin
from pyflare.codegen.ir.types import Integer
from pyflare.engine.errors import unsupported
from pyflare.engine.plan.syntax import (
    Aggregate,
    DataSource,
    Deduplicate,
    Filter,
    Function,
    Join,
    LateralView,
    Limit,
    NamedTable,
    NoOp,
    Offset,
    OneRowRelation,
    Ordering,
    Project,
    RangeTable,
    Relation,
    SetOperation,
    Sort,
    Star,
    SubqueryAlias,
    SyntaxExpr,
    TableFunction,
    Values,
    WindowDefinitions,
    WindowOver,
    With,
)
from pyflare.engine.sql.errors import origin
from pyflare.engine.sql.grouping import Grouping
from pyflare.engine.sql.pivots import Clause
from pyflare.engine.sql.sampling import Sampling
from pyflare.engine.sql.stream import Parsed

_FILES = frozenset({"parquet", "csv", "json", "orc", "text", "avro", "binaryfile"})
_TAIL = ("order", "cluster", "distribute", "sort", "limit", "offset")
_NO_NAME = "__auto_generated_subquery_name"
_SIDES: dict[tuple[str, str], OneOf["inner", "left", "right", "full", "semi", "anti", "cross"]] = {
    ("", ""): "inner",
    ("", "INNER"): "inner",
    ("", "CROSS"): "cross",
    ("LEFT", ""): "left",
    ("LEFT", "OUTER"): "left",
    ("RIGHT", ""): "right",
    ("RIGHT", "OUTER"): "right",
    ("FULL", ""): "full",
    ("FULL", "OUTER"): "full",
    ("LEFT", "SEMI"): "semi",
    ("", "SEMI"): "semi",
    ("LEFT", "ANTI"): "anti",
    ("", "ANTI"): "anti",
}


def query(tree: exp.Expr) -> Relation:
    """A whole query with its WITH, ORDER BY and LIMIT."""
    match tree:
        case exp.Select():
            result = _select(tree)
        case exp.SetOperation():
            result = _set_operation(tree)
        case exp.Subquery():
            _only(tree, "this", "with_", "joins", *_TAIL)
            result = query(tree.this)
        case exp.Values():
            result = _values(tree)
        case _:
            raise unsupported(f"{tree.key} as a query")
    result = _tail(tree, result)
    with_ = tree.args.get("with_")
    return result if with_ is None else _with(with_, result)


def syntax(tree: Any) -> Any:
    """What the grammar has already read."""
    if isinstance(tree, exp.Star):
        return Star()
    assert isinstance(tree, Parsed), tree
    return tree.args["this"]


def _only(tree: exp.Expr, *known: str) -> None:
    """Refuses a clause that nobody translates, rather than dropping it."""
    for key, value in tree.args.items():
        if key not in known and value:
            raise unsupported(f"{key.strip('_').upper()} of {tree.key}")


def _select(tree: exp.Select) -> Relation:
    _only(
        tree, "with_", "expressions", "hint", "distinct", "from_", "joins", "where", "group",
        "having", "windows", *_TAIL,
    )  # fmt: skip
    items = tuple(syntax(e) for e in tree.expressions)
    result = _from(tree)
    where = tree.args.get("where")
    if where is not None:
        result = Filter(result, syntax(where.this))
    result = _project(tree, result, items)
    distinct = tree.args.get("distinct")
    if distinct is not None:
        _only(distinct)
        result = Deduplicate(result)
    windows = tree.args.get("windows")
    if windows:
        definitions: tuple[tuple[str, WindowOver], ...] = tuple(syntax(w) for w in windows)
        result = WindowDefinitions(result, definitions)
    hint = tree.args.get("hint")
    return result if hint is None else NoOp(result, f"hint {hint.expressions[0]}")


def _project(tree: exp.Select, child: Relation, items: tuple[SyntaxExpr, ...]) -> Relation:
    group, having = tree.args.get("group"), tree.args.get("having")
    condition = None if having is None else syntax(having.this)
    if group is not None:
        grouping: Grouping = syntax(group)
        return Aggregate(
            child, grouping.groups, items, grouping.kind, grouping.sets, condition, sql=True
        )
    if condition is not None:
        return Aggregate(child, (), items, having=condition, sql=True)
    return Project(child, items)


def _from(tree: exp.Expr) -> Relation:
    """Relations join from left to right, whether by a comma or by JOIN."""
    from_ = tree.args.get("from_")
    if from_ is None:
        return OneRowRelation()
    _only(from_, "this")
    return _extended(relation(from_.this), tree.args.get("joins"))


def _extended(result: Relation, extensions: Iterable[exp.Expr] | None) -> Relation:
    for extension in extensions or ():
        match extension:
            case exp.Join():
                result = _join(result, extension)
            case exp.Lateral():
                result = _lateral_view(result, extension)
            case _:
                clause: Clause = syntax(extension)
                result = clause.over(result)
    return result


def relation(tree: exp.Expr) -> Relation:
    """One item of FROM."""
    match tree:
        case exp.Table():
            _only(tree, "this", "db", "catalog", "alias", "sample", "joins")
            result = _extended(_aliased(_sampled(_table(tree), tree), tree), tree.args.get("joins"))
        case exp.Subquery():
            _only(tree, "this", "with_", "alias", "sample", "joins")
            result = _extended(_subquery(tree), tree.args.get("joins"))
        case exp.Values():
            result = _values(tree)
        case exp.Lateral():
            result = _lateral(tree)
        case _:
            raise unsupported(f"{tree.key} in FROM")
    return result


def _table(tree: exp.Table) -> Relation:
    if isinstance(tree.this, Parsed):
        return _function(tree.this)
    parts = tuple(part for part in tree.parts)
    names = tuple(part.name for part in parts)
    if len(names) == 2 and names[0].lower() in _FILES and parts[1].args.get("quoted"):
        return DataSource(names[0].lower(), (names[1],))
    return NamedTable(names, origin=_place(parts))


def _place(parts: tuple[exp.Expr, ...]) -> Origin | None:
    """The grammar leaves the text of the query in the meta of its names."""
    first, last = parts[0].meta, parts[-1].meta
    if "sql" not in first or "end" not in last:
        return None
    return origin(first["sql"], first["start"], last["end"] + 1)


def _function(tree: exp.Expr) -> Relation:
    function = syntax(tree)
    if not isinstance(function, Function) or function.distinct or function.filter is not None:
        raise unsupported("this table function")
    args = function.args
    numbers = [
        a.value
        for a in args
        if isinstance(a, Literal) and isinstance(a.type, Integer) and isinstance(a.value, int)
    ]
    if function.name.lower() == "range" and len(numbers) == len(args) and 1 <= len(args) <= 4:
        start, end = (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
        step = numbers[2] if len(numbers) > 2 else 1
        if step != 0:
            return RangeTable(start, end, step)
    return TableFunction(function.name, args, function.origin)


def _subquery(tree: exp.Subquery) -> Relation:
    inner = tree.this
    if isinstance(inner, (exp.Table, exp.Lateral)) or (
        isinstance(inner, exp.Subquery) and not isinstance(inner.unnest(), exp.Query)
    ):
        _only(tree, "this", "alias", "sample", "joins")
        return _aliased(_sampled(relation(inner), tree), tree)
    if isinstance(inner, exp.Subquery) and inner.args.get("alias"):
        return _aliased(_sampled(relation(inner), tree), tree)
    result = _sampled(query(inner), tree)
    with_ = tree.args.get("with_")
    if with_ is not None:
        result = _with(with_, result)
    alias = tree.args.get("alias")
    return SubqueryAlias(result, _NO_NAME) if alias is None else _aliased(result, tree)


def _aliased(result: Relation, tree: exp.Expr) -> Relation:
    alias = tree.args.get("alias")
    if alias is None:
        return result
    _only(alias, "this", "columns")
    return SubqueryAlias(result, alias.this.name, tuple(c.name for c in alias.columns))


def _sampled(result: Relation, tree: exp.Expr) -> Relation:
    sample = tree.args.get("sample")
    if sample is None:
        return result
    sampling: Sampling = syntax(sample)
    return sampling.over(result)


def _values(tree: exp.Values) -> Relation:
    _only(tree, "expressions", "alias", *_TAIL)
    rows = tuple(_row(row) for row in tree.expressions)
    return _aliased(Values(rows), tree)


def _row(tree: exp.Expr) -> tuple[SyntaxExpr, ...]:
    return tuple(syntax(e) for e in tree.expressions)


def _lateral(tree: exp.Lateral) -> Relation:
    _only(tree, "this", "alias")
    if isinstance(tree.this, Parsed):
        return _aliased(_function(tree.this), tree)
    result = query(tree.this)
    return _aliased(result, tree) if tree.args.get("alias") else SubqueryAlias(result, _NO_NAME)


def _lateral_view(child: Relation, tree: exp.Lateral) -> Relation:
    _only(tree, "this", "view", "outer", "alias")
    alias = tree.args["alias"]
    return LateralView(
        child,
        syntax(tree.this),
        bool(tree.args.get("outer")),
        alias.this.name,
        tuple(c.name for c in alias.columns),
    )


def _join(left: Relation, tree: exp.Join) -> Relation:
    _only(tree, "this", "on", "side", "kind", "using", "method")
    kind = _SIDES.get((tree.side, tree.kind))
    if kind is None or tree.method not in ("", "NATURAL"):
        raise unsupported(f"{tree.method} {tree.side} {tree.kind} JOIN".replace("  ", " ").strip())
    lateral = isinstance(tree.this, exp.Lateral)
    if lateral and (tree.args.get("using") or tree.method):
        raise unsupported("NATURAL or USING with a LATERAL join")
    on = tree.args.get("on")
    condition = None if on is None else syntax(on)
    if kind == "cross" and condition is not None:
        kind = "inner"
    right = relation(tree.this)
    return Join(
        left,
        right,
        kind,
        condition,
        using=tuple(c.name for c in tree.args.get("using") or ()),
        natural=tree.method == "NATURAL",
        lateral=lateral,
    )


def _set_operation(tree: exp.SetOperation) -> Relation:
    _only(tree, "this", "expression", "distinct", "with_", *_TAIL)
    kind: OneOf["union", "intersect", "except"]
    match tree:
        case exp.Union():
            kind = "union"
        case exp.Intersect():
            kind = "intersect"
        case _:
            kind = "except"
    return SetOperation(
        query(tree.this),
        query(tree.expression),
        kind,
        all=not tree.args.get("distinct"),
    )


def _tail(tree: exp.Expr, result: Relation) -> Relation:
    """ORDER BY, SORT BY, LIMIT, OFFSET; how rows are distributed has no meaning here."""
    for key in ("order", "sort", "cluster", "distribute"):
        clause = tree.args.get(key)
        if clause is None:
            continue
        _only(clause, "expressions")
        if key == "distribute":
            result = NoOp(result, "DISTRIBUTE BY")
            continue
        keys: tuple[Ordering, ...] = tuple(syntax(e) for e in clause.expressions)
        result = Sort(result, keys, is_global=key == "order", sql=True)
    offset, limit = tree.args.get("offset"), tree.args.get("limit")
    if offset is not None:
        result = Offset(result, syntax(offset.expression))
    if limit is not None and limit.expression is not None:
        result = Limit(result, syntax(limit.expression))
    return result


def _with(tree: exp.With, child: Relation) -> Relation:
    _only(tree, "expressions", "recursive")
    ctes: list[tuple[str, Relation]] = []
    for cte in tree.expressions:
        _only(cte, "this", "alias")
        name, body = cte.alias, query(cte.this)
        columns = tuple(c.name for c in cte.args["alias"].columns)
        ctes.append((name, SubqueryAlias(body, name, columns) if columns else body))
    return With(tuple(ctes), child, bool(tree.args.get("recursive")))
