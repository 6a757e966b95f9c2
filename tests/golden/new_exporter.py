"""Files in the forms that PyTorch's newer exporter (torch.export, opset 18 and later) writes, built by hand: ReduceMean
with its axes as an input, Linear on rank 3 as Transpose, MatMul, Add, Gelu as one node in both forms,
LayerNormalization, Clip with bounds by CastLike, Split with num_outputs, Flatten by Reshape with allowzero, and all
weights as external data.

NEW lists (name, module, function that writes its file, input shape without batch).
"""
import os

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, stride=2), nn.LayerNorm(8)
        self.l1, self.l2, self.last = nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(4, 5)

    def forward(self, x):
        x = F.relu6(self.conv(x)).flatten(2).transpose(1, 2)
        x = x + self.l2(F.gelu(self.l1(self.norm(x))))
        a, b = F.gelu(x, approximate="tanh").chunk(2, -1)
        return self.last((a * torch.sigmoid(b)).mean(1))


class Writer:
    """Nodes, and constants under the names that PyTorch gives them."""

    def __init__(self):
        self.node, self.constant = [], []

    def keep(self, name, value):
        value = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        self.constant.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f"{op.lower()}_{len(self.node)}{'_' + str(k) if k else ''}" for k in range(outputs)]
        self.node.append(helper.make_node(op, list(inputs), names, f"node_{op}_{len(self.node)}", **attributes))
        return names[0] if outputs == 1 else names


def save_external(model, path):
    """Every initializer in <path>.data, aligned as PyTorch does it."""
    location = os.path.basename(path) + ".data"
    with open(path + ".data", "wb") as data:
        for t in model.graph.initializer:
            data.write(b"\0" * (-data.tell() % 64))
            entries = {"location": location, "offset": data.tell(), "length": len(t.raw_data)}
            data.write(t.raw_data)
            t.ClearField("raw_data")
            t.data_location = TensorProto.EXTERNAL
            for key, value in entries.items():
                t.external_data.add(key=key, value=str(value))
    with open(path, "wb") as f:
        f.write(model.SerializeToString())


def write_blocks(opset, external):
    def linear(w, x, name, layer):
        weight = w.add("Transpose", w.keep(f"{name}.weight", layer.weight), perm=[1, 0])
        return w.add("Add", w.add("MatMul", x, weight), w.keep(f"{name}.bias", layer.bias))

    def gelu(w, x, approximate):
        if opset >= 20:
            return w.add("Gelu", x, approximate=approximate)
        if approximate == "none":
            half = w.add("Erf", w.add("Div", x, w.keep(f"s{len(w.node)}", np.float32(2 ** 0.5))))
        else:
            cube = w.add("Mul", w.add("Mul", x, w.add("Mul", x, x)), w.keep("c3", np.float32(0.044715)))
            half = w.add("Tanh", w.add("Mul", w.keep("c2", np.float32((2 / np.pi) ** 0.5)), w.add("Add", x, cube)))
        gate = w.add("Add", half, w.keep(f"o{len(w.node)}", np.float32(1)))
        return w.add("Mul", w.keep(f"h{len(w.node)}", np.float32(0.5)), w.add("Mul", x, gate))

    def write(net, path):
        w = Writer()
        x = w.add("Conv", "x", w.keep("conv.weight", net.conv.weight), w.keep("conv.bias", net.conv.bias),
                  strides=[2, 2], pads=[0, 0, 0, 0], dilations=[1, 1], group=1, auto_pad="NOTSET")
        low, high = (w.add("CastLike", w.keep(f"limit{v}", np.int64(v)), x) for v in (0, 6))
        x = w.add("Clip", x, low, high)
        x = w.add("Reshape", x, w.keep("flat", np.array([0, 8, -1], np.int64)), allowzero=0)
        x = w.add("Transpose", x, perm=[0, 2, 1])
        y = w.add("LayerNormalization", x, w.keep("norm.weight", net.norm.weight), w.keep("norm.bias", net.norm.bias),
                  axis=-1, epsilon=1e-5, stash_type=1)
        y = linear(w, gelu(w, linear(w, y, "l1", net.l1), "none"), "l2", net.l2)
        x = gelu(w, w.add("Add", x, y), "tanh")
        a, b = w.add("Split", x, outputs=2, axis=-1, num_outputs=2)
        x = w.add("Mul", a, w.add("Sigmoid", b))
        x = w.add("ReduceMean", x, w.keep("axes", np.array([1], np.int64)), keepdims=0, noop_with_empty_axes=0)
        x = w.add("Gemm", x, w.keep("last.weight", net.last.weight), w.keep("last.bias", net.last.bias), transB=1,
                  alpha=1.0, beta=1.0)
        graph = helper.make_graph(w.node, "main_graph",
                                  [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["s0", 3, 9, 9])],
                                  [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["s0", 5])], w.constant)
        model = helper.make_model(graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 8
        if external:
            save_external(model, path)
        else:
            onnx.save(model, path)
    return write


NEW = [
    ("new_exporter_18", Blocks, write_blocks(18, True), (3, 9, 9)),
    ("new_exporter_20", Blocks, write_blocks(20, False), (3, 9, 9)),
]
