"""Queries over edge values give real Spark's schema and rows, or its error class."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.spark

NUMBERS = {
    "id": pa.array([1, 2, 3, 4, 5, 6, 7, 8], pa.int32()),
    "small": pa.array([127, -128, 0, None, 1, -1, 5, 5], pa.int8()),
    "i": pa.array([2147483647, -2147483648, 0, None, 1, -1, 5, 5], pa.int32()),
    "l": pa.array([9223372036854775807, -9223372036854775808, 0, None, 1, -1, 5, 5], pa.int64()),
    "d": pa.array([1.5, -0.0, 0.0, None, float("nan"), float("inf"), float("-inf"), 2.5]),
    "m": pa.array(
        [Decimal(x) if x else None
         for x in ("99999.99", "-99999.99", "0.00", None, "0.01", "1.50", "2.50", "-2.50")],
        pa.decimal128(7, 2),
    ),
    "s": pa.array(["", "a", "A ", None, "äöü", "a%b", "a_b", "abc"]),
    "t": pa.array(
        [datetime.date(1970, 1, 1), datetime.date(2000, 2, 29), datetime.date(1900, 2, 28), None,
         datetime.date(9999, 12, 31), datetime.date(1, 1, 1), datetime.date(2024, 12, 31),
         datetime.date(2023, 3, 31)],
    ),
    "b": pa.array([True, False, None, True, False, None, True, False]),
}  # fmt: skip
OTHERS = {
    "id": pa.array([2, 2, 3, None, 9], pa.int32()),
    "name": pa.array(["two", "zwei", None, "nobody", "nine"]),
}

QUERIES = [
    "select id, small + 1, i * 2L, l - 1L from n where id > 2",
    "select id, d, d = d, d > 1e308, -d, abs(d) from n",
    "select d, count(*) from n group by d",
    "select m, m * m, m + m, m / 3, m % 7, round(m, 1), cast(m as int), -m from n",
    "select sum(m), avg(m), min(m), max(m), count(m), sum(i), avg(i), sum(small) from n",
    "select sum(d), min(d), max(d), count(distinct d), count(distinct i, s) from n",
    "select i / 2, i % 3, i div 2 from n where id <> 2",
    "select s, upper(s), length(s), substring(s, 2, 2), s like 'a%', s like 'a\\\\_b' from n",
    "select s || '-' || s, s in ('a', 'abc'), s in ('a', null), s not in ('a') from n",
    "select t, year(t), month(t), day(t), t + interval '1' month, t - interval '40' day from n "
    "where id <> 5 and id <> 6",
    "select t, datediff(t, date '2000-01-01'), date_add(t, 3), last_day(t) from n where id <> 5",
    "select b and i > 0, b or i > 0, not b, b is null from n",
    "select case when i > 0 then 'p' when i < 0 then 'n' end c, count(*) from n group by 1",
    "select coalesce(i, -1), nullif(i, 5), if(b, 1, 2), nvl(s, '?') from n",
    "select cast(d as string), cast(m as double), cast(i as string), cast(t as string) from n",
    "select cast(s as int) from n where s = ''",
    "select 1 / 0",
    "select i % 0 from n",
    "select i + i from n",
    "select l * 2 from n",
    "select sum(l) from n where id in (1, 5)",
    "select cast('x' as int)",
    "select cast(1e20 as int)",
    "select cast(123456 as tinyint)",
    "select cast('2024-13-01' as date)",
    "select nosuch from n",
    "select * from nosuch",
    "select nosuch(1)",
    "select id from n order by nosuch",
    "select id, sum(i) from n",
    "select 1 +",
    "select n.id, name from n join o on n.id = o.id",
    "select n.id, name from n left join o on n.id = o.id",
    "select n.id, name from n right join o on n.id = o.id",
    "select n.id, name from n full join o on n.id = o.id",
    "select id from n left semi join o using (id)",
    "select id from n left anti join o using (id)",
    "select * from n join o using (id)",
    "select id from n where id in (select id from o)",
    "select id from n where id not in (select id from o)",
    "select id from n where id not in (select id from o where id is not null)",
    "select id, (select max(name) from o where o.id = n.id) from n",
    "select id, (select count(*) from o where o.id = n.id) from n",
    "select id, exists (select 1 from o where o.id = n.id) from n",
    "select id, id in (select id from o) from n",
    "select (select id from n)",
    "select id from n union select id from o",
    "select id from n union all select id from o",
    "select id from n intersect select id from o",
    "select id from n except select id from o",
    "select id from n order by d, id desc",
    "select id, s from n order by s desc nulls first, id limit 3 offset 1",
    "select b, sum(i) filter (where id > 2), count(*) from n where id <> 2 group by b "
    "having count(*) > 1",
    "select b, s, count(*) from n group by rollup (b, s)",
    "select b, grouping(b), count(*) from n group by cube (b)",
    "select distinct b, i > 0 from n",
    "with x as (select id * 2 k from n) select a.k, b.k from x a join x b on a.k = b.k + 2",
    "select count(*), count(i), count(distinct i), max(s), min(t) from n where false",
    "select stddev(i), variance(i), stddev_pop(small), corr(i, small) from n",
    "select typeof(1.0), typeof(1.5 + 1), 0.1 + 0.2, 1e0, 10 / 4, 7 div 2, -7 % 3, round(2.5)",
    "select first(i), last(i), any_value(b) from (select * from n where id = 5)",
    "select greatest(i, small), least(i, 0) from n",
    "select s, count(*) c from n group by all order by all",
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("edges")
    for name, columns in (("n", NUMBERS), ("o", OTHERS)):
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return {name: str(Path(folder) / f"{name}.parquet") for name in ("n", "o")}


def ours(spark: Any, sql: str) -> dict[str, Any]:
    from pyspark.errors import PySparkException

    try:
        frame = spark.sql(sql)
        rows = [[None if v is None else repr(v) for v in row] for row in frame.collect()]
        return {"schema": json.loads(frame.schema.json()), "rows": rows}
    except PySparkException as error:
        return {"error": str(error).splitlines()[0], "class": error.getCondition()}


@pytest.fixture(scope="module")
def flare_session(files: dict[str, str]) -> Any:
    import pyflare

    spark = pyflare.SparkSession.builder.getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    for name, path in files.items():
        spark.read.parquet(path).createOrReplaceTempView(name)
    return spark


def normal(answer: dict[str, Any], ordered: bool) -> dict[str, Any]:
    """Rows as a multiset unless the query orders them; floats to 12 digits."""
    if "rows" not in answer:
        return {"class": answer["class"]}
    rows = [[number(v) for v in row] for row in answer["rows"]]
    # Spark marks names it made up in a column's metadata; users never see it
    schema = [(f["name"], f["type"], f["nullable"]) for f in answer["schema"]["fields"]]
    return {"schema": schema, "rows": rows if ordered else sorted(rows, key=str)}


def number(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return f"{float(text):.12g}" if "." in text or "e" in text else text
    except ValueError:
        return text


@pytest.mark.parametrize("sql", QUERIES)
def test_spark_gives_the_same(
    sql: str, real_spark: Any, flare_session: Any, files: dict[str, str]
) -> None:
    """Names, types, nullability, rows; or the same error condition."""
    expected = real_spark.ask({"sql": sql, "tables": files})
    ordered = "order by" in sql
    assert normal(ours(flare_session, sql), ordered) == normal(expected, ordered)
