"""scikit-learn estimators to the model IR, by reading their fitted attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyflare.udf.models.ir import (
    Activation,
    Affine,
    ArgMax,
    Decision,
    Layer,
    Logistic,
    Model,
    Positive,
    Scale,
    Single,
)


class NotImportable(TypeError):
    """The estimator has no importer; the message names it."""


def import_sklearn(estimator: Any, output: str = "label") -> Model:
    """The model IR of a fitted estimator or Pipeline; `output` is label, probability or score.

    Raises NotImportable for an estimator without importer, sklearn's NotFittedError for an
    unfitted one.
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator)
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    layers: list[Layer] = []
    for step in steps[:-1]:
        layers.extend(transformer(step))
    more, decision, labels, shape = predictor(steps[-1], output)
    layers.extend(more)
    count = int(estimator.n_features_in_)
    names = getattr(estimator, "feature_names_in_", None)
    inputs = tuple(map(str, names)) if names is not None else tuple(f"x{i}" for i in range(count))
    source = f"{type(steps[-1]).__name__} {shape}".strip()
    if len(steps) > 1:
        source = " > ".join([*(type(s).__name__ for s in steps[:-1]), source])
    return Model(source, inputs, tuple(layers), decision, labels)


def transformer(step: Any) -> list[Layer]:
    """The layers of a preprocessing step."""
    name = type(step).__name__
    match name:
        case "StandardScaler":
            count = step.n_features_in_
            center = step.mean_ if step.with_mean else np.zeros(count)
            scale = step.scale_ if step.with_std else np.ones(count)
            return [Scale(np.asarray(center, np.float64), np.asarray(scale, np.float64))]
        case "MinMaxScaler" if not step.clip:
            return [Scale(-step.min_ / step.scale_, 1.0 / step.scale_)]
        case "MaxAbsScaler":
            return [Scale(np.zeros(len(step.scale_)), step.scale_)]
        case "PCA":
            weight = step.components_
            if step.whiten:
                weight = weight / np.sqrt(step.explained_variance_)[:, None]
            return [Affine(weight, -weight @ step.mean_)]
    raise NotImportable(f"no importer for the preprocessing step {name}")


def predictor(
    step: Any, output: str
) -> tuple[list[Layer], Decision, tuple[object, ...] | None, str]:
    """Layers, decision, labels and shape text of the final estimator."""
    name = type(step).__name__
    match name:
        case "MLPClassifier" | "MLPRegressor":
            layers = mlp_layers(step)
            shape = "-".join(
                str(n) for n in (step.n_features_in_, *(b.size for b in step.intercepts_))
            )
            if name == "MLPRegressor":
                return layers, Single(), None, shape
            if step.out_activation_ not in (
                "softmax",
                "logistic",
            ) or step._label_binarizer.y_type_.startswith("multilabel"):
                raise NotImportable(f"MLPClassifier with {step.out_activation_} outputs")
            return (layers, *classify(step.classes_, output), shape)
        case (
            "LogisticRegression" | "LinearSVC" | "RidgeClassifier" | "SGDClassifier" | "Perceptron"
        ):
            if output == "probability" and not hasattr(step, "predict_proba"):
                raise NotImportable(f"{name} has no probabilities")
            affine = Affine(np.atleast_2d(step.coef_), np.atleast_1d(step.intercept_))
            return ([affine], *classify(step.classes_, output), "")
        case "LinearRegression" | "Ridge" | "Lasso" | "ElasticNet" | "SGDRegressor":
            affine = Affine(np.atleast_2d(step.coef_), np.atleast_1d(step.intercept_))
            if affine.weight.shape[0] != 1:
                raise NotImportable(f"{name} with several targets")
            return [affine], Single(), None, ""
    raise NotImportable(f"no importer for {name}")


def mlp_layers(step: Any) -> list[Layer]:
    """Weights and activations; the output activation belongs to the decision."""
    layers: list[Layer] = []
    for index, (weight, bias) in enumerate(zip(step.coefs_, step.intercepts_, strict=True)):
        if index:
            layers.append(Activation(step.activation))
        layers.append(Affine(np.asarray(weight.T, np.float64), np.asarray(bias, np.float64)))
    return layers


def classify(classes: Any, output: str) -> tuple[Decision, tuple[object, ...] | None]:
    """Label: monotone links are dropped, the first maximum (or the sign of one score) decides."""
    labels = tuple(classes.tolist())
    match output, len(labels):
        case "label", 2:
            return Positive(), labels
        case "label", _:
            return ArgMax(), labels
        case "probability", 2:
            return Logistic(), None
        case "score", 2:
            return Single(), None
    raise NotImportable(f"output={output!r} of a model with {len(labels)} classes")
