"""Writes a large result file (docs/format.md) of made-up draws: make_result.py FILE SAMPLES SITES SCALES CLASSES [SCORES.csv].

Stay falls with sigma at a scale of each sample's own; departures prefer neighbouring classes. With SCORES.csv it also
writes a reference score that is the sample's own scale, blurred.
"""
import csv
import sys

import netCDF4
import numpy as np

path, n, sites, scales, classes = sys.argv[1], *map(int, sys.argv[2:6])
rng = np.random.default_rng(1)
draws = 64
sigma = np.append(np.logspace(-2, 1, scales - 1), np.inf)
strength = np.exp(rng.normal(0, 0.5, n))
label = rng.integers(0, classes, n).astype("i4")
clean = np.where(rng.random(n) < 0.9, label, (label + 1) % classes).astype("i4")

f = netCDF4.Dataset(path, "w")
for name, size in (("site", sites), ("sigma", scales), ("sample", n), ("class", classes), ("perturbed_class", classes)):
    f.createDimension(name, size)
names = ["input"] + [f"relu{k}" for k in range(sites - 2)] + ["all"]
for name in ("site", "site_op", "site_tensor"):
    f.createVariable(name, str, ("site",))[:] = np.array(names, dtype=object)
f.createVariable("site_elements", "i8", ("site",))[:] = 1000
f.createVariable("site_rms", "f8", ("site",))[:] = 1.0
f.createVariable("sigma", "f8", ("sigma",))[:] = sigma
f.createVariable("sample", "i8", ("sample",))[:] = np.arange(n)
for name in ("class", "perturbed_class"):
    f.createVariable(name, "i4", (name,))[:] = np.arange(classes)


def variable(name, kind, dims, fill):
    return f.createVariable(name, kind, dims, zlib=True, complevel=1, fill_value=fill)


margin = (2 * strength + rng.normal(0, 0.5, n)).astype("f4")
for name, kind, value, fill in (
    ("label", "i4", label, -1), ("clean_class", "i4", clean, -1), ("clean_second_class", "i4", (clean + 1) % classes, -1),
    ("clean_margin", "f4", margin, np.nan), ("clean_loss", "f4", np.exp(-margin), np.nan),
    ("clean_wrong", "i1", (clean != label).astype("i1"), -1)):
    variable(name, kind, ("sample",), fill)[:] = value
cell = ("site", "sigma", "sample")
out = {name: variable(name, "i4", cell, -1)
       for name in ("stay_count", "mode_class", "mode_count", "second_class", "second_count")}
out["mean_margin"] = variable("mean_margin", "f4", cell, np.nan)
out["stay_mean"] = variable("stay_mean", "f8", cell[:2], np.nan)
out["class_share"] = variable("class_share", "f8", (*cell[:2], "class"), np.nan)
out["transition_count"] = variable("transition_count", "i8", (*cell[:2], "class", "perturbed_class"), -1)
out["class_count"] = variable("class_count", "i4", (*cell, "class"), -1)
escape = {name: variable(name, "f8", ("site", "sample"), np.nan)
          for name in ("escape_sigma", "escape_sigma_half", "escape_sigma_first_flip")}
flips = variable("first_flip_count", "i4", ("site", "sample"), -1)
status = variable("escape_status", "i1", ("site", "sample"), None)
row = np.arange(n)
for s in range(sites):
    at = np.full(n, np.nan)
    half = np.full(n, np.nan)
    for k in range(scales):
        stay = 1 / (1 + (min(sigma[k], 100) / (strength * (0.5 + s / sites))) ** 2)
        away = np.ones((n, classes)) / (classes - 1)
        away[row, (clean + 1) % classes] *= 3
        away[row, clean] = 0
        away *= ((1 - stay) / away.sum(1))[:, None]
        away[row, clean] = stay
        count = rng.multinomial(draws, away / away.sum(1)[:, None]).astype("i4")
        order = np.argsort(-count, 1, kind="stable")
        mode, second = order[:, 0].astype("i4"), order[:, 1].astype("i4")
        out["stay_count"][s, k] = count[row, clean]
        out["mode_class"][s, k], out["mode_count"][s, k] = mode, count[row, mode]
        none = count[row, second] == 0
        out["second_class"][s, k] = np.where(none, -1, second)
        out["second_count"][s, k] = count[row, second]
        out["mean_margin"][s, k] = margin - sigma[min(k, scales - 2)]
        out["stay_mean"][s, k] = count[row, clean].mean() / draws
        out["class_share"][s, k] = count.sum(0) / (n * draws)
        table = np.zeros((classes, classes), "i8")
        np.add.at(table, clean, count)
        out["transition_count"][s, k] = table
        out["class_count"][s, k] = count
        at = np.where(np.isnan(at) & (mode != clean), sigma[k], at)
        half = np.where(np.isnan(half) & (count[row, clean] * 2 < draws), sigma[min(k, scales - 2)], half)
    escape["escape_sigma"][s], escape["escape_sigma_half"][s] = at, half
    escape["escape_sigma_first_flip"][s] = half * np.exp(rng.normal(0, 0.05, n))
    flips[s] = np.where(np.isnan(half), 0, draws)
    status[s] = np.where(np.isnan(at), 1, 0)
f.setncatts({"Conventions": "CF-1.8", "apex_format": np.int32(1), "model": "made", "draws": np.int32(draws),
             "completeness": "complete", "labels": "true", "sweep": "made-up draws"})
f.close()
if len(sys.argv) > 6:
    with open(sys.argv[6], "w", newline="") as g:
        w = csv.writer(g)
        w.writerow(["index", "label", "cscore"])
        w.writerows(zip(row, label, 1 / (1 + np.exp(-2 * np.log(strength) - rng.normal(0, 0.5, n)))))
