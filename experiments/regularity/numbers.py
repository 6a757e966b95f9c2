"""Numbers of the study `regularity`: README.md says what they mean."""
import os

import numpy as np
from journal import kept
import study
from study import main, ranks, results, scores, spearman, table

HERE = os.path.dirname(os.path.abspath(__file__))
MEASURES = ("mode", "half", "first_flip", "mean_stay")
CLASS = "margin, loss and class"
QUICK = 30  # replicates of a miniature
RIDGE = 0.05  # of the number of samples; keeps fits over many related measures steady


def standard_ranks(x):
    """Ranks with mean 0 and variance 1 of the columns of x[samples, measures]."""
    r = np.stack([ranks(c) for c in np.atleast_2d(x.T)], 1)
    spread = r.std(0)
    return (r - r.mean(0)) / np.where(spread > 0, spread, 1)


def beyond(measure, score, *fixed):
    """Partial Spearman correlation: of what ranks of the fixed measures do not explain."""
    f = standard_ranks(np.stack(fixed, 1))

    def rest(x):
        r = standard_ranks(x[:, None])[:, 0]
        return r - f @ np.linalg.lstsq(f, r, rcond=None)[0]

    a, b = rest(measure), rest(score)
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def cross_fit(x, score):
    """Prediction of ranks of score by ranks of x[samples, measures], for each half of the samples by a fit on the other half."""
    half = np.random.RandomState(1).permutation(len(score)) % 2
    out = np.empty(len(score))
    for h in (0, 1):
        a, b = standard_ranks(x[half != h]), standard_ranks(score[half != h, None])[:, 0]
        weight = np.linalg.solve(a.T @ a + RIDGE * len(a) * np.eye(a.shape[1]), a.T @ b)
        out[half == h] = standard_ranks(x[half == h]) @ weight
    return out, half


def halves(fit, score, half):
    """Spearman, mean of the two halves."""
    return np.mean([spearman(fit[half == h], score[half == h]) for h in (0, 1)])


def by_definitions(count, bits, clean, sigma):
    """{measure: value per sample} from count[sigma, sample, class] and bits[sigma, sample, draw]; inf: never left."""
    scale = np.append(sigma, np.inf)
    first = lambda left: scale[np.where(left.any(0), left.argmax(0), len(sigma))]
    stay = bits.mean(2)
    below = stay < 0.5
    k = np.where(below.any(0), below.argmax(0), len(sigma))
    logs, column = np.log(sigma), np.arange(len(clean))
    high, low = np.maximum(k - 1, 0), np.minimum(k, len(sigma) - 1)
    step = stay[high, column] - stay[low, column]
    part = np.where(step > 0, (stay[high, column] - 0.5) / np.where(step > 0, step, 1), 0)
    # Rounded: what is tied must not be ordered by the last bit of a logarithm, which differs between processors.
    between = np.round(logs[high] + part * (logs[low] - logs[high]), 9)
    half = np.where(k == len(sigma), np.inf, np.where(k == 0, sigma[0], np.exp(between)))
    flip = np.log(first(~bits))  # [sample, draw]
    flips = np.isfinite(flip).sum(1)
    total = np.where(np.isfinite(flip), flip, 0).sum(1)
    mean = np.round(total / np.maximum(flips, 1), 9)
    return {"mode": first(count.argmax(2) != clean), "half": half,
            "first_flip": np.where(flips > 0, np.exp(mean), np.inf), "mean_stay": stay.mean(0)}


def bootstrap(statistic, *samples, replicates=study.REPLICATES):
    return study.bootstrap(statistic, *samples, replicates=QUICK if bootstrap.quick else replicates)


bootstrap.quick = False


def from_report(folder, out):
    """Correlation of every measure at every site with the score, as the report computed it."""
    short = {"escape noise (mode)": "mode", "escape noise (half)": "half", "escape noise (first flip)": "first_flip",
             "mean stay": "mean_stay", "clean margin": "margin", "clean loss": "loss"}
    seen = set()
    for row in table(folder, "regularity"):
        scale = "relative" if "relative" in row["model"] else "absolute"
        name = short[row["measure"]]
        where = "clean" if row["site"] == "(clean)" else f"{scale} {row['site']}"
        if (where, name) in seen:
            continue
        seen.add((where, name))
        for column in ("spearman", "gain", "beyond_margin"):
            if row[column]:
                out.add(f"{column}: {where} {name}", *(float(row[column + e] or "nan") for e in ("", "_low", "_high")))


