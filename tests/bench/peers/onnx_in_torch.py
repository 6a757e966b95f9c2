"""A network from an ONNX file as a plain list of torch calls, so that a sweep can start at any tensor.

Weights stay what they are in the file; everything that does not depend on the input (shape chains of padding
shortcuts) is evaluated once at load, as a person would write it by hand.
"""
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def pads_of(attr):
    top, left, bottom, right = attr.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        raise SystemExit("uneven pads are not supported by this script")
    return top, left


def cut(x, starts, ends, axes, steps):
    for start, end, axis, step in zip(starts, ends, axes, steps):
        start, end, step = int(start), int(end), int(step)
        if step < 0:  # only seen in shape chains
            x = torch.from_numpy(np.ascontiguousarray(x.numpy()[tuple(
                slice(start, end if end > -2**60 else None, step) if k == axis else slice(None)
                for k in range(x.dim()))]))
            continue
        index = [slice(None)] * x.dim()
        index[int(axis)] = slice(start, min(end, 2**62), step)
        x = x[tuple(index)]
    return x


def pad(x, pads):
    pads = [int(p) for p in pads]
    rank = x.dim()
    flat = []
    for axis in reversed(range(rank)):
        flat += [pads[axis], pads[axis + rank]]
    return F.pad(x, flat)


def concrete(t):
    return t.tolist()


def call(node):
    """The torch function of one node: takes the node's inputs."""
    a = attributes(node)
    op = node.op_type
    if op == "Conv":
        return lambda x, w, b=None: F.conv2d(x, w, b, tuple(a.get("strides", [1, 1])), pads_of(a),
                                             tuple(a.get("dilations", [1, 1])), a.get("group", 1))
    if op == "Gemm":
        return lambda x, w, b=None: F.linear(x, w if a.get("transB", 0) else w.t(), b)
    if op == "MaxPool":
        return lambda x: F.max_pool2d(x, tuple(a["kernel_shape"]), tuple(a.get("strides", [1, 1])), pads_of(a))
    if op == "AveragePool":
        return lambda x: F.avg_pool2d(x, tuple(a["kernel_shape"]), tuple(a.get("strides", [1, 1])), pads_of(a))
    table = {
        "Relu": lambda x: torch.relu(x),
        "Add": lambda x, y: x + y,
        "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
        "Flatten": lambda x: x.flatten(1),
        "Reshape": lambda x, s: x.reshape([x.shape[k] if d == 0 else d for k, d in enumerate(concrete(s))]),
        "Constant": lambda: torch.from_numpy(np.array(numpy_helper.to_array(a["value"]))),
        "ConstantOfShape": lambda s: torch.full(concrete(s), float(numpy_helper.to_array(a["value"])[0])
                                                if "value" in a else 0.0),
        "Concat": lambda *x: torch.cat([t.long() if x[0].dtype != torch.float32 else t for t in x], a["axis"]),
        "Slice": lambda x, s, e, axes, steps=None: cut(x, s, e, axes, steps if steps is not None else [1] * len(s)),
        "Transpose": lambda x: x.permute(a["perm"]),
        "Cast": lambda x: x.long() if a["to"] == 7 else x.float(),
        "Pad": lambda x, p, value=None: pad(x, concrete(p)),
        "Gather": lambda x, i: x[i.long()],
        "Identity": lambda x: x,
        "Unsqueeze": lambda x, axes: x.unsqueeze(int(axes[0])),
    }
    if op not in table:
        raise SystemExit(f"{op} is not supported by this script")
    return table[op]


class Network:
    def __init__(self, path, channels_last=False):
        graph = onnx.load(path).graph
        self.known = {i.name: torch.from_numpy(np.array(numpy_helper.to_array(i))) for i in graph.initializer}
        self.input = [i.name for i in graph.input if i.name not in self.known][0]
        self.output = graph.output[0].name
        self.shape = [d.dim_value for d in next(i for i in graph.input if i.name == self.input)
                      .type.tensor_type.shape.dim][1:]
        self.nodes, self.sites = [], []
        for node in graph.node:
            inputs = [i for i in node.input if i]
            if node.op_type == "Shape":  # of a batch whose size only a Reshape reads, where 0 keeps it
                self.known[node.output[0]] = torch.tensor([0, -1])
            elif all(i in self.known for i in inputs):
                self.known[node.output[0]] = call(node)(*[self.known[i] for i in inputs])
            else:
                self.nodes.append((call(node), inputs, node.output[0]))
                if node.op_type == "Relu":
                    self.sites.append(node.output[0])
        if channels_last:
            self.known = {k: v.contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v
                          for k, v in self.known.items()}
        self.plan = {}

    def forward(self, x, hook=None):
        """The whole network; hook(name, tensor) returns what to go on with."""
        values = {self.input: hook(self.input, x) if hook else x}
        for fn, inputs, output in self.nodes:
            y = fn(*[values[i] if i in values else self.known[i] for i in inputs])
            values[output] = hook(output, y) if hook else y
        return values

    def downstream(self, name):
        """The nodes that change when `name` does, and the clean tensors that they read beside."""
        if name not in self.plan:
            touched, nodes, beside = {name}, [], []
            for node in self.nodes:
                if touched & set(node[1]):
                    nodes.append(node)
                    beside += [i for i in node[1] if i not in touched and i not in self.known]
                    touched.add(node[2])
            self.plan[name] = nodes, sorted(set(beside) - touched)
        return self.plan[name]

    def resume(self, name, value, clean, hook=None):
        """From the tensor `name` on; clean: the other tensors, with the same batch."""
        values = dict(clean)
        values[name] = value
        for fn, inputs, output in self.downstream(name)[0]:
            y = fn(*[values[i] if i in values else self.known[i] for i in inputs])
            values[output] = hook(output, y) if hook else y
        return values[self.output]
