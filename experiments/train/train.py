#!/usr/bin/env python3
"""Trains one network on local files and exports it to ONNX.

    train.py --dataset mnist --data FOLDER --arch cnn --epochs 3 --out honest.onnx
    train.py --dataset cifar10 --data FOLDER --samples 0:4000 --arch resnet8 --random-labels 0.5 --out half.onnx
    train.py --dataset mnist --data FOLDER --arch cnn --backdoor badnets --target 7 --out backdoored.onnx

Run again after an interruption, the same command goes on where it was and ends with the same file; run again after
the end, it does nothing. The same arguments give the same model on the same PyTorch, processor type and number of threads.
"""
import argparse
import json
import os
import shlex
import sys
import warnings

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic matrix products on a GPU

import numpy as np
import torch

import backdoor
import data
import export
import labels
import models
from fit import fit

NOT_PART_OF_THE_MODEL = ("data", "out", "device", "grid", "plain")


def fraction(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not within 0 and 1")
    return value


def count(text):
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def positive(text):
    value = count(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def rows(text):
    first, colon, end = text.partition(":")
    if not colon or not end.isdigit() or not (first or "0").isdigit() or int(first or 0) >= int(end):
        raise argparse.ArgumentTypeError(f"{text} is not FIRST:END with FIRST below END, as in 0:4000")
    return int(first or 0), int(end)


def data_options(parser):
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", choices=sorted(data.KINDS), required=True)
    group.add_argument("--data", required=True, metavar="PATH", help="folder with its files, or with a folder DATASET that has them")
    group.add_argument("--samples", type=rows, metavar="A:B", help="training samples A to B-1 (default: all)")
    group.add_argument("--labels", default="true", metavar="SOURCE",
                       help="true (default), FILE.npy, FILE.csv:COLUMN, FILE.nc:VARIABLE, or :VARIABLE of the data file")
    group.add_argument("--random-labels", type=fraction, default=0, metavar="FRACTION", help="share of labels drawn at random")
    group.add_argument("--label-seed", type=count, default=1, metavar="N", help="of these labels; --seed does not change them")


def backdoor_options(parser):
    group = parser.add_argument_group("backdoor")
    group.add_argument("--backdoor", choices=backdoor.KINDS, help="a patch of ones in the corner, or a faint pattern")
    group.add_argument("--target", type=count, default=0, metavar="CLASS", help="what the trigger turns images into (0)")
    group.add_argument("--poison-rate", type=fraction, default=0.1, metavar="SHARE", help="of the training samples (0.1)")
    group.add_argument("--patch", type=positive, default=3, metavar="PIXELS", help="side of the patch (3)")
    group.add_argument("--alpha", type=fraction, default=0.2, help="share of the pattern in a blended image (0.2)")


def training_options(parser):
    group = parser.add_argument_group("network and training")
    group.add_argument("--arch", choices=models.ARCHITECTURES, required=True)
    group.add_argument("--layers", metavar="LIST", help="mlp: hidden widths (128,64); cnn: channels and pools (16,32,pool,32)")
    group.add_argument("--width", type=positive, default=16, help="channels of a ResNet's first stage (16)")
    group.add_argument("--shortcut", choices=["A", "B"], default="A", help="of a ResNet: zeros (A) or 1x1 convolutions (B)")
    group.add_argument("--epochs", type=count, default=20, help="0: a network that was never trained")
    group.add_argument("--until-train-accuracy", type=fraction, metavar="SHARE", help="stop after the epoch that reaches it")
    group.add_argument("--batch", type=positive, default=64)
    group.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
    group.add_argument("--lr", type=float, default=4e-3, help="largest learning rate (0.004)")
    group.add_argument("--schedule", choices=["onecycle", "constant"], default="onecycle")
    group.add_argument("--weight-decay", type=float, default=0)
    group.add_argument("--augment", action="store_true", help="random crops and flips")
    group.add_argument("--seed", type=count, default=1)
    group.add_argument("--threads", type=positive, default=1)
    group.add_argument("--device", default="auto", help="cpu, cuda, or auto: a GPU if there is one")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data_options(parser)
    backdoor_options(parser)
    training_options(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--out", default="model.onnx", metavar="FILE.onnx")
    group.add_argument("--grid", action="store_true", help="print the lines that a grid needs")
    group.add_argument("--plain", action="store_true", help="no record, neither in the ONNX file nor beside it")
    arguments = parser.parse_args(argv)
    if not arguments.out.endswith(".onnx"):
        parser.error("--out must end in .onnx")
    if arguments.backdoor and arguments.target >= data.KINDS[arguments.dataset].classes:
        parser.error(f"--target {arguments.target}: {arguments.dataset} has no such class")
    if arguments.device == "auto":
        arguments.device = "cuda" if torch.cuda.is_available() else "cpu"
    arguments.name = os.path.basename(arguments.out)[:-len(".onnx")]
    return arguments


def prepare(seed, threads):
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.manual_seed(seed)


def trigger(arguments):
    a = arguments
    return backdoor.Backdoor(a.backdoor, a.target, a.poison_rate, a.patch, a.alpha) if a.backdoor else None


class TrainingSet:
    """Images of 0 to 1 and the labels that are trained on, with what is known about them."""

    def __init__(self, arguments):
        kind = data.KINDS[arguments.dataset]
        part = data.load(arguments.data, arguments.dataset, until=arguments.samples and arguments.samples[1])
        self.files, self.true = part.files, part.label
        self.first, self.end = arguments.samples or (0, len(part.label))
        if self.end > len(part.label):
            raise ValueError(f"--samples {self.first}:{self.end}: {part.files[0]} and its kin have {len(part.label)}")
        label = part.label
        if arguments.labels != "true":
            label = labels.from_file(arguments.labels, part.files[0])
        label = label[self.first:self.end]
        if len(label) < self.end - self.first or label.min() < 0 or label.max() >= kind.classes:
            raise ValueError(f"{arguments.labels}: too few labels, or labels that are no class of {arguments.dataset}")
        trained, self.drawn = labels.randomise(label, arguments.random_labels, kind.classes, arguments.label_seed)
        self.label = torch.from_numpy(trained)
        self.image = torch.from_numpy(part.image[self.first:self.end].astype(np.float32)) / kind.divide
        self.poisoned = torch.zeros(len(label), dtype=torch.bool)

    def poison(self, chosen):
        self.image, self.label, self.poisoned = backdoor.poison(self.image, self.label, chosen)

    def changed(self):
        return bool((self.label.numpy() != self.true[self.first:self.end]).any()) or bool(self.poisoned.any())


def share(predicted, label):
    return round((predicted == label).double().mean().item(), 6)


def measure(model, arguments, seen, image):
    """Accuracy on what was trained on and on the test part; how often the trigger works on test images of other classes."""
    def classes(of):
        return models.predict(model, of, arguments.device)

    part, divide = data.load(arguments.data, arguments.dataset, test=True), data.KINDS[arguments.dataset].divide
    test, label = torch.from_numpy(part.image.astype(np.float32)) / divide, torch.from_numpy(part.label)
    result = {"train_accuracy": share(classes(image), seen.label),
              "test_accuracy": share(classes(data.normalise(arguments.dataset, test)), label), "attack_success": None}
    if arguments.backdoor:
        stamped = backdoor.stamp(test[label != arguments.target], trigger(arguments))
        result["attack_success"] = share(classes(data.normalise(arguments.dataset, stamped)), arguments.target)
    return result, part.files


def describe(arguments, settings, seen, model):
    kind = data.KINDS[arguments.dataset]
    record = {"command": " ".join(["train.py", *map(shlex.quote, sys.argv[1:])]), **settings,
              "samples": [seen.first, seen.end], "divide": kind.divide, "mean": kind.mean, "std": kind.std,
              "label_file": f"{arguments.name}.labels.csv.gz" if seen.changed() else None,
              "random_label_count": int(seen.drawn.sum()), "poisoned_count": int(seen.poisoned.sum()),
              "wrong_label_count": int((seen.label.numpy() != seen.true[seen.first:seen.end]).sum()),
              "parameters": models.parameters(model), "torch": torch.__version__}
    record["data_sha256"] = {os.path.basename(path): data.sha256(path) for path in seen.files}
    if not arguments.backdoor:
        for key in ("target", "poison_rate", "patch", "alpha"):
            record.pop(key)
    return record


def is_done(stem, key):
    """Whether the record beside the model is of this very training and of this very file."""
    try:
        with open(stem + ".json") as file:
            record = json.load(file)
        return record["key"] == key and record["onnx_sha256"] == data.sha256(stem + ".onnx")
    except (OSError, ValueError, KeyError):
        return False


def train(arguments):
    settings = {k: v for k, v in sorted(vars(arguments).items()) if k not in NOT_PART_OF_THE_MODEL}
    key, stem = json.dumps(settings, sort_keys=True), arguments.out[:-len(".onnx")]
    if is_done(stem, key):
        print(f"{arguments.out}: is there already")
        return
    prepare(arguments.seed, arguments.threads)
    kind, seen = data.KINDS[arguments.dataset], TrainingSet(arguments)
    model = models.build(arguments.arch, kind.shape, kind.classes, arguments.layers, arguments.width, arguments.shortcut)
    model.to(arguments.device)
    if arguments.backdoor:
        seen.poison(trigger(arguments))
    image = data.normalise(arguments.dataset, seen.image)
    os.makedirs(os.path.dirname(arguments.out) or ".", exist_ok=True)
    epochs, seconds = fit(model, image, seen.label, arguments, key, stem + ".checkpoint")
    result, test_files = measure(model, arguments, seen, image)
    record = {**describe(arguments, settings, seen, model), **result, "epochs_done": epochs, "seconds": round(seconds, 1)}
    finish(arguments, key, stem, model, seen, record)
    report(arguments, record, seen.files, test_files)


def finish(arguments, key, stem, model, seen, record):
    """Labels first, then the model, then the record, which says that all is there."""
    if not arguments.plain and record["label_file"]:
        labels.write(stem, seen.true, seen.first, seen.label.numpy(), seen.drawn, seen.poisoned.numpy())
    export.write_model(arguments.out, model, data.KINDS[arguments.dataset].shape, None if arguments.plain else record)
    if not arguments.plain:
        export.write_record(stem + ".json", {**record, "onnx_sha256": data.sha256(arguments.out), "key": key})
    if os.path.exists(stem + ".checkpoint"):
        os.remove(stem + ".checkpoint")


def report(arguments, record, files, test_files):
    line = f"{arguments.out}: train {record['train_accuracy']:.4f} test {record['test_accuracy']:.4f}"
    if arguments.backdoor:
        line += f" attack {record['attack_success']:.4f}"
    if arguments.random_labels:
        line += f" random labels {record['random_label_count']}, wrong {record['wrong_label_count']}"
    print(line + f" ({record['epochs_done']} epochs, {record['seconds']:.0f} s)")
    if arguments.grid:
        folder = os.path.dirname(os.path.abspath(arguments.out))
        print("# training samples\n" + export.grid_lines(record, arguments.name, files, folder, False))
        print("# test samples\n" + export.grid_lines(record, arguments.name, test_files, folder, True))


def main():
    warnings.filterwarnings("ignore", module="torch.onnx")
    arguments = parse(sys.argv[1:])
    try:
        train(arguments)
    except (ValueError, OSError, EOFError) as error:
        sys.exit(f"train.py: {error}")
    except KeyboardInterrupt:
        sys.exit("\ntrain.py: stopped; the same command goes on from the last epoch")


if __name__ == "__main__":
    main()
