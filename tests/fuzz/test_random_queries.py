"""Random queries: what is optimised, lowered and compiled means what was written."""

from __future__ import annotations

from typing import Any

import pytest

from pyflare.codegen.interpret.operators import interpret
from pyflare.engine.analyze.analyze import analyze
from pyflare.engine.load import load
from pyflare.engine.lower import lower
from pyflare.engine.rewrite import rewrite
from pyflare.engine.sql.parse import parse_query
from tests.fuzz.queries import Generator
from tests.unit.rules.reference import answer, multiset
from tests.unit.rules.test_rules_keep_answers import SESSION


@pytest.mark.parametrize("seed", range(120))
def test_a_random_query_keeps_its_rows(seed: int) -> None:
    """The reference rows of the analysed plan, of the optimised plan and of the operators agree."""
    plan = analyze(parse_query(Generator(seed).query()), SESSION)
    expected = multiset(answer(plan))
    optimized = rewrite(plan, checked=True)
    assert multiset(answer(optimized)) == expected
    inputs = load(optimized, 1)
    tables: Any = {source: each.owners[0] for source, each in inputs.bindings.items()}
    assert multiset(interpret(lower(optimized, inputs), tables)) == expected
