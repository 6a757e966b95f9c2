"""The two small networks of the quickstart, for images [N, 1, 8, 8]. Every ReLU is one activation site."""
from torch import nn


def mlp(classes=10):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 128), nn.ReLU(),
        nn.Linear(128, 64), nn.ReLU(),
        nn.Linear(64, classes))


def cnn(classes=10):
    def block(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()

    return nn.Sequential(
        *block(1, 16),
        *block(16, 32), nn.MaxPool2d(2),
        *block(32, 32),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, classes))


ARCHITECTURES = {"mlp": mlp, "cnn": cnn}
