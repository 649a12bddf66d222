"""Shapes of plans that proofs make risky: groups by codes, outer joins, shared and rewritten parts.

Each query runs on TPC-H data and has DuckDB's rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pyflare.engine import stages
from pyflare.engine.plan import syntax as s
from pyflare.engine.session import Session
from pyflare.engine.settings import settings
from pyflare.engine.sql.parse import parse_query
from pyflare.engine.types import schema_to_arrow
from pyflare.tpch.compare import differences
from pyflare.tpch.data import generate
from pyflare.tpch.tables import TABLES

SCALE = 0.01
FOLDER = Path(__file__).parents[2] / "data" / f"tpch-sf{SCALE:g}"

QUERIES = """
select l_shipmode, count(*) as n from (select distinct l_shipmode, l_suppkey from lineitem) q
  group by l_shipmode;
select m, count(*) as n from (select l_suppkey, min(l_shipmode) as m from lineitem group by
  l_suppkey) q group by m;
select m, count(*) as n from (select l_orderkey, max(l_shipmode) as m from lineitem group by
  l_orderkey) q group by m;
select l_shipmode, count(*) as n from (select l_shipmode from lineitem union all select
  o_orderpriority from orders) q group by l_shipmode;
select l_shipmode, count(*) as n from (select l_shipmode, l_orderkey from lineitem order by
  l_orderkey, l_linenumber limit 1000) q group by l_shipmode;
select n_name, count(*) as n, count(c_custkey) as k from nation left join customer on n_nationkey
  = c_nationkey and c_mktsegment = 'BUILDING' and c_custkey < 30 group by n_name;
select c_mktsegment, count(*) as n from nation left join customer on n_nationkey = c_nationkey and
  c_custkey < 30 group by c_mktsegment;
select c_mktsegment, o_orderpriority, count(*) as n from customer full join orders on c_custkey =
  o_custkey and o_custkey < 100 group by c_mktsegment, o_orderpriority;
with q as (select c_mktsegment, c_nationkey, count(*) as n from customer group by c_mktsegment,
  c_nationkey) select a.c_mktsegment, sum(b.n) as s from q a join q b on a.c_mktsegment =
  b.c_mktsegment group by a.c_mktsegment;
select upper(l_shipmode) as u, count(*) as n from lineitem group by upper(l_shipmode);
select case when l_shipmode = 'AIR' then l_shipmode else 'other' end as u, count(*) as n from
  lineitem group by 1;
select case when l_shipmode = 'AIR' then l_shipmode end as u, count(*) as n from lineitem group by
  1;
select coalesce(c_mktsegment, 'none') as u, count(*) as n from nation left join customer on
  n_nationkey = c_nationkey and c_custkey < 30 group by 1;
select n1.n_name, n2.n_name as o, count(*) as n from nation n1, nation n2 where n1.n_regionkey =
  n2.n_regionkey group by n1.n_name, n2.n_name;
select year(o_orderdate) as y, month(o_orderdate) as m, count(*) as n from orders group by 1, 2;
select o_orderdate, count(*) as n from orders group by o_orderdate;
select o_orderkey % 7 as k, count(*) as n from orders group by 1;
select l_linenumber + 1 as k, sum(l_quantity) as q from lineitem group by 1;
select l_returnflag, l_linestatus, o_orderstatus, count(*) as n from lineitem, orders where
  l_orderkey = o_orderkey group by 1, 2, 3;
select c_custkey, c_name, count(o_orderkey) as n, max(o_comment) as m from customer left join
  orders on c_custkey = o_custkey group by c_custkey, c_name;
select c_name, c_nationkey, n_name, sum(o_totalprice) as s from customer, orders, nation where
  c_custkey = o_custkey and c_nationkey = n_nationkey group by c_custkey, c_name, c_nationkey,
  n_name;
select count(distinct l_shipmode) as a, count(distinct l_suppkey) as b, sum(l_quantity) as c from
  lineitem;
select l_returnflag, count(distinct l_shipmode) as a, count(distinct l_suppkey) as b,
  sum(l_quantity) as c from lineitem group by l_returnflag;
select s_name from supplier where s_suppkey not in (select l_suppkey from lineitem where
  l_shipmode = 'AIR' and l_quantity > 49);
select p_brand, (select count(*) from lineitem where l_partkey = p_partkey) as n from part where
  p_size = 3;
select o_orderpriority, (select max(l_shipmode) from lineitem where l_orderkey = o_orderkey and
  l_quantity > 45) as m from orders where o_orderkey < 500;
select o_orderkey, o_orderpriority in (select l_shipinstruct from lineitem) as x, exists (select 1
  from customer where c_custkey = o_custkey and c_mktsegment = 'BUILDING') as y from orders where
  o_orderkey < 300;
select l_shipmode, l_returnflag, sum(l_quantity) as s from lineitem group by rollup (l_shipmode,
  l_returnflag);
select l_shipmode from lineitem intersect select o_orderpriority from orders;
select l_shipmode from lineitem except select 'AIR';
select distinct l_shipmode, l_returnflag from lineitem order by 1, 2;
select o_orderstatus, min(o_orderpriority) as a, max(o_clerk) as b, count(*) as n from orders
  group by o_orderstatus having min(o_orderpriority) <> 'x';
select c_mktsegment, count(o_orderkey) as n from customer left join orders on c_custkey =
  o_custkey and o_orderkey < 2000 group by c_mktsegment;
select o_orderpriority, count(*) as n from customer left join orders on c_custkey = o_custkey
  group by o_orderpriority;
select o_orderpriority, count(*) as n from orders right join customer on c_custkey = o_custkey
  group by o_orderpriority;
select n_name, c_mktsegment, count(*) as n from nation full join customer on n_nationkey =
  c_nationkey + 20 group by 1, 2;
select o_orderstatus, sum(l_quantity) as n from orders left join lineitem on o_orderkey =
  l_orderkey and l_shipmode = 'AIR' group by o_orderstatus
""".strip().split(";\n")


@pytest.fixture(scope="module")
def session() -> Session:
    generate(SCALE, FOLDER, lambda share, what: None)
    made = Session()
    for name in TABLES:
        source = s.DataSource("parquet", (str(FOLDER / f"{name}.parquet"),))
        made.catalog.create_view((name,), source, True, False)
    return made


@pytest.fixture(scope="module")
def oracle(session: Session) -> Iterator[Any]:
    import duckdb

    connection = duckdb.connect()
    for name in TABLES:
        path = FOLDER / f"{name}.parquet"
        connection.execute(f"create view {name} as select * from '{path}'")
    yield connection
    connection.close()


@pytest.mark.parametrize("sql", QUERIES)
def test_the_rows_are_those_of_duckdb(sql: str, session: Session, oracle: Any) -> None:
    """What was proved of codes, keys and ranges holds in the rows that operators make."""
    query = stages.query(parse_query(sql), session)
    with settings(check=True):
        ours = pa.Table.from_batches(list(query.batches()), schema_to_arrow(query.schema))
    assert differences(ours, oracle.execute(sql).to_arrow_table()) is None
