"""Do networks on random labels stand less noise, at which scale and by which definition, and does noise find the wrong labels?

Trainings are the unit where networks are compared: intervals over trainings (Student's t) where there are several seeds, else over samples
(bootstrap), and the note says which.
"""
import csv
import gzip
import os

import numpy as np

from study import auc, bootstrap, main, netCDF4, results, student

SCALES = "absolute", "relative"
DEFINITIONS = {"mode": "escape_sigma", "half": "escape_sigma_half", "first flip": "escape_sigma_first_flip"}
REPLICATES = 300


class Network:
    """One training; escape[definition, site, scale]: of every sample, infinite where censored. `relative`: its sweep of `all` at that scale."""

    def __init__(self, result, relative, family, share, seed):
        self.result, self.family, self.share, self.seed = result, family, share, seed
        self.norm = dict(zip(result.sites, result["activation_rms"]))
        self.escape = {}
        for definition, variable in DEFINITIONS.items():
            here, of_all = (np.where(np.isnan(r[variable]), np.inf, r[variable]) for r in (result, relative))
            for i, site in enumerate(result.sites):
                self.escape[definition, site, "absolute"] = here[i]
                self.escape[definition, site, "relative"] = of_all[0] if site == "all" else here[i] / self.norm[site]

    def level(self, site, scale):
        """log2 of the median escape noise (half)."""
        return np.log2(np.median(self.escape["half", site, scale]))


def networks(folder, miniature):
    found = []
    places = [("", "relative")] if miniature else [("", "relative"), ("seeds", "seeds-relative"), ("mnist", "mnist-relative")]
    for absolute, relative in places:
        of_all = results(os.path.join(folder, "seed1", relative))
        for name, result in sorted(results(os.path.join(folder, "seed1", absolute)).items()):
            family, share, seed = (name.split("_") + ["1"])[:3]
            share = {"true": 0, "random": 100}.get(share) if miniature else int(share)
            found.append(Network(result, of_all[name], family, share, int(seed)))
    return found


