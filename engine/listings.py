"""spark.catalog calls and SHOW statements: small tables about the session, made in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pyflare.engine.analyze.functions import BUILTINS
from pyflare.engine.catalog import CATALOG, DATABASE, GLOBAL, check_database, matches
from pyflare.engine.connect.config import WAREHOUSE
from pyflare.engine.connect.names import identifier_parts
from pyflare.engine.errors import analysis_error, routine_not_found, table_not_found, unsupported
from pyflare.engine.plan import syntax as s
from pyflare.engine.suggest import quoted
from pyflare.engine.types import simple_string

if TYPE_CHECKING:
    from pyflare.engine.session import Session

STRINGS = pa.list_(pa.string())
_TABLE = ["name", "catalog", "namespace", "description", "tableType", "isTemporary"]
_TABLE_TYPES = [pa.string(), pa.string(), STRINGS, pa.string(), pa.string(), pa.bool_()]
_FUNCTION = ["name", "catalog", "namespace", "description", "className", "isTemporary"]
_DATABASE = ["name", "catalog", "description", "locationUri"]
_COLUMN = [
    "name", "description", "dataType", "nullable", "isPartition", "isBucket", "isCluster",
]  # fmt: skip
_COLUMN_TYPES = [pa.string()] * 3 + [pa.bool_()] * 4


def catalog_query(session: Session, query: s.CatalogQuery) -> pa.Table:
    """The answer to a spark.catalog call."""
    answer = _CALLS.get(query.name)
    if answer is None:
        raise unsupported(f"the catalog call {query.name}")
    return answer(session, dict(query.arguments))


def table(names: Sequence[str], types: Sequence[pa.DataType], rows: Sequence[Any]) -> pa.Table:
    """Rows as an Arrow table; as in Spark, nothing but a comment is declared nullable."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.array(list(c), kind) for c, kind in zip(columns, types, strict=True)]
    fields = [
        pa.field(name, array.type, name == "comment" or array.null_count > 0)
        for name, array in zip(names, arrays, strict=True)
    ]
    return pa.table(arrays, pa.schema(fields))


