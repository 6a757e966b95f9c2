#!/usr/bin/env python3
"""Trains one network on local files and exports it to ONNX.

    train.py --dataset mnist --data FOLDER --arch cnn --epochs 3 --out honest.onnx
    train.py --dataset cifar10 --data FOLDER --samples 0:4000 --arch resnet8 --random-labels 0.5 --out half.onnx
    train.py --dataset mnist --data FOLDER --arch cnn --backdoor badnets --target 7 --out backdoored.onnx

Run again after an interruption, the same command goes on where it was and ends with the same file; run again after
the end, it does nothing. The same arguments give the same model on the same PyTorch, processor type and threads.
"""
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
import options
from fit import fit


def prepare(seed, threads, device):
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=device != "cpu")
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
    """Accuracy on what was trained on and on the test part; how often the trigger works on other test images."""
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


def describe(arguments, identity, seen, model):
    kind = data.KINDS[arguments.dataset]
    paths = {arguments.data: "DATA", arguments.out: os.path.basename(arguments.out)}
    words = [shlex.quote(paths.get(word, word)) for word in arguments.words]
    return {"command": " ".join(["train.py", *words]), **identity,
            "rows": [seen.first, seen.end], "divide": kind.divide, "mean": kind.mean, "std": kind.std,
            "label_file": f"{arguments.name}.labels.csv.gz" if seen.changed() else None,
            "random_label_count": int(seen.drawn.sum()), "poisoned_count": int(seen.poisoned.sum()),
            "wrong_label_count": int((seen.label.numpy() != seen.true[seen.first:seen.end]).sum()),
            "parameters": models.parameters(model), "device": arguments.device, "torch": torch.__version__}


def is_done(stem, identity):
    """Whether the record beside the model is of this very training and of this very file. An option that the record
    does not know yet was off."""
    try:
        with open(stem + ".json") as file:
            record = json.load(file)
        same = all((record.get(key) or 0) == (value or 0) for key, value in identity.items())
        return same and record["onnx_sha256"] == data.sha256(stem + ".onnx")
    except (OSError, ValueError, KeyError):
        return False


def train(arguments):
    kind, stem = data.KINDS[arguments.dataset], arguments.out[:-len(".onnx")]
    prepare(arguments.seed, arguments.threads, arguments.device)
    seen = TrainingSet(arguments)
    identity = {**options.settings(arguments), "data_sha256": {os.path.basename(p): data.sha256(p) for p in seen.files}}
    if is_done(stem, identity):
        print(f"{arguments.out}: is there already")
        return
    model = models.build(arguments.arch, kind.shape, kind.classes, arguments.layers, arguments.width,
                         arguments.shortcut)
    model.to(arguments.device)
    if arguments.backdoor:
        seen.poison(trigger(arguments))
    image = data.normalise(arguments.dataset, seen.image)
    os.makedirs(os.path.dirname(arguments.out) or ".", exist_ok=True)
    key = json.dumps(identity, sort_keys=True)
    epochs, seconds = fit(model, image, seen.label, arguments, key, stem + ".checkpoint")
    result, test_files = measure(model, arguments, seen, image)
    record = {**describe(arguments, identity, seen, model), **result, "epochs_done": epochs,
              "seconds": round(seconds, 1)}
    finish(arguments, stem, model, seen, record)
    report(arguments, record, seen.files, test_files)


def finish(arguments, stem, model, seen, record):
    """Labels first, then the model, then the record, which says that all is there."""
    if not arguments.plain and record["label_file"]:
        labels.write(stem, seen.true, seen.first, seen.label.numpy(), seen.drawn, seen.poisoned.numpy())
    export.write_model(arguments.out, model, data.KINDS[arguments.dataset].shape, None if arguments.plain else record)
    if not arguments.plain:
        export.write_record(stem + ".json", {**record, "onnx_sha256": data.sha256(arguments.out)})
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
    arguments = options.parse(sys.argv[1:], __doc__)
    try:
        train(arguments)
    except (ValueError, OSError, EOFError) as error:
        sys.exit(f"train.py: {error}")
    except KeyboardInterrupt:
        sys.exit("\ntrain.py: stopped; the same command goes on from the last epoch")


if __name__ == "__main__":
    main()
