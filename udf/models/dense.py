"""Chains of dense layers, one row at a time, vectorised over the outputs of each layer.

Weights are data behind one pointer, transposed to [input][outputs padded to whole vectors];
activations ping-pong between two stack buffers that stay in L1. Only the chain's shape is code.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyflare.codegen.emit.code import Array, Code, Variable
from pyflare.codegen.emit.context import Context
from pyflare.codegen.emit.value import F32, F64, I64, Val
from pyflare.udf.models.ir import Activation, Affine, Layer, Scale

LANE_BYTES = {F32: 4, F64: 8}
DTYPES = {F32: np.float32, F64: np.float64}
VECTOR_BYTES = 64  # LLVM splits a 512-bit vector where the CPU has narrower ones
ACCUMULATORS = 4  # independent sums in flight cover the latency of a fused multiply-add


def dense(
    context: Context, inputs: Sequence[Val], layers: Sequence[Layer], lane: str, key: str
) -> Array:
    """The outputs of `layers` for `inputs` (float64 scalars), in an array of `lane`."""
    code = context.code
    width = VECTOR_BYTES // LANE_BYTES[lane]
    packed, offsets = pack(layers, lane, width)
    weights = context.table(packed.tobytes(), f"{key}:{lane}")
    size = max([len(inputs), *(output_size(layer) for layer in layers)])
    buffers = [code.stack(lane, padded(size, width), f"act{i}") for i in range(2)]
    count = len(inputs)
    for i, x in enumerate(inputs):
        buffers[0][i] = x if lane == F64 else x.fptrunc()
    current = 0
    for layer, offset in zip(layers, offsets, strict=True):
        match layer:
            case Affine(weight):
                base = weights.at(lane, offset)
                affine(
                    code, buffers[current], buffers[1 - current], base, weight.shape, lane, width
                )
                current, count = 1 - current, weight.shape[0]
            case Scale():
                base = weights.at(lane, offset)
                scale(code, buffers[current], base, count, lane, width)
            case Activation(kind):
                activate(code, buffers[current], kind, count, lane, width)
    return buffers[current]


def affine(
    code: Code, x: Array, y: Array, base: Val, shape: tuple[int, int], lane: str, width: int
) -> None:
    """y = W x + b: bias, then a fused multiply-add per input and vector of outputs."""
    outputs, inputs = shape
    vector, stride = f"<{width} x {lane}>", padded(outputs, width)
    for first in range(0, stride, width * ACCUMULATORS):
        starts = range(first, min(first + width * ACCUMULATORS, stride), width)
        parts = max(1, min(ACCUMULATORS // len(starts), inputs))
        sums = [
            [
                code.var(
                    base.at(lane, s).load(vector, align=LANE_BYTES[lane])
                    if p == 0
                    else code.const(0.0, vector)
                )
                for s in starts
            ]
            for p in range(parts)
        ]
        whole = inputs - inputs % parts
        with code.range_(0, code.const(whole, I64), parts, hint="input") as (i, _):
            for part in range(parts):
                multiply_add(code, x, base, i + part, starts, sums[part], lane, width, stride)
        for last in range(whole, inputs):
            multiply_add(code, x, base, code.const(last, I64), starts, sums[0], lane, width, stride)
        for index, start in enumerate(starts):
            total = sums[0][index].get()
            for part in range(1, parts):
                total = total + sums[part][index].get()
            y.pointer.at(lane, start).store(total)


def multiply_add(
    code: Code,
    x: Array,
    base: Val,
    i: Val,
    starts: Sequence[int],
    sums: Sequence[Variable],
    lane: str,
    width: int,
    stride: int,
) -> None:
    """sums[j] += x[i] * W[i][starts[j] …]"""
    vector = f"<{width} x {lane}>"
    broadcast = splat(code, x[i], width)
    row = base.at(lane, (i + 1) * stride)
    for start, variable in zip(starts, sums, strict=True):
        weight = row.at(lane, start).load(vector, align=LANE_BYTES[lane])
        name = f"llvm.fma.v{width}f{LANE_BYTES[lane] * 8}"
        variable.set(code.intrinsic(name, vector, broadcast, weight, variable.get()))


def scale(code: Code, x: Array, base: Val, count: int, lane: str, width: int) -> None:
    """x = (x - center) / scale in place; base holds centers, then scales, padded."""
    vector, stride = f"<{width} x {lane}>", padded(count, width)
    for start in range(0, stride, width):
        at = x.pointer.at(lane, start)
        center = base.at(lane, start).load(vector, align=LANE_BYTES[lane])
        divisor = base.at(lane, stride + start).load(vector, align=LANE_BYTES[lane])
        at.store((at.load(vector) - center) / divisor)


def activate(code: Code, x: Array, kind: str, count: int, lane: str, width: int) -> None:
    """An element-wise function in place; relu keeps NaN as the libraries do."""
    vector = f"<{width} x {lane}>"
    if kind == "relu":
        for start in range(0, padded(count, width), width):
            at = x.pointer.at(lane, start)
            value = at.load(vector)
            zero = code.const(0.0, vector)
            at.store((value < 0.0).select(zero, value))
        return
    with code.range_(0, code.const(count, I64), hint="unit") as (i, _):
        x[i] = function(code, kind, x[i])


def function(code: Code, kind: str, value: Val) -> Val:
    """tanh or logistic of a scalar, through libm in float64."""
    wide = value.fpext()
    if kind == "tanh":
        result = code.call("tanh", F64, wide, declare="declare double @tanh(double)")
    else:
        power = code.call("exp", F64, -wide, declare="declare double @exp(double)")
        assert power is not None
        result = code.const(1.0, F64) / (power + 1.0)
    assert result is not None
    return result if value.type == F64 else result.fptrunc()


def splat(code: Code, value: Val, width: int) -> Val:
    """A vector with `value` in every lane."""
    vector = f"<{width} x {value.type}>"
    first = code.value("lane", vector, f"insertelement {vector} poison, {value!r}, i64 0")
    return code.value(
        "splat",
        vector,
        f"shufflevector {first!r}, {vector} poison, <{width} x i32> zeroinitializer",
    )


def pack(layers: Sequence[Layer], lane: str, width: int) -> tuple[np.ndarray, list[int]]:
    """All parameters in one aligned array, and where each layer's start (in elements).

    Affine: bias, then one row of output weights per input, rows padded to whole vectors.
    """
    parts: list[np.ndarray] = []
    offsets: list[int] = []
    position = 0
    for layer in layers:
        offsets.append(position)
        match layer:
            case Affine(weight, bias):
                rows = np.zeros((1 + weight.shape[1], padded(weight.shape[0], width)))
                rows[0, : bias.size] = bias
                rows[1:, : weight.shape[0]] = weight.T
            case Scale(center, divisor):
                rows = np.ones((2, padded(center.size, width)))
                rows[0, : center.size] = center
                rows[1, : divisor.size] = divisor
            case Activation():
                continue
        parts.append(rows.astype(DTYPES[lane]).ravel())
        position += rows.size
    return np.concatenate(parts) if parts else np.zeros(0, DTYPES[lane]), offsets


def padded(count: int, width: int) -> int:
    return -(-count // width) * width


def output_size(layer: Layer) -> int:
    match layer:
        case Affine(weight):
            return int(weight.shape[0])
        case Scale(center):
            return int(center.size)
        case Activation():
            return 0
