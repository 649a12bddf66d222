"""Relations without input: files, tables, SQL text, data from Python, the catalog's answers."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pyflare.engine.connect.expressions import Scope, expression, expressions
from pyflare.engine.connect.literals import decode_literal
from pyflare.engine.connect.names import identifier_parts
from pyflare.engine.connect.parameters import bind
from pyflare.engine.connect.types import parse_schema
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s
from pyflare.engine.types import schema_to_arrow

DEFAULT_FORMAT = "parquet"  # spark.sql.sources.default


def read(node: Any, scope: Scope) -> s.Relation:
    if node.is_streaming:
        raise unsupported("spark.readStream")
    if node.HasField("named_table"):
        table = node.named_table
        return s.NamedTable(identifier_parts(table.unparsed_identifier), _pairs(table.options))
    return _data_source(node.data_source, scope)


def _data_source(node: Any, scope: Scope) -> s.Relation:
    if node.predicates:
        raise unsupported("spark.read.jdbc")
    options = dict(node.options)
    given = [key for key in options if key.lower() == "path"]
    paths = tuple(node.paths) or tuple(options[key] for key in given)
    return s.DataSource(
        node.format or DEFAULT_FORMAT,
        paths,
        parse_schema(node.schema, scope.context) if node.schema else None,
        tuple((key, value) for key, value in options.items() if key not in given),
    )


def sql(node: Any, scope: Scope) -> s.Relation:
    statement = sql_statement(node, scope)
    if isinstance(statement, s.Command):
        raise unsupported("a DataFrame over a command", "spark.sql runs commands at once")
    return statement


def sql_statement(node: Any, scope: Scope) -> s.Relation | s.Command:
    """The query or command of an SQL message, its parameters replaced by their values."""
    values: dict[str | int, s.SyntaxExpr] = {}
    for key, literal in node.args.items():
        values[key] = decode_literal(literal, scope.context)
    for key, argument in node.named_arguments.items():
        values[key] = expression(argument, scope)
    positional = [decode_literal(literal, scope.context) for literal in node.pos_args]
    for number, value in enumerate((*positional, *expressions(node.pos_arguments, scope))):
        values[number] = value
    statement = scope.context.parse_query(node.query)
    return bind(statement, values) if values else statement


def local_relation(node: Any, scope: Scope) -> s.Relation:
    schema = parse_schema(node.schema, scope.context) if node.schema else None
    if node.HasField("data"):
        with pa.ipc.open_stream(node.data) as reader:
            return s.LocalTable(reader.read_all(), schema)
    if schema is None:
        raise unsupported("a local relation without data and schema")
    return s.LocalTable(schema_to_arrow(schema).empty_table(), schema)


def cached_local_relation(node: Any, scope: Scope) -> s.Relation:
    return _stored(node.hash, scope)


def chunked_cached_local_relation(node: Any, scope: Scope) -> s.Relation:
    """The session keeps a table under one name; several are the chunks of a remote client's."""
    chunks = [_stored(name, scope) for name in node.dataHashes]
    if len(chunks) == 1:
        return chunks[0]
    return s.LocalTable(pa.concat_tables([chunk.table for chunk in chunks]), chunks[0].schema)


def _stored(name: str, scope: Scope) -> s.LocalTable:
    table = scope.context.local_tables.get(name)
    if table is None:
        raise unsupported("a DataFrame of local data that another session made")
    return table


def cached_remote_relation(node: Any, scope: Scope) -> s.Relation:
    return s.Cached(node.relation_id)


def range_table(node: Any, scope: Scope) -> s.Relation:
    return s.RangeTable(node.start, node.end, node.step)


def table_function(node: Any, scope: Scope) -> s.Relation:
    return s.TableFunction(node.function_name, expressions(node.arguments, scope))


_CATALOG_UNSUPPORTED = {
    "create_external_table": "createExternalTable",
    "create_table": "createTable",
    "recover_partitions": "recoverPartitions",
    "create_database": "createDatabase",
    "drop_database": "dropDatabase",
    "list_partitions": "listPartitions",
    "get_table_properties": "getTableProperties",
    "get_create_table_string": "getCreateTableString",
    "truncate_table": "truncateTable",
    "analyze_table": "analyzeTable",
}


def catalog(node: Any, scope: Scope) -> s.Relation:
    """A spark.catalog call under its protobuf name, with the arguments that were given."""
    name = node.WhichOneof("cat_type")
    if name in _CATALOG_UNSUPPORTED:
        raise unsupported(f"spark.catalog.{_CATALOG_UNSUPPORTED[name]}")
    call = getattr(node, name)
    given = tuple(
        (field.name, value) for field, value in call.ListFields() if field.message_type is None
    )
    return s.CatalogQuery(name, given)


def _pairs(options: Any) -> tuple[tuple[str, str], ...]:
    return tuple(options.items())
