"""From training to sweep: the printed lines make a grid, and apex finds the accuracy that the training found."""
import json
import os
import subprocess
import unittest

import netCDF4
import numpy as np

from support import TrainingTest, write_cifar, write_mnist

GRID = """sweep: test
output: out
seed: 1
draws: 8
sites: [input, "relu*"]
sigmas: [0.1, 1, .inf]
"""


class Sweep(TrainingTest):
    def sweep(self, name, printed):
        """Runs the grid for training and test samples; yields the share of samples whose clean class is the label."""
        for lines in printed.split("# training samples\n")[1].split("# test samples\n"):
            with open(self.path("grid.yaml"), "w") as file:
                file.write(GRID + lines)
            subprocess.run([os.environ["APEX"], "run", "-q", self.path("grid.yaml")], check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with netCDF4.Dataset(self.path("out", name + ".nc")) as nc:
                clean = np.asarray(nc["clean_class"][:])
                self.assertGreater(len(set(clean)), 2, "the network learned too little to compare anything")
                yield np.mean(clean == np.asarray(nc["label"][:]))

    def check(self, name, *arguments, **where):
        printed = self.train(name, *arguments, "--grid", **where)
        record = json.loads(self.read(name + ".json"))
        on_training, on_test = self.sweep(name, printed)
        self.assertAlmostEqual(on_training, record["train_accuracy"], 5)
        self.assertAlmostEqual(on_test, record["test_accuracy"], 5)

    def test_mnist_with_half_of_the_labels_random(self):
        write_mnist(self.folder)
        self.check("half", "--arch", "mlp", "--layers", "32,16", "--epochs", 15, "--random-labels", 0.5,
                   dataset="mnist", data=self.folder)
        report = subprocess.run([os.environ["APEX"], "report", self.path("out"), "--reference",
                                 self.path("half.label_is_true.csv.gz")], capture_output=True, text=True)
        self.assertEqual(report.returncode, 0, report.stderr)

    def test_cifar10_from_two_files_with_a_resnet(self):
        write_cifar(self.folder)
        self.check("resnet", "--arch", "resnet8", "--width", 4, "--batch", 8, "--epochs", 8,
                   dataset="cifar10", data=self.folder)

    def test_cifar10_with_projections_augmentation_and_random_labels(self):
        os.mkdir(self.path("cifar10"))
        write_cifar(self.path("cifar10"))
        self.check("projections", "--arch", "resnet14", "--width", 4, "--shortcut", "B", "--batch", 8, "--epochs", 8,
                   "--random-labels", 0.2, "--augment", dataset="cifar10", data=self.folder)

    def test_cifar100(self):
        write_cifar(self.folder, 2, (("train.bin.gz", 64), ("test.bin", 40)))
        self.check("fine", "--arch", "cnn", "--layers", "4,pool,8,pool", "--batch", 8, "--epochs", 8,
                   dataset="cifar100", data=self.folder)


if __name__ == "__main__":
    unittest.main()
