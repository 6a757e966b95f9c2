#!/usr/bin/env python3
"""Writes engine_golden.txt: small graphs in the normal form of core/onnx/normal_form.h, with PyTorch's answer.

Format, one item a line:
  case NAME / input RANK DIMS VALUES / const NAME RANK DIMS VALUES
  node OP INPUTS -> OUTPUT RANK DIMS | ATTRIBUTES      attribute: name=i:1 name=f:0.5 name=s:text name=l:1,2,3
  output NAME RANK DIMS VALUES                         ends the case
"""
import os

import torch
import torch.nn.functional as F

torch.manual_seed(7)
out = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "engine_golden.txt"), "w")


def show(t):
    t = t.detach()
    return " ".join([str(t.dim())] + [str(d) for d in t.shape] + ["%.9g" % v for v in t.flatten().tolist()])


def attr(v):
    if isinstance(v, bool) or isinstance(v, int):
        return "i:%d" % v
    if isinstance(v, float):
        return "f:%.9g" % v
    if isinstance(v, str):
        return "s:" + v
    return "l:" + ",".join(str(i) for i in v)


class Case:
    def __init__(self, name, *dims, scale=1.0, positive=False):
        self.x = torch.randn(*dims) * scale
        if positive:
            self.x = self.x.abs() + 0.5
        self.names, self.k = {"x": self.x}, 0
        out.write("case %s\ninput %s\n" % (name, show(self.x)))

    def const(self, *dims, scale=1.0, positive=False):
        t = torch.randn(dims) * scale
        if positive:
            t = t.abs() + 0.5
        self.k += 1
        out.write("const c%d %s\n" % (self.k, show(t)))
        self.names["c%d" % self.k] = t
        return "c%d" % self.k, t

    def node(self, op, inputs, result, **attrs):
        self.k += 1
        name = "v%d" % self.k
        self.names[name] = result
        out.write("node %s %s -> %s %d %s | %s\n" % (
            op, " ".join(inputs), name, result.dim(), " ".join(str(d) for d in result.shape),
            " ".join("%s=%s" % (k, attr(v)) for k, v in attrs.items())))
        return name

    def end(self, name):
        out.write("output %s %s\n" % (name, show(self.names[name])))


def unary(op, f, positive=False, **attrs):
    c = Case("unary_" + op + "".join("_" + str(v) for v in attrs.values()), 1, 3, 2, 4, scale=2.0, positive=positive)
    c.end(c.node(op, ["x"], f(c.x), **attrs))


unary("Relu", F.relu)
unary("LeakyRelu", lambda x: F.leaky_relu(x, 0.1), alpha=0.1)
unary("Clip", lambda x: x.clamp(-0.5, 1.5), min=-0.5, max=1.5)
unary("Sigmoid", torch.sigmoid)
unary("Tanh", torch.tanh)
unary("Elu", lambda x: F.elu(x, 0.7), alpha=0.7)
unary("Selu", F.selu, alpha=1.67326319217681884765625, gamma=1.05070102214813232421875)
unary("Celu", lambda x: F.celu(x, 0.6), alpha=0.6)
unary("HardSigmoid", F.hardsigmoid, alpha=1 / 6, beta=0.5)
unary("HardSwish", F.hardswish)
unary("Softplus", F.softplus)
unary("Softsign", F.softsign)
unary("Erf", torch.erf)
unary("Gelu", F.gelu, approximate="none")
unary("Gelu", lambda x: F.gelu(x, approximate="tanh"), approximate="tanh")
unary("Mish", F.mish)
unary("Exp", torch.exp)
unary("Sqrt", torch.sqrt, positive=True)
unary("Neg", torch.neg)
unary("Abs", torch.abs)
unary("Reciprocal", torch.reciprocal, positive=True)
unary("Log", torch.log, positive=True)


def binary(name, op, f, dims, constant, swap=False, positive=False):
    c = Case("binary_" + name, *dims, positive=positive)
    k, t = c.const(*constant, positive=positive)
    c.end(c.node(op, [k, "x"] if swap else ["x", k], f(t, c.x) if swap else f(c.x, t)))


