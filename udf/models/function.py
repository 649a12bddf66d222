"""A model as a function of a query: inputs converted, kernel staged, label mapped."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyflare.codegen.emit.code import Array
from pyflare.codegen.emit.context import Context, Failure
from pyflare.codegen.emit.sql import Value, all_valid
from pyflare.codegen.emit.value import F32, F64, I32, I64, Val
from pyflare.codegen.ir import types as t
from pyflare.udf.models.dense import dense
from pyflare.udf.models.ir import (
    Activation,
    Affine,
    ArgMax,
    Logistic,
    Model,
    Positive,
    Scale,
    Single,
)

# A float32 label is redone in float64 when its margin is below this share of the scores: a
# thousand times the rounding error of a float32 layer.
MARGIN = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ModelFunction:
    """The Function of a simplified `model`; NULL when any input is NULL.

    Labels are computed in float32 and redone in float64 where the decision is close, so that they
    are the source library's; probabilities and scores are computed in float64.
    """

    name: str
    model: Model

    @property
    def result(self) -> t.Type:
        match self.model.decision:
            case Single() | Logistic():
                return t.DOUBLE
            case ArgMax() | Positive():
                return label_type(self.model.labels or ())

    @property
    def stable(self) -> bool:
        """A model's code never changes, so programs with it may be reused (codegen.reuse)."""
        return True

    def describe(self) -> str:
        return f"compiled model {self.model.source}"

    def emit(self, context: Context, args: tuple[Value, ...]) -> Value:
        """One evaluation on the current row; NaN and infinity are the library's error."""
        code = context.code
        valid = all_valid(*args)
        xs = [as_double(arg) for arg in args]
        refuse_non_finite(context, xs, valid, args)
        layers = self.model.layers
        key = f"model:{fingerprint(self.model)}"
        match self.model.decision:
            case Single():
                scores = dense(context, xs, layers, F64, key)
                return Value(t.DOUBLE, scores[0], valid)
            case Logistic():
                scores = dense(context, xs, layers, F64, key)
                power = code.call("exp", F64, -scores[0], declare="declare double @exp(double)")
                assert power is not None
                return Value(t.DOUBLE, code.const(1.0, F64) / (power + 1.0), valid)
            case ArgMax() | Positive():
                fast = dense(context, xs, layers, F32, key)
                index, margin, size = self.decide(context, fast, F32)
                chosen = code.var(index)
                with code.if_(margin < (size + 1.0) * MARGIN, "close", unlikely=True):
                    exact = dense(context, xs, layers, F64, key)
                    chosen.set(self.decide(context, exact, F64)[0])
                return label(context, chosen.get(), self.model.labels or (), valid, key)

    def decide(self, context: Context, scores: Array, lane: str) -> tuple[Val, Val, Val]:
        """The winning index (i32), how clearly it won, and the size of the scores."""
        code = context.code
        if isinstance(self.model.decision, Positive):
            score = scores[0]
            size = code.unary("fabs", score)
            return (score > 0.0).zext(I32), size, size
        best, index = scores[0], code.const(0, I32)
        second = code.const(float("-inf"), lane)
        for i in range(1, len(self.model.labels or ())):
            score = scores[i]
            wins = score > best
            second = wins.select(best, (score > second).select(score, second))
            index = wins.select(code.const(i, I32), index)
            best = wins.select(score, best)
        size = code.binary("maxnum", code.unary("fabs", best), code.unary("fabs", second))
        return index, best - second, size

    def call(self, *args: object) -> object:
        """The model in NumPy, float64, on one row of storage-form values that are numbers."""
        if any(arg is None for arg in args):
            return None
        x = np.array([float(arg) for arg in args])  # type: ignore[arg-type]
        for layer in self.model.layers:
            match layer:
                case Affine(weight, bias):
                    x = weight @ x + bias
                case Scale(center, scale):
                    x = (x - center) / scale
                case Activation(kind):
                    x = ACTIVATIONS[kind](x)
        match self.model.decision:
            case Single():
                return float(x[0])
            case Logistic():
                return float(1.0 / (1.0 + np.exp(-x[0])))
            case Positive():
                return (self.model.labels or ())[int(x[0] > 0)]
            case ArgMax():
                return (self.model.labels or ())[int(np.argmax(x))]


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-x)),
}


