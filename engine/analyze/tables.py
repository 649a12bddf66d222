"""Where rows come from: tables, views, CTEs, inline values, and names given to them."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from pyflare.codegen.ir.expr import Column, Expr, Literal
from pyflare.codegen.ir.types import BIGINT, NULL, STRING, Field, Struct, Type
from pyflare.engine.analyze import coerce
from pyflare.engine.analyze.analysis import Analysis, Analyzed
from pyflare.engine.analyze.expressions import Typer
from pyflare.engine.analyze.finish import settled
from pyflare.engine.analyze.scope import Scope, Visible, scope_of
from pyflare.engine.analyze.storage_form import arrow_column, can_be_arrow
from pyflare.engine.errors import analysis_error, unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.table import Table
from pyflare.engine.suggest import quoted
from pyflare.engine.types import schema_to_arrow

SEARCH_PATH = "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"


def named(node: s.NamedTable, analysis: Analysis) -> Analyzed:
    """A CTE, else a view or table of the session."""
    if len(node.parts) == 1:
        cte = analysis.tables.get(node.parts[0].lower())
        if cte is not None:
            inner = replace(cte.analysis, outer=analysis.outer)
            body = inner.relation(cte.relation, inner)
            scope = body.scope.aliased(node.parts[0])
            return Analyzed(settled(body, analysis), scope)
    found = analysis.session.lookup_table(node.parts)
    if found is None:
        raise analysis_error(
            "TABLE_OR_VIEW_NOT_FOUND",
            {"relationName": quoted(node.parts), "searchPath": SEARCH_PATH},
            node.origin,
        )
    if not isinstance(found, s.Relation):
        return scan(found, analysis, node.parts)
    key = tuple(part.lower() for part in node.parts)
    if key in analysis.views:
        raise analysis_error("RECURSIVE_VIEW", {"viewIdent": quoted(node.parts), "newPath": ""})
    inner = replace(analysis.top(), views=(*analysis.views, key))
    body = inner.relation(found, inner)
    entries = tuple([v.under(node.parts) for v in body.scope.entries])
    return Analyzed(settled(body, analysis), Scope(entries))


def scan(table: Table, analysis: Analysis, qualifier: tuple[str, ...]) -> Analyzed:
    """All columns of a table, with new ids for this use."""
    fields = table.schema.fields
    columns = tuple(
        Column(next(analysis.ids), f.name, f.type, f.nullable, f.metadata) for f in fields
    )
    plan = p.Scan(table, columns, tuple(range(len(fields))))
    return Analyzed(plan, scope_of(columns, qualifier))


def aliased(node: s.SubqueryAlias, analysis: Analysis) -> Analyzed:
    """child AS name (columns)"""
    child = analysis.relation(node.child, analysis)
    scope = child.scope.aliased(node.name)
    if node.columns:
        if len(node.columns) != len(scope.entries):
            raise analysis_error(
                "ASSIGNMENT_ARITY_MISMATCH",
                {"numExpr": str(len(node.columns)), "numTarget": str(len(scope.entries))},
            )
        entries = tuple(
            Visible(name, v.column, (node.name,), v.same)
            for name, v in zip(node.columns, scope.entries, strict=True)
        )
        scope = replace(scope, entries=entries)
    return Analyzed(child.plan, scope)


def values(node: s.Values, analysis: Analysis) -> Analyzed:
    """VALUES: a union of single rows in the common type of each column."""
    width = len(node.rows[0])
    for row in node.rows:
        if len(row) != width:
            raise analysis_error(
                "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                {
                    "expectedNumCols": str(width),
                    "actualNumCols": str(len(row)),
                    "rowIndex": str(node.rows.index(row)),
                },
            )
    typer = Typer(analysis, scope_of(()), no_aggregates="VALUES")
    rows = [[typer.expr(value) for value in row] for row in node.rows]
    types: list[Type] = []
    for at in range(width):
        given = {row[at].type for row in rows}
        type = coerce.common([row[at].type for row in rows])
        if type is None or (STRING in given and len(given - {NULL}) > 1):
            raise analysis_error(
                "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
                {"colName": f"`col{at + 1}`"},
            )
        types.append(type)
    names = [f"col{at + 1}" for at in range(width)]
    return _rows(rows, names, types, analysis)


def _rows(
    rows: list[list[Expr]], names: list[str], types: list[Type], analysis: Analysis
) -> Analyzed:
    zone = analysis.options.timezone
    parts: list[p.Plan] = []
    cast = [
        [coerce.cast(v, type, zone) for v, type in zip(row, types, strict=True)] for row in rows
    ]
    if len(rows) > 1 and all(map(can_be_arrow, types)):
        written = _written(cast, names, types, analysis)
        if written is not None:
            return written
    for cells in cast:
        columns: list[tuple[Column, Expr]] = [
            (analysis.fresh_for(name, cell), cell) for name, cell in zip(names, cells, strict=True)
        ]
        parts.append(p.Project(p.OneRow(), tuple(columns)))
    if len(parts) == 1:
        return Analyzed(parts[0], scope_of(parts[0].output))
    out = tuple(
        analysis.fresh(name, type, any(part.output[at].nullable for part in parts))
        for at, (name, type) in enumerate(zip(names, types, strict=True))
    )
    plan = p.Union(tuple(parts), tuple(part.output for part in parts), out)
    return Analyzed(plan, scope_of(out))


def _written(
    rows: list[list[Expr]], names: list[str], types: list[Type], analysis: Analysis
) -> Analyzed | None:
    """Rows of constants are a table in memory."""
    columns = []
    for at in range(len(types)):
        cells = [row[at] for row in rows]
        values = [cell.value for cell in cells if isinstance(cell, Literal)]
        if len(values) < len(cells):
            return None
        columns.append(values)
    fields = tuple(
        Field(name, type, None in values)
        for name, type, values in zip(names, types, columns, strict=True)
    )
    schema = Struct(fields)
    arrays = [arrow_column(values, type) for values, type in zip(columns, types, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=schema_to_arrow(schema))
    return scan(analysis.session.local(table, schema), analysis, ())


def function(node: s.TableFunction, analysis: Analysis) -> Analyzed:
    """range(…) in FROM."""
    if node.name.lower() != "range":
        raise unsupported(f"the table function {node.name}")
    typer = Typer(analysis, scope_of(()), no_aggregates="a table function")
    bounds = []
    for arg in node.args:
        value = coerce.cast(typer.expr(arg), BIGINT, analysis.options.timezone)
        if not isinstance(value, Literal) or not isinstance(value.value, int):
            raise unsupported("range of something that is no integer literal")
        bounds.append(value.value)
    match bounds:
        case [end]:
            start, step = 0, 1
        case [start, end]:
            step = 1
        case [start, end, step] | [start, end, step, _]:
            pass
        case _:
            raise unsupported(f"range with {len(bounds)} arguments")
    column = analysis.fresh("id", BIGINT, False)
    return Analyzed(p.Range(start, end, step, column), scope_of((column,)))
