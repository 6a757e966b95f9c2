"""The command line of train.py."""
import argparse
import os

import torch

import backdoor
import data
import models

NOT_PART_OF_THE_MODEL = {"data", "out", "name", "device", "grid", "plain", "words"}
OF_A_BACKDOOR = {"target", "poison_rate", "patch", "alpha"}
OF_A_RESNET = {"width", "shortcut"}


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
    return [int(first or 0), int(end)]


def data_options(parser):
    group = parser.add_argument_group("data")
    group.add_argument("--dataset", choices=sorted(data.KINDS), required=True)
    group.add_argument("--data", required=True, metavar="PATH", 
                       help="folder with its files, or with a folder DATASET that has them")
    group.add_argument("--samples", type=rows, metavar="A:B", help="training samples A to B-1 (default: all)")
    group.add_argument("--labels", default="true", metavar="SOURCE",
                       help="true (default), FILE.npy, FILE.csv:COLUMN, FILE.nc:VARIABLE, :VARIABLE of the data file")
    group.add_argument("--random-labels", type=fraction, default=0, metavar="SHARE",
                       help="share of labels drawn at random")
    group.add_argument("--label-seed", type=count, default=1, metavar="N",
                       help="of these labels; --seed does not change them")


def backdoor_options(parser):
    group = parser.add_argument_group("backdoor")
    group.add_argument("--backdoor", choices=backdoor.KINDS, help="a patch of ones in the corner, or a faint pattern")
    group.add_argument("--target", type=count, default=0, metavar="CLASS", help="what triggered images become (0)")
    group.add_argument("--poison-rate", type=fraction, default=0.1, metavar="SHARE",
                       help="of all training samples (0.1)")
    group.add_argument("--patch", type=positive, default=3, metavar="PIXELS", help="side of the patch (3)")
    group.add_argument("--alpha", type=fraction, default=0.2, help="share of the pattern in a blended image (0.2)")


def training_options(parser):
    group = parser.add_argument_group("network and training")
    group.add_argument("--arch", choices=models.ARCHITECTURES, required=True)
    group.add_argument("--layers", metavar="LIST",
                       help="mlp: hidden widths (128,64); cnn: channels and pools (16,32,pool,32)")
    group.add_argument("--width", type=positive, default=16, help="channels of a ResNet's first stage (16)")
    group.add_argument("--shortcut", choices=["A", "B"], default="A",
                       help="of a ResNet: zeros (A) or 1x1 convolutions (B)")
    group.add_argument("--epochs", type=count, default=20, help="0: a network that was never trained")
    group.add_argument("--until-train-accuracy", type=fraction, metavar="SHARE",
                       help="stop after the epoch that reaches it")
    group.add_argument("--batch", type=positive, default=64)
    group.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
    group.add_argument("--lr", type=float, default=4e-3, help="largest learning rate (0.004)")
    group.add_argument("--schedule", choices=["onecycle", "constant"], default="onecycle")
    group.add_argument("--weight-decay", type=float, default=0)
    group.add_argument("--augment", action="store_true", help="random crops and flips")
    group.add_argument("--seed", type=count, default=1)
    group.add_argument("--threads", type=positive, default=1)
    group.add_argument("--device", default="auto", help="cpu, cuda, or auto: a GPU if there is one")


def parse(argv, description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    if arguments.backdoor and arguments.patch > data.KINDS[arguments.dataset].shape[1]:
        parser.error(f"--patch {arguments.patch}: images of {arguments.dataset} are smaller")
    arguments.words = list(argv)
    arguments.layers = arguments.layers or models.LAYERS.get(arguments.arch)
    arguments.name = os.path.basename(arguments.out)[:-len(".onnx")]
    return arguments


def settings(arguments):
    """What the model depends on, the data apart."""
    ignored = set(NOT_PART_OF_THE_MODEL)
    ignored |= set() if arguments.backdoor else OF_A_BACKDOOR
    ignored |= {"layers"} if arguments.arch in models.RESNETS else OF_A_RESNET
    return {key: value for key, value in vars(arguments).items() if key not in ignored}
