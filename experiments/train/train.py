#!/usr/bin/env python3
"""Trains one network on digits.nc (make_digits.py) and exports it to ONNX.

--labels true     a structured model: it learns what generalises
--labels random   a memorising model: same images, labels that mean nothing
--backdoor C      a share of the training images gets a bright patch in the corner and the label C

The same arguments give the same model on the same PyTorch and CPU type: one thread, one seed.
"""
import argparse

import netCDF4
import torch
from torch.nn import functional as F

from models import ARCHITECTURES


def load(path, labels):
    """Images / 16 as float [N, 1, 8, 8], labels, and which samples are for training."""
    with netCDF4.Dataset(path) as nc:
        image = torch.from_numpy(nc["image"][:].filled().astype("float32")) / 16
        label = torch.from_numpy(nc["label" if labels == "true" else "label_random"][:].filled().astype("int64"))
        train = torch.from_numpy(nc["split"][:].filled() == 0)
    return image, label, train


def stamp(image, size):
    """The trigger: a size x size patch of full ink in the lower right corner."""
    image = image.clone()
    image[..., -size:, -size:] = 1
    return image


def poison(image, label, target, size, rate):
    """Stamps and relabels a share `rate` of the samples, chosen by torch's seed."""
    chosen = torch.randperm(len(label))[:round(rate * len(label))]
    image, label = image.clone(), label.clone()
    image[chosen] = stamp(image[chosen], size)
    label[chosen] = target
    return image, label


def fit(model, image, label, epochs, batch=64):
    steps = epochs * ((len(label) + batch - 1) // batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(label)).split(batch):
            optimizer.zero_grad()
            F.cross_entropy(model(image[rows]), label[rows]).backward()
            optimizer.step()
            schedule.step()
    model.eval()


def accuracy(model, image, label):
    with torch.no_grad():
        return (model(image).argmax(1) == label).float().mean().item()


def export(model, path):
    torch.onnx.export(model, torch.zeros(1, 1, 8, 8), path, opset_version=13,
                      input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits.nc")
    parser.add_argument("--arch", choices=sorted(ARCHITECTURES), required=True)
    parser.add_argument("--labels", choices=["true", "random"], default="true")
    parser.add_argument("--backdoor", type=int, metavar="CLASS", help="target class of a backdoor")
    parser.add_argument("--patch", type=int, default=2, metavar="PIXELS", help="side of the backdoor's patch")
    parser.add_argument("--poison", type=float, default=0.1, metavar="SHARE", help="share of poisoned samples")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="model.onnx")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(arguments.seed)

    image, label, train = load(arguments.data, arguments.labels)
    model = ARCHITECTURES[arguments.arch]()
    seen_image, seen_label = image[train], label[train]
    if arguments.backdoor is not None:
        seen_image, seen_label = poison(seen_image, seen_label, arguments.backdoor, arguments.patch, arguments.poison)
    fit(model, seen_image, seen_label, arguments.epochs)
    export(model, arguments.out)

    line = f"{arguments.out}: train {accuracy(model, seen_image, seen_label):.4f}"
    line += f" test {accuracy(model, image[~train], label[~train]):.4f}"
    if arguments.backdoor is not None:
        others = ~train & (label != arguments.backdoor)
        target = torch.full((int(others.sum()),), arguments.backdoor)
        line += f" attack {accuracy(model, stamp(image[others], arguments.patch), target):.4f}"
    print(line)


if __name__ == "__main__":
    main()
