#!/usr/bin/env python3
"""Exports every family of image classifiers that torchvision has, with seeded random weights, and compares the logits
of `apex check` with PyTorch's:

    export_families.py build/release/apex [--families resnet50,vit_b_16] [--opsets 11,13,17] [--batches "batch 1,dynamic"]

Each family is exported with a batch fixed at 1, fixed at 5, and dynamic; five samples are compared. The files are large,
so each is made in a temporary folder and removed after its check. Prints one line for each family and opset with the
largest error relative to the largest logit; exits 1 if one is over the tolerance. Debian: python3-torchvision
python3-onnx.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

BATCHES = {"batch 1": 1, "batch 5": 5, "dynamic": None}


class Mlp(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(3 * 32 * 32, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
                         nn.Linear(32, 10))


class BasicBlock(nn.Module):
    """The block of a CIFAR ResNet whose shortcut drops pixels and pads channels (option A)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.stride, self.pad = (1, 0) if inputs == outputs else (2, (outputs - inputs) // 2)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.pad:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(x + y)


class CifarResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        width = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.blocks = nn.Sequential(*(BasicBlock(a, b) for a, b in zip(width, width[1:])))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        x = F.avg_pool2d(x, int(x.size()[3]))
        return self.linear(x.view(x.size(0), -1))


def tv(name, size, **more):
    return lambda: (getattr(torchvision.models, name)(num_classes=100, **more), size)


def video(name, frames, size):
    return lambda: (getattr(torchvision.models.video, name)(num_classes=100), (3, frames, size, size))


FAMILIES = {
    "mlp": lambda: (Mlp(), 32),
    "cifar_resnet20": lambda: (CifarResNet20(), 32),
    "alexnet": tv("alexnet", 224),
    "vgg11": tv("vgg11", 224),
    "vgg11_bn": tv("vgg11_bn", 224),
    "resnet18": tv("resnet18", 64),
    "resnet50": tv("resnet50", 64),
    "densenet121": tv("densenet121", 64),
    "googlenet": tv("googlenet", 64, init_weights=False, aux_logits=False),
    "inception_v3": tv("inception_v3", 96, init_weights=False, aux_logits=False),
    "squeezenet1_0": tv("squeezenet1_0", 64),
    "squeezenet1_1": tv("squeezenet1_1", 64),
    "mobilenet_v2": tv("mobilenet_v2", 64),
    "mobilenet_v3_small": tv("mobilenet_v3_small", 64),
    "mobilenet_v3_large": tv("mobilenet_v3_large", 64),
    "efficientnet_b0": tv("efficientnet_b0", 64),
    "efficientnet_v2_s": tv("efficientnet_v2_s", 64),
    "regnet_x_400mf": tv("regnet_x_400mf", 64),
    "regnet_y_400mf": tv("regnet_y_400mf", 64),
    "shufflenet_v2_x1_0": tv("shufflenet_v2_x1_0", 64),
    "mnasnet1_0": tv("mnasnet1_0", 64),
    "convnext_tiny": tv("convnext_tiny", 64),
    "vit_b_16": tv("vit_b_16", 64, image_size=64),
    "swin_t": tv("swin_t", 64),
    "r3d_18": video("r3d_18", 6, 48),
    "r2plus1d_18": video("r2plus1d_18", 6, 48),
}
LARGE = {  # only when named: over half a gigabyte a file, or minutes a sample
    "vgg16": tv("vgg16", 224),
    "maxvit_t": tv("maxvit_t", 224),
}


def build(name):
    torch.manual_seed(1)
    net, size = (FAMILIES | LARGE)[name]()
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    for head in (getattr(net, "heads", None),):  # a new ViT's head is all zero
        for module in head.modules() if head is not None else ():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.05)
    return net.eval(), torch.randn(5, *(size if isinstance(size, tuple) else (3, size, size)))


def check(options, net, image, logits, opset, batch, folder):
    path = os.path.join(folder, "model.onnx")
    axes = None if batch else {"input": {0: "N"}, "logits": {0: "N"}}
    torch.onnx.export(net, image[: batch or 2], path, opset_version=opset, input_names=["input"],
                      output_names=["logits"], dynamic_axes=axes)
    run = subprocess.run([options.apex, "check", path, "--input", os.path.join(folder, "x.npy"), "--expect",
                          os.path.join(folder, "y.npy"), "--kernels", options.kernels], capture_output=True, text=True)
    os.remove(path)
    found = re.search(r", (\S+) of the largest logit", run.stdout)
    return float(found.group(1)) if found else (run.stderr or run.stdout).strip().replace(path + ": ", "")[:160]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("apex")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--opsets", default="11,13,17")
    parser.add_argument("--kernels", default="auto")
    parser.add_argument("--batches", default=",".join(BATCHES))
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    worst = failed = 0
    for name in options.families.split(","):
        net, image = build(name)
        with torch.no_grad():
            logits = net(image)
        for opset in map(int, options.opsets.split(",")):
            start, line = time.time(), []
            for kind, batch in ((kind, BATCHES[kind]) for kind in options.batches.split(",")):
                with tempfile.TemporaryDirectory() as folder:
                    np.save(os.path.join(folder, "x.npy"), image.numpy())
                    np.save(os.path.join(folder, "y.npy"), logits.numpy())
                    try:
                        error = check(options, net, image, logits, opset, batch, folder)
                    except Exception as cause:  # PyTorch cannot export this net in this opset
                        line.append(f"{kind} not exported: {str(cause).splitlines()[0][:80]}")
                        continue
                if isinstance(error, str):
                    line.append(f"{kind} FAILS: {error}")
                    failed += 1
                else:
                    line.append(f"{kind} {error:.2g}")
                    worst = max(worst, error)
                    failed += error > options.tolerance
            print(f"{name:20} opset {opset}: {', '.join(line)} ({time.time() - start:.0f} s)", flush=True)
    print(f"largest error {worst:.2g} of the largest logit; {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
