"""Compiled dense models give the source library's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pyflare.codegen.emit.context import Failure
from pyflare.udf.models.from_sklearn import import_sklearn
from pyflare.udf.models.function import ModelFunction
from pyflare.udf.models.simplify import simplify
from tests.support import staged


def data(rows: int = 3000, features: int = 4, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(rows, features)) * 10 + 3


def compiled(model: Any, output: str = "label") -> ModelFunction:
    return ModelFunction("m", simplify(import_sklearn(model, output)))


def columns(x: Any) -> list[Any]:
    return [np.ascontiguousarray(x[:, i]) for i in range(x.shape[1])]


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("hidden", [(64, 64), (5,), (17, 33)])
def test_an_mlp_classifier_gives_the_library_s_labels(
    classes: int, hidden: tuple[int, ...]
) -> None:
    """Every label equals predict(), through scaler and hidden layers of any size."""
    x = data()
    y = np.digitize(x[:, 0] + x[:, 1] * 0.5, np.linspace(-8, 14, classes - 1))
    model = make_pipeline(StandardScaler(), MLPClassifier(hidden, max_iter=30, random_state=0))
    model.fit(x, y)
    result, status = staged.run(compiled(model), columns(x))
    assert status == 0
    assert result.tolist() == model.predict(x).tolist()


def test_regressors_and_probabilities_agree_to_1e_12() -> None:
    """Scores and probabilities are computed in float64."""
    x = data()
    y = x @ [1.0, -2.0, 0.5, 3.0]
    for model in (
        LinearRegression(),
        MLPRegressor(hidden_layer_sizes=(20,), activation="tanh", max_iter=20),
    ):
        model.fit(x, y)
        result, _ = staged.run(compiled(model), columns(x))
        np.testing.assert_allclose(result, model.predict(x), rtol=1e-11)
    logistic = LogisticRegression().fit(x, y > 0)
    result, _ = staged.run(compiled(logistic, "probability"), columns(x))
    np.testing.assert_allclose(result, logistic.predict_proba(x)[:, 1], rtol=1e-10, atol=1e-300)


def test_nan_is_the_library_s_error() -> None:
    """A NaN input sets the failure that the run turns into an exception."""
    x = data(100)
    model = LogisticRegression().fit(x, x[:, 0] > 3)
    x[7, 2] = np.nan
    _, status = staged.run(compiled(model), columns(x))
    assert status == 1 << Failure.INVALID_INPUT


def test_the_interpreter_s_definition_agrees() -> None:
    """ModelFunction.call is the same function in NumPy."""
    x = data(200)
    y = np.where(x[:, 0] > 3, "yes", "no")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    function = compiled(model)
    assert [function.call(*row) for row in x.tolist()] == model.predict(x).tolist()
    assert function.call(1.0, None, 2.0, 3.0) is None