def mean_of(values):
    """Mean over trainings, with Student's interval where there are several."""
    if len(values) < 2:
        return float(values[0]), None, None
    half = student(len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(np.mean(values) - half), float(np.mean(values) + half)


def order(low, high, middle=0.5):
    return "not decided" if low is None or low <= middle <= high else "true labels stand more" if low > middle else "random labels stand more"


def compare(family, true, memorised, out):
    """Every site by every definition at both scales; what survives the choice of scale; what costs nothing. Pairs of one seed, so that no
    training counts twice."""
    for site in true[0].result.sites:
        for definition in DEFINITIONS:
            orders = []
            for scale in SCALES:
                a, b = ([n.escape[definition, site, scale] for n in group] for group in (true, memorised))
                value, low, high = mean_of([auc(x, y) for x, y in zip(a, b)]) if len(a) > 1 else bootstrap(auc, a[0], b[0], paired=False, replicates=REPLICATES)
                over = f"over {len(a)} pairs of trainings" if len(a) > 1 else "over samples, one training each"
                out.add(f"{family}: AUC {site} {definition} {scale}", value, low, high, f"chance that a sample of the 0 % network stands more, {over}")
                orders.append(order(low, high))
            out.add(f"{family}: order {site} {definition}", orders[0] if orders[0] == orders[1] else " / ".join(orders),
                    note="absolute / relative, where they differ; decided: the interval leaves out one half")
        for scale in SCALES:
            gaps = [x.level(site, scale) - y.level(site, scale) for x, y in zip(true, memorised)]
            out.add(f"{family}: gap {site} {scale}", *mean_of(gaps), f"log2 of the ratio of median escape noise (half), 0 % over 100 %: {' '.join(f'{g:.2f}' for g in gaps)}")
        if site != "all":
            out.add(f"{family}: norm {site}", *mean_of([np.log2(x.norm[site] / y.norm[site]) for x, y in zip(true, memorised)]), "log2 of the ratio of activation norms")
    out.add(f"{family}: AUC margin", *mean_of([auc(x.result["clean_margin"], y.result["clean_margin"]) for x, y in zip(true, memorised)]),
            "of the clean margin, which costs nothing")


def same_function(folder, every, out):
    """The 0 % network with activations a quarter as large and the same logits, against the network that it compares with."""
    place = [results(os.path.join(folder, "seed1", name))["cifar_0_1"] for name in ("quarter", "quarter-relative")]
    quarter = Network(*place, "cifar", 0, 1)
    true, memorised = (next(n for n in every if (n.family, n.share, n.seed) == ("cifar", share, 1)) for share in (0, 100))
    for site in quarter.result.sites:
        for scale in SCALES:
            key = "half", site, scale
            both = np.isfinite(quarter.escape[key]) & np.isfinite(true.escape[key])
            out.add(f"quarter: change {site} {scale}", np.median(np.log2(quarter.escape[key][both] / true.escape[key][both])),
                    note="log2 of escape noise (half) over that of the same function, median")
            for name, network in ("seed 1", true), ("quarter", quarter):
                value, low, high = bootstrap(auc, network.escape[key], memorised.escape[key], paired=False, replicates=REPLICATES)
                out.add(f"{name}: AUC {site} half {scale}", value, low, high, f"over samples: {order(low, high)}")


def trend(family, group, out):
    """Escape noise (half) against the share of random labels, all trainings: slope for 100 %."""
    for site in group[0].result.sites:
        for scale in SCALES:
            x, y = np.array([n.share / 100 for n in group]), np.array([n.level(site, scale) for n in group])
            slope, start = np.polyfit(x, y, 1)
            error = np.sqrt(((y - start - slope * x) ** 2).sum() / (len(x) - 2) / ((x - x.mean()) ** 2).sum())
            half = student(len(x) - 2) * error
            out.add(f"{family}: slope {site} {scale}", slope, slope - half, slope + half, f"log2 per 100 % random labels, {len(x)} trainings")


def best_cell(family, true, memorised, out):
    """Site and scale at which stay separates seed 1 best; what it does on the trainings that did not choose it."""
    def separation(a, b, i, k):
        return auc(a.result.stay[i, k], b.result.stay[i, k])
    first = true[0], memorised[0]
    _, i, k = max((abs(separation(*first, i, k) - 0.5), i, k) for i in range(len(first[0].result.sites)) for k in range(len(first[0].result.sigma)))
    out.add(f"{family}: best cell", f"{first[0].result.sites[i]}, sigma = {first[0].result.sigma[k]:.3g}", note="largest |AUC - 1/2| of stay, seed 1")
    for a, b in zip(true, memorised):
        out.add(f"{family}: best cell, seed {a.seed}", separation(a, b, i, k), note="AUC of stay there" + (", which chose it" if a is first[0] else ""))


def is_true(network, miniature):
    """[sample]: whether the label that the network was trained on is the true one."""
    rows = network.result["sample"].astype(int)
    if miniature:
        with netCDF4.Dataset(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../quickstart/digits.nc")) as nc:
            return np.asarray(nc["label"][:] == nc["label_random"][:])[rows]
    with gzip.open(os.path.join(os.environ["APEX_MODELS"], "random-labels", f"{network.family}_{network.share}_1.label_is_true.csv.gz"), "rt", newline="") as f:
        value = {int(row["index"]): row["value"] == "1" for row in csv.DictReader(f)}
    return np.array([value[row] for row in rows])


def lead_of(values, margins, good):
    """[sample, training]: AUC minus the margin's, mean over trainings."""
    return np.mean([auc(v[good], v[~good]) - auc(m[good], m[~good]) for v, m in zip(values.T, margins.T)])


def find_wrong(family, share, group, miniature, out):
    """AUC with which what a network stands tells wrong labels from true ones, beside margin and loss, and the lead over the margin."""
    name, good = f"{family} {share} %", is_true(group[0], miniature)
    margin = np.array([n.result["clean_margin"] for n in group]).T
    out.add(f"{name}: wrong labels", int((~good).sum()), note=f"of {len(good)} samples, {len(group)} trainings")
    for what, values in ("margin", margin.T), ("loss", [-n.result["clean_loss"] for n in group]):
        out.add(f"{name}: AUC {what}", *mean_of([auc(v[good], v[~good]) for v in values]), "finds wrong labels; interval over trainings")
    for i, site in enumerate(group[0].result.sites):
        measures = {d: [n.escape[d, site, "absolute"] for n in group] for d in DEFINITIONS}
        measures["mean stay"] = [n.result.mean_stay[i] for n in group]
        for what, values in measures.items():
            out.add(f"{name}: AUC {site} {what}", *mean_of([auc(v[good], v[~good]) for v in values]), "interval over trainings")
            lead = bootstrap(lead_of, np.array(values).T, margin, good, replicates=REPLICATES)
            out.add(f"{name}: lead {site} {what}", *lead, "AUC minus the margin's, mean over trainings; interval over samples")


def numbers(folder, miniature, out):
    every = networks(folder, miniature)
    for family in dict.fromkeys(n.family for n in every):
        group = sorted((n for n in every if n.family == family), key=lambda n: (n.share, n.seed))
        shares = list(dict.fromkeys(n.share for n in group))
        for site in group[0].result.sites:
            for scale in SCALES:
                for share in shares:
                    levels = [2 ** n.level(site, scale) for n in group if n.share == share]
                    out.add(f"{family} {share} %: median {site} {scale}", np.mean(levels), note=f"escape noise (half): {' '.join(f'{x:.3g}' for x in levels)}")
        true, memorised = ([n for n in group if n.share == share] for share in (0, 100))
        compare(family, true, memorised, out)
        best_cell(family, true, memorised, out)
        if len(group) > 3:
            trend(family, group, out)
        for share in shares:
            if miniature and share or 0 < share < 100:
                find_wrong(family, share, [n for n in group if n.share == share], miniature, out)
    if not miniature:
        same_function(folder, every, out)
        for n in every:
            out.add(f"digest {n.result.name}", n.result.attributes["content_sha256"], note="content_sha256 of the result file")


main(numbers)
