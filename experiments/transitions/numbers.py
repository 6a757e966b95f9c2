"""Where predictions go: within groups of classes or across, one way or both, and whether a sample with a wrong label goes to its true class.

The share of departures within a group, what permuted groups would give, its p and the asymmetry come from the report (section 4); here they
are put beside one another, over trainings where there are several, and samples are looked at one by one.
"""
import os

import numpy as np

from study import main, netCDF4, results, student, table

PERMUTATIONS = 2000
GROUPS = [2, 3, 4, 5, 6, 7], [0, 1, 8, 9]  # as in groups.txt
LEVELS = 0.9, 0.6, 0.3                     # the report looks at the first scales with less stay than these


def coherence(folder, every, out):
    """{(model, site, level): row} of the report's table, and each row as numbers."""
    found, rows = {}, {(r["model"], r["site"], float(r["sigma"])): r for r in table(folder, "coherence")}
    for result in every:
        for i, site in enumerate(result.sites):
            for level, below in enumerate(LEVELS):
                lower = np.flatnonzero(result["stay_mean"][i] < below)
                row = rows.get((result.name, site, float(f"{result.sigma[lower[0]]:.9g}"))) if lower.size else None
                if row is None:
                    continue
                value = found[result.name, site, level] = {k: float(v) for k, v in row.items() if k not in ("model", "site") and v != ""}
                name = f"{result.name} {site} below {below}"
                out.add(f"{name}: within", value["within"], value.get("within_low"), value.get("within_high"),
                        f"{value['expected']:.3f} by chance, p = {value['p']:.2g}; sigma = {value['sigma']:.3g}, {value['departures']:.0f} departures")
                out.add(f"{name}: excess", value["within"] - value["expected"], note="within a group, above permuted groups")
                out.add(f"{name}: asymmetry", value["asymmetry"], value.get("asymmetry_low"), value.get("asymmetry_high"))
    return found


def over_trainings(rows, out):
    """Excess of the networks on true labels over those on random ones, trainings as the unit (Welch)."""
    models = {m for m, _, _ in rows}
    kinds = [sorted(m for m in models if m.startswith(kind) and not m.endswith("test")) for kind in ("true_", "half_", "random_")]
    for site in dict.fromkeys(s for m, s, _ in rows if m in kinds[0]):
        for level in range(len(LEVELS)):
            for what in "excess", "asymmetry":
                values = [[rows[m, site, level]["within"] - rows[m, site, level]["expected"] if what == "excess" else rows[m, site, level]["asymmetry"]
                           for m in kind if (m, site, level) in rows] for kind in kinds]
                for kind, v in zip(("true", "half", "random"), values):
                    if len(v) > 1:
                        half = student(len(v) - 1) * np.std(v, ddof=1) / np.sqrt(len(v))
                        out.add(f"{kind} labels {site} below {LEVELS[level]}: {what}", np.mean(v), np.mean(v) - half, np.mean(v) + half, f"over {len(v)} trainings")
                a, _, b = values
                if min(len(a), len(b)) > 1:
                    u, v = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
                    freedom = (u + v) ** 2 / (u * u / (len(a) - 1) + v * v / (len(b) - 1))
                    half, gap = student(freedom) * np.sqrt(u + v), np.mean(a) - np.mean(b)
                    out.add(f"true over random labels {site} below {LEVELS[level]}: {what}", gap, gap - half, gap + half, f"over {len(a)} and {len(b)} trainings")


def pairs(folder, out):
    count = {}
    for row in table(folder, "transition_pairs"):
        count[row["model"]] = count.get(row["model"], 0) + 1
        if count[row["model"]] <= 3:
            out.add(f"{row['model']} {row['site']}: pair {count[row['model']]}", float(row["share"]), note=f"{row['from']} to {row['to']}, lift {float(row['lift']):.2g}")


def against_shuffled(share, truth, clean, rng):
    """Value, mean and p (one-sided) where true classes are shuffled among samples of the same clean class."""
    value, drawn = share(truth), []
    for _ in range(PERMUTATIONS):
        shuffled = truth.copy()
        for c in np.unique(clean):
            rows = np.flatnonzero(clean == c)
            shuffled[rows] = truth[rng.permutation(rows)]
        drawn.append(share(shuffled))
    return value, np.mean(drawn), (1 + np.sum(np.array(drawn) >= value)) / (1 + PERMUTATIONS)


def towards_truth(result, truth, miniature, out):
    """Samples that the network gives a class other than the true one: does noise lead to the true one, or to its group?"""
    clean = result["clean_class"].astype(int)
    other = clean != truth
    if other.sum() < 20:
        return
    rng = np.random.RandomState(1)
    second = result["clean_second_class"][other].astype(int)
    truth, clean = truth[other], clean[other]
    value, chance, p = against_shuffled(lambda t: np.mean(second == t), truth, clean, rng)
    out.add(f"{result.name}: runner-up is the true class", value, note=f"without noise; {chance:.3f} by chance, p = {p:.2g}, {len(truth)} samples")
    for site in result.sites:
        stay = result["stay_mean"][result.site(site)]
        if not (stay < 0.6).any():
            continue
        k = int(np.argmax(stay < 0.6))
        draws = result["class_count"][result.site(site), k][other]
        draws[np.arange(len(clean)), clean] = 0
        left = draws.sum()

        def to_truth(t):
            return draws[np.arange(len(t)), t].sum() / left

        value, chance, p = against_shuffled(to_truth, truth, clean, rng)
        out.add(f"{result.name} {site}: departures to the true class", value, note=f"{chance:.3f} by chance, p = {p:.2g}, sigma = {result.sigma[k]:.3g}, {left:.0f} departures")
        if miniature:
            continue
        member = np.zeros((10, 10))
        for group in GROUPS:
            member[np.ix_(group, group)] = 1
        value, chance, p = against_shuffled(lambda t: (draws * member[t]).sum() / left, truth, clean, rng)
        out.add(f"{result.name} {site}: departures to the true class's group", value, note=f"{chance:.3f} by chance, p = {p:.2g}")


def true_labels(folder, miniature):
    """Of a model: true classes of its samples. Networks on random labels have the same samples as those on true ones."""
    places = [os.path.join(folder, d) for d in (("digits",) if miniature else ("cifar", "seeds"))]
    every = [r for place in places for r in results(place).values()]
    known = {r.name: r["label"].astype(int) for r in every}
    if miniature:
        with netCDF4.Dataset(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../quickstart/digits.nc")) as nc:
            known["random_1"] = np.asarray(nc["label"][:])[every[0]["sample"].astype(int)]
    for name in known:
        if name.startswith(("half_", "random_")) and not name.endswith("test") and not miniature:
            known[name] = known["true_1"]
    return every, known


def numbers(folder, miniature, out):
    every, known = true_labels(folder, miniature)
    over_trainings(coherence(folder, every, out), out)
    pairs(folder, out)
    for result in every:
        towards_truth(result, known[result.name], miniature, out)
    for result in every if not miniature else []:
        out.add(f"digest {result.name}", result.attributes["content_sha256"], note="content_sha256 of the result file")


main(numbers)
