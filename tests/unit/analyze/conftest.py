"""A session made of dictionaries, for analysis without files or execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.table import Loaded, Statistics, Table
from pyflare.engine.types import arrow_to_schema


@dataclass(frozen=True)
class FakeTable:
    """A table of which only the schema is known."""

    name: str
    schema: t.Struct

    @property
    def key(self) -> str:
        return self.name

    def statistics(self) -> Statistics:
        raise NotImplementedError

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        raise NotImplementedError


@dataclass
class FakeSession:
    """Tables, views and settings by name; collect answers from `answers` in turn."""

    tables: dict[str, s.Relation | Table] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    functions: Mapping[str, s.PythonFunction] = field(default_factory=dict)
    answers: list[pa.Table] = field(default_factory=list)

    def lookup_table(self, parts: tuple[str, ...]) -> s.Relation | Table | None:
        return self.tables.get(".".join(parts).lower())

    def conf(self, key: str) -> str:
        defaults = {
            "spark.sql.ansi.enabled": "true",
            "spark.sql.caseSensitive": "false",
            "spark.sql.session.timeZone": "UTC",
        }
        return self.settings.get(key, defaults.get(key, ""))

    def read(self, source: s.DataSource) -> Table:
        assert source.schema is not None
        return FakeTable(source.paths[0], source.schema)

    def local(self, table: pa.Table, schema: t.Struct | None) -> Table:
        return FakeTable("local", schema or arrow_to_schema(table.schema))

    def cached(self, key: str) -> Table:
        raise KeyError(key)

    def udf(
        self, function: s.PythonFunction, argument_types: Sequence[t.Type]
    ) -> tuple[object, t.Type]:
        assert function.type is not None
        return function.function, function.type

    def collect(self, plan: p.Plan) -> pa.Table:
        return self.answers.pop(0)


def table(name: str, **columns: t.Type) -> FakeTable:
    """A table with nullable columns."""
    fields = tuple(t.Field(column, type) for column, type in columns.items())
    return FakeTable(name, t.Struct(fields))


@pytest.fixture
def tpch() -> FakeSession:
    """A session with the eight tables of TPC-H."""
    return make_tpch()


def make_tpch() -> FakeSession:
    """The eight tables of TPC-H with the types of its Parquet files."""
    money, text, day = t.Decimal(15, 2), t.STRING, t.DATE
    big, whole = t.BIGINT, t.INT
    tables = [
        table("region", r_regionkey=big, r_name=text, r_comment=text),
        table("nation", n_nationkey=big, n_name=text, n_regionkey=big, n_comment=text),
        table(
            "supplier", s_suppkey=big, s_name=text, s_address=text, s_nationkey=big,
            s_phone=text, s_acctbal=money, s_comment=text,
        ),
        table(
            "customer", c_custkey=big, c_name=text, c_address=text, c_nationkey=big,
            c_phone=text, c_acctbal=money, c_mktsegment=text, c_comment=text,
        ),
        table(
            "part", p_partkey=big, p_name=text, p_mfgr=text, p_brand=text, p_type=text,
            p_size=whole, p_container=text, p_retailprice=money, p_comment=text,
        ),
        table(
            "partsupp", ps_partkey=big, ps_suppkey=big, ps_availqty=whole,
            ps_supplycost=money, ps_comment=text,
        ),
        table(
            "orders", o_orderkey=big, o_custkey=big, o_orderstatus=text, o_totalprice=money,
            o_orderdate=day, o_orderpriority=text, o_clerk=text, o_shippriority=whole,
            o_comment=text,
        ),
        table(
            "lineitem", l_orderkey=big, l_partkey=big, l_suppkey=big, l_linenumber=whole,
            l_quantity=money, l_extendedprice=money, l_discount=money, l_tax=money,
            l_returnflag=text, l_linestatus=text, l_shipdate=day, l_commitdate=day,
            l_receiptdate=day, l_shipinstruct=text, l_shipmode=text, l_comment=text,
        ),
    ]  # fmt: skip
    return FakeSession({one.name: one for one in tables})


@pytest.fixture(scope="session")
def recorded_tables() -> FakeSession:
    """The two tables over which Spark's answers were recorded: t nullable, nn not."""
    nullable = table(
        "t", b=t.BOOLEAN, ti=t.TINYINT, si=t.SMALLINT, i=t.INT, l=t.BIGINT, f=t.FLOAT,
        d=t.DOUBLE, dec=t.Decimal(10, 2), dec2=t.Decimal(15, 2), dec38=t.Decimal(38, 18),
        s=t.STRING, bin=t.BINARY, dt=t.DATE, ts=t.TIMESTAMP, ntz=t.TIMESTAMP_NTZ,
        ai=t.Array(t.INT), ass=t.Array(t.STRING), m=t.Map(t.STRING, t.INT),
        st=t.Struct((t.Field("x", t.INT), t.Field("y", t.STRING))),
        ym=t.YearMonthInterval(), dti=t.DayTimeInterval(),
    )  # fmt: skip
    pair = t.Struct((t.Field("x", t.INT, False), t.Field("y", t.STRING, False)))
    types: dict[str, t.Type] = {
        "ni": t.INT, "nl": t.BIGINT, "nd": t.DOUBLE, "ndec": t.Decimal(15, 2), "ns": t.STRING,
        "ndt": t.DATE, "nts": t.TIMESTAMP, "nb": t.BOOLEAN, "nai": t.Array(t.INT, False),
        "nst": pair, "nm": t.Map(t.STRING, t.INT, False),
    }  # fmt: skip
    fields = tuple(t.Field(name, type, False) for name, type in types.items())
    return FakeSession({"t": nullable, "nn": FakeTable("nn", t.Struct(fields))})
