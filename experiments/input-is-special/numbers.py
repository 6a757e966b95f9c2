"""Numbers of the study input-is-special: half-stay scales, effective rank of what input noise becomes, and stay at equal energy."""
import os

import numpy as np

from study import bootstrap, main, results


def half_scale(stay, sigma):
    """Scale at which the mean over rows of stay[sample, sigma] falls below 1/2, linear in log sigma; inf: not on this grid."""
    mean = stay.mean(axis=0)
    below = np.flatnonzero(mean < 0.5)
    if not len(below) or below[0] == 0:
        return np.inf if not len(below) else sigma[0]
    k = below[0]
    part = (mean[k - 1] - 0.5) / (mean[k - 1] - mean[k])
    return float(np.exp(np.log(sigma[k - 1]) + part * np.log(sigma[k] / sigma[k - 1])))


class Model:
    """One result file, cut to what the study compares; relative scales throughout."""

    def __init__(self, result):
        r = self.result = result
        self.name = r.name
        self.sigma = r.sigma
        self.stay = r.stay.transpose(0, 2, 1)  # [site, sample, sigma]
        rows = {int(s): i for i, s in enumerate(r["sample"])}
        self.rows = np.array([rows[int(s)] for s in r["response_sample"]])
        self.places = [str(s) for s in r.values["response_site"]]
        self.elements = r["response_site_elements"]
        self.rms = r["response_activation_rms"]
        self.scales = r["response_sigma"]
        self.energy = r["response_energy"]  # [scale, place, sample]
        self.rank = r["response_effective_rank"]
        self.shift = r["response_shift"]

    def direct_stay(self, site, sigma):
        """Stay of each response sample at its own scale: linear in log sigma between scales of the grid."""
        curves = self.stay[self.result.site(site)][self.rows]
        at = np.log(np.clip(sigma, self.sigma[0], self.sigma[-1]))
        return np.array([np.interp(x, np.log(self.sigma), y) for x, y in zip(at, curves)])

    def matched(self, k, site):
        """Stay under input noise of response scale k, and under noise put directly into `site` with the energy that this input
        noise has there, sample by sample; and that energy over the squared rms, as a relative scale."""
        place = self.places.index(site)
        sigma = np.sqrt(self.energy[k, place]) / self.rms[place]
        column = int(np.argmin(np.abs(np.log(self.sigma / self.scales[k]))))
        return self.stay[self.result.site("input")][self.rows, column], self.direct_stay(site, sigma), sigma


def numbers(folder, miniature, out):
    for result in results(os.path.join(folder, "networks")).values():
        m = Model(result)
        one = m.name + ": "
        for s, site in enumerate(result.sites):
            with np.errstate(invalid="ignore"):
                value, low, high = bootstrap(lambda x: half_scale(x, m.sigma), m.stay[s], replicates=400)
            known = np.isfinite([value, low, high]).all()
            out.add(one + "half-stay scale at " + site, value, low if known else None, high if known else None,
                    "relative sigma at which half of the draws stay" + ("" if np.isfinite(value) else "; more do at every scale of the grid"))
        middle = len(m.scales) // 2
        layers = [s for s in result.sites if s != "input"]
        for site in ["input"] + layers:
            p = m.places.index(site)
            known = m.rank[middle, p][~np.isnan(m.rank[middle, p])]
            value, low, high = bootstrap(lambda x: x.mean(), known / m.elements[p])
            out.add(one + f"effective rank at {site} over isotropic", value, low, high,
                    f"input noise of relative sigma {m.scales[middle]:.3g}; {known.mean():.0f} of {m.elements[p]:.0f} directions")
        for site in layers:
            p = m.places.index(site)
            value, low, high = bootstrap(lambda e, d: d.mean() / e.mean(), m.energy[middle, p], m.shift[middle, p])
            out.add(one + f"mean shift at {site}", value, low, high, "part of the energy that is the same for every draw")
        apart, pairs, differ = [], 0, 0
        for k, scale in enumerate(m.scales):
            for site in layers:
                through, direct, sigma = m.matched(k, site)
                value, low, high = bootstrap(lambda a, b: (a - b).mean(), through, direct)
                out.add(one + f"stay at equal energy, {site}, sigma {scale:.3g}", value, low, high,
                        f"input noise {through.mean():.3f} minus direct noise {direct.mean():.3f} of median relative sigma {np.median(sigma):.3g}")
                apart.append(value)
                pairs += 1
                differ += low > 0 or high < 0
        out.add(one + "pairs where stay at equal energy differs", differ, note=f"of {pairs} (layer, scale); 95 % interval over samples excludes 0")
        out.add(one + "largest difference of stay at equal energy", max(apart, key=abs), note="input noise minus direct noise")
        if not miniature:
            out.add(one + "content", str(result.attributes["content_sha256"]), note="digest of the result file")


main(numbers)
