"""What a query measured, as df.executionInfo shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql.connect import proto as pb2
from pyspark.sql.connect.expressions import LiteralExpression
from pyspark.sql.metrics import MetricValue, PlanMetrics

_NUMBER = (int, float)  # isinstance takes a tuple twice as fast as a union


def plan_metrics(metrics: Any) -> list[PlanMetrics]:
    """One PlanMetrics per stage: name -> {metric: number}."""
    return [
        PlanMetrics(name, number, -1, [MetricValue(key, value, _kind(key)) for key, value in found])
        for number, (name, found) in enumerate(_stages(metrics))
    ]


def metric_objects(metrics: Any) -> list[Any]:
    """The same for doors A and C."""
    made = []
    for number, (name, found) in enumerate(_stages(metrics)):
        item = pb2.ExecutePlanResponse.Metrics.MetricObject(name=name, plan_id=number, parent=-1)
        for key, value in found:
            item.execution_metrics[key].name = key
            item.execution_metrics[key].value = int(value)
            item.execution_metrics[key].metric_type = _kind(key)
        made.append(item)
    return made


def literal(value: object) -> Any:
    """A Python value inside a message."""
    return LiteralExpression._from_value(value).to_plan(None).literal


def _kind(key: str) -> str:
    return "timing" if key.endswith(("ms", "seconds", "time")) else "sum"


def _stages(metrics: Any) -> list[tuple[str, list[tuple[str, float]]]]:
    if not isinstance(metrics, Mapping):
        return []
    loose = [(k, v) for k, v in metrics.items() if isinstance(v, _NUMBER)]
    grouped = [
        (str(name), [(str(k), v) for k, v in found.items() if isinstance(v, _NUMBER)])
        for name, found in metrics.items()
        if isinstance(found, Mapping)
    ]
    return ([("query", loose)] if loose else []) + grouped