binary("add_channel", "Add", torch.add, (1, 3, 2, 4), (1, 3, 1, 1))
binary("sub_low_rank", "Sub", torch.sub, (1, 3, 2, 4), (3, 1, 1))
binary("sub_swapped", "Sub", torch.sub, (1, 3, 2, 4), (1, 3, 2, 4), swap=True)
binary("mul_scalar", "Mul", torch.mul, (1, 5), ())
binary("div_row", "Div", torch.div, (1, 2, 3), (3,), positive=True)
binary("div_swapped", "Div", torch.div, (1, 2, 3), (1,), swap=True, positive=True)
binary("pow", "Pow", torch.pow, (1, 2, 3), (1, 2, 1), positive=True)
binary("min", "Min", torch.minimum, (1, 3, 2, 2), (2,))
binary("max", "Max", torch.maximum, (1, 3, 2, 2), (2, 1))
binary("grows", "Add", torch.add, (1, 1, 3), (1, 4, 1))
binary("prelu", "PRelu", lambda x, w: torch.where(x < 0, x * w, x), (1, 3, 2, 4), (3, 1, 1))

c = Case("two_dynamic_gate", 1, 4, 3, 3)
p = c.x.mean((2, 3), keepdim=True)
v = c.node("GlobalAveragePool", ["x"], p)
g = torch.sigmoid(p)
v = c.node("Sigmoid", [v], g)
c.end(c.node("Mul", ["x", v], c.x * g))

c = Case("add_itself_shared", 1, 2, 3)
v = c.node("Neg", ["x"], -c.x)
w = c.node("Mul", [v, v], c.x * c.x)
u = c.node("Add", [w, v], c.x * c.x - c.x)
c.end(c.node("Add", [u, "x"], c.x * c.x))

for dims, axis in (((1, 3, 4), 1), ((1, 3, 2, 4), 1)):  # per sample, whatever the ranks
    c = Case("two_ranks_%d" % len(dims), *dims)
    m = c.x.mean(axis)
    v = c.node("ReduceMean", ["x"], m, axes=[axis], keepdims=False)
    c.end(c.node("Sub", [v, "x"], m - c.x))

c = Case("max_of_three", 1, 4)
k, t = c.const(1, 4)
v = c.node("Neg", ["x"], -c.x)
c.end(c.node("Max", ["x", v, k], torch.maximum(torch.maximum(c.x, -c.x), t)))


def conv(name, dims, w, groups=1, bias=True, stride=(1, 1), dilation=(1, 1), pads=(0, 0, 0, 0)):
    c = Case("conv_" + name, *dims)
    k, t = c.const(*w, scale=0.5)
    names, b = ["x", k], None
    if bias:
        kb, b = c.const(w[0])
        names.append(kb)
    padded = F.pad(c.x, (pads[1], pads[3], pads[0], pads[2]))
    y = F.conv2d(padded, t, b, stride, 0, dilation, groups)
    c.end(c.node("Conv", names, y, kernel_shape=w[2:], strides=stride, dilations=dilation, pads=pads, group=groups))


conv("3x3_same", (1, 3, 5, 4), (4, 3, 3, 3), pads=(1, 1, 1, 1))
conv("1x1", (1, 5, 3, 3), (4, 5, 1, 1))
conv("1x1_stride", (1, 5, 5, 4), (4, 5, 1, 1), stride=(2, 2), bias=False)
conv("asymmetric", (1, 2, 6, 5), (3, 2, 3, 2), pads=(0, 1, 2, 0), stride=(2, 1))
conv("dilated", (1, 2, 7, 7), (3, 2, 3, 3), dilation=(2, 2), pads=(2, 2, 2, 2))
conv("groups", (1, 6, 4, 4), (4, 3, 3, 3), groups=2, pads=(1, 1, 1, 1))
conv("depthwise", (1, 6, 5, 5), (6, 1, 3, 3), groups=6, pads=(1, 1, 1, 1), stride=(2, 2))
conv("multiplier", (1, 3, 5, 5), (6, 1, 3, 3), groups=3, bias=False)

c = Case("gemm", 1, 6)
k, t = c.const(6, 4)
b, s = c.const(4)
c.end(c.node("Gemm", ["x", k, b], c.x @ t + s))
c = Case("gemm_scalar_bias", 1, 6)
k, t = c.const(6, 4)
b, s = c.const(1)
c.end(c.node("Gemm", ["x", k, b], c.x @ t + s))
c = Case("matmul_constant_rank3", 1, 3, 4)
k, t = c.const(4, 5)
c.end(c.node("MatMul", ["x", k], c.x @ t))
c = Case("matmul_constant_left", 1, 3, 4)
k, t = c.const(2, 3)
c.end(c.node("MatMul", [k, "x"], t @ c.x))
c = Case("attention", 1, 5, 12)
q, k_, v_ = c.x.split(4, 2)
heads = []
for name, part in zip("qkv", (q, k_, v_)):
    i = "qkv".index(name)
    s = c.node("Slice", ["x"], part, starts=[0, 0, 4 * i], ends=[1, 5, 4 * i + 4], axes=[0, 1, 2], steps=[1, 1, 1])
    r = part.reshape(1, 5, 2, 2)
    n = c.node("Reshape", [s], r)
    perm = [0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]
    heads.append((c.node("Transpose", [n], r.permute(perm), perm=perm), r.permute(perm)))
