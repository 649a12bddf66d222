"""A PySpark session that reaches no server: it builds plans and records commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

import pytest
from pyspark.sql.connect.session import SparkSession

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Literal
from pyflare.engine.connect.commands import decode_command
from pyflare.engine.connect.context import Context
from pyflare.engine.connect.expressions import decode_expression
from pyflare.engine.connect.plan import decode_relation
from pyflare.engine.plan import syntax as s


class Defaults(dict[str, str | None]):
    """Every configuration key exists; the thresholds keep local data inside the plan."""

    def __missing__(self, key: str) -> str:
        if "localRelation" in key:
            return str(1 << 30)
        return {"spark.sql.session.timeZone": "UTC"}.get(key, "false")


class StubClient:
    """The few methods of SparkConnectClient that building a plan calls."""

    def __init__(self) -> None:
        self.commands: list[Any] = []
        self.session_id = "stub"
        self.is_closed = True

    def get_configs(self, *keys: str) -> tuple[str | None, ...]:
        return tuple(Defaults()[key] for key in keys)

    def get_config_dict(self, *keys: str) -> dict[str, str | None]:
        return {key: Defaults()[key] for key in keys}

    def get_config_with_defaults(self, *pairs: tuple[str, str]) -> tuple[str, ...]:
        return tuple(default for _, default in pairs)

    def execute_command(self, command: Any, *_: Any) -> tuple[None, dict[str, Any], None]:
        self.commands.append(command)
        return None, {}, None

    def _set_relation_in_plan(self, plan: Any, relation: Any) -> None:
        plan.root.CopyFrom(relation)


@dataclass
class Decoder:
    """Plans, columns and commands of the stub session, decoded."""

    spark: Any
    context: Context

    def plan(self, df: Any) -> s.Relation:
        """The syntax tree of a DataFrame, with its plan ids."""
        return decode_relation(df._plan.to_proto(self.spark._client).root, self.context)

    def bare(self, df: Any) -> s.Relation:
        """The same without plan ids."""
        return cast(s.Relation, strip(self.plan(df)))

    def column(self, column: Any) -> s.SyntaxExpr:
        """The syntax tree of a Column, without origins."""
        return cast(
            s.SyntaxExpr, strip(decode_expression(column.to_plan(self.spark._client), self.context))
        )

    def command(self) -> s.Command | s.Relation:
        """The last command that the session sent, without plan ids."""
        command = decode_command(self.spark._client.commands[-1], self.context)
        return cast(s.Command | s.Relation, strip(command))


def strip(tree: Any) -> Any:
    """`tree` without plan ids and origins, so that tests compare what the user wrote."""
    if isinstance(tree, s.Identified):
        return strip(tree.child)
    if isinstance(tree, tuple):
        return tuple(strip(item) for item in tree)
    if not is_dataclass(tree) or isinstance(tree, type):
        return tree
    values = {each.name: strip(getattr(tree, each.name)) for each in fields(tree)}
    values.update({name: None for name in ("plan_id", "origin") if name in values})
    return replace(tree, **values)


_TYPES: dict[str, t.Type] = {
    "a long": t.Struct((t.Field("a", t.BIGINT),)),
    "date": t.DATE,
    "decimal(5,1)": t.Decimal(5, 1),
    "int": t.INT,
}


@pytest.fixture
def decode() -> Iterator[Decoder]:
    """A decoder over a fresh session; SQL text parses to a marker that quotes it."""

    def parse_query(text: str) -> s.Relation | s.Command:
        if text.startswith("CREATE"):
            return s.CreateView(("v",), s.NamedTable((text,)), True)
        if ":x" in text or "?" in text:
            marker = s.Parameter("x" if ":x" in text else 0)
            return s.Filter(s.NamedTable((text,)), s.Function("==", (marker, Literal(1, t.INT))))
        return s.NamedTable((text,))

    context = Context(
        parse_type=_TYPES.__getitem__,
        parse_expression=lambda text: s.Attribute((f"sql {text}",)),
        parse_query=parse_query,
    )
    spark = object.__new__(SparkSession)
    spark._client = StubClient()
    spark._session_id = "stub"
    spark.release_session_on_close = False
    yield Decoder(spark, context)
