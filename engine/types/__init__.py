"""One type, four notations: ours, Arrow's, PySpark's, and Spark's texts (names, DDL, JSON)."""

from pyflare.engine.types.arrow import (
    arrow_to_schema,
    arrow_to_type,
    schema_to_arrow,
    type_to_arrow,
)
from pyflare.engine.types.names import schema_ddl, simple_string, sql_name
from pyflare.engine.types.spark import (
    json_to_type,
    spark_to_schema,
    spark_to_type,
    tree_string,
    type_to_json,
    type_to_spark,
)

__all__ = [
    "arrow_to_schema",
    "arrow_to_type",
    "json_to_type",
    "schema_ddl",
    "schema_to_arrow",
    "simple_string",
    "spark_to_schema",
    "spark_to_type",
    "sql_name",
    "tree_string",
    "type_to_arrow",
    "type_to_json",
    "type_to_spark",
]
