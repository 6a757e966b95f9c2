#!/usr/bin/env python3
"""The same function with other activations: weights and biases of a ReLU network scaled so that every activation is FACTOR times as large and the
logits are the same. A power of two changes no rounding. Usage: rescale.py IN.onnx OUT.onnx FACTOR   (Debian: python3-onnx)

Layers must follow one another: Conv or Gemm, each with a bias, with ReLU and pools between them.
"""
import sys

import onnx
from onnx import numpy_helper

model, factor = onnx.load(sys.argv[1]), float(sys.argv[3])
layers = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
scale = {}
for number, node in enumerate(layers):
    after = 1 if node is layers[-1] else factor
    scale[node.input[1]] = after / (1 if number == 0 else factor)
    scale[node.input[2]] = after
for tensor in model.graph.initializer:
    if tensor.name in scale:
        values = numpy_helper.to_array(tensor)
        tensor.CopyFrom(numpy_helper.from_array(values * values.dtype.type(scale[tensor.name]), tensor.name))
del model.metadata_props[:]
onnx.save(model, sys.argv[2])
