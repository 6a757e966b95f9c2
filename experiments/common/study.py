"""What the studies' numbers.py share: reading result files, statistics with intervals, and numbers that can be checked.

A study's numbers.py is

    from study import Numbers, Result, main
    def numbers(folder, miniature, out): out.add("auc", value, low, high, "what it says")
    main(numbers)

Result files are those of docs/format.md; statistics that `apex report` has already computed are better read from its tables
(`table`) than computed again.
"""
import argparse
import csv
import json
import os
import sys

import netCDF4
import numpy as np

SEED = 1
REPLICATES = 1000


class Result:
    """One model's result file, as arrays; sites by name."""

    def __init__(self, path):
        with netCDF4.Dataset(path) as nc:
            nc.set_auto_mask(True)
            self.name = os.path.splitext(os.path.basename(path))[0]
            self.attributes = {k: nc.getncattr(k) for k in nc.ncattrs()}
            self.sites = [str(s) for s in nc["site"][:]]
            self.sigma = np.asarray(nc["sigma"][:], float)
            self.values = {name: nc[name][:] for name in nc.variables if name not in ("site", "sigma")}
            self.dimensions = {name: nc[name].dimensions for name in nc.variables}

    def __getitem__(self, name):
        """A variable as float array, missing values as NaN."""
        return np.ma.filled(np.ma.asarray(self.values[name], float), np.nan)

    def site(self, name):
        return self.sites.index(name)

    @property
    def draws(self):
        return int(self.attributes["draws"])

    @property
    def stay(self):
        """[site, sigma, sample]: share of draws that keep the clean class."""
        return self["stay_count"] / self.draws

    @property
    def mean_stay(self):
        """[site, sample]: mean over the finite scales."""
        return np.nanmean(self.stay[:, np.isfinite(self.sigma)], axis=1)

    def escape(self, definition="mode"):
        """[site, sample]: escape noise; inf: censored (above every scale), NaN: not known."""
        sigma = self["escape_sigma" + {"mode": ""}.get(definition, "_" + definition)].copy()
        status = np.asarray(self.values["escape_status"])
        sigma[(status == 1) & np.isnan(sigma)] = np.inf
        return sigma


def results(folder):
    """{model: Result} of one output folder."""
    files = sorted(f for f in os.listdir(folder) if f.endswith(".nc"))
    return {os.path.splitext(f)[0]: Result(os.path.join(folder, f)) for f in files}


def table(folder, name):
    """Rows of one of the report's tables, as dicts of text; folder: the results folder."""
    with open(os.path.join(folder, "report", "tables", name + ".csv"), newline="") as f:
        return list(csv.DictReader(f))


def scores(path, column):
    """{sample: value} of a CSV with a column `index`."""
    with open(path, newline="") as f:
        return {int(float(row["index"])): float(row[column]) for row in csv.DictReader(f)}


def ranks(x):
    """Average ranks; NaN must have been left out."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def spearman(x, y):
    """Spearman's rank correlation (average ranks on ties); infinities rank as such."""
    a, b = ranks(x), ranks(y)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / scale) if scale > 0 else float("nan")


def auc(positive, negative):
    """Chance that a value of `positive` is above one of `negative`, ties half (Mann-Whitney)."""
    r = ranks(np.concatenate([positive, negative]))
    n, m = len(positive), len(negative)
    return float((r[:n].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def bootstrap(statistic, *samples, paired=True, replicates=REPLICATES):
    """value, low, high: percentile interval (95 %) over samples; paired: the same rows of every array."""
    rng = np.random.RandomState(SEED)
    drawn = []
    for _ in range(replicates):
        if paired:
            rows = rng.randint(0, len(samples[0]), len(samples[0]))
            drawn.append(statistic(*(s[rows] for s in samples)))
        else:
            drawn.append(statistic(*(s[rng.randint(0, len(s), len(s))] for s in samples)))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return statistic(*samples), float(low), float(high)


def student(freedom, level=0.975):
    """Quantile of Student's t, any degrees of freedom from 1 on (t = sqrt(freedom) tan(angle), whose density is cos^(freedom - 1))."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 200001)
    density = np.clip(np.cos(angle), 0, 1) ** (freedom - 1)
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return float(np.sqrt(freedom) * np.tan(np.interp(level * below[-1], below, angle)))


class Numbers:
    """Named numbers, in order, each with an interval where there is one."""

    def __init__(self):
        self.rows = {}

    def add(self, name, value, low=None, high=None, note=""):
        self.rows[name] = {"value": value, "low": low, "high": high, "note": note}

    def show(self, file=sys.stdout):
        width = max((len(n) for n in self.rows), default=0)
        for name, r in self.rows.items():
            value = r["value"] if isinstance(r["value"], str) else f"{r['value']:.4g}"
            interval = "" if r["low"] is None else f" [{r['low']:.4g}, {r['high']:.4g}]"
            print(f"{name:{width}}  {value}{interval}  {r['note']}".rstrip(), file=file)

    def write(self, path):
        with open(path + ".tmp", "w") as f:
            json.dump(self.rows, f, indent=1, default=float)
            f.write("\n")
        os.replace(path + ".tmp", path)

    def differences(self, path, tolerance):
        """What is not as in a file written by `write`: texts equal, numbers within the tolerance (absolute, and relative above 1)."""
        with open(path) as f:
            expected = json.load(f)
        found = []
        for name in sorted(set(expected) | set(self.rows)):
            a, b = (r[name]["value"] if name in r else None for r in (expected, self.rows))
            same = a == b if isinstance(a, str) or isinstance(b, str) or a is None or b is None else \
                (np.isnan(a) and np.isnan(b)) or a == b or abs(a - b) <= tolerance * max(1, abs(a))
            if not same:
                found.append(f"{name}: {b} here, {a} in {os.path.basename(path)}")
        return found


def main(numbers, tolerance=0.02):
    """numbers(folder, miniature, out) adds to out, a Numbers. Exit code 1 when --check finds a difference."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", help="results of run_study")
    parser.add_argument("--miniature", action="store_true")
    parser.add_argument("--to", help="numbers as JSON")
    parser.add_argument("--check", metavar="FILE", help="numbers that must come out again")
    parser.add_argument("--tolerance", type=float, default=tolerance)
    arguments = parser.parse_args()
    out = Numbers()
    numbers(arguments.folder, arguments.miniature, out)
    out.show()
    if arguments.to:
        out.write(arguments.to)
    if arguments.check:
        found = out.differences(arguments.check, arguments.tolerance)
        print("\n".join(found) or f"all {len(out.rows)} numbers as in {os.path.basename(arguments.check)}")
        sys.exit(1 if found else 0)


if __name__ == "__main__":
    # study.py NUMBERS.PY ARGUMENTS: so that the study's folder is not on the path, where numbers.py would hide Python's module `numbers`.
    import runpy
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
