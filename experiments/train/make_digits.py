#!/usr/bin/env python3
"""Writes scikit-learn's 8x8 handwritten digits as one NetCDF file: images, true labels, random labels, split.

The order is shuffled once with a fixed seed; the first 1,400 samples are for training, the rest for testing.
The random labels are drawn once, without looking at image or true label, so that every model trained on them
memorises the same thing.
"""
import argparse

import netCDF4
import numpy as np
from sklearn.datasets import load_digits

TRAIN = 1400


def write(path, seed):
    digits = load_digits()
    rng = np.random.RandomState(seed)
    order = rng.permutation(len(digits.target))
    image = digits.images[order].astype(np.uint8)
    label = digits.target[order].astype(np.uint8)
    random = rng.randint(0, 10, len(label)).astype(np.uint8)
    split = (np.arange(len(label)) >= TRAIN).astype(np.uint8)

    with netCDF4.Dataset(path, "w", format="NETCDF4") as nc:
        nc.Conventions = "CF-1.8"
        nc.title = "Handwritten digits, 8x8 pixels"
        nc.source = "scikit-learn load_digits: test set of UCI Optical Recognition of Handwritten Digits (CC BY 4.0)"
        nc.shuffle_seed = np.int32(seed)
        for name, size in (("sample", len(label)), ("channel", 1), ("row", 8), ("column", 8)):
            nc.createDimension(name, size)

        def add(name, dimensions, values, **attributes):
            variable = nc.createVariable(name, "u1", dimensions, zlib=True, shuffle=False, fill_value=False)
            variable.setncatts({"units": "1", **attributes})
            variable[:] = values

        add("image", ("sample", "channel", "row", "column"), image[:, None],
            long_name="grey level, 0 (paper) to 16 (ink)", valid_range=np.array([0, 16], np.uint8))
        add("label", ("sample",), label, long_name="digit that was written")
        add("label_random", ("sample",), random,
            long_name="label drawn uniformly at random, independent of image and digit")
        add("split", ("sample",), split, long_name="part of the data set",
            flag_values=np.array([0, 1], np.uint8), flag_meanings="train test")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="digits.nc")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.out, arguments.seed)