a = heads[0][1] @ heads[1][1]
n = c.node("MatMul", [heads[0][0], heads[1][0]], a)
n = c.node("Softmax", [n], a.softmax(-1), axis=3)
y = a.softmax(-1) @ heads[2][1]
n = c.node("MatMul", [n, heads[2][0]], y)
n = c.node("Transpose", [n], y.permute(0, 2, 1, 3), perm=[0, 2, 1, 3])
c.end(c.node("Reshape", [n], y.permute(0, 2, 1, 3).reshape(1, 5, 4)))


def pool(name, op, dims, f, **attrs):
    c = Case("pool_" + name, *dims)
    attrs.setdefault("dilations", (1, 1))
    c.end(c.node(op, ["x"], f(c.x), **attrs))


pool("max", "MaxPool", (1, 3, 5, 5), lambda x: F.max_pool2d(x, 3, 2, 1), kernel_shape=(3, 3), strides=(2, 2),
     pads=(1, 1, 1, 1))
pool("max_ceil", "MaxPool", (1, 2, 6, 6), lambda x: F.max_pool2d(x, 3, 2, 0, ceil_mode=True), kernel_shape=(3, 3),
     strides=(2, 2), pads=(0, 0, 0, 0))
pool("max_dilated", "MaxPool", (1, 2, 6, 6), lambda x: F.max_pool2d(x, 2, 1, 0, 2), kernel_shape=(2, 2),
     strides=(1, 1), pads=(0, 0, 0, 0), dilations=(2, 2))
pool("average", "AveragePool", (1, 3, 5, 5), lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
     kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1), count_include_pad=0)
pool("average_padded", "AveragePool", (1, 3, 5, 5), lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=True),
     kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1), count_include_pad=1)
pool("average_ceil", "AveragePool", (1, 2, 6, 6),
     lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=True), kernel_shape=(3, 3), strides=(2, 2),
     pads=(1, 1, 1, 1), count_include_pad=1)


def reduced(name, op, dims, f, axes, keep):
    c = Case("reduce_" + name, *dims)
    c.end(c.node(op, ["x"], f(c.x, axes, keep), axes=axes, keepdims=keep))


reduced("mean_hw", "ReduceMean", (1, 3, 4, 5), lambda x, a, k: x.mean(a, k), [2, 3], True)
reduced("mean_hw_flat", "ReduceMean", (1, 3, 4, 5), lambda x, a, k: x.mean(a, k), [2, 3], False)
reduced("mean_last", "ReduceMean", (1, 3, 4), lambda x, a, k: x.mean(a, k), [2], True)
reduced("sum_channels", "ReduceSum", (1, 3, 4, 5), lambda x, a, k: x.sum(a, k), [1], False)
reduced("sum_ends", "ReduceSum", (1, 3, 4, 5), lambda x, a, k: x.sum(a, k), [1, 3], True)
reduced("max_hw", "ReduceMax", (1, 3, 4, 5), lambda x, a, k: x.amax(a, k), [2, 3], True)
c = Case("global_average", 1, 3, 4, 5)
c.end(c.node("GlobalAveragePool", ["x"], c.x.mean((2, 3), keepdim=True)))
c = Case("global_max", 1, 3, 4, 5)
c.end(c.node("GlobalMaxPool", ["x"], c.x.amax((2, 3), keepdim=True)))

for axis, dims in ((1, (1, 6)), (2, (1, 3, 5)), (1, (1, 4, 2, 3)), (3, (1, 2, 3, 4))):
    for op, f in (("Softmax", F.softmax), ("LogSoftmax", F.log_softmax)):
        c = Case("%s_axis%d_rank%d" % (op, axis, len(dims)), *dims)
        c.end(c.node(op, ["x"], f(c.x, axis), axis=axis))

