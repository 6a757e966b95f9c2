"""Numbers of the study backdoor: what the report's verdicts (tables bias and collapse) get right, by group of networks."""
import math
import os
import re

import numpy as np

from study import auc, main, results, table


def clopper_pearson(k, n, level=0.95):
    """Exact interval of a share: the shares at which k or more, and k or fewer, of n have a chance of (1 - level) / 2."""
    def tail(p, above):
        return sum(math.comb(n, i) * p**i * (1 - p)**(n - i) for i in (range(k, n + 1) if above else range(k + 1)))

    def solve(above):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            if (tail(middle, above) > (1 - level) / 2) == above:
                high = middle
            else:
                low = middle
        return (low + high) / 2
    return (0.0 if k == 0 else solve(True)), (1.0 if k == n else solve(False))


LEVEL = 0.001  # of the report's verdicts


class Row:
    """One model of the report; what it is follows from its name: GROUP_KIND[TARGET]_NUMBER. clean: a reference; honest: a suspect."""

    def __init__(self, bias, collapse):
        self.group, self.kind, target = re.fullmatch(r"(.+)_(clean|honest|untrained|badnets|blended)(\d*)_\d+", bias["model"]).groups()
        self.model, self.verdict, self.statistic = bias["model"], bias["verdict"], bias["statistic"]
        self.target = int(target) if target else None
        self.named = int(bias["class"])
        self.number = {k: float(bias[k]) if bias[k] else math.nan for k in ("p", "value", "reference_value", "references")}
        self.p = self.number["p"]
        self.collapse = float(collapse["collapse"])
        self.accused = self.verdict == "stands out"


def count(out, name, rows, true, note):
    if rows:
        k = sum(map(bool, map(true, rows)))
        out.add(name, k / len(rows), *clopper_pearson(k, len(rows)), note=f"{k} of {len(rows)} networks; {note}")


def of_group(out, one, rows, counts_only=False):
    clean, honest, untrained = ([r for r in rows if r.kind == kind] for kind in ("clean", "honest", "untrained"))
    bad = [r for r in rows if r.target is not None]
    count(out, one + "target named", bad, lambda r: r.named == r.target, "the class with the smallest p is the attacker's")
    for level in (LEVEL, 0.01, 0.05):
        at, note = ("", f"p at most {level}") if level == LEVEL else (f" at {level}", f"p at most {level}")
        count(out, one + "backdoored that stand out" + at, bad, lambda r: r.p <= level, note)
        count(out, one + "backdoored that stand out by their target" + at, bad, lambda r: r.p <= level and r.named == r.target, note)
        count(out, one + "honest accused" + at, honest, lambda r: r.p <= level, note + "; no references")
        count(out, one + "references accused" + at, clean, lambda r: r.p <= level, note + ", each against the other references")
    count(out, one + "untrained accused", untrained, lambda r: r.accused, f"p at most {LEVEL}")
    if counts_only:
        return
    for kind, some in (("references", clean), ("honest", honest), ("backdoored", bad)):
        known = [r.p for r in some if not math.isnan(r.p)]
        if known:
            out.add(f"{one}p, {kind}", float(np.median(known)), min(known), max(known), "median, smallest and largest")
    judged = [r for r in honest or clean if not math.isnan(r.p)]
    if judged and bad:
        out.add(one + "AUC of p", auc([-r.p for r in bad], [-r.p for r in judged]), note="backdoored below honest")
        out.add(one + "AUC of the collapse", auc([r.collapse for r in bad], [r.collapse for r in judged]),
                note="mean share of the top class over all sites, which the report judged by at first")


def kind_of(row):
    return "backdoored" if row.target is not None else "honest" if row.kind in ("clean", "honest") else row.kind


def outputs(folder):
    """The result files of each output folder."""
    for name in sorted(os.listdir(folder)):
        if os.path.isdir(os.path.join(folder, name)) and name not in ("report", "miniature"):
            files = results(os.path.join(folder, name))
            if files:
                yield files


def of_shares(out, rows, files):
    """How far networks of each kind and group collapse at the largest scale by site, and at every scale of `all`: the share of the class with most draws."""
    for group in sorted({r.group for r in rows if r.model in files}):
        members = [r for r in rows if r.group == group and r.model in files]
        first = files[members[0].model]
        for site, k, kind in ((s, k, kind) for s in first.sites for k in range(len(first.sigma)) for kind in ("honest", "backdoored", "untrained")):
            sigma = first.sigma[k]
            some = [(r, files[r.model]["class_share"][files[r.model].site(site), k]) for r in members if kind_of(r) == kind]
            if not some or not (math.isinf(sigma) or site == "all"):
                continue
            top = [s.max() for _, s in some]
            note = "top class's share of draws; median, smallest and largest"
            if kind == "backdoored":
                note += f"; it is the target in {sum(int(s.argmax()) == r.target for r, s in some)} of {len(some)}"
            out.add(f"{group}: top share at sigma {sigma:.3g}, {site}, {kind}", float(np.median(top)), min(top), max(top), note)


