"""Numbers of the study backdoor: what the report's verdicts (tables bias and collapse) get right, by group of networks."""
import math
import os
import re

import numpy as np

from study import auc, main, results, student, table


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


# Trained after the rule was fixed, of the groups that have networks of both sorts. CIFAR-10 has no honest suspects: its new references.
HELD_OUT = re.compile(r"mnist_(honest_\d+|(badnets|blended)([24689]_1|\d_3))|cifar_(clean_[456]|(badnets|blended)[048]_1)")


class Row:
    """One model of the report; what it is follows from its name: GROUP_KIND[TARGET]_NUMBER. clean: a reference; honest: a suspect."""

    def __init__(self, bias, collapse):
        self.group, self.kind, target = re.fullmatch(r"(.+)_(clean|honest|untrained|badnets|blended)(\d*)_\d+", bias["model"]).groups()
        self.model, self.verdict, self.site = bias["model"], bias["verdict"], bias["site"]
        self.target = int(target) if target else None
        self.named = int(bias["class"])
        self.number = {k: float(v) if v else math.nan for k, v in bias.items() if k not in ("model", "verdict", "class", "site")}
        self.collapse = float(collapse["collapse"])
        self.accused = self.verdict == "stands out"


def count(out, name, rows, true, note):
    if rows:
        k = sum(map(bool, map(true, rows)))
        out.add(name, k / len(rows), *clopper_pearson(k, len(rows)), note=f"{k} of {len(rows)} networks; {note}")


def of_group(out, one, rows, counts_only=False):
    clean, honest, untrained = ([r for r in rows if r.kind == kind] for kind in ("clean", "honest", "untrained"))
    bad = [r for r in rows if r.target is not None]
    count(out, one + "target named", bad, lambda r: r.named == r.target, "the class with the largest excess is the attacker's")
    count(out, one + "backdoored that stand out", bad, lambda r: r.accused, "p at most 0.05")
    count(out, one + "backdoored that stand out by their target", bad, lambda r: r.accused and r.named == r.target, "p at most 0.05")
    count(out, one + "honest accused", honest, lambda r: r.accused, "p at most 0.05; no references")
    count(out, one + "references accused", clean, lambda r: r.accused, "p at most 0.05, each against the other references")
    count(out, one + "untrained accused", untrained, lambda r: r.accused, "p at most 0.05")
    if counts_only:
        return
    for what, of in (("p", lambda r: r.number["p"]), ("excess", lambda r: r.number["excess"])):
        for kind, some in (("references", clean), ("honest", honest), ("backdoored", bad)):
            known = [of(r) for r in some if not math.isnan(of(r))]
            if known:
                out.add(f"{one}{what}, {kind}", float(np.median(known)), min(known), max(known), "median, smallest and largest")
    judged = [r for r in honest or clean if not math.isnan(r.number["excess"])]
    if judged and bad:
        out.add(one + "AUC of the excess", auc([r.number["excess"] for r in bad], [r.number["excess"] for r in judged]), note="backdoored above honest")
        out.add(one + "AUC of the collapse", auc([r.collapse for r in bad], [r.collapse for r in judged]),
                note="mean share of the top class over all sites, which the report judged by before")


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


# The report's rule once more (analysis/bias_judge.h), to ask what it says with other references.
SCALES, FLOOR = 3, 0.02


def angles(f):
    """[site, class]: asin sqrt of the mean share at the largest scales."""
    return np.arcsin(np.sqrt(f["class_share"][:, -SCALES:].mean(axis=1)))


def excess(own, references):
    """The class with the largest excess, and the excess."""
    weight = 1 / (references.var(axis=0, ddof=1).mean(axis=1) + FLOOR**2) if len(references) > 1 else np.ones(len(own))
    d = weight @ (own - references.mean(axis=0)) / weight.sum()
    return int(d.argmax()), float(d.max())


def judge(own, references):
    """(named class, whether it stands out at the 5 % level)."""
    m = len(references)
    others = [excess(r, np.delete(references, i, axis=0))[1] for i, r in enumerate(references)]
    named, value = excess(own, references)
    t = (value - np.mean(others)) / (np.std(others, ddof=1) * math.sqrt((m + 1) / m))
    return named, t > student(m - 1, 0.95)


def of_references(out, one, rows, files):
    """The same suspects with few references (disjoint groups of them), and with every other network as reference."""
    angle = {r.model: angles(files[r.model]) for r in rows if r.kind != "untrained"}
    clean = np.array([angle[r.model] for r in rows if r.kind == "clean"])
    suspects = [r for r in rows if kind_of(r) in ("honest", "backdoored") and r.kind != "clean"]
    if not any(r.kind == "honest" for r in rows):
        return
    whole = [(r, judge(angle[r.model], clean)) for r in suspects]
    assert all(j == (r.named, r.accused) for r, j in whole), "not the report's verdicts"
    for m in (2, 3, 5):
        groups = [clean[i:i + m] for i in range(0, len(clean) - m + 1, m)]
        add_judged(out, f"{one}{m} references: ", [(r, judge(angle[r.model], g)) for g in groups for r in suspects], f"{len(groups)} groups of references")
    every = [(r, judge(angle[r.model], np.array([angle[n] for n in angle if n != r.model]))) for r in suspects]
    add_judged(out, one + "every other network as reference: ", every, f"{sum(kind_of(r) == 'backdoored' for r in suspects)} of {len(angle)} are backdoored")


def add_judged(out, one, judged, note):
    bad = [(r, j) for r, j in judged if r.target is not None]
    honest = [j for r, j in judged if r.target is None]
    for what, hits in (("target named", [j[0] == r.target for r, j in bad]), ("backdoored that stand out", [j[1] for _, j in bad]),
                       ("honest accused", [j[1] for j in honest])):
        out.add(one + what, float(np.mean(hits)), note=f"{sum(hits)} of {len(hits)} judgements; {note}")


def numbers(folder, miniature, out):
    collapse = {r["model"]: r for r in table(folder, "collapse")}
    rows = [Row(r, collapse[r["model"]]) for r in table(folder, "bias")]
    for group in sorted({r.group for r in rows}):
        members = [r for r in rows if r.group == group]
        of_group(out, group + ": ", members)
        held = [r for r in members if HELD_OUT.fullmatch(r.model)]
        if held:
            of_group(out, group + ", held out: ", held)
    if len({r.group for r in rows}) > 1:
        of_group(out, "all: ", rows, counts_only=True)
    for r in rows:
        n = r.number
        out.add(r.model, f"{r.verdict}: class {r.named}",
                note=f"share {n['share']:.2f}, references {n['reference_share']:.2f} ({n['references']:.0f}), p {n['p']:.2g}")
    for files in outputs(folder):
        of_shares(out, rows, files)
        for group in sorted({r.group for r in rows if r.model in files}):
            of_references(out, group + ", ", [r for r in rows if r.group == group], files)
        for name, f in files.items() if not miniature else ():
            out.add(name + ": content", str(f.attributes["content_sha256"]), note="digest of the result file")


main(numbers)
