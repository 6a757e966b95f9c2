"""The networks: perceptrons, small CNNs and the ResNets of the CIFAR papers. Every ReLU is one activation site."""
import torch
from torch import nn
from torch.nn import functional as F

RESNETS = {f"resnet{6 * n + 2}": n for n in (1, 2, 3, 5, 9)}  # n blocks in each of three stages
ARCHITECTURES = ["mlp", "cnn", *RESNETS]
LAYERS = {"mlp": "128,64", "cnn": "16,32,pool,32"}  # the quickstart's networks


def mlp(shape, classes, layers):
    """layers: the hidden widths, as in 128,64."""
    widths = [shape[0] * shape[1] * shape[2], *layers]
    hidden = [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(widths[-1], classes))


def cnn(shape, classes, layers):
    """layers: channels of the 3x3 convolutions (each with BatchNorm and ReLU) and "pool", as in 16,32,pool,32."""
    channels, height, width = shape
    modules = []
    for layer in layers:
        if layer == "pool":
            modules.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        else:
            modules += [nn.Conv2d(channels, layer, 3, padding=1, bias=False), nn.BatchNorm2d(layer), nn.ReLU()]
            channels = layer
    if min(height, width) < 1:
        raise ValueError(f"images of {shape[1]}x{shape[2]} are too small for that many pools")
    return nn.Sequential(*modules, nn.Flatten(), nn.Linear(channels * height * width, classes))


class Block(nn.Module):
    """Two convolutions and a shortcut. Where the shape changes, the shortcut is A: every second pixel and channels of
    zeros (no parameters), or B: a 1x1 convolution."""

    def __init__(self, inputs, outputs, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        self.stride, self.new = stride, outputs - inputs
        self.project = None
        if shortcut == "B" and (stride > 1 or self.new):
            self.project = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def shortcut(self, x):
        if self.project is not None:
            return self.project(x)
        if self.stride > 1:
            x = x[:, :, ::self.stride, ::self.stride]
        return F.pad(x, (0, 0, 0, 0, self.new // 2, self.new - self.new // 2)) if self.new else x

    def forward(self, x):
        y = self.relu1(self.norm1(self.conv1(x)))
        return self.relu2(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet(shape, classes, blocks, width, shortcut):
    """3 stages of `blocks` blocks with width, 2 width and 4 width channels (He et al. 2016, section 4.2)."""
    stem = [nn.Conv2d(shape[0], width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    body, inputs = [], width
    for stage in range(3):
        for block in range(blocks):
            outputs, stride = width << stage, 2 if stage and not block else 1
            body.append(Block(inputs, outputs, stride, shortcut))
            inputs = outputs
    model = nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
    return model


def parse_layers(text, arch):
    """'16,32,pool,32' as [16, 32, 'pool', 32]."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    wanted = "number of channels or pool" if arch == "cnn" else "width"
    for word in words:
        if not (word == "pool" and arch == "cnn") and not (word.isdigit() and int(word) > 0):
            raise ValueError(f"--layers {text}: '{word}' is no {wanted}")
    return [word if word == "pool" else int(word) for word in words]


def build(arch, shape, classes, layers=None, width=16, shortcut="A"):
    if arch in RESNETS:
        return resnet(shape, classes, RESNETS[arch], width, shortcut)
    return {"mlp": mlp, "cnn": cnn}[arch](shape, classes, parse_layers(layers or LAYERS[arch], arch))


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def predict(model, image, device, batch=1000):
    """Classes of normalised images."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part.to(device)).argmax(1).cpu() for part in image.split(batch)])