def above(values):
    """What this definition calls censored ranks above every scale; for a complete sweep."""
    return np.where(np.isnan(values), np.inf, values)


def combinations(relative, absolute, score, out):
    """Do sites together, or noise beside margin and loss, know more?"""
    sites = [(relative, s) for s in range(len(relative.sites))] + [(absolute, s) for s in range(len(absolute.sites))]
    margin, loss = relative["clean_margin"], -relative["clean_loss"]
    right = relative["clean_wrong"] == 0
    escape = {m: np.stack([above(r.mean_stay[s] if m == "mean_stay" else r.escape(m)[s]) for r, s in sites], 1) for m in MEASURES}
    smooth = np.concatenate([r["mean_margin"][s].T for r, s in sites], 1)
    free = np.stack([margin, loss], 1)
    noise = np.concatenate([escape["first_flip"], escape["mean_stay"]], 1)
    sets = {"margin and loss": free, "first_flip of all sites": escape["first_flip"],
            "first_flip and mean stay of all sites": noise,
            "the same with margin": np.concatenate([noise, margin[:, None]], 1),
            "the same with margin and loss": np.concatenate([noise, free], 1),
            "mean margins under noise": smooth,
            "mean margins under noise, with margin and loss": np.concatenate([smooth, free], 1),
            "all": np.concatenate([noise, smooth, free], 1)}
    for kind, site in (("relative", "input"), ("relative", "relu0"), ("absolute", "all")):
        at = [k for k, (r, i) in enumerate(sites) if (r.kind, r.sites[i]) == (kind, site)]
        both = np.concatenate([escape["first_flip"][:, at], escape["mean_stay"][:, at], free], 1)
        sets[f"{kind} {site} (first_flip, mean stay) with margin and loss"] = both
    # Which class an image is predicted as costs nothing either, and noise pushes every image to the same few classes.
    classes = np.eye(int(relative["clean_class"].max()) + 1)[relative["clean_class"].astype(int)]
    known = np.concatenate([free, classes], 1)
    sets.update({CLASS: known, "noise (first_flip, mean stay of all sites) with margin, loss and class": np.concatenate([noise, known], 1),
                 "mean margins under noise with margin, loss and class": np.concatenate([smooth, known], 1),
                 "class alone": classes})
    fits = {name: cross_fit(x, score) for name, x in sets.items()}
    half = fits[CLASS][1]
    for name, (fit, _) in fits.items():
        out.add(f"fitted: {name}", *bootstrap(halves, fit, score, half), "Spearman on the half that was not fitted")
    for name, (fit, _) in fits.items():
        base = CLASS if "class" in name else "margin and loss"
        if name not in (base, "class alone"):
            gain = lambda f, b, y, h: halves(f, y, h) - halves(b, y, h)
            out.add(f"gain over fitted {base}: {name}", *bootstrap(gain, fit, fits[base][0], score, half))
    mean_rank = {m: standard_ranks(escape[m][:, :len(relative.sites)]).mean(1) for m in MEASURES}
    for m in MEASURES:
        out.add(f"mean rank over sites: {m}", *bootstrap(spearman, mean_rank[m], score))
    best = max(range(smooth.shape[1]), key=lambda c: spearman(smooth[half == 0, c], score[half == 0]))
    r, s = sites[best // len(relative.sigma)]
    k = best % len(relative.sigma)
    odd = half == 1
    where = f"{r.sites[s]}, {r.kind} sigma {r.sigma[k]:.3g}, the best on the first half"
    for name, x, note in (("best mean margin under noise", smooth[:, best], where), ("clean margin", margin, ""), ("clean loss", loss, "")):
        out.add(f"other half: {name}", *bootstrap(spearman, x[odd], score[odd]), note)
    out.add("other half: gain of best mean margin over loss",
            *bootstrap(lambda a, b, y: spearman(a, y) - spearman(b, y), smooth[odd, best], loss[odd], score[odd]))
    for (r, s), column in zip(sites, escape["first_flip"].T):
        out.add(f"beyond margin and loss: {r.kind} {r.sites[s]} first_flip", *bootstrap(beyond, column, score, margin, loss))
    # The label is in the score and in the loss, not in margin and noise: with it, as rank below all where the prediction is wrong.
    signed = lambda x: np.where(right, ranks(x), -ranks(x))
    out.add("right predictions: share", float(right.mean()))
    names = {"margin": margin, "loss": loss, "mean rank of first_flip": mean_rank["first_flip"]}
    for name, x in names.items():
        out.add(f"right predictions: {name}", *bootstrap(spearman, x[right], score[right]))
        if name != "loss":
            out.add(f"signed by the label: {name}", *bootstrap(spearman, signed(x), score))
    out.add("right predictions: gain of mean rank over margin", *bootstrap(
        lambda a, b, y: spearman(a, y) - spearman(b, y), mean_rank["first_flip"][right], margin[right], score[right]))
    out.add("signed by the label: gain of mean rank over loss", *bootstrap(
        lambda a, b, y: spearman(a, y) - spearman(b, y), signed(mean_rank["first_flip"]), loss, score))


def repeatability(folder, reference, out):
    """Rank correlation between two sweeps with different noise, by draws and by grid; mean over sites."""
    r = next(iter(results(folder).values()))
    bits = kept(folder, r)
    sample = np.asarray(r.values["sample"])
    images = int((np.diff(sample) > 1).argmax()) + 1  # a copy is a run of sample numbers
    copies = len(sample) // images
    count = r["class_count"].reshape(len(r.sites), len(r.sigma), copies, images, -1)
    bits = bits.reshape(len(r.sites), len(r.sigma), copies, images, -1)
    clean = r["clean_class"][:images]
    score = np.array([reference[int(s)] for s in sample[:images]])

    def arms(size, step):
        """[measure][arm, site, image]: arms of `size` copies, every step-th scale."""
        found = {m: [] for m in MEASURES}
        for arm in range(copies // size):
            part = slice(arm * size, (arm + 1) * size)
            for m in MEASURES:
                found[m].append([])
            for s in range(len(r.sites)):
                b = np.concatenate(list(np.moveaxis(bits[s, ::step, part], 1, 0)), 2)
                values = by_definitions(count[s, ::step, part].sum(1), b, clean, r.sigma[::step])
                for m in MEASURES:
                    found[m][-1].append(values[m])
        return {m: np.array(v) for m, v in found.items()}

    def repeat(v):
        """v[image, arm, site]: mean over sites and disjoint pairs of arms."""
        return np.mean([spearman(v[:, a, s], v[:, a + 1, s]) for a in range(0, v.shape[1] - 1, 2) for s in range(v.shape[2])])

    def against_score(v, y):
        return np.mean([spearman(v[:, a, s], y) for a in range(v.shape[1]) for s in range(v.shape[2])])

    few = 200  # replicates; the statistic is a mean over many pairs
    size = 1
    middle = min(4, copies // 2)
    while size <= copies // 2:
        for m, v in arms(size, 2).items():
            v = np.moveaxis(v, 2, 0)
            draws = size * r.draws
            out.add(f"repeatability: {draws} draws {m}", *bootstrap(repeat, v, replicates=few), f"{len(r.sigma[::2])} scales")
            out.add(f"with score: {draws} draws {m}", *bootstrap(against_score, v, score, replicates=few), f"{images} images")
        size *= 2
    for step in (1, 2, 4, 7):
        for m, v in arms(middle, step).items():
            v = np.moveaxis(v, 2, 0)
            name = f"{len(r.sigma[::step])} scales {m}"
            out.add(f"repeatability: {name}", *bootstrap(repeat, v, replicates=few), f"{middle * r.draws} draws")
            out.add(f"with score: {name}", *bootstrap(against_score, v, score, replicates=few), f"{images} images")


def numbers(folder, miniature, out):
    bootstrap.quick = miniature
    path = os.path.join(HERE, "digits_scores.csv") if miniature else \
        os.path.join(os.environ["APEX_DATA"], "cifar10", "cscores_train20k.csv")
    reference = scores(path, "score" if miniature else "cscore")
    parts = {kind: next(iter(results(os.path.join(folder, kind)).values())) for kind in ("relative", "absolute")}
    for kind, r in parts.items():
        r.kind = kind
    score = np.array([reference[int(s)] for s in parts["relative"].values["sample"]])
    for part in ("relative", "absolute", "relative/repeat"):
        for r in results(os.path.join(folder, part)).values():
            out.add(f"result file: {part}", r.attributes["completeness"], note="content_sha256 " + r.attributes["content_sha256"])
    from_report(folder, out)
    combinations(parts["relative"], parts["absolute"], score, out)
    repeatability(os.path.join(folder, "relative", "repeat"), reference, out)


main(numbers)
