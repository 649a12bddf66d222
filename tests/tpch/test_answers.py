"""Every TPC-H query, as SQL and as DataFrame code, equals DuckDB's answer."""

from __future__ import annotations

from typing import Any

import pytest

from pyflare.tpch.compare import differences
from pyflare.tpch.parameters import QUERIES, VALIDATION, Parameters, draw, sql
from pyflare.tpch.queries import DATAFRAMES
from pyflare.tpch.tables import Tables

SCALE = 0.01


def telling_parameters(query: int, oracle: Any) -> Parameters:
    """The first values whose answer has a row with a value: at this scale some have none."""
    for seed in range(60):
        values = VALIDATION[query] if seed == 0 else draw(query, SCALE, seed)
        rows = oracle.execute(sql(query, values)).fetchall()
        if rows and any(value is not None for value in rows[0]):
            return values
    raise AssertionError(f"no parameters give Q{query} a row at SF {SCALE}")


@pytest.mark.parametrize("query", QUERIES)
def test_sql_equals_duckdb(query: int, tables: Tables, oracle: Any, spark: Any) -> None:
    """Validation values, and values that give rows at this scale."""
    for values in (VALIDATION[query], telling_parameters(query, oracle)):
        text = sql(query, values)
        expected = oracle.sql(text).to_arrow_table()
        assert differences(spark.sql(text).toArrow(), expected) is None


@pytest.mark.parametrize("query", QUERIES)
def test_dataframe_code_equals_sql(query: int, tables: Tables, oracle: Any, spark: Any) -> None:
    """The DataFrame form gives the SQL form's names, types and rows, and DuckDB's values."""
    values = telling_parameters(query, oracle)
    ours = DATAFRAMES[query](tables, values).toArrow()
    text = sql(query, values)
    assert differences(ours, oracle.sql(text).to_arrow_table()) is None
    assert ours.schema.types == spark.sql(text).toArrow().schema.types