c = Case("layer_norm", 1, 3, 6)
k, t = c.const(6)
b, s = c.const(6)
c.end(c.node("LayerNormalization", ["x", k, b], F.layer_norm(c.x, (6,), t, s, 1e-5), axis=2, epsilon=1e-5))
c = Case("layer_norm_two_axes", 1, 2, 3, 4)
k, t = c.const(3, 4)
c.end(c.node("LayerNormalization", ["x", k], F.layer_norm(c.x, (3, 4), t, None, 1e-3), axis=2, epsilon=1e-3))
for dims in ((1, 3, 2, 4), (1, 5), (1, 3, 4)):
    c = Case("batch_norm_rank%d" % len(dims), *dims)
    (k1, w), (k2, b), (k3, m) = c.const(dims[1]), c.const(dims[1]), c.const(dims[1])
    k4, v = c.const(dims[1], positive=True)
    c.end(c.node("BatchNormalization", ["x", k1, k2, k3, k4], F.batch_norm(c.x, m, v, w, b, False, 0, 1e-5),
                 epsilon=1e-5))
c = Case("lrn", 1, 7, 2, 3)
c.end(c.node("LRN", ["x"], F.local_response_norm(c.x, 5, 0.1, 0.75, 2.0), alpha=0.1, beta=0.75, bias=2.0, size=5))


def move(name, op, dims, f, **attrs):
    c = Case("move_" + name, *dims)
    c.end(c.node(op, ["x"], f(c.x), **attrs))


move("flatten", "Reshape", (1, 3, 2, 4), lambda x: x.reshape(1, 24))
move("reshape_up", "Reshape", (1, 24), lambda x: x.reshape(1, 2, 3, 4))
move("to_last", "Transpose", (1, 3, 2, 4), lambda x: x.permute(0, 2, 3, 1), perm=[0, 2, 3, 1])
move("hw_swap", "Transpose", (1, 3, 2, 4), lambda x: x.permute(0, 1, 3, 2), perm=[0, 1, 3, 2])
move("rank3", "Transpose", (1, 3, 4), lambda x: x.permute(0, 2, 1), perm=[0, 2, 1])
move("slice_steps", "Slice", (1, 3, 5, 4), lambda x: x[:, :, ::2, 1:3], starts=[0, 0, 0, 1], ends=[1, 3, 5, 3],
     axes=[0, 1, 2, 3], steps=[1, 1, 2, 1])
move("slice_back", "Slice", (1, 5, 2), lambda x: x.flip(1)[:, ::2], starts=[0, 4, 0], ends=[1, -1, 2], axes=[0, 1, 2],
     steps=[1, -2, 1])
move("pad", "Pad", (1, 2, 3, 3), lambda x: F.pad(x, (1, 2, 0, 1), value=0.5), pads=[0, 0, 0, 1, 0, 0, 1, 2],
     mode="constant", value=0.5)
move("pad_channels", "Pad", (1, 2, 2, 3), lambda x: F.pad(x, (0, 0, 0, 0, 2, 1)), pads=[0, 2, 0, 0, 0, 1, 0, 0],
     mode="constant", value=0.0)
move("pad_reflect", "Pad", (1, 2, 3, 4), lambda x: F.pad(x, (2, 1, 1, 2), mode="reflect"),
     pads=[0, 0, 1, 2, 0, 0, 2, 1], mode="reflect", value=0.0)
move("pad_edge", "Pad", (1, 2, 3, 4), lambda x: F.pad(x, (2, 1, 1, 2), mode="replicate"),
     pads=[0, 0, 1, 2, 0, 0, 2, 1], mode="edge", value=0.0)
move("expand", "Expand", (1, 3, 1, 2), lambda x: x.expand(1, 3, 4, 2))
move("gather", "Gather", (1, 3, 4), lambda x: x[:, [2, 0, 2]], axis=1, indices=[2, 0, 2], scalar=0)
move("gather_scalar", "Gather", (1, 3, 4), lambda x: x[:, 1], axis=1, indices=[1], scalar=1)
move("gather_channels", "Gather", (1, 3, 2, 2), lambda x: x[:, [2, 1]], axis=1, indices=[2, 1], scalar=0)
move("gather_scalar_hw", "Gather", (1, 3, 2, 4), lambda x: x[:, :, 1], axis=2, indices=[1], scalar=1)

for axis in (1, 2, 3):
    c = Case("concat_axis%d" % axis, 1, 2, 2, 2)
    dims = [1, 2, 2, 2]
    dims[axis] = 3
    k, t = c.const(*dims)
    v = c.node("Neg", ["x"], -c.x)
    c.end(c.node("Concat", ["x", k, v], torch.cat((c.x, t, -c.x), axis), axis=axis))
