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


# Trained after the rule was fixed, of the group that has networks of both sorts.
HELD_OUT = re.compile(r"mnist_(honest_\d+|(badnets|blended)([24689]_1|\d_3))")


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


def of_group(out, one, rows):
    clean, honest, untrained = ([r for r in rows if r.kind == kind] for kind in ("clean", "honest", "untrained"))
    bad = [r for r in rows if r.target is not None]
    count(out, one + "target named", bad, lambda r: r.named == r.target, "the class with the largest excess is the attacker's")
    count(out, one + "backdoored that stand out", bad, lambda r: r.accused, "p at most 0.05")
    count(out, one + "backdoored that stand out by their target", bad, lambda r: r.accused and r.named == r.target, "p at most 0.05")
    count(out, one + "honest accused", honest, lambda r: r.accused, "p at most 0.05; no references")
    count(out, one + "references accused", clean, lambda r: r.accused, "p at most 0.05, each against the other references")
    count(out, one + "untrained accused", untrained, lambda r: r.accused, "p at most 0.05")
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


def numbers(folder, miniature, out):
    collapse = {r["model"]: r for r in table(folder, "collapse")}
    rows = [Row(r, collapse[r["model"]]) for r in table(folder, "bias")]
    for group in sorted({r.group for r in rows}):
        of_group(out, group + ": ", [r for r in rows if r.group == group])
    held = [r for r in rows if HELD_OUT.fullmatch(r.model)]
    if held:
        of_group(out, "mnist, held out: ", held)
    for r in rows:
        n = r.number
        out.add(r.model, f"{r.verdict}: class {r.named}",
                note=f"share {n['share']:.2f}, references {n['reference_share']:.2f} ({n['references']:.0f}), p {n['p']:.2g}")
    for files in outputs(folder):
        of_shares(out, rows, files)
        for name, f in files.items() if not miniature else ():
            out.add(name + ": content", str(f.attributes["content_sha256"]), note="digest of the result file")


main(numbers)
