"""Files that PyTorch 1.13 cannot write, built by hand: functions of the file's own (older torch.export), branches,
quantised layers as QuantizeLinear and DequantizeLinear, and the operators of opset 23.

HAND_MADE lists (name, module, function that writes its file, input shape without batch)."""
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional as F

from new_exporter import Writer


def save(w, path, shape, opset, functions=()):
    graph = helper.make_graph(w.node, "main_graph",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
                              [helper.make_tensor_value_info(w.node[-1].output[0], TensorProto.FLOAT, ["N", 5])],
                              w.constant)
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("own", 1)] if functions else [])
    model = helper.make_model(graph, opset_imports=imports, functions=list(functions))
    model.ir_version = 8
    onnx.save(model, path)


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.l1, self.last = nn.Conv2d(3, 4, 3, stride=2), nn.Linear(4, 8), nn.Linear(8, 5)

    def forward(self, x):
        x = F.leaky_relu(self.conv(x), 0.2)
        return self.last(F.leaky_relu(self.l1(x.mean((2, 3))), 0.1))


def write_functions(net, path):
    """Two functions, one of which calls the other and hands an attribute on; the same tensor names in both."""
    def reference(op, inputs, outputs, **names):
        node = helper.make_node(op, inputs, outputs)
        for name, ref in names.items():
            a = node.attribute.add(name=name, ref_attr_name=ref)
            a.type = onnx.AttributeProto.FLOAT
        return node

    opset = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    leaky = helper.make_function("own", "Leaky", ["X"], ["Y"], [
        helper.make_node("Identity", ["X"], ["tmp"]), reference("LeakyRelu", ["tmp"], ["Y"], alpha="slope")],
        opset, ["slope"])
    call = reference("Leaky", ["tmp"], ["Y"], slope="slope")
    call.domain = "own"
    dense = helper.make_function("own", "Dense", ["X", "W", "B"], ["Y"], [
        helper.make_node("Gemm", ["X", "W", "B"], ["tmp"], transB=1), call], opset, ["slope"])
    w = Writer()
    x = w.add("Conv", "x", w.keep("conv.weight", net.conv.weight), w.keep("conv.bias", net.conv.bias), strides=[2, 2])
    x = w.add("Leaky", x, domain="own", slope=0.2)
    x = w.add("ReduceMean", x, w.keep("axes", np.array([2, 3], np.int64)), keepdims=0)
    x = w.add("Dense", x, w.keep("l1.weight", net.l1.weight), w.keep("l1.bias", net.l1.bias), domain="own", slope=0.1)
    w.add("Gemm", x, w.keep("last.weight", net.last.weight), w.keep("last.bias", net.last.bias), transB=1)
    save(w, path, (3, 9, 9), 18, [dense, leaky])


def write_branches(net, path):
    """What a scripted model has: branches on shapes, one in the other, that use tensors from outside; the same names
    in both; and an operator that would be wrong in the branch that is not taken."""
    def graph(name, nodes, outputs):
        return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(o, TensorProto.FLOAT, None)
                                                   for o in outputs])

    node, w = helper.make_node, Writer()
    x = w.add("Conv", "x", w.keep("conv.weight", net.conv.weight), w.keep("conv.bias", net.conv.bias), strides=[2, 2])
    x = w.add("LeakyRelu", x, alpha=0.2)
    size = w.add("Gather", w.add("Shape", x), w.keep("two", np.int64(2)), axis=0)
    large = w.add("Greater", size, w.keep("three", np.int64(3)))
    equal = w.add("Equal", size, w.keep("four", np.int64(4)))
    w.keep("axes", np.array([2, 3], np.int64))
    inner_then = graph("inner_then", [node("ReduceMean", [x], ["y"], axes=[2, 3], keepdims=1)], ["y"])
    inner_else = graph("inner_else", [node("Squeeze", [x, "axes"], ["y"])], ["y"])
    outer_then = graph("outer_then", [node("If", [equal], ["t"], then_branch=inner_then, else_branch=inner_else),
                                      node("Squeeze", ["t", "axes"], ["y"])], ["y"])
    outer_else = graph("outer_else", [node("If", [large], ["t"], then_branch=inner_else, else_branch=inner_else),
                                      node("Squeeze", ["t", "axes"], ["y"])], ["y"])
    x = w.add("If", large, then_branch=outer_then, else_branch=outer_else)
    x = w.add("Gemm", x, w.keep("l1.weight", net.l1.weight), w.keep("l1.bias", net.l1.bias), transB=1)
    x = w.add("LeakyRelu", x, alpha=0.1)
    w.add("Gemm", x, w.keep("last.weight", net.last.weight), w.keep("last.bias", net.last.bias), transB=1)
    save(w, path, (3, 9, 9), 17)


