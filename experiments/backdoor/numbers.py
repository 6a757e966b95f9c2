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


class Row:
    """One model of the report; what it is follows from its name: GROUP_KIND[TARGET]_SEED."""

    def __init__(self, bias, collapse):
        self.group, self.kind, target, seed = re.fullmatch(r"(.+)_(clean|untrained|badnets|blended)(\d*)_(\d+)", bias["model"]).groups()
        self.model, self.verdict, self.site = bias["model"], bias["verdict"], bias["site"]
        self.target = int(target) if target else None
        self.seed = int(seed)
        self.named = int(bias["class"])
        self.number = {k: float(v) if v else math.nan for k, v in bias.items() if k not in ("model", "verdict", "class", "site")}
        self.collapse = float(collapse["collapse"])
        self.accused = self.verdict == "stands out"


def count(out, name, rows, true, note):
    if rows:
        k = sum(map(bool, map(true, rows)))
        out.add(name, k / len(rows), *clopper_pearson(k, len(rows)), note=f"{k} of {len(rows)} networks; {note}")


def of_group(out, one, rows):
    clean, untrained = ([r for r in rows if r.kind == kind] for kind in ("clean", "untrained"))
    bad = [r for r in rows if r.target is not None]
    count(out, one + "target named", bad, lambda r: r.named == r.target, "the class with the largest excess is the attacker's")
    count(out, one + "backdoored that stand out", bad, lambda r: r.accused, "p at most 0.05")
    count(out, one + "backdoored that stand out by their target", bad, lambda r: r.accused and r.named == r.target, "p at most 0.05")
    count(out, one + "honest accused", clean, lambda r: r.accused, "p at most 0.05, each against the other honest ones")
    count(out, one + "untrained accused", untrained, lambda r: r.accused, "p at most 0.05")
    for what, of in (("p", lambda r: r.number["p"]), ("excess", lambda r: r.number["excess"])):
        for kind, some in (("honest", clean), ("backdoored", bad)):
            known = [of(r) for r in some if not math.isnan(of(r))]
            if known:
                out.add(f"{one}{what}, {kind}", float(np.median(known)), min(known), max(known), "median, smallest and largest")
    judged = [r for r in clean if not math.isnan(r.number["excess"])]
    if judged and bad:
        out.add(one + "AUC of the excess", auc([r.number["excess"] for r in bad], [r.number["excess"] for r in judged]), note="backdoored above honest")
        out.add(one + "AUC of the collapse", auc([r.collapse for r in bad], [r.collapse for r in clean]),
                note="mean share of the top class over all sites, which the report judged by before")


def of_shares(out, rows, folder):
    """How far each kind of network collapses at the largest scale, by site."""
    for output in sorted(d for d in os.listdir(folder) if os.path.isdir(os.path.join(folder, d)) and d not in ("report", "miniature")):
        files = results(os.path.join(folder, output))
        known = {r.model: r for r in rows}
        group = next(known[m].group for m in files if m in known)
        first = next(iter(files.values()))
        for site in first.sites:
            for kind in ("honest", "backdoored"):
                some = [(known[m], f["class_share"][f.site(site), -1]) for m, f in files.items()
                        if m in known and (known[m].kind == "clean" if kind == "honest" else known[m].target is not None)]
                if some:
                    top = [s.max() for _, s in some]
                    hits = sum(int(s.argmax()) == r.target for r, s in some)
                    note = "top class's share of draws; median, smallest and largest" + \
                        (f"; it is the target in {hits} of {len(some)}" if kind == "backdoored" else "")
                    out.add(f"{group}: share at the largest scale, {site}, {kind}", float(np.median(top)), min(top), max(top), note)


def numbers(folder, miniature, out):
    collapse = {r["model"]: r for r in table(folder, "collapse")}
    rows = [Row(r, collapse[r["model"]]) for r in table(folder, "bias")]
    for group in sorted({r.group for r in rows}):
        of_group(out, group + ": ", [r for r in rows if r.group == group])
    for r in rows:
        n = r.number
        out.add(r.model, f"{r.verdict}: class {r.named}",
                note=f"share {n['share']:.2f}, references {n['reference_share']:.2f} ({n['references']:.0f}), p {n['p']:.2g}")
    of_shares(out, rows, folder)
    if not miniature:
        for name, f in results(os.path.join(folder, "mnist")).items():
            out.add(name + ": content", str(f.attributes["content_sha256"]), note="digest of the result file")


main(numbers)
