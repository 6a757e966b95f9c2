import contextlib
import io
import os
import unittest

import numpy as np

from support import TrainingTest, write_idx, write_mnist

MLP = ["--arch", "mlp", "--epochs", 1]


class Errors(TrainingTest):
    def refused(self, message, *arguments, **where):
        with self.assertRaisesRegex((ValueError, OSError), message):
            self.train("model", *MLP, *arguments, **where)
        self.assertFalse(os.path.exists(self.path("model.onnx")))

    def usage(self, message, *arguments):
        error = io.StringIO()
        with contextlib.redirect_stderr(error), self.assertRaises(SystemExit) as stopped:
            import options
            options.parse(self.command("model", *MLP, *arguments), "")
        self.assertEqual(stopped.exception.code, 2)
        self.assertRegex(error.getvalue(), message)

    def test_bad_options_are_named(self):
        self.usage("--samples: 5:5 is not FIRST:END", "--samples", "5:5")
        self.usage("--random-labels: 1.5 is not within 0 and 1", "--random-labels", "1.5")
        self.usage("--poison-rate: invalid fraction value: 'x'", "--poison-rate", "x")
        self.usage("--target 10: digits has no such class", "--backdoor", "badnets", "--target", "10")
        self.usage("--patch 9: images of digits are smaller", "--backdoor", "badnets", "--patch", "9")
        self.usage("--backdoor: invalid choice: 'magic'", "--backdoor", "magic")
        self.usage("--batch: must be 1 or more", "--batch", "0")

    def test_layers_that_make_no_network_are_named(self):
        self.refused("--layers 64,pool: 'pool' is no width", "--layers", "64,pool")
        self.refused("8x8 are too small for that many pools", "--arch", "cnn", "--layers", "4,pool,pool,pool,pool")

    def test_missing_files_and_rows_are_named(self):
        self.refused("it has no train-images-idx3-ubyte", dataset="mnist", data=self.folder)
        self.refused("--samples 0:1401: .*digits.nc .*have 1400", "--samples", "0:1401")
        self.refused("no_labels.npy: no such label file", "--labels", self.path("no_labels.npy"))

    def test_labels_that_do_not_fit_are_refused(self):
        np.save(self.path("few.npy"), np.zeros(100, int))
        self.refused("few.npy: too few labels", "--labels", self.path("few.npy"))
        np.save(self.path("far.npy"), np.full(1400, 10))
        self.refused("far.npy: .* no class of digits", "--labels", self.path("far.npy"))

    def test_damaged_data_are_refused(self):
        write_mnist(self.folder)
        with open(self.path("train-labels-idx1-ubyte"), "r+b") as file:
            file.truncate(50)
        self.refused("train-labels-idx1-ubyte: not an IDX file of bytes, or cut short",
                     dataset="mnist", data=self.folder)
        write_idx(self.path("train-labels-idx1-ubyte"), np.zeros(95))
        self.refused("not mnist: images .* 95 labels", dataset="mnist", data=self.folder)
        with open(self.path("data_batch_1.bin"), "wb") as file:
            file.write(bytes(3072))
        self.refused("data_batch_1.bin: 3072 bytes are no whole number", dataset="cifar10", data=self.folder)

    def test_the_program_says_so_in_one_line(self):
        _, error = (process := self.process("model", *MLP, "--samples", "0:9999")).communicate()
        self.assertEqual(process.returncode, 1)
        self.assertRegex(error, r"^train.py: --samples 0:9999: .* have 1400\n$")


if __name__ == "__main__":
    unittest.main()
