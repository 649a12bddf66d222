"""Fewer layers, same answers: constants are folded in float64 before kernels round them."""

from __future__ import annotations

from dataclasses import replace

from pyflare.udf.models.ir import Activation, Affine, Layer, Model, Scale


def simplify(model: Model) -> Model:
    """Identity activations dropped, scalings and adjacent affine layers folded into one."""
    layers: list[Layer] = []
    for layer in model.layers:
        folded = fold(layers[-1], layer) if layers else None
        if layer == Activation("identity"):
            continue
        if folded is not None:
            layers[-1] = folded
        else:
            layers.append(layer)
    return replace(model, layers=tuple(layers))


def fold(first: Layer, second: Layer) -> Layer | None:
    """Affine(W, b) after Scale(c, s)  ->  Affine(W / s, b - W @ (c / s));
    Affine(W2, b2) after Affine(W1, b1)  ->  Affine(W2 @ W1, W2 @ b1 + b2)"""
    match first, second:
        case Scale(center, scale), Affine(weight, bias):
            return Affine(weight / scale, bias - weight @ (center / scale))
        case Affine(inner, offset), Affine(weight, bias):
            return Affine(weight @ inner, weight @ offset + bias)
    return None
