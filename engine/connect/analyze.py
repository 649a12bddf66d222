"""AnalyzePlan: questions about a plan that run no query."""

from __future__ import annotations

from typing import Any

import pyspark
from pyspark.sql.connect import proto as pb2

from pyflare.codegen.ir.types import Struct
from pyflare.engine.connect.core import Core, decompressed
from pyflare.engine.connect.types import encode_type
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import syntax as s
from pyflare.engine.results import canonical_form
from pyflare.engine.sql import parse_ddl
from pyflare.engine.types import json_to_type, schema_ddl, tree_string
from pyflare.engine.views import nodes


def analyze_plan(core: Core, request: Any) -> Any:
    """The response to an AnalyzePlan request, without its signature."""
    response = pb2.AnalyzePlanResponse()
    match request.WhichOneof("analyze"):
        case "schema":
            schema = core.query(request.schema.plan).schema
            response.schema.schema.CopyFrom(encode_type(schema))
        case "explain":
            response.explain.explain_string = explain(core, request.explain)
        case "tree_string":
            asked = request.tree_string
            level = asked.level if asked.HasField("level") else 0
            shown = tree_string(core.query(asked.plan).schema, level)
            response.tree_string.tree_string = shown
        case "is_local":
            tree = core.relation(decompressed(request.is_local.plan).root)
            response.is_local.is_local = _is_local(tree)
        case "is_streaming":
            response.is_streaming.is_streaming = False
        case "input_files":
            tree = core.relation(decompressed(request.input_files.plan).root)
            response.input_files.files.extend(_input_files(core, tree))
        case "spark_version":
            response.spark_version.version = pyspark.__version__
        case "ddl_parse":
            parsed = parse_ddl(request.ddl_parse.ddl_string)
            response.ddl_parse.parsed.CopyFrom(encode_type(parsed))
        case "json_to_ddl":
            parsed = json_to_type(request.json_to_ddl.json_string)
            assert isinstance(parsed, Struct)
            response.json_to_ddl.ddl_string = schema_ddl(parsed)
        case "same_semantics":
            asked = request.same_semantics
            same = _canonical(core, asked.target_plan) == _canonical(core, asked.other_plan)
            response.same_semantics.result = same
        case "semantic_hash":
            canonical = _canonical(core, request.semantic_hash.plan)
            response.semantic_hash.result = hash(canonical) & 0x7FFFFFFF
        case "persist":
            asked = request.persist
            core.session.persist(core.relation(asked.relation), _level(asked))
            response.persist.SetInParent()
        case "unpersist":
            core.session.unpersist(core.relation(request.unpersist.relation))
            response.unpersist.SetInParent()
        case "get_storage_level":
            kept = core.session.persisted(core.relation(request.get_storage_level.relation))
            none = pb2.StorageLevel(replication=1)
            level = none if kept is None else kept.level or _MEMORY_AND_DISK
            response.get_storage_level.storage_level.CopyFrom(level)
        case kind:
            raise unsupported(f"the question {kind} about a plan")
    return response


def explain(core: Core, asked: Any) -> str:
    """df.explain in one of Spark's five modes."""
    modes = pb2.AnalyzePlanRequest.Explain.ExplainMode
    mode = modes.Name(asked.explain_mode).removeprefix("EXPLAIN_MODE_").lower()
    return core.query(asked.plan).explain("simple" if mode == "unspecified" else mode)


_MEMORY_AND_DISK = pb2.StorageLevel(
    use_disk=True, use_memory=True, deserialized=True, replication=1
)


def _level(asked: Any) -> Any:
    return asked.storage_level if asked.HasField("storage_level") else _MEMORY_AND_DISK


def _canonical(core: Core, plan: Any) -> s.Relation:
    return canonical_form(core.session.inlined(core.relation(decompressed(plan).root)))


def _is_local(tree: s.Relation) -> bool:
    """Whether the rows are in the client's hands already."""
    return all(isinstance(node, s.Identified | s.LocalTable | s.ShowString) for node in nodes(tree))


def _input_files(core: Core, tree: s.Relation) -> list[str]:
    from pyflare.engine.storage.files import list_files

    found: dict[str, None] = {}
    for node in nodes(core.session.inlined(tree)):
        if isinstance(node, s.NamedTable):
            saved = core.session.catalog.table(node.parts)
            node = saved.source if saved is not None else node
        if isinstance(node, s.DataSource):
            found |= dict.fromkeys(
                file.uri for file in list_files(list(node.paths), dict(node.options))
            )
    return list(found)
