"""Images and labels from local files, read as apex reads them. README.md says where the files come from."""
import gzip
import hashlib
import os
from collections import namedtuple

import numpy as np

# files: (images, labels) in the order in which samples are counted; labels None: they are in the image file.
Kind = namedtuple("Kind", "divide mean std shape classes train test")
Part = namedtuple("Part", "image label files")  # bytes [N, channel, y, x]; int64 [N]; paths read

_IDX_TRAIN = [("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
_IDX_TEST = [("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")]
KINDS = {
    "mnist": Kind(255, [0.1307], [0.3081], (1, 28, 28), 10, _IDX_TRAIN, _IDX_TEST),
    "fashion-mnist": Kind(255, [0.2860], [0.3530], (1, 28, 28), 10, _IDX_TRAIN, _IDX_TEST),
    "cifar10": Kind(255, [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616], (3, 32, 32), 10,
                    [(f"data_batch_{k}.bin", None) for k in range(1, 6)], [("test_batch.bin", None)]),
    "cifar100": Kind(255, [0.5071, 0.4865, 0.4409], [0.2673, 0.2564, 0.2762], (3, 32, 32), 100,
                     [("train.bin", None)], [("test.bin", None)]),
    "digits": Kind(16, None, None, (1, 8, 8), 10, [("digits.nc", None)], [("digits.nc", None)]),
}


def find(root, dataset, name):
    """The file, plain or gzipped, in ROOT/DATASET or in ROOT; ROOT may also be the file itself. None: not there."""
    if os.path.isfile(root):
        return root if os.path.basename(root) in (name, name + ".gz") or dataset == "digits" else None
    for folder in (os.path.join(root, dataset), root):
        for path in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
            if os.path.isfile(path):
                return path
    return None


def read_bytes(path):
    with open(path, "rb") as file:
        data = file.read()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def read_idx(path):
    data = read_bytes(path)
    rank = data[3] if len(data) >= 4 and data[:3] == b"\0\0\x08" else 0
    shape = np.frombuffer(data, ">u4", rank, 4).astype(int) if len(data) >= 4 + 4 * rank else []
    if not rank or len(data) != 4 + 4 * rank + np.prod(shape):
        raise ValueError(f"{path}: not an IDX file of bytes, or cut short")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_cifar(path, marks):
    """marks: label bytes before the pixels, of which the last is the (fine) label."""
    data = np.frombuffer(read_bytes(path), np.uint8)
    if len(data) == 0 or len(data) % (marks + 3072):
        raise ValueError(f"{path}: {len(data)} bytes are no whole number of records of {marks + 3072}")
    rows = data.reshape(-1, marks + 3072)
    return rows[:, marks:].reshape(-1, 3, 32, 32), rows[:, marks - 1]


def read_digits(path, test):
    import netCDF4
    with netCDF4.Dataset(path) as nc:
        rows = np.asarray(nc["split"][:]) == int(test)
        return np.asarray(nc["image"][:])[rows], np.asarray(nc["label"][:])[rows]


def _read(root, dataset, names, test):
    image_name, label_name = names
    path = find(root, dataset, image_name)
    if path is None:
        raise FileNotFoundError(f"{root}: it has no {image_name}, plain or gzipped, nor has its folder {dataset}")
    if dataset == "digits":
        return (*read_digits(path, test), [path])
    if label_name is None:
        return (*read_cifar(path, 2 if dataset == "cifar100" else 1), [path])
    labels = find(root, dataset, label_name)
    if labels is None:
        raise FileNotFoundError(f"{path}: its labels {label_name} are not beside it")
    return read_idx(path)[:, None], read_idx(labels), [path, labels]


def load(root, dataset, test=False, until=None):
    """A part of the data set; of several training files only as many as `until` samples need, or as there are."""
    kind = KINDS[dataset]
    parts, have = [], 0
    for names in kind.test if test else kind.train:
        if parts and ((until is not None and have >= until) or find(root, dataset, names[0]) is None):
            break
        parts.append(_read(root, dataset, names, test))
        have += len(parts[-1][1])
    image = np.concatenate([part[0] for part in parts])
    label = np.concatenate([part[1] for part in parts]).astype(np.int64)
    files = [path for part in parts for path in part[2]]
    if image.shape[1:] != kind.shape or len(label) != len(image) or label.max(initial=0) >= kind.classes:
        raise ValueError(f"{files[0]}: not {dataset}: images {image.shape}, {len(label)} labels up to {label.max()}")
    return Part(image, label, files)


def normalise(dataset, image):
    """Images of 0 to 1 as the network sees them: single precision, in apex's order of operations."""
    kind = KINDS[dataset]
    if kind.mean is None:
        return image
    mean, std = (image.new_tensor(v).view(-1, 1, 1) for v in (kind.mean, kind.std))
    return (image - mean) / std


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
