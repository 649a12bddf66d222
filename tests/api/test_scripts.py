"""Everyday PySpark code answers as Spark 4.3 did: rows, schemas, printed tables, error classes.

The snippets stand in scripts/<area>.txt, Spark's answers in recorded/<area>.json (record.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api import outcome
from tests.api.deviations import ACCEPTED, UNSUPPORTED

AREAS = outcome.areas()
SPARK: dict[str, dict[str, Any]] = {
    area: json.loads((outcome.RECORDED / f"{area}.json").read_text()) for area in AREAS
}


@pytest.fixture(scope="module")
def answer(
    spark: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[outcome.Snippet], Any]:
    """Runs a snippet; those of one area share a folder, as later ones read earlier ones' files."""
    scopes: dict[str, tuple[Path, dict[str, Any]]] = {}

    def run(snippet: outcome.Snippet) -> Any:
        if snippet.area not in scopes:
            folder = tmp_path_factory.mktemp(snippet.area)
            scopes[snippet.area] = folder, outcome.names(spark, folder)
        folder, names = scopes[snippet.area]
        text = json.dumps(outcome.run(snippet, names), ensure_ascii=False)
        return json.loads(text.replace(str(folder), "FOLDER"))

    return run


@pytest.mark.parametrize("snippet", list(outcome.all_snippets()), ids=lambda s: s.title[:100])
def test_a_snippet_answers_as_on_spark(
    snippet: outcome.Snippet, answer: Callable[[outcome.Snippet], Any]
) -> None:
    """What Spark answers is answered; what is not built says so by name; the rest is explained."""
    found, expected = answer(snippet), SPARK[snippet.area][snippet.code]
    if snippet.code in UNSUPPORTED:
        assert found == {"error": ["UnsupportedOperationException", "UNSUPPORTED_FEATURE"]}
    elif snippet.code in ACCEPTED:
        assert found == ACCEPTED[snippet.code][1]
    else:
        assert found == expected


def test_deviations_are_of_snippets_that_exist() -> None:
    """No entry outlives its snippet or its reason."""
    codes = {snippet.code for snippet in outcome.all_snippets()}
    assert set(UNSUPPORTED) | set(ACCEPTED) <= codes
    assert not set(UNSUPPORTED) & set(ACCEPTED)
