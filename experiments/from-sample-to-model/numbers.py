"""Numbers of the study `from-sample-to-model`: README.md says what they mean."""
import os

import numpy as np
from study import main, results, spearman, table

REPLICATES, SEED = 400, 1
FEW = 30     # draws that a rate needs
GONE = 0.1  # below, what chance leaves in few draws is in the way


def entropy(count, draws):
    """Nats, Miller-Madow (analysis/information.h), along the last axis; count may be fractional sums of draws."""
    p = count / draws
    return -(np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0)).sum(-1) + ((p > 0).sum(-1) - 1) / (2 * draws)


def left(count, clean, draws, weight):
    """[replicate, sigma]: mutual information between sample and prediction as a share of the clean predictions' entropy. count[sigma,
    sample, class], clean[sample, class] one-hot, weight[replicate, sample]: how often a sample is in a resample."""
    n = weight.sum(1)
    pooled = np.einsum("rn,knc->rkc", weight, count, optimize=True)
    own = weight @ entropy(count, draws).T / n[:, None]
    of = weight @ clean / n[:, None]
    whole = -(np.where(of > 0, of * np.log(np.where(of > 0, of, 1)), 0)).sum(1)
    return (entropy(pooled, float(n[0] * draws)) - own) / whole[:, None]


def crossing(curve, sigma, level):
    """Where curve[replicate, sigma] first falls below the level, linear in log sigma; NaN: not on the grid's finite scales."""
    out = np.full(len(curve), np.nan)
    for i, y in enumerate(curve):
        below = np.flatnonzero(y < level)
        k = below[0] if len(below) else 0
        if k:
            part = (y[k - 1] - level) / (y[k - 1] - y[k])
            out[i] = np.exp(np.log(sigma[k - 1]) + part * np.log(sigma[k] / sigma[k - 1]))
    return out


def interval(drawn):
    """The first is the number itself, the rest are resamples."""
    low, high = np.nanpercentile(drawn[1:], [2.5, 97.5]) if np.isfinite(drawn[1:]).any() else (np.nan, np.nan)
    return float(drawn[0]), float(low), float(high)


def weights(n):
    rng = np.random.RandomState(SEED)
    drawn = [np.bincount(rng.randint(0, n, n), minlength=n) for _ in range(REPLICATES)]
    return np.concatenate([np.ones((1, n)), np.array(drawn, float)])


def model_numbers(name, r, out):
    """Half and end of the information, and the way to the limit, for every site."""
    finite = np.isfinite(r.sigma)
    sigma, end = r.sigma[finite], int(np.flatnonzero(~finite)[0])
    counts = r["class_count"]
    clean = np.eye(counts.shape[3])[np.asarray(r.values["clean_class"], int)]
    weight = weights(counts.shape[2])
    half, curves = {}, {}
    for s, site in enumerate(r.sites):
        if np.isnan(counts[s]).all():  # not in this model's grid
            continue
        share = counts[s] / r.draws
        curve = curves[site] = left(counts[s], clean, r.draws, weight)
        half[site] = crossing(curve[:, finite], sigma, 0.5)
        out.add(f"{name} {site}: half of the information gone at", *interval(half[site]))
        out.add(f"{name} {site}: {1 - GONE:.0%} of the information gone at", *interval(crossing(curve[:, finite], sigma, GONE)))
        limit = share[end].mean(0)
        apart = np.abs(share - limit).sum(2) / 2  # [sigma, sample]; at infinity what chance leaves
        distance = weight @ (apart - apart[end]).T
        out.add(f"{name} {site}: half of the distance from the limit gone at",
                *interval(crossing((distance / distance[:, :1])[:, finite], sigma, 0.5)))
        out.add(f"{name} {site}: largest class share at infinity", float(limit.max()), note=f"class {limit.argmax()}")
        # Every scale has the same draws, so that a sample's counts can be compared with its own counts at infinity: no floor of chance.
        paired = np.abs(share - share[end]).sum(2) / 2
        average = np.einsum("rn,knc->rkc", weight, share, optimize=True) / weight.sum(1)[:, None, None]
        moved = np.abs(average - average[:, end:end + 1]).sum(2) / 2
        far = weight @ paired[len(sigma) - 3:len(sigma) - 1].T  # at the last finite scale too few draws are left to move
        near = f"from {sigma[-3]:g} to {sigma[-2]:g}"
        out.add(f"{name} {site}: draws that still move at {sigma[-3]:g}", *interval(far[:, 0] / weight.sum(1)), f"average: {moved[0, len(sigma) - 3]:.4f}")
        if far[0, 1] * r.draws >= FEW:
            with np.errstate(divide="ignore"):
                slope = np.log(far[:, 1] / far[:, 0]) / np.log(sigma[-2] / sigma[-3])
            out.add(f"{name} {site}: exponent of the distance from the limit", *interval(slope), near)
    layers = [s for s in half if s.startswith("relu")]
    depth = np.arange(len(layers), dtype=float)
    values = np.array([half[s] for s in layers])
    order = [spearman(depth, v) if np.isfinite(v).all() else np.nan for v in values.T]
    out.add(f"{name}: depth against scale of half the information (Spearman)", *interval(np.array(order)),
            f"{len(layers)} layers; above 0: shallow layers lose it first")
    out.add(f"{name}: deepest layer's scale over the first's", *interval(values[-1] / values[0]))
    return curves, half


def seeds(half, out):
    """Networks trained on true labels against those trained on random ones: ratio of scales, mean over seeds; low and high: of the seeds."""
    pairs = [(n, n.replace("true", "random")) for n in half if n.startswith("true") and n.replace("true", "random") in half]
    for kind, chosen in (("new images", [p for p in pairs if "learned" not in p[0]]), ("learned images", [p for p in pairs if "learned" in p[0]])):
        for site in half[chosen[0][0]] if chosen else ():
            ratio = np.array([half[a][site][0] / half[b][site][0] for a, b in chosen])
            out.add(f"true over random, {kind}, {site}", float(np.exp(np.log(ratio).mean())), float(ratio.min()), float(ratio.max()),
                    f"half of the information; mean and range of {len(ratio)} seeds")


def numbers(folder, miniature, out):
    output = os.path.join(folder, "digits" if miniature else "relative")
    rows = table(folder, "information")
    worst, half = 0.0, {}
    for name, r in results(output).items():
        if not miniature:
            out.add(f"{name}: result file", r.attributes["completeness"], note="content_sha256 " + r.attributes["content_sha256"])
        curves, half[name] = model_numbers(name, r, out)
        for row in rows:
            if row["model"].split(" ")[0] == name and row["of_clean"]:
                here = np.clip(curves[row["site"]][0, list(r.sigma).index(float(row["sigma"]))], 0, 1)
                worst = max(worst, abs(here - float(row["of_clean"])))
    seeds(half, out)
    out.add("largest difference from the report's information.csv", worst)


main(numbers)