def label_type(labels: Sequence[object]) -> t.Type:
    """The SQL type of class labels: bigint, boolean, double or string."""
    if all(isinstance(x, bool) for x in labels):
        return t.BOOLEAN
    if all(isinstance(x, int) for x in labels):
        return t.BIGINT
    if all(isinstance(x, (int, float)) for x in labels):
        return t.DOUBLE
    return t.STRING


def label(
    context: Context, index: Val, labels: Sequence[object], valid: Val | None, key: str
) -> Value:
    """labels[index] as a SQL value, from a table of constants."""
    wide = index.sext(I64)
    match label_type(labels):
        case t.Boolean():
            table = context.table(bytes(bool(x) for x in labels), f"{key}:labels")
            return Value(t.BOOLEAN, table.at("i8", wide).load("i8") != 0, valid)
        case t.Integer():
            numbers = np.array(labels, np.int64)
            if numbers.tolist() == list(range(len(labels))):
                return Value(t.BIGINT, wide, valid, 0, len(labels) - 1)
            table = context.table(numbers.tobytes(), f"{key}:labels")
            lo, hi = int(numbers.min()), int(numbers.max())
            return Value(t.BIGINT, table.at(I64, wide).load(I64), valid, lo, hi)
        case t.Float():
            table = context.table(np.array(labels, np.float64).tobytes(), f"{key}:labels")
            return Value(t.DOUBLE, table.at(F64, wide).load(F64), valid)
        case _:
            texts = [str(x).encode() for x in labels]
            starts = np.cumsum([0, *(len(x) for x in texts)], dtype=np.int64)
            head = (len(labels) + 1) * 8
            table = context.table(starts.tobytes() + b"".join(texts), f"{key}:labels")
            start = table.at(I64, wide).load(I64)
            end = table.at(I64, wide + 1).load(I64)
            return Value(
                t.STRING,
                table.at("i8", start + head),
                valid,
                length=end - start,
                ascii=all(x.isascii() for x in texts),
            )


def as_double(value: Value) -> Val:
    """A numeric SQL value as a float64, decimals at their scale."""
    data = value.data
    match value.type:
        case t.Float():
            return data.fpext()
        case t.Boolean():
            return data.uitofp(F64)
        case t.Decimal(_, scale):
            number = data.sitofp(F64)
            return number / float(10**scale) if scale else number
        case t.Integer():
            return data.sitofp(F64)
        case other:
            raise TypeError(f"a model cannot take an input of type {other}")


def refuse_non_finite(
    context: Context, xs: Sequence[Val], valid: Val | None, args: tuple[Value, ...]
) -> None:
    """NaN and infinity raise, as the library's own input check does."""
    code = context.code
    bad = code.false
    for x, arg in zip(xs, args, strict=True):
        if isinstance(arg.type, t.Float):
            bad = bad | ~(code.unary("fabs", x) < float("inf"))
    if bad.ref == code.false.ref:
        return
    when = bad if valid is None else bad & valid
    message = "Input contains NaN or infinity, which the model was not trained to take."
    context.fail(Failure.INVALID_INPUT, when, args, detail=(("message", message),))


def fingerprint(model: Model) -> str:
    """The same for equal parameters: names the model's tables in a program."""
    digest = hashlib.blake2b(digest_size=8)
    for layer in model.layers:
        match layer:
            case Affine(weight, bias):
                digest.update(weight.tobytes() + bias.tobytes())
            case Scale(center, scale):
                digest.update(center.tobytes() + scale.tobytes())
            case Activation(kind):
                digest.update(kind.encode())
    digest.update(pickle.dumps(model.labels))
    return digest.hexdigest()
