#!/usr/bin/env python3
"""Writes statistics_golden.txt: inputs and expected values for the tests of analysis/, from SciPy and NumPy.

One record a line: its name, then its numbers. Where SciPy has no function, the value comes from the definition,
written out with quadratic loops. Run in tests/data; needs NumPy and SciPy (made with SciPy 1.10).
"""
import itertools
import warnings

import numpy as np
import scipy.special
import scipy.stats as st

rng = np.random.default_rng(20240607)
out = open("statistics_golden.txt", "w")


def put(name, *values):
    flat = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values])
    out.write(name + " " + " ".join(repr(float(x)) for x in flat) + "\n")


# ---- intervals
for i, (k, n, level) in enumerate([(0, 10, .95), (10, 10, .95), (3, 10, .95), (1, 1, .9), (37, 64, .99), (990, 1000, .95),
                                   (123456, 200000, .95)]):
    test = st.binomtest(k, n)
    w, e = test.proportion_ci(level, "wilson"), test.proportion_ci(level, "exact")
    put(f"proportion.{i}", k, n, level, w.low, w.high, e.low, e.high)
x = rng.normal(3, 2, 17)
put("mean.x", x)
put("mean.interval", *st.t.interval(.95, 16, x.mean(), st.sem(x)))

# ---- rank correlation
def jackknife_error(f, x, y):
    n = len(x)
    v = np.array([f(np.delete(x, i), np.delete(y, i)) for i in range(n)])
    return np.sqrt((n - 1) / n * ((v - v.mean()) ** 2).sum())


def infinitesimal_error(x, y):
    n = len(x)
    sx, sy = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    s, a, b = (sx * sy).sum(1) / (n - 1), (sx != 0).sum(1) / (n - 1), (sy != 0).sum(1) / (n - 1)
    S, A, B = s.mean(), a.mean(), b.mean()
    u = 2 * ((s - S) - S / 2 * ((a - A) / A + (b - B) / B)) / np.sqrt(A * B)
    return np.sqrt((u ** 2).sum()) / n


def residual_partial(x, y, z):
    rx, ry, rz = (st.rankdata(v) for v in (x, y, z))
    def left(r):
        slope, start = np.polyfit(rz, r, 1)
        return r - slope * rz - start
    return np.corrcoef(left(rx), left(ry))[0, 1]


def pair(name, x, y):
    put(f"rank.{name}.x", x)
    put(f"rank.{name}.y", y)
    put(f"rank.{name}.rho_tau", st.spearmanr(x, y).statistic, st.kendalltau(x, y).statistic)


x = rng.normal(size=25)
pair("smooth", x, x + rng.normal(size=25))
x = rng.integers(0, 4, 40)
pair("ties", x, np.minimum(x + rng.integers(-1, 3, 40), 3))
pair("two", [1, 2], [5, 3])
x = rng.normal(size=30)
y = x + rng.normal(size=30)
finite = np.where(y > .8, 99, y)  # a number above all stands for censored: ranks are the same
pair("censored", x, finite)
x = rng.normal(size=300)
y = np.round(x + rng.normal(size=300))
z = x + rng.normal(size=300)
pair("large", x, y)
put("rank.large.z", z)
x, y, z = (np.asarray(v, dtype=float) for v in (x, y, z))
put("rank.large.partial", residual_partial(x, y, z))
put("rank.large.tau_errors", infinitesimal_error(x, y), jackknife_error(lambda a, b: st.kendalltau(a, b).statistic, x, y))
x = rng.normal(size=40)
y = x + .7 * rng.normal(size=40)
pair("boot", x, y)
for method in ("percentile", "BCa"):
    for stat, f in (("rho", lambda a, b: st.spearmanr(a, b).statistic), ("tau", lambda a, b: st.kendalltau(a, b).statistic)):
        b = st.bootstrap((x, y), f, paired=True, vectorized=False, n_resamples=9999, method=method, random_state=1)
        put(f"rank.boot.{stat}.{method}", b.confidence_interval.low, b.confidence_interval.high, b.standard_error)
x = rng.exponential(size=60)  # skewed: here BCa and percentile differ
put("boot.skewed.x", x)
for method in ("percentile", "BCa"):
    b = st.bootstrap((x,), np.mean, n_resamples=99999, method=method, random_state=1)
    put(f"boot.skewed.{method}", b.confidence_interval.low, b.confidence_interval.high, b.standard_error)


# ---- two samples
def delong(a, b):
    s = (a[:, None] > b) + .5 * (a[:, None] == b)
    auc = s.mean()
    var = s.mean(1).var(ddof=1) / len(a) + s.mean(0).var(ddof=1) / len(b)
    z = st.norm.ppf(.975) * np.sqrt(var) / (auc * (1 - auc))
    return auc, scipy.special.expit(scipy.special.logit(auc) - z), scipy.special.expit(scipy.special.logit(auc) + z)


def hedges(a, b):
    m = len(a) + len(b) - 2
    s = np.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / m)
    j = scipy.special.gamma(m / 2) / (np.sqrt(m / 2) * scipy.special.gamma((m - 1) / 2))
    g = (a.mean() - b.mean()) / s * j
    h = st.norm.ppf(.975) * np.sqrt((len(a) + len(b)) / (len(a) * len(b)) + g * g / (2 * (len(a) + len(b))))
    return g, g - h, g + h


