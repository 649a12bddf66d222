"""The TPC-H tables as schema and statistics of scale factor 1, without any data."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from pyflare.codegen.ir.types import BIGINT, DATE, INT, STRING, Decimal, Field, Struct, Type
from pyflare.engine.session import Session
from pyflare.engine.storage.table import ColumnFacts, Loaded, Statistics

MONEY = Decimal(15, 2)
EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Stub:
    """A table that can be planned but not read."""

    name: str
    schema: Struct
    known: Statistics

    @property
    def key(self) -> Hashable:
        return self.name

    def statistics(self) -> Statistics:
        return self.known

    def load(
        self, ordinals: Sequence[int], predicates: Sequence[tuple[int, str, object]], threads: int
    ) -> Loaded:
        raise NotImplementedError


def key(rows: int, first: int = 1, last: int | None = None) -> tuple[Type, ColumnFacts]:
    hi = last if last is not None else first + rows - 1
    return BIGINT, ColumnFacts(first, hi, True, 0, rows, True)


def foreign(distinct: int, first: int = 1, last: int | None = None) -> tuple[Type, ColumnFacts]:
    hi = last if last is not None else first + distinct - 1
    return BIGINT, ColumnFacts(first, hi, True, 0, distinct)


def number(lo: int, hi: int, type: Type = INT) -> tuple[Type, ColumnFacts]:
    return type, ColumnFacts(lo, hi, True, 0, hi - lo + 1)


def money(lo: int, hi: int, distinct: int) -> tuple[Type, ColumnFacts]:
    return MONEY, ColumnFacts(lo, hi, True, 0, distinct)


def text(distinct: int) -> tuple[Type, ColumnFacts]:
    return STRING, ColumnFacts(nulls=0, distinct=distinct)


def days(first: str, last: str) -> tuple[Type, ColumnFacts]:
    lo, hi = ((datetime.date.fromisoformat(day) - EPOCH).days for day in (first, last))
    return DATE, ColumnFacts(lo, hi, True, 0, hi - lo + 1)


def stub(name: str, rows: int, **columns: tuple[Type, ColumnFacts]) -> Stub:
    fields = tuple(Field(column, type, True) for column, (type, _) in columns.items())
    return Stub(name, Struct(fields), Statistics(rows, tuple(f for _, f in columns.values())))


TABLES = (
    stub("region", 5, r_regionkey=key(5, 0), r_name=text(5), r_comment=text(5)),
    stub(
        "nation",
        25,
        n_nationkey=key(25, 0),
        n_name=text(25),
        n_regionkey=foreign(5, 0),
        n_comment=text(25),
    ),
    stub(
        "part",
        200_000,
        p_partkey=key(200_000),
        p_name=text(200_000),
        p_mfgr=text(5),
        p_brand=text(25),
        p_type=text(150),
        p_size=number(1, 50),
        p_container=text(40),
        p_retailprice=money(90_100, 209_899, 20_000),
        p_comment=text(130_000),
    ),
    stub(
        "supplier",
        10_000,
        s_suppkey=key(10_000),
        s_name=text(10_000),
        s_address=text(10_000),
        s_nationkey=foreign(25, 0),
        s_phone=text(10_000),
        s_acctbal=money(-99_822, 999_993, 10_000),
        s_comment=text(10_000),
    ),
    stub(
        "partsupp",
        800_000,
        ps_partkey=foreign(200_000),
        ps_suppkey=foreign(10_000),
        ps_availqty=number(1, 9_999),
        ps_supplycost=money(100, 100_000, 99_901),
        ps_comment=text(800_000),
    ),
    stub(
        "customer",
        150_000,
        c_custkey=key(150_000),
        c_name=text(150_000),
        c_address=text(150_000),
        c_nationkey=foreign(25, 0),
        c_phone=text(150_000),
        c_acctbal=money(-99_999, 999_999, 140_000),
        c_mktsegment=text(5),
        c_comment=text(150_000),
    ),
    stub(
        "orders",
        1_500_000,
        o_orderkey=key(1_500_000, 1, 6_000_000),
        o_custkey=foreign(100_000, 1, 149_999),
        o_orderstatus=text(3),
        o_totalprice=money(85_771, 55_528_516, 1_460_000),
        o_orderdate=days("1992-01-01", "1998-08-02"),
        o_orderpriority=text(5),
        o_clerk=text(1_000),
        o_shippriority=number(0, 0),
        o_comment=text(1_480_000),
    ),
    stub(
        "lineitem",
        6_001_215,
        l_orderkey=foreign(1_500_000, 1, 6_000_000),
        l_partkey=foreign(200_000),
        l_suppkey=foreign(10_000),
        l_linenumber=number(1, 7),
        l_quantity=money(100, 5_000, 50),
        l_extendedprice=money(90_100, 10_494_950, 930_000),
        l_discount=money(0, 10, 11),
        l_tax=money(0, 8, 9),
        l_returnflag=text(3),
        l_linestatus=text(2),
        l_shipdate=days("1992-01-02", "1998-12-01"),
        l_commitdate=days("1992-01-31", "1998-10-31"),
        l_receiptdate=days("1992-01-04", "1998-12-31"),
        l_shipinstruct=text(4),
        l_shipmode=text(7),
        l_comment=text(4_500_000),
    ),
)


class Stubs(Session):
    """A session that knows the tables by name."""

    def lookup_table(self, parts: tuple[str, ...]) -> Any:
        known = {table.name: table for table in TABLES}
        return known.get(parts[-1].lower()) or super().lookup_table(parts)
