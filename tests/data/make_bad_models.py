#!/usr/bin/env python3
"""Makes the models of tests/data/bad: each is wrong in one way that the importer must name. Needs python3-onnx."""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = pathlib.Path(__file__).parent / "bad"


def mlp(name, first_op="Relu", weight=None, features=64):
    rng = np.random.default_rng(1)
    w1 = rng.standard_normal((features, 4)).astype(np.float32) if weight is None else weight
    w2 = rng.standard_normal((4, 10)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "w1"], ["h"], name="fc1"),
        helper.make_node(first_op, ["h"], ["a"], name="act"),
        helper.make_node("Gemm", ["a", "w2"], ["y"], name="fc2"),
    ]
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", features])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(w1, "w1"), numpy_helper.from_array(w2, "w2")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    save(model, str(HERE / f"{name}.onnx"))


mlp("unsupported", first_op="Det")
bad = np.ones((64, 4), np.float32)
bad[3, 2] = np.nan
mlp("nan", weight=bad)
mlp("narrow", features=30)
mlp("ok")