for name, a, b in (("smooth", rng.normal(.5, 1, 30), rng.normal(0, 1.2, 40)),
                   ("ties", rng.integers(0, 5, 35), rng.integers(1, 6, 28)),
                   ("small", np.array([1., 4, 5]), np.array([2., 3, 7, 9]))):
    a, b = np.asarray(a, float), np.asarray(b, float)
    put(f"separate.{name}.a", a)
    put(f"separate.{name}.b", b)
    put(f"separate.{name}.auc", *delong(a, b))
    put(f"separate.{name}.u_p", st.mannwhitneyu(a, b, method="asymptotic").pvalue)
    exact = st.ks_2samp(a, b, method="exact")
    put(f"separate.{name}.ks", exact.statistic, exact.pvalue)
    put(f"separate.{name}.hedges", *hedges(a, b))
a, b = np.round(rng.normal(0, 1, 1200), 2), np.round(rng.normal(.06, 1, 1300), 2)
put("separate.large.a", a)
put("separate.large.b", b)
d = st.ks_2samp(a, b).statistic
put("separate.large.ks", d, scipy.special.kolmogorov(d * np.sqrt(1200 * 1300 / 2500)))
for i, x in enumerate((.2, .5, 1., 1.17, 1.19, 1.5, 3.)):
    put(f"kolmogorov.{i}", x, scipy.special.kolmogorov(x))

# ---- quantiles
x = rng.integers(0, 9, 31)
put("quantile.x", x)
for p in (0, .1, .25, .5, .75, .9, 1):
    put(f"quantile.{p}", p, np.quantile(x, p, method="inverted_cdf"))
for n in (5, 6, 20, 101, 10000):
    rank = int(st.binom.ppf(.025, n, .5))  # smallest l with P(X <= l) >= 2.5 %: ranks l and n + 1 - l, if P(X < l) fits
    put(f"median_rank.{n}", n, rank)

# ---- shares
share = rng.dirichlet(np.full(10, 2.))
put("share.x", share)
put("share.entropy", st.entropy(share) / np.log(10))
put("share.median_mad", np.median(share), st.median_abs_deviation(share))
put("share.anomaly", np.abs(share - np.median(share)) / (1.4826 * st.median_abs_deviation(share)))

# ---- excess over reference models (analysis/bias_excess.h): 3 references, 3 cells, 4 classes
own = np.random.default_rng(3)
reference, value = own.dirichlet(np.full(4, 8.), (3, 3)), own.dirichlet([8, 8, 24, 8], 3)
a, x, m = np.arcsin(np.sqrt(reference)), np.arcsin(np.sqrt(value)), 3
weight = 1 / (a.var(axis=0, ddof=1).mean(axis=1) + .02**2)
weight /= weight.sum()
d = weight @ (x - a.mean(axis=0))
q = (np.einsum("l,rlc->rc", weight, a)).var(axis=0, ddof=1)
s = np.sqrt(np.maximum(q.mean(), (60 * q.mean() + (m - 1) * q) / (60 + m - 1)))
t = d / (s * np.sqrt(1 + 1 / m))
c, freedom = t.argmax(), (m - 1) * 3
put("excess.value", value)
put("excess.reference", reference)
put("excess", c, d[c], weight @ value[:, c], weight @ reference.mean(axis=0)[:, c], s[c], freedom, t[c], min(1, 4 * st.t.sf(t[c], freedom)))

# ---- information
counts = np.array([rng.multinomial(20, rng.dirichlet(np.full(4, .5))) for _ in range(12)])
p = counts / 20
q = p.mean(0)
plugin = st.entropy(q) - np.mean([st.entropy(r) for r in p])
corrected = (st.entropy(q) + ((q > 0).sum() - 1) / (2 * 12 * 20)
             - np.mean([st.entropy(r) + ((r > 0).sum() - 1) / (2 * 20) for r in p]))
tv = np.abs(p - q).sum(1) / 2
put("information.counts", counts)
put("information.entropy_plugin_corrected", st.entropy(q), plugin, corrected)
put("information.tv", tv.mean(), *st.t.interval(.95, 11, tv.mean(), st.sem(tv)))


def deviation(t, p):
    k = np.arange(t + 1)
    return (st.binom.pmf(k, t, p) * np.abs(k - t * p)).sum() / t


put("information.tv_null", sum(deviation(20, x) for x in q) / 2)
for i, (t, p) in enumerate(((1, .5), (20, .03), (64, .5), (64, .999), (1000, .2))):
    put(f"mean_deviation.{i}", t, p, deviation(t, p))

# ---- transitions
n = rng.integers(0, 50, (7, 7))
n[:3, :3] += 40
np.fill_diagonal(n, 0)
group = np.array([0, 0, 0, 1, 1, 2, -1])
put("transition.counts", n)
put("transition.group", group)
inside = [i for i in range(7) if group[i] >= 0]


def within(of):
    same = sum(n[i, j] for i, a in zip(inside, of) for j, b in zip(inside, of) if a == b)
    return same / n[np.ix_(inside, inside)].sum()


real = within(group[inside])
every = [within(of) for of in sorted(set(itertools.permutations(group[inside])))]
put("transition.coherence", n[np.ix_(inside, inside)].sum(), real, np.mean(every), np.mean(np.array(every) >= real - 1e-12),
    len(every))
upper = np.triu_indices(7, 1)
put("transition.asymmetry", np.abs(n - n.T)[upper].sum() / (n + n.T)[upper].sum())

# ---- stay
stay = rng.binomial(16, rng.beta(2, 1, 50)) / 16
m, var = stay.mean(), stay.var(ddof=1) / 50
trials = min(50 * 16, max(50, m * (1 - m) / var))
z = st.norm.ppf(.975)
middle, half = (m + z * z / trials / 2) / (1 + z * z / trials), z * np.sqrt(m * (1 - m) / trials + z * z / trials ** 2 / 4) / (
    1 + z * z / trials)
put("stay.count", stay * 16)
put("stay.mean_low_high", m, middle - half, middle + half)
out.close()
