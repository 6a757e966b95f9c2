#!/usr/bin/env python3
"""A reference score for the miniature: consistency of each of the quickstart's digits, after the C-score's definition (Jiang et
al., arXiv 2002.03206): expected accuracy on a sample of models trained on random subsets without it, mean over subset sizes.
The models are nearest-neighbour classifiers, so that it takes seconds. Writes digits_scores.csv (index,label,score)."""
import os

import netCDF4
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES, RUNS, SEED = (15, 30, 60, 120, 240), 60, 1

with netCDF4.Dataset(os.path.join(HERE, "..", "quickstart", "digits.nc")) as nc:
    image = np.asarray(nc["image"][:], np.int64).reshape(nc.dimensions["sample"].size, -1)
    label = np.asarray(nc["label"][:], int)
square = (image ** 2).sum(1)
distance = square[:, None] + square[None, :] - 2 * image @ image.T  # integers: the same on every machine

rng = np.random.RandomState(SEED)
scores = []
for size in SIZES:
    right, held_out = np.zeros(len(label)), np.zeros(len(label))
    for _ in range(RUNS):
        subset = np.sort(rng.choice(len(label), size, replace=False))
        predicted = label[subset[distance[:, subset].argmin(1)]]
        out = np.ones(len(label), bool)
        out[subset] = False
        right[out] += (predicted == label)[out]
        held_out += out
    scores.append(right / held_out)
with open(os.path.join(HERE, "digits_scores.csv"), "w") as f:
    f.write("index,label,score\n")
    for i, score in enumerate(np.mean(scores, 0)):
        f.write(f"{i},{label[i]},{score:.4f}\n")
