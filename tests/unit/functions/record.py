"""Asks real Spark (Java needed) what new cases give: python -m tests.unit.functions.record"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from pyflare.codegen.interpret.expression import evaluate
from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Expr
from tests.unit.functions.cases import all_cases

GOLD = Path(__file__).with_name("answers.json")
BATCH = 60


def shown(sql: str, type_: t.Type) -> str:
    """The value as text from which the storage form is read back."""
    match type_:
        case t.Date():
            return f"CAST(unix_date({sql}) AS STRING)"
        case t.Timestamp():
            return f"CAST(unix_micros({sql}) AS STRING)"
        case t.TimestampNTZ():
            epoch = "TIMESTAMP_NTZ'1970-01-01 00:00:00'"
            return f"CAST(timestampdiff(MICROSECOND, {epoch}, {sql}) AS STRING)"
        case t.Binary():
            return f"hex({sql})"
        case t.YearMonthInterval():
            return f"CAST(CAST({sql} AS INTERVAL MONTH) AS STRING)"
        case t.DayTimeInterval():
            return f"CAST(CAST({sql} AS INTERVAL SECOND) AS STRING)"
        case _:
            return f"CAST({sql} AS STRING)"


def answers(spark: Any, questions: list[tuple[str, t.Type]]) -> Iterator[Any]:
    """One answer each: [text and type] or {"error": condition}; batches that fail are halved."""
    try:
        parts = [f"struct({shown(sql, type_)}, typeof({sql}))" for sql, type_ in questions]
        row = spark.sql("SELECT " + ", ".join(parts)).collect()[0]
        yield from ([value[0], value[1]] for value in row)
    except Exception as error:  # any failure is an answer
        if len(questions) > 1:
            half = len(questions) // 2
            yield from answers(spark, questions[:half])
            yield from answers(spark, questions[half:])
            return
        condition = getattr(error, "getCondition", lambda: None)() or str(error)[:200]
        yield {"error": condition}


def fails(expr: Expr) -> bool:
    """We expect an error: such a question is asked alone, so that it fails no others."""
    try:
        evaluate(expr, {})
    except Exception:  # whatever it is, it is only a guess
        return True
    return False


def main() -> None:
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.optimizer.maxIterations", "100")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    zones: dict[str, list[tuple[str, t.Type]]] = {}
    alone: set[str] = set()
    for zone, sql, expr in all_cases():
        zones.setdefault(zone, []).append((sql, expr.type))
        if fails(expr):
            alone.add(sql)
    before = json.loads(GOLD.read_text()) if GOLD.exists() else {}
    gold: dict[str, dict[str, Any]] = {}
    for zone, all_questions in zones.items():
        spark.conf.set("spark.sql.session.timeZone", zone)
        old = before.get(zone, {})
        known = gold[zone] = {sql: old[sql] for sql, _ in all_questions if sql in old}
        questions = [question for question in all_questions if question[0] not in known]
        together = [question for question in questions if question[0] not in alone]
        batches = [together[at : at + BATCH] for at in range(0, len(together), BATCH)]
        for batch in batches + [[question] for question in questions if question[0] in alone]:
            for (sql, _), answer in zip(batch, answers(spark, batch), strict=True):
                known[sql] = answer
    GOLD.write_text(json.dumps(gold, ensure_ascii=False, indent=0, sort_keys=True))
    spark.stop()


if __name__ == "__main__":
    main()
