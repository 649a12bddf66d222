"""Asks real Spark about every statement of spark_statements.json and records what it answers.

Run by hand when PySpark changes: python tests/unit/sql/record_statements.py. Where PyFlare answers
otherwise, that is recorded as "here", to be looked at in the diff.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

STATEMENTS = Path(__file__).with_name("spark_statements.json")
PLACE = re.compile(r"\(line (\d+), pos(ition)? (\d+)\)")


def outcome(message: str) -> list[Any]:
    """["error", class, offending text, line, position] out of a ParseException's message."""
    condition = re.search(r"\[([A-Z_.0-9]+)\]", message)
    near = re.search(r"at or near (.*?)(?:: (?:extra input|missing) .*)?\. SQLSTATE", message)
    place = PLACE.search(message)
    line = int(place[1]) if place else None
    position = int(place[3]) - (1 if place[2] else 0) if place else None
    return ["error", condition and condition[1], near and near[1], line, position]


def here(sql: str) -> list[Any]:
    """What PyFlare answers, in the same words."""
    from pyspark.errors import PySparkException, UnsupportedOperationException

    from pyflare.codegen.ir.expr import Literal
    from pyflare.codegen.ir.types import INT
    from pyflare.engine.sql import parse

    one = Literal(1, INT)
    try:
        parse(sql, dict.fromkeys(("a", "b", "x"), one), [one] * 9)
    except UnsupportedOperationException:
        return ["unsupported"]
    except PySparkException as error:
        return outcome(str(error))
    return ["accepted"]


def spark(statements: list[str]) -> list[list[Any]]:
    """What Spark answers to each."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark_ = session.getOrCreate()
    parser = spark_._jsparkSession.sessionState().sqlParser()
    answers: list[list[Any]] = []
    for sql in statements:
        try:
            parser.parsePlan(sql)
            answers.append(["accepted"])
        except PySparkException as error:
            answers.append(outcome(str(error)))
    spark_.stop()
    return answers


def main() -> None:
    """Rewrites the file."""
    statements = [entry["sql"] for entry in json.loads(STATEMENTS.read_text())]
    entries: list[dict[str, Any]] = []
    for sql, answer in zip(statements, spark(statements), strict=True):
        entry: dict[str, Any] = {"sql": sql, "spark": answer}
        ours = here(sql)
        if ours != answer:
            entry["here"] = ours
        entries.append(entry)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    STATEMENTS.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
