"""Small tables with everything that goes wrong: NULLs, NaN, -0.0, extremes, skew, slices."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa

DAY = datetime.date(2020, 2, 28)
WORDS = ["", "a", "b", "ab", "naïve", "zebra", "a longer text than eight bytes", "a longer text"]
FLOATS = [0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), -2.25, 1e300]


def table(rows: int, seed: int = 0, prefix: str = "", chunks: int = 3, nulls: float = 0.2) -> Any:
    """`rows` rows in several chunks, the first of them a slice with an offset."""
    rng = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if rng.random() < nulls else value

    def some(n: int) -> dict[str, list[Any]]:
        return {
            "k": [rng.randrange(0, 12) for _ in range(n)],
            "i": [maybe(rng.choice([-1, 0, 1, 5, 7, 2**31 - 1])) for _ in range(n)],
            "l": [maybe(rng.choice([0, 3, -(2**40), 10**15, 77])) for _ in range(n)],
            "f": [maybe(rng.choice(FLOATS)) for _ in range(n)],
            "s": [maybe(rng.choice(WORDS)) for _ in range(n)],
            "c": [maybe(rng.choice(WORDS)) for _ in range(n)],
            "d": [maybe(Decimal(rng.randrange(-(10**6), 10**6)).scaleb(-2)) for _ in range(n)],
            "t": [maybe(DAY + datetime.timedelta(rng.randrange(5))) for _ in range(n)],
            "b": [maybe(rng.random() < 0.5) for _ in range(n)],
        }

    schema = pa.schema(
        {
            "k": pa.int32(),
            "i": pa.int32(),
            "l": pa.int64(),
            "f": pa.float64(),
            "s": pa.string(),
            "c": pa.dictionary(pa.int32(), pa.string()),
            "d": pa.decimal128(12, 2),
            "t": pa.date32(),
            "b": pa.bool_(),
        }
    )
    sizes = [rows // chunks + (1 if i < rows % chunks else 0) for i in range(chunks)]
    parts = []
    for i, size in enumerate(sizes):
        skip = 5 if i == 0 else 0
        values = some(size + skip)
        parts.append(
            pa.table({n: pa.array(values[n], schema.field(n).type) for n in values}).slice(skip)
        )
    joined = pa.concat_tables(parts).unify_dictionaries()
    return joined.rename_columns([prefix + name for name in joined.column_names])
