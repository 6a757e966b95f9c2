"""Writes a CIFAR ResNet-18 (64 to 512 channels, 3x3 stem, no max pooling) with random weights as ONNX."""
import sys

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width_in, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.short = nn.Sequential()
        if stride != 1 or width_in != width:
            self.short = nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.short(x))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        width_in = 64
        for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [Block(width_in, width, stride), Block(width, width, 1)]
            width_in = width
        self.body = nn.Sequential(*layers)
        self.last = nn.Linear(512, 10)

    def forward(self, x):
        return self.last(nn.functional.adaptive_avg_pool2d(self.body(x), 1).flatten(1))


if __name__ == "__main__":
    torch.manual_seed(18)
    torch.onnx.export(ResNet18().eval(), torch.zeros(1, 3, 32, 32), sys.argv[1], opset_version=13,
                      input_names=["input"], dynamic_axes={"input": {0: "N"}})