def strings(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    """Rows of texts."""
    return table(names, [pa.string()] * len(names), rows)


def one(value: object, name: str = "value") -> pa.Table:
    """A single value."""
    return pa.table([pa.array([value])], names=[name])


def nothing() -> pa.Table:
    """The result of a command: no columns, no rows."""
    return pa.table({})


def columns_of(session: Session, name: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """Name, type and nullability of each column of a view or table."""
    if not session.catalog.knows(name):
        raise table_not_found(name)
    fields = session.query(s.NamedTable(name)).schema.fields
    return [(field.name, simple_string(field.type), field.nullable) for field in fields]


def _tables(session: Session, pattern: str | None, views: bool, tables: bool) -> list[Any]:
    rows: list[Any] = []
    if tables:
        for saved in session.catalog.tables(pattern):
            rows.append((saved.name, CATALOG, [DATABASE], None, "MANAGED", False))
    if views:
        for view in session.catalog.views(pattern):
            rows.append((view, None, [], None, "TEMPORARY", True))
    return rows


def _list_tables(session: Session, given: dict[str, Any]) -> pa.Table:
    database = given.get("db_name")
    if database == GLOBAL:
        return table(_TABLE, _TABLE_TYPES, [])
    if database is not None:
        check_database(identifier_parts(database))
    rows = _tables(session, given.get("pattern"), views=True, tables=True)
    return table(_TABLE, _TABLE_TYPES, rows)


def _list_views(session: Session, given: dict[str, Any]) -> pa.Table:
    rows = _tables(session, given.get("pattern"), views=True, tables=False)
    return table(_TABLE, _TABLE_TYPES, rows)


def _get_table(session: Session, given: dict[str, Any]) -> pa.Table:
    name = identifier_parts(given["table_name"])
    row: tuple[Any, ...]
    if session.catalog.view(name) is not None:
        space = [GLOBAL] if len(name) > 1 else []
        row = (name[-1], None, space, None, "TEMPORARY", True)
    elif (saved := session.catalog.table(name)) is not None:
        row = (saved.name, CATALOG, [DATABASE], None, "MANAGED", False)
    else:
        raise _not_listed(name)
    return table(_TABLE, _TABLE_TYPES, [row])


def _not_listed(name: tuple[str, ...]) -> Exception:
    path = f"[`system`.`session`, `{CATALOG}`.`{DATABASE}`]"
    parameters = {"relationName": quoted(name), "searchPath": path}
    return analysis_error("TABLE_OR_VIEW_NOT_FOUND", parameters)


def _table_exists(session: Session, given: dict[str, Any]) -> pa.Table:
    return one(session.catalog.knows(_qualified(given)))


def _list_columns(session: Session, given: dict[str, Any]) -> pa.Table:
    name = _qualified(given)
    if not session.catalog.knows(name):
        raise _not_listed(name)
    rows = [
        (column, None, kind, nullable, False, False, False)
        for column, kind, nullable in columns_of(session, name)
    ]
    return table(_COLUMN, _COLUMN_TYPES, rows)


def _qualified(given: dict[str, Any], key: str = "table_name") -> tuple[str, ...]:
    name = identifier_parts(given[key])
    database = given.get("db_name")
    return (database, *name) if database else name


def _databases(session: Session, given: dict[str, Any]) -> pa.Table:
    row = (DATABASE, CATALOG, "default database", session.config.get(WAREHOUSE))
    return strings(_DATABASE, [row] if matches(DATABASE, given.get("pattern")) else [])


def _get_database(session: Session, given: dict[str, Any]) -> pa.Table:
    check_database(identifier_parts(given["db_name"]))
    return _databases(session, {})


def _set_database(_: Session, given: dict[str, Any]) -> pa.Table:
    check_database(identifier_parts(given["db_name"]))
    return nothing()


def _set_catalog(_: Session, given: dict[str, Any]) -> pa.Table:
    name = given["catalog_name"]
    if name != CATALOG:
        key = f'"spark.sql.catalog.{name}"'
        raise analysis_error("CATALOG_NOT_FOUND", {"catalogName": quoted([name]), "config": key})
    return nothing()


def function_names(session: Session, pattern: str | None = None) -> list[str]:
    """Built-in and registered functions, in order."""
    names = {*BUILTINS, *session.functions}
    return sorted(name for name in names if matches(name, pattern))


def _functions(names: Sequence[str]) -> pa.Table:
    rows = [(name, None, None, None, None, True) for name in names]
    return table(_FUNCTION, _TABLE_TYPES, rows)


def _function_exists(session: Session, given: dict[str, Any]) -> bool:
    name = identifier_parts(given["function_name"])[-1].lower()
    return name in session.functions or name in BUILTINS


def _get_function(session: Session, given: dict[str, Any]) -> pa.Table:
    if not _function_exists(session, given):
        raise routine_not_found(identifier_parts(given["function_name"]))
    return _functions([identifier_parts(given["function_name"])[-1]])


def _database_exists(given: dict[str, Any]) -> bool:
    parts = identifier_parts(given["db_name"])
    return parts[-1].lower() == DATABASE and parts[:-1] in ((), (CATALOG,))


def _drop_view(session: Session, given: dict[str, Any], is_global: bool) -> pa.Table:
    return one(session.catalog.drop_view(identifier_parts(given["view_name"]), is_global))


def _drop(session: Session, given: dict[str, Any], key: str) -> pa.Table:
    name = identifier_parts(given[key])
    session.run(s.DropView(name, given.get("if_exists", False)))
    return nothing()


def _cache(session: Session, given: dict[str, Any], uncache: bool) -> pa.Table:
    name = identifier_parts(given["table_name"])
    # spark.catalog.cacheTable is lazy where CACHE TABLE is not
    session.run(s.CacheTable(name, uncache=uncache, lazy=True))
    return nothing()


def _clear(session: Session, _: dict[str, Any]) -> pa.Table:
    session.run(s.CacheTable(None))
    return nothing()


def _refresh(session: Session, _: dict[str, Any]) -> pa.Table:
    session.results.refresh(lambda _: True)
    return nothing()


_Call = Callable[["Session", dict[str, Any]], pa.Table]
_CALLS: dict[str, _Call] = {
    "current_catalog": lambda *_: one(CATALOG),
    "set_current_catalog": _set_catalog,
    "list_catalogs": lambda _, g: strings(
        ["name", "description"], [(CATALOG, None)] if matches(CATALOG, g.get("pattern")) else []
    ),
    "current_database": lambda *_: one(DATABASE),
    "set_current_database": _set_database,
    "list_databases": _databases,
    "get_database": _get_database,
    "database_exists": lambda _, g: one(_database_exists(g)),
    "list_tables": _list_tables,
    "list_views": _list_views,
    "get_table": _get_table,
    "table_exists": _table_exists,
    "list_columns": _list_columns,
    "list_functions": lambda x, g: _functions(function_names(x, g.get("pattern"))),
    "get_function": _get_function,
    "function_exists": lambda x, g: one(_function_exists(x, g)),
    "drop_temp_view": lambda x, g: _drop_view(x, g, False),
    "drop_global_temp_view": lambda x, g: _drop_view(x, g, True),
    "drop_table": lambda x, g: _drop(x, g, "table_name"),
    "drop_view": lambda x, g: _drop(x, g, "view_name"),
    "is_cached": lambda x, g: one(x.is_cached(identifier_parts(g["table_name"]))),
    "cache_table": lambda x, g: _cache(x, g, uncache=False),
    "uncache_table": lambda x, g: _cache(x, g, uncache=True),
    "clear_cache": _clear,
    "refresh_table": _refresh,
    "refresh_by_path": _refresh,
}
