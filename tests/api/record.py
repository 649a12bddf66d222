"""Asks real Spark: python -m tests.api.record [AREA ...] writes tests/api/recorded/<area>.json."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.api import outcome


def main(chosen: list[str]) -> None:
    """Runs the scripts of `chosen` areas on a classic local Spark."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    place = tempfile.mkdtemp()
    spark = (
        SparkSession.builder.master("local[2]").appName("scripts")
        .config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", f"{place}/wh")
        .config("spark.driver.extraJavaOptions", f"-Dderby.system.home={place}")
        .getOrCreate()
    )  # fmt: skip
    spark.sparkContext.setLogLevel("OFF")
    outcome.RECORDED.mkdir(parents=True, exist_ok=True)
    for area in chosen or outcome.areas():
        with tempfile.TemporaryDirectory() as folder:
            names = outcome.names(spark, Path(folder))
            found = {s.code: outcome.run(s, names) for s in outcome.snippets(area)}
            text = json.dumps(found, indent=1, ensure_ascii=False).replace(folder, "FOLDER")
        (outcome.RECORDED / f"{area}.json").write_text(text + "\n")
        print(area, len(found), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
