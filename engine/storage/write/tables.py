"""saveAsTable and insertInto: tables of this session, kept as folders of the warehouse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyflare.codegen.ir import types as t
from pyflare.engine.catalog import SavedTable, check_database
from pyflare.engine.errors import analysis_error, table_not_found, unsupported
from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.files import local_path
from pyflare.engine.storage.write.command import partition_columns, save
from pyflare.engine.types import simple_string, sql_name

if TYPE_CHECKING:
    from pyflare.engine.session import Session


def write_table(command: s.Write, session: Session) -> None:
    """saveAsTable by its mode, or insertInto."""
    assert command.table is not None
    name = command.table
    if len(name) > 1:
        check_database(name[:-1])
    existing = session.catalog.table(name)
    if command.insert:
        _insert(command, existing, session)
    elif existing is None or command.mode == "overwrite":
        _create(command, existing, session)
    elif command.mode == "append":
        _append(command, existing, session)
    elif command.mode == "error":
        parameters = {"relationName": _full(existing)}
        raise analysis_error("TABLE_OR_VIEW_ALREADY_EXISTS", parameters)


def _create(command: s.Write, existing: SavedTable | None, session: Session) -> None:
    """A new table; its columns are nullable, partition columns come last."""
    assert command.table is not None
    name = command.table[-1]
    if command.path is not None:
        path = Path(local_path(command.path))
    elif existing is not None:
        path = existing.path
    else:
        path = Path(local_path(session.conf("spark.sql.warehouse.dir"))) / name.lower()
        if path.exists() and command.mode != "overwrite":
            raise analysis_error(
                "LOCATION_ALREADY_EXISTS",
                {"identifier": f"`spark_catalog`.`default`.`{name}`", "location": f"'file:{path}'"},
            )
    query = session.query(command.child, action=True)
    keys = partition_columns(query.schema, command.partition_by)
    fields = [replace(field, nullable=True) for field in query.schema.fields]
    ordered = [f for i, f in enumerate(fields) if i not in keys] + [fields[i] for i in keys]
    save(query, path, replace(command, mode="overwrite"), session)
    session.catalog.add_table(
        SavedTable(
            name,
            command.format,
            path,
            t.Struct(tuple(ordered)),
            tuple(fields[i].name for i in keys),
            command.options,
        )
    )
    session.results.refresh(lambda _: True)


def _append(command: s.Write, table: SavedTable, session: Session) -> None:
    """Columns are matched by name."""
    schema = _schema(table)
    if command.format.lower() != table.format.lower():
        raise analysis_error(
            "_LEGACY_ERROR_TEMP_1159",
            {
                "tableName": _plain(table),
                "existingProvider": table.format,
                "specifiedProvider": command.format,
            },
        )
    given = session.query(command.child).schema
    if len(given.fields) != len(schema.fields):
        raise analysis_error(
            "_LEGACY_ERROR_TEMP_1161",
            {
                "tableName": _plain(table),
                "existingTableSchema": simple_string(schema),
                "querySchema": simple_string(given),
            },
        )
    if _lower(command.partition_by) != _lower(table.partition_by):
        raise analysis_error(
            "_LEGACY_ERROR_TEMP_1163",
            {
                "tableName": _plain(table),
                "specifiedPartCols": ", ".join(command.partition_by),
                "existingPartCols": ", ".join(table.partition_by),
            },
        )
    names = [field.name for field in schema.fields]
    _store(command, command.child, names, given, table, session)


def _insert(command: s.Write, table: SavedTable | None, session: Session) -> None:
    """Columns are matched by position."""
    assert command.table is not None
    if table is None:
        if session.catalog.view(command.table) is not None:
            raise unsupported("insertInto a temporary view", "use saveAsTable")
        raise table_not_found(command.table)
    if command.partition_by:
        parameters = {"tableName": table.name}
        raise analysis_error("PARTITION_BY_NOT_ALLOWED_WITH_INSERT_INTO", parameters)
    schema = _schema(table)
    given = session.query(command.child).schema
    if len(given.fields) != len(schema.fields):
        few = len(given.fields) < len(schema.fields)
        raise analysis_error(
            f"INSERT_COLUMN_ARITY_MISMATCH.{'NOT_ENOUGH' if few else 'TOO_MANY'}_DATA_COLUMNS",
            {
                "tableName": _full(table),
                "tableColumns": _names(schema),
                "dataColumns": _names(given),
            },
        )
    positions = [f"_{number}" for number in range(len(schema.fields))]
    child = s.ToDataFrame(command.child, tuple(positions))
    _store(command, child, positions, given, table, session)


def _store(
    command: s.Write,
    child: s.Relation,
    names: list[str],
    given: t.Struct,
    table: SavedTable,
    session: Session,
) -> None:
    """The columns `names` of `child` as the table's columns, by ANSI store assignment."""
    schema = _schema(table)
    types = {field.name.lower(): field.type for field in given.fields}
    items: list[s.SyntaxExpr] = []
    for number, (name, field) in enumerate(zip(names, schema.fields, strict=True)):
        have = given.fields[number].type if command.insert else types.get(name.lower())
        if have is not None and not _storable(have, field.type):
            raise analysis_error(
                "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
                {
                    "tableName": _full(table),
                    "colName": f"`{field.name}`",
                    "srcType": f'"{sql_name(have)}"',
                    "targetType": f'"{sql_name(field.type)}"',
                },
            )
        items.append(s.Alias(s.CastTo(s.Attribute((name,)), field.type), (field.name,)))
    query = session.query(s.Project(child, tuple(items)), action=True)
    into = replace(
        command,
        format=table.format,
        partition_by=table.partition_by,
        options=(*table.options, *command.options),
    )
    save(query, table.path, into, session)
    session.results.refresh(lambda _: True)


def _storable(have: t.Type, want: t.Type) -> bool:
    """Whether Spark's ANSI store assignment casts the one type to the other.

    >>> _storable(t.BIGINT, t.INT), _storable(t.STRING, t.INT), _storable(t.INT, t.STRING)
    (True, False, True)
    """
    numeric = (t.Integer, t.Float, t.Decimal)
    times = (t.Date, t.Timestamp, t.TimestampNTZ)
    match have, want:
        case t.Null(), _:
            return True
        case t.Array(element), t.Array(target):
            return _storable(element, target)
        case t.Map(key, value), t.Map(target_key, target_value):
            return _storable(key, target_key) and _storable(value, target_value)
        case t.Struct(fields), t.Struct(targets):
            pairs = zip(fields, targets, strict=False)
            return len(fields) == len(targets) and all(_storable(a.type, b.type) for a, b in pairs)
        case ((t.Array() | t.Map() | t.Struct()), _):
            return False
        case _, t.String():
            return not isinstance(have, t.Binary)
        case _:
            return (
                have == want
                or (isinstance(have, numeric) and isinstance(want, numeric))
                or (isinstance(have, times) and isinstance(want, times))
            )


def _schema(table: SavedTable) -> t.Struct:
    assert table.schema is not None
    return table.schema


def _full(table: SavedTable) -> str:
    return f"`spark_catalog`.`default`.`{table.name}`"


def _plain(table: SavedTable) -> str:
    return f"spark_catalog.default.{table.name}"


def _names(schema: t.Struct) -> str:
    return ", ".join(f"`{field.name}`" for field in schema.fields)


def _lower(names: tuple[str, ...]) -> list[str]:
    return [name.lower() for name in names]
