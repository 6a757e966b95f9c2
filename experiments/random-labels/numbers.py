"""Do networks on random labels stand less noise, at which scale is that true, and does noise find the wrong labels?

Trainings are the unit where networks are compared: intervals over trainings (Welch's t) where there are several seeds, else over samples
(bootstrap), and the note says which.
"""
import csv
import gzip
import os

import numpy as np

from study import auc, bootstrap, main, netCDF4, results, student

SCALES = "absolute", "relative"


class Network:
    """One training; escape noise (stay falls below one half) of each site at both scales. `relative`: its sweep of `all` at that scale."""

    def __init__(self, result, relative, family, share, seed):
        self.result, self.family, self.share, self.seed = result, family, share, seed
        norm = result["activation_rms"]
        self.escape = {}
        for i, site in enumerate(result.sites):
            value = known(result)[i]
            self.escape[site, "absolute"] = value
            self.escape[site, "relative"] = known(relative)[0] if site == "all" else value / norm[i]
        self.norm = dict(zip(result.sites, norm))

    def level(self, site, scale):
        """log2 of the median escape noise."""
        return np.log2(np.median(self.escape[site, scale]))


def known(result):
    """[site, sample]: `half`; infinite where never reached on the grid."""
    value = result["escape_sigma_half"]
    return np.where(np.isnan(value), np.inf, value)


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


def trainings(a, b):
    """Difference of means and its interval over trainings (Welch), None where there are not at least two of each."""
    difference = np.mean(a) - np.mean(b)
    if min(len(a), len(b)) < 2:
        return difference, None, None
    u, v = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    freedom = (u + v) ** 2 / (u * u / (len(a) - 1) + v * v / (len(b) - 1))
    half = student(freedom) * np.sqrt(u + v)
    return difference, difference - half, difference + half


