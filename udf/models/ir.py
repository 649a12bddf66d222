"""Models as data: what importers produce and kernels consume. The source library is not needed.

A model is a chain of layers over a row of float inputs, then a decision. Parameters are float64
NumPy arrays, exactly as the library holds them; kernels round them once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """y = weight @ x + bias; weight is [outputs, inputs]."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """y = (x - center) / scale, feature by feature."""

    center: Floats
    scale: Floats


@dataclass(frozen=True, slots=True)
class Activation:
    """An element-wise function."""

    kind: OneOf["identity", "relu", "tanh", "logistic"]


@dataclass(frozen=True, slots=True)
class ArgMax:
    """The index of the first maximum."""


@dataclass(frozen=True, slots=True)
class Positive:
    """0 or 1: is the only input above zero."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """1 / (1 + exp(-x)) of the only input: a probability that leaves the query."""


@dataclass(frozen=True, slots=True)
class Single:
    """The only input itself (regression, decision score)."""


Layer: TypeAlias = Affine | Scale | Activation
Decision: TypeAlias = ArgMax | Positive | Logistic | Single


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """`layers` in order, then `decision`; `labels[i]` is the answer for index i, None if a number.

    `source` is how explain names it, e.g. "MLPClassifier 4-64-64-4"; `inputs` are feature names.
    """

    source: str
    inputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    decision: Decision
    labels: tuple[object, ...] | None = None