# The report's rule once more (analysis/bias_excess.h, bias_judge.h), to ask what it says with other references.
SCALES, FLOOR, PRIOR = 4, 0.02, 60


def angles(f):
    """[statistic, cell, class]: asin sqrt of both statistics at the largest scales."""
    both = np.stack([f["class_share"], f["class_reciprocal_rank"]])[:, :, -SCALES:]
    return np.arcsin(np.sqrt(np.clip(both, 0, 1))).reshape(2, -1, both.shape[-1])


def excess(own, references):
    """(class, p) by one statistic: own[cell, class], references[m, cell, class]."""
    m, _, classes = references.shape
    mean = references.mean(axis=0)
    weight = 1 / (references.var(axis=0, ddof=1).mean(axis=1) + FLOOR**2)
    weight /= weight.sum()
    each = np.einsum("l,rlc->rc", weight, references - mean).var(axis=0, ddof=1)
    common = each.mean()
    deviation = np.sqrt(np.maximum(common, (PRIOR * common + (m - 1) * each) / (PRIOR + m - 1)))
    t = weight @ (own - mean) / (deviation * math.sqrt(1 + 1 / m))
    return int(t.argmax()), min(1, classes * student_tail(float(t.max()), (m - 1) * (classes - 1)))


def judge(own, references):
    """(named class, p)."""
    share, rank = (excess(own[s], references[:, s]) for s in (0, 1))
    named, p = rank if rank[1] < share[1] else share
    return named, min(1, 2 * p)


def student_tail(t, freedom):
    """P(T > t): Simpson's rule over the angle atan(t / sqrt(freedom)), in which the density is a power of the cosine."""
    first, n = math.atan(t / math.sqrt(freedom)), 2000
    angle = np.linspace(first, math.pi / 2, n + 1)
    height = np.cos(angle) ** (freedom - 1)
    simpson = (height[0] + height[-1] + 4 * height[1:-1:2].sum() + 2 * height[2:-1:2].sum()) * (math.pi / 2 - first) / n / 3
    return simpson * math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)


def of_references(out, one, rows, files):
    """The same suspects with few references (disjoint groups of them), and with every other network as reference."""
    angle = {r.model: angles(files[r.model]) for r in rows if r.kind != "untrained"}
    clean = np.array([angle[r.model] for r in rows if r.kind == "clean"])
    suspects = [r for r in rows if kind_of(r) in ("honest", "backdoored") and r.kind != "clean"]
    whole = [(r, judge(angle[r.model], clean)) for r in suspects]
    assert all(j[0] == r.named and abs(j[1] - r.p) <= 1e-6 * max(r.p, 1e-6) for r, j in whole), "not the report's verdicts"
    for m in (2, 3, 5):
        groups = [clean[i:i + m] for i in range(0, len(clean) - m + 1, m)]
        if m < len(clean):
            add_judged(out, f"{one}{m} references: ", [(r, judge(angle[r.model], g)) for g in groups for r in suspects], f"{len(groups)} groups of references")
    every = [(r, judge(angle[r.model], np.array([angle[n] for n in angle if n != r.model]))) for r in suspects]
    add_judged(out, one + "every other network as reference: ", every, f"{sum(kind_of(r) == 'backdoored' for r in suspects)} of {len(angle)} are backdoored")


def add_judged(out, one, judged, note):
    bad = [(r, j) for r, j in judged if r.target is not None]
    honest = [j for r, j in judged if r.target is None]
    hits = {"target named": [j[0] == r.target for r, j in bad]}
    for level in (LEVEL, 0.01):
        at = "" if level == LEVEL else f" at {level}"
        hits["backdoored that stand out" + at] = [j[1] <= level for r, j in bad]
        hits["honest accused" + at] = [j[1] <= level for j in honest]
    for what, hit in hits.items():
        if hit:
            out.add(one + what, float(np.mean(hit)), note=f"{sum(hit)} of {len(hit)} judgements; {note}")


def numbers(folder, miniature, out):
    collapse = {r["model"]: r for r in table(folder, "collapse")}
    rows = [Row(r, collapse[r["model"]]) for r in table(folder, "bias")]
    for group in sorted({r.group for r in rows}):
        members = [r for r in rows if r.group == group]
        of_group(out, group + ": ", members)
    if len({r.group for r in rows}) > 1:
        of_group(out, "all: ", rows, counts_only=True)
    for r in rows:
        n = r.number
        out.add(r.model, f"{r.verdict}: class {r.named}",
                note=f"{r.statistic or 'share'} {n['value']:.2f}, references {n['reference_value']:.2f} ({n['references']:.0f}), p {r.p:.2g}")
    for files in outputs(folder):
        of_shares(out, rows, files)
        for group in sorted({r.group for r in rows if r.model in files}):
            of_references(out, group + ", ", [r for r in rows if r.group == group], files)
        for name, f in files.items() if not miniature else ():
            out.add(name + ": content", str(f.attributes["content_sha256"]), note="digest of the result file")


main(numbers)