def mean_of(values):
    """Mean over trainings, with Student's interval where there are several."""
    if len(values) < 2:
        return values[0], None, None
    half = student(len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return np.mean(values), np.mean(values) - half, np.mean(values) + half


def gap(true, memorised, site, scale):
    """log2 of how many times as much noise networks on true labels stand."""
    if min(len(true), len(memorised)) > 1:
        return (*trainings([n.level(site, scale) for n in true], [n.level(site, scale) for n in memorised]), "over trainings")
    a, b = true[0].escape[site, scale], memorised[0].escape[site, scale]
    return (*bootstrap(lambda x, y: np.log2(np.median(x)) - np.log2(np.median(y)), a, b, paired=True), "over samples: one training each")


def order(low, high):
    return "not decided" if low is None or low <= 0 <= high else "true labels stand more" if low > 0 else "random labels stand more"


def compare(family, true, memorised, out):
    """Every site at both scales; what survives the choice of scale, and what costs nothing."""
    agree = {}
    for site in true[0].result.sites:
        orders = []
        for scale in SCALES:
            value, low, high, over = gap(true, memorised, site, scale)
            out.add(f"{family}: gap {site} {scale}", value, low, high, f"log2 of the ratio of median escape noise, 0 % over 100 % random, {over}")
            orders.append(order(low, high))
            pairs = [auc(a.escape[site, scale], b.escape[site, scale]) for a, b in zip(true, memorised)]
            out.add(f"{family}: AUC {site} {scale}", *mean_of(pairs), "chance that a sample stands more in the 0 % network, mean over seeds")
        agree[site] = orders[0] if orders[0] == orders[1] else f"{orders[0]} / {orders[1]}"
        out.add(f"{family}: order {site}", agree[site], note="absolute / relative, where they differ; decided: the interval leaves out 0")
        if site != "all":
            norms = [[np.log2(n.norm[site]) for n in group] for group in (true, memorised)]
            out.add(f"{family}: norm {site}", *trainings(*norms), "log2 of the ratio of activation norms, over trainings")
    margins = [[np.log2(np.median(n.result["clean_margin"])) for n in group] for group in (true, memorised)]
    out.add(f"{family}: margin", *trainings(*margins), "log2 of the ratio of median clean margins, over trainings")


def same_function(folder, every, out):
    """The 0 % network with activations a quarter as large and the same logits, against the network that it compares with."""
    place = [results(os.path.join(folder, "seed1", name))["cifar_0_1"] for name in ("quarter", "quarter-relative")]
    quarter = Network(*place, "cifar", 0, 1)
    true, memorised = (next(n for n in every if (n.family, n.share, n.seed) == ("cifar", share, 1)) for share in (0, 100))
    for site in quarter.result.sites:
        for scale in SCALES:
            here, there = quarter.escape[site, scale], true.escape[site, scale]
            both = np.isfinite(here) & np.isfinite(there)
            out.add(f"quarter: change {site} {scale}", np.median(np.log2(here[both] / there[both])),
                    note=f"log2 of escape noise over that of the same function, median; {np.sum(np.isfinite(here) != np.isfinite(there))} samples censored in one only")
            for name, network in ("seed 1", true), ("quarter", quarter):
                value, low, high, _ = gap([network], [memorised], site, scale)
                out.add(f"{name}: gap {site} {scale}", value, low, high, f"as above, over samples: {order(low, high)}")


def trend(family, group, out):
    """Escape noise against the share of random labels, all trainings: slope for 100 %, and by share."""
    for site in group[0].result.sites:
        for scale in SCALES:
            x, y = np.array([n.share / 100 for n in group]), np.array([n.level(site, scale) for n in group])
            slope, start = np.polyfit(x, y, 1)
            rest = np.sqrt(((y - start - slope * x) ** 2).sum() / (len(x) - 2) / ((x - x.mean()) ** 2).sum())
            half = student(len(x) - 2) * rest
            out.add(f"{family}: slope {site} {scale}", slope, slope - half, slope + half, f"log2 per 100 % random labels, {len(x)} trainings")


def best_cell(family, true, memorised, out):
    """Site and scale at which stay separates seed 1 best; what it does on the trainings that did not choose it."""
    def separation(a, b, i, k):
        return auc(a.result.stay[i, k], b.result.stay[i, k])
    first = true[0], memorised[0]
    cells = [(abs(separation(*first, i, k) - 0.5), i, k) for i in range(len(first[0].result.sites)) for k in range(len(first[0].result.sigma))]
    _, i, k = max(cells)
    place = f"{first[0].result.sites[i]}, sigma = {first[0].result.sigma[k]:.3g}"
    out.add(f"{family}: best cell", place, note="largest |AUC - 1/2| of stay, seed 1")
    for a, b in zip(true, memorised):
        out.add(f"{family}: best cell, seed {a.seed}", separation(a, b, i, k), note="AUC of stay there" + (", which chose it" if a is first[0] else ""))


def is_true(folder, network, miniature):
    """[sample]: whether the label that the network was trained on is the true one."""
    here = os.path.dirname(os.path.abspath(__file__))
    rows = network.result["sample"].astype(int)
    if miniature:
        with netCDF4.Dataset(os.path.join(here, "../quickstart/digits.nc")) as nc:
            return (nc["label"][:] == nc["label_random"][:])[rows]
    models = os.path.join(here, "models") if network.family == "cifar" else os.path.join(os.environ["APEX_MODELS"], "random-labels")
    with gzip.open(os.path.join(models, f"{network.family}_{network.share}_1.label_is_true.csv.gz"), "rt", newline="") as f:
        value = {int(row["index"]): row["value"] == "1" for row in csv.DictReader(f)}
    return np.array([value[row] for row in rows])


def find_wrong(family, share, group, folder, miniature, out):
    """AUC with which what a network stands tells wrong labels from true ones, beside margin and loss, and the lead over the margin."""
    name = f"{family} {share} %"
    good = is_true(folder, group[0], miniature)
    out.add(f"{name}: wrong labels", int((~good).sum()), note=f"of {len(good)} samples, {len(group)} trainings")

    def score(values):
        return auc(values[good], values[~good])
    free = {"margin": [n.result["clean_margin"] for n in group], "loss": [-n.result["clean_loss"] for n in group]}
    for what, values in free.items():
        out.add(f"{name}: AUC {what}", *mean_of([score(v) for v in values]), "finds wrong labels; over trainings")
    for i, site in enumerate(group[0].result.sites):
        for what in "escape", "mean stay":
            values = [n.escape[site, "absolute"] if what == "escape" else n.result.mean_stay[i] for n in group]
            found = [score(v) for v in values]
            out.add(f"{name}: AUC {what} {site}", *mean_of(found), "over trainings")
            lead = [f - score(m) for f, m in zip(found, free["margin"])]
            out.add(f"{name}: lead {what} {site}", *mean_of(lead), "AUC minus the margin's, over trainings")
            if what == "mean stay" and site in ("all", group[0].result.sites[-2]):
                interval = bootstrap(lambda v, m, g: auc(v[g], v[~g]) - auc(m[g], m[~g]), values[0], free["margin"][0], good)
                out.add(f"{name}: lead {what} {site}, seed {group[0].seed}", *interval, "over samples")


def numbers(folder, miniature, out):
    every = networks(folder, miniature)
    for family in dict.fromkeys(n.family for n in every):
        group = sorted((n for n in every if n.family == family), key=lambda n: (n.share, n.seed))
        true, memorised = ([n for n in group if n.share == s] for s in (0, 100))
        for share in dict.fromkeys(n.share for n in group):
            n = sum(m.share == share for m in group)
            for site in group[0].result.sites:
                for scale in SCALES:
                    levels = [2 ** m.level(site, scale) for m in group if m.share == share]
                    out.add(f"{family} {share} %: median {site} {scale}", np.mean(levels), min(levels), max(levels), f"smallest and largest of {n} trainings")
        compare(family, true, memorised, out)
        if len(group) > 3:
            trend(family, group, out)
        best_cell(family, true, memorised, out)
        for share in dict.fromkeys(n.share for n in group if 0 < n.share < 100 or (miniature and n.share)):
            find_wrong(family, share, [n for n in group if n.share == share], folder, miniature, out)
    if not miniature:
        same_function(folder, every, out)
    for n in every if not miniature else []:
        out.add(f"digest {n.result.name}", n.result.attributes["content_sha256"], note="content_sha256 of the result file")


main(numbers)
