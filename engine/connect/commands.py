"""Connect's commands to syntax trees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pyflare.engine.connect.context import Context
from pyflare.engine.connect.expressions import Scope, expressions, python_function
from pyflare.engine.connect.names import identifier_parts
from pyflare.engine.connect.plan import decode_relation, relation, views
from pyflare.engine.connect.sources import DEFAULT_FORMAT, sql_statement
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s

UNSUPPORTED = {
    "register_table_function": "a Python table function (udtf)",
    "register_data_source": "a Python data source",
    "write_stream_operation_start": "structured streaming",
    "streaming_query_command": "structured streaming",
    "streaming_query_manager_command": "structured streaming",
    "streaming_query_listener_bus_command": "structured streaming",
    "get_resources_command": "SparkContext.resources",
    "create_resource_profile_command": "a resource profile",
    "merge_into_table_command": "DataFrame.mergeInto",
    "execute_external_command": "executeCommand",
    "ml_command": "pyspark.ml",
    "pipeline_command": "pyspark.pipelines",
    "extension": "an extension command",
}


def decode_command(proto: Any, context: Context) -> s.Command | s.Relation:
    """The command of a Connect message; a relation when spark.sql was given a query."""
    kind = proto.WhichOneof("command_type")
    match kind:
        case "sql_command":
            return _sql(proto.sql_command, context)
        case "create_dataframe_view":
            return _view(proto.create_dataframe_view, context)
        case "write_operation":
            return _write(proto.write_operation, context)
        case "write_operation_v2":
            return _write_to(proto.write_operation_v2, context)
        case "register_function":
            return s.RegisterFunction(python_function(proto.register_function, Scope(context)))
        case "checkpoint_command":
            return s.Checkpoint(decode_relation(proto.checkpoint_command.relation, context))
        case "remove_cached_remote_relation_command":
            return s.DropCheckpoint(
                proto.remove_cached_remote_relation_command.relation.relation_id
            )
        case _:
            raise unsupported(UNSUPPORTED.get(kind, f"a command of the kind {kind}"))


def _sql(node: Any, context: Context) -> s.Command | s.Relation:
    """spark.sql: the text, its arguments, and the DataFrames it was formatted with."""
    scope = Scope(context)
    if not node.HasField("input"):
        raise unsupported("an SQL command of a Spark client before 4.0")
    if node.input.HasField("sql"):
        return sql_statement(node.input.sql, scope)
    if not node.input.with_relations.root.HasField("sql"):
        return relation(node.input, scope)
    ctes = views(node.input.with_relations, scope)
    statement = sql_statement(node.input.with_relations.root.sql, scope)
    match statement:
        case s.CreateView() | s.Write() | s.ExplainQuery():
            return replace(statement, child=s.With(ctes, statement.child))
        case s.CacheTable(child=query) if query is not None:
            return replace(statement, child=s.With(ctes, query))
        case command if isinstance(command, s.Command):
            return command
        case query:
            return s.With(ctes, query)


def _view(node: Any, context: Context) -> s.CreateView:
    child = decode_relation(node.input, context)
    return s.CreateView(identifier_parts(node.name), child, node.replace, node.is_global)


_MODES: dict[str, Any] = {
    "SAVE_MODE_UNSPECIFIED": "error",
    "SAVE_MODE_APPEND": "append",
    "SAVE_MODE_OVERWRITE": "overwrite",
    "SAVE_MODE_ERROR_IF_EXISTS": "error",
    "SAVE_MODE_IGNORE": "ignore",
}


def _write(node: Any, context: Context) -> s.Write:
    """df.write….save(path), saveAsTable(name), insertInto(name)."""
    for name, given in (
        ("bucketBy", node.HasField("bucket_by")),
        ("sortBy", node.sort_column_names),
        ("clusterBy", node.clustering_columns),
        ("withSchemaEvolution", node.with_schema_evolution),
    ):
        if given:
            raise unsupported(f"DataFrameWriter.{name}")
    into_table = node.WhichOneof("save_type") == "table"
    insert = into_table and node.table.save_method == node.table.TABLE_SAVE_METHOD_INSERT_INTO
    mode = _MODES[node.SaveMode.Name(node.mode)]
    options = dict(node.options)
    given = [key for key in options if key.lower() == "path"]
    path = node.path or next((options[key] for key in given), None)
    return s.Write(
        decode_relation(node.input, context),
        node.source or DEFAULT_FORMAT,
        path,
        identifier_parts(node.table.table_name) if into_table else None,
        "append" if insert and mode != "overwrite" else mode,
        tuple(node.partitioning_columns),
        tuple((key, value) for key, value in options.items() if key not in given),
        insert,
    )


_MODES_V2: dict[str, Any] = {
    "MODE_CREATE": "error",
    "MODE_CREATE_OR_REPLACE": "overwrite",
}


def _write_to(node: Any, context: Context) -> s.Write:
    """df.writeTo(name).create(), createOrReplace()."""
    mode = node.Mode.Name(node.mode)
    if mode not in _MODES_V2:
        raise unsupported(f"DataFrameWriterV2.{mode.removeprefix('MODE_').lower()}")
    if node.table_properties or node.clustering_columns or node.with_schema_evolution:
        raise unsupported("a table property, clusterBy or withSchemaEvolution of writeTo")
    columns = expressions(node.partitioning_columns, Scope(context))
    return s.Write(
        decode_relation(node.input, context),
        node.provider or DEFAULT_FORMAT,
        None,
        identifier_parts(node.table_name),
        _MODES_V2[mode],
        tuple(_column_name(column) for column in columns),
        tuple(node.options.items()),
    )


def _column_name(column: s.SyntaxExpr) -> str:
    match column:
        case s.Attribute(parts=(name,)):
            return name
        case _:
            raise unsupported("writeTo partitioned by an expression that is not a column")
