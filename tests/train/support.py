"""What the tests share: the scripts, trainings in a fresh folder, tiny data sets in the formats of real ones."""
import contextlib
import gzip
import io
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SCRIPTS = os.path.join(ROOT, "experiments", "train")
DIGITS = os.path.join(ROOT, "experiments", "quickstart", "digits.nc")
sys.path.insert(0, SCRIPTS)

import options  # noqa: E402
import train  # noqa: E402


class TrainingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def command(self, name, *arguments, dataset="digits", data=DIGITS):
        return ["--dataset", dataset, "--data", data, "--out", self.path(name + ".onnx"), "--device", "cpu",
                *(str(word) for word in arguments)]

    def train(self, *arguments, **where):
        """In this process; returns what was printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            train.train(options.parse(self.command(*arguments, **where), ""))
        return printed.getvalue()

    def process(self, *arguments, **where):
        """As a program of its own."""
        return subprocess.Popen([sys.executable, os.path.join(SCRIPTS, "train.py"), *self.command(*arguments, **where)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    with (gzip.open if path.endswith(".gz") else open)(path, "wb") as file:
        file.write(header + array.astype(np.uint8).tobytes())


def images(seed, count, shape):
    """Noise on a bright bar whose place says the class: something that can be learned."""
    rng = np.random.RandomState(seed)
    label = rng.randint(0, 10, count)
    image = rng.randint(0, 100, (count, *shape))
    for k, at in enumerate(label):
        image[k, ..., 2 * at:2 * at + 2, :] += 150
    return image.astype(np.uint8), label


def write_mnist(folder):
    for prefix, count in (("train", 96), ("t10k", 40)):
        image, label = images(count, count, (28, 28))
        write_idx(os.path.join(folder, prefix + "-images-idx3-ubyte.gz"), image)
        write_idx(os.path.join(folder, prefix + "-labels-idx1-ubyte"), label)


def write_cifar(folder, marks=1, names=(("data_batch_1.bin", 48), ("data_batch_2.bin.gz", 48), ("test_batch.bin", 40))):
    for name, count in names:
        image, label = images(count + len(name), count, (3, 32, 32))
        rows = np.concatenate([label[:, None]] * marks + [image.reshape(count, -1)], axis=1).astype(np.uint8)
        with (gzip.open if name.endswith(".gz") else open)(os.path.join(folder, name), "wb") as file:
            file.write(rows.tobytes())
