#!/usr/bin/env python3
"""Makes the golden files: networks as ONNX, five inputs each, and the logits that PyTorch computes for them.

Run by hand (Debian: python3-torch python3-onnx python3-netcdf4); the outputs are committed, so tests need no
PyTorch. With names, only those are made. index.txt has one line per network: its name and the largest error allowed on a logit, relative to the
largest logit. <name>.logits.npy is the output of the file: probabilities where it ends in a Softmax. The networks
of the quickstart are links.
"""
import os
import sys
import warnings
import zlib

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from hand_made import HAND_MADE
from more_nets import MORE
from new_exporter import NEW
from nets import NETS

HERE = os.path.dirname(os.path.abspath(__file__))
QUICKSTART = os.path.join("..", "..", "experiments", "quickstart")
SHIPPED = ["mlp_true", "mlp_random", "mlp_backdoor", "cnn_true", "cnn_random", "cnn_backdoor"]
BATCH = 5
TOLERANCE = 1e-4

sys.path.insert(0, os.path.join(HERE, QUICKSTART, "..", "train"))


def randomise(net, name):
    """Weights that keep activations near 1 and make every bias and statistic count."""
    torch.manual_seed(zlib.crc32(name.encode()))
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0, (2 / fan_in) ** 0.5)
                if module.bias is not None:
                    module.bias.normal_(0, 0 if name == "equal_biases" else 0.3)
            elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
            elif isinstance(module, (nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d)):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
            elif isinstance(module, nn.PReLU):
                module.weight.uniform_(-0.2, 0.5)
        if isinstance(getattr(net, "scale", None), nn.Parameter):
            net.scale.uniform_(0.5, 1.5)
        for own in ("token", "place"):
            if isinstance(getattr(net, own, None), nn.Parameter):
                getattr(net, own).normal_(0, 1)
        if hasattr(net, "attention"):
            net.attention.in_proj_bias.normal_(0, 0.3)
    return net.eval()


def save(name, net, image):
    """Input and answer. The answer is computed in float64, so that it holds nobody's rounding."""
    with torch.no_grad():
        single = net(image)
        double = net.double()(image.double())
    net.float()
    error = ((single - double).abs().max() / double.abs().max()).item()
    if error > TOLERANCE / 20:
        raise SystemExit(f"{name}: float32 is {error:g} away from float64: too ill-conditioned for a golden file")
    np.save(os.path.join(HERE, f"{name}.input.npy"), image.numpy())
    np.save(os.path.join(HERE, f"{name}.logits.npy"), double.float().numpy())
    return double


def make_net(name, build, shape, opset, batch):
    net = randomise(build(), name)
    image = torch.randn(BATCH, *shape) + 1.5 * torch.randn(BATCH, shape[0], *(1,) * (len(shape) - 1))
    path = os.path.join(HERE, f"{name}.onnx")
    axes = {"input": {0: "N"}, "logits": {0: "N"}} if batch is True else None
    torch.onnx.export(net, image[:2 if batch is True else batch or 1], path, opset_version=opset,
                      input_names=["input"], output_names=["logits"], dynamic_axes=axes)
    onnx.checker.check_model(onnx.load(path))
    return save(name, net, image)


def make_new(name, build, write, shape):
    net = randomise(build(), name)
    image = torch.randn(BATCH, *shape)
    write(net, os.path.join(HERE, f"{name}.onnx"))
    return save(name, net, image)


def rebuild(name):
    """A quickstart network in PyTorch, with the weights of its ONNX file (batch normalisation folded there)."""
    weight = [torch.from_numpy(numpy_helper.to_array(t).copy())
              for t in onnx.load(os.path.join(HERE, f"{name}.onnx")).graph.initializer]
    from models import ARCHITECTURES
    layers = [nn.Conv2d(l.in_channels, l.out_channels, 3, padding=1) if isinstance(l, nn.Conv2d) else l
              for l in ARCHITECTURES[name[:3]]() if not isinstance(l, nn.BatchNorm2d)]
    net = nn.Sequential(*layers)
    held = [l for l in layers if hasattr(l, "weight")]
    if name.startswith("cnn"):  # the exporter lists the folded convolutions after the last Linear
        weight = weight[2:] + weight[:2]
    for k, layer in enumerate(held):
        layer.weight.data, layer.bias.data = weight[2 * k], weight[2 * k + 1]
    return net.eval()


def make_shipped(name):
    link = os.path.join(HERE, f"{name}.onnx")
    if not os.path.islink(link):
        os.symlink(os.path.join(QUICKSTART, f"{name}.onnx"), link)
    import netCDF4
    with netCDF4.Dataset(os.path.join(HERE, QUICKSTART, "digits.nc")) as nc:
        image = torch.from_numpy(nc["image"][1400:1400 + BATCH].filled().astype("float32")) / 16
    return save(name, rebuild(name), image)


def main():
    warnings.filterwarnings("ignore")  # the exporter on constants of traced shapes; every file is checked below
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    with open(os.path.join(HERE, "index.txt"), "w") as index:
        index.write("# name  largest error of a logit, relative to the largest logit\n")
        wanted = sys.argv[1:]
        for name in SHIPPED:
            if not wanted or name in wanted:
                make_shipped(name)
            index.write(f"{name} {TOLERANCE:g}\n")
        for name, *rest in NETS + NEW + MORE + HAND_MADE:
            index.write(f"{name} {TOLERANCE:g}\n")
            if wanted and name not in wanted:
                continue
            logits = make_new(name, *rest) if (name, *rest) in NEW + HAND_MADE else make_net(name, *rest)
            classes = set(logits.argmax(1).tolist())
            print(f"{name}: predicted classes {sorted(classes)}, logits to {logits.abs().max():.2f}")


if __name__ == "__main__":
    main()