c = Case("shuffle_channels", 1, 6, 2, 2)
y = c.x.reshape(1, 2, 3, 2, 2)
v = c.node("Reshape", ["x"], y)
y = y.permute(0, 2, 1, 3, 4)
v = c.node("Transpose", [v], y, perm=[0, 2, 1, 3, 4])
y = y.reshape(1, 6, 2, 2)
v = c.node("Reshape", [v], y)
k, t = c.const(4, 6, 1, 1)
c.end(c.node("Conv", [v, k], F.conv2d(y, t), kernel_shape=[1, 1], strides=[1, 1], dilations=[1, 1],
             pads=[0, 0, 0, 0], group=1))
c = Case("convnext_block", 1, 4, 3, 3)
k, t = c.const(4, 1, 3, 3)
y = F.conv2d(c.x, t, None, 1, 1, 1, 4)
v = c.node("Conv", ["x", k], y, kernel_shape=[3, 3], strides=[1, 1], dilations=[1, 1], pads=[1, 1, 1, 1], group=4)
y = y.permute(0, 2, 3, 1)
v = c.node("Transpose", [v], y, perm=[0, 2, 3, 1])
k, t = c.const(4)
y = F.layer_norm(y, (4,), t, None, 1e-6)
v = c.node("LayerNormalization", [v, k], y, axis=3, epsilon=1e-6)
k, t = c.const(4, 4)
y = y @ t
v = c.node("MatMul", [v, k], y)
y = y.permute(0, 3, 1, 2)
v = c.node("Transpose", [v], y, perm=[0, 3, 1, 2])
c.end(c.node("Add", ["x", v], c.x + y))

# Rare functions, comparisons (1 or 0) and the choice between two tensors.
for name, f in (("Sin", torch.sin), ("Cos", torch.cos), ("Tan", torch.tan), ("Atan", torch.atan), ("Sinh", torch.sinh),
                ("Cosh", torch.cosh), ("Asinh", torch.asinh), ("Round", torch.round), ("Floor", torch.floor),
                ("Ceil", torch.ceil), ("Sign", torch.sign)):
    unary(name, f)
unary("ThresholdedRelu", lambda x: F.threshold(x, 0.6, 0), alpha=0.6)
unary("Shrink", lambda x: F.softshrink(x, 0.4), lambd=0.4, bias=0.4)
unary("Shrink", lambda x: F.hardshrink(x, 0.7), lambd=0.7, bias=0.0)


def inverse(op, f, before):
    c = Case("unary_" + op, 1, 3, 2, 4)
    v = before(c)
    c.end(c.node(op, [v], f(c.names[v])))


inverse("Asin", torch.asin, lambda c: c.node("Tanh", ["x"], torch.tanh(c.x)))
inverse("Acos", torch.acos, lambda c: c.node("Tanh", ["x"], torch.tanh(c.x)))
inverse("Atanh", torch.atanh, lambda c: c.node("Sin", ["x"], torch.sin(c.x)))
inverse("Acosh", torch.acosh, lambda c: c.node("Cosh", ["x"], torch.cosh(c.x)))
inverse("Not", lambda x: (x == 0).float(), lambda c: c.node("Relu", ["x"], F.relu(c.x)))
inverse("IsNaN", lambda x: x.isnan().float(), lambda c: c.node("Log", ["x"], torch.log(c.x)))


def compare(op, f):
    c = Case("binary_" + op, 1, 3, 2, 4)
    a = c.node("Round", ["x"], torch.round(c.x))
    k, t = c.const(1, 3, 1, 1)
    b = c.node("Round", [c.node("Mul", ["x", k], c.x * t)], torch.round(c.x * t))
    c.end(c.node(op, [a, b], f(c.names[a], c.names[b]).float()))


compare("Equal", torch.eq)
compare("Less", torch.lt)
compare("LessOrEqual", torch.le)

c = Case("where", 1, 3, 2, 4)
k, t = c.const(2, 4)
less = c.node("Less", ["x", k], (c.x < t).float())
s, u = c.const(3, 1, 1)
c.end(c.node("Where", [less, s, "x"], torch.where(c.x < t, u, c.x)))
c = Case("where_of_a_constant", 1, 4, 3)
k, t = c.const(4, 3)
y = c.node("Exp", ["x"], c.x.exp())
c.end(c.node("Where", [c.node("LessOrEqual", [k, "x"], (t <= c.x).float()), y, k], torch.where(t <= c.x, c.x.exp(), t)))
out.close()