def rounded(x, scale, zero, low, high):
    return (torch.clamp(torch.round(x / scale) + zero, low, high) - zero) * scale


class Quantised(nn.Module):
    """Weights of 8 bits with a scale for each channel, activations of 8 bits with and without a sign."""

    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 4, 3, stride=2), nn.Linear(4, 5)

    def scales(self):
        return self.conv.weight.detach().float().abs().amax((1, 2, 3)) / 127

    def forward(self, x):
        s = self.scales().to(x.dtype)
        weight = rounded(self.conv.weight, s[:, None, None, None], 0, -128, 127)
        x = F.relu(F.conv2d(rounded(x, 0.046875, 12, -128, 127), weight, self.conv.bias, stride=2))
        x = rounded(x, 0.03125, 3, 0, 255)
        return self.last(x.mean((2, 3)))


def write_quantised(net, path):
    w = Writer()
    scale, s = w.keep("scale", np.float32(0.046875)), net.scales()
    zero, high = w.keep("zero", np.int8(12)), w.keep("scale2", np.float32(0.03125))
    x = w.add("DequantizeLinear", w.add("QuantizeLinear", "x", scale, zero), scale, zero)
    q = np.clip(np.rint(net.conv.weight.detach().numpy() / s.numpy()[:, None, None, None]), -128, 127).astype(np.int8)
    weight = w.add("DequantizeLinear", w.keep("conv.weight", q), w.keep("s", s), w.keep("z", np.zeros(4, np.int8)), axis=0)
    x = w.add("Relu", w.add("Conv", x, weight, w.keep("conv.bias", net.conv.bias), strides=[2, 2]))
    zero = w.keep("zero2", np.uint8(3))
    x = w.add("DequantizeLinear", w.add("QuantizeLinear", x, high, zero), high, zero)
    x = w.add("ReduceMean", x, axes=[2, 3], keepdims=0)
    w.add("Gemm", x, w.keep("last.weight", net.last.weight), w.keep("last.bias", net.last.bias), transB=1)
    save(w, path, (3, 9, 9), 13)


class Attend(nn.Module):
    """Causal attention with two heads of K and V for four of Q, and normalisation by the root of the mean square."""

    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 8, 3, stride=3), nn.Linear(8, 5)
        self.q, self.k, self.v = nn.Linear(8, 8, False), nn.Linear(8, 4, False), nn.Linear(8, 4, False)
        self.scale = nn.Parameter(torch.ones(8))

    def forward(self, x):
        x = self.conv(x).flatten(2).transpose(1, 2)
        x = x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * self.scale
        n, l, _ = x.shape
        q = self.q(x).view(n, l, 4, 2).transpose(1, 2)
        k, v = (m(x).view(n, l, 2, 2).transpose(1, 2).repeat_interleave(2, 1) for m in (self.k, self.v))
        score = (q @ k.transpose(2, 3)) / 2 ** 0.5
        score = score.masked_fill(torch.triu(torch.ones(l, l), 1).bool(), float("-inf"))
        y = (score.softmax(-1) @ v).transpose(1, 2).reshape(n, l, 8)
        return self.last(F.relu(x + y).mean(1))


def write_attention(net, path):
    w = Writer()
    x = w.add("Conv", "x", w.keep("conv.weight", net.conv.weight), w.keep("conv.bias", net.conv.bias), strides=[3, 3])
    x = w.add("Transpose", w.add("Reshape", x, w.keep("flat", np.array([0, 8, -1], np.int64))), perm=[0, 2, 1])
    x = w.add("RMSNormalization", x, w.keep("scale", net.scale), axis=-1, epsilon=1e-5)
    q, k, v = (w.add("MatMul", x, w.keep(name, getattr(net, name).weight.T.contiguous())) for name in "qkv")
    y = w.add("Attention", q, k, v, q_num_heads=4, kv_num_heads=2, is_causal=1)
    x = w.add("ReduceMean", w.add("Relu", w.add("Add", x, y)), w.keep("axes", np.array([1], np.int64)), keepdims=0)
    w.add("Gemm", x, w.keep("last.weight", net.last.weight), w.keep("last.bias", net.last.bias), transB=1)
    save(w, path, (3, 9, 9), 23)


HAND_MADE = [
    ("local_functions", Blocks, write_functions, (3, 9, 9)),
    ("branches", Blocks, write_branches, (3, 9, 9)),
    ("quantised", Quantised, write_quantised, (3, 9, 9)),
    ("attention_23", Attend, write_attention, (3, 9, 9)),
]
