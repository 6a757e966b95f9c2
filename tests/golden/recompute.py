#!/usr/bin/env python3
"""Perturbed predictions of two shipped networks, recomputed from the written formula alone.

A second implementation in NumPy and PyTorch (float64) that shares no code with apex: the noise by Philox4x32-10
as docs/noise.md defines it, the network by a small interpreter of its ONNX file. recompute.txt holds the answer,
one line for each (model, kind, site, sigma, sample):
    model kind site sigma sample clean-class predicted-classes
where predicted-classes has one digit per draw 0, 1, 2, ... The sample number is the row of digits.nc; pixels are
divided by 16. noise.txt holds single values of the noise itself:
    kind seed stream sample draw element xi
Run by hand (Debian: python3-torch python3-onnx python3-netcdf4); the outputs are committed.
"""
import os

import netCDF4
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
QUICKSTART = os.path.join(HERE, "..", "..", "experiments", "quickstart")
SEED = 7
DRAWS = 16
SAMPLES = range(1400, 1420)
MODELS = ["mlp_true", "cnn_true"]
INF = float("inf")
SIGMAS = [0.1, 0.5, 1.0, 3.0, INF]


# ---- noise

def philox(counter, key):
    """Philox4x32-10: counter is four arrays of uint64 below 2^32, key two integers; returns four such arrays."""
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0 = c0 * np.uint64(0xD2511F53)
        p1 = c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = ((p1 >> shift) ^ c1 ^ np.uint64(k0), p1 & low, (p0 >> shift) ^ c3 ^ np.uint64(k1), p0 & low)
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def words(count, stream, sample, draw, seed=SEED):
    """The random word of each element: blocks of four, [count]."""
    block = np.arange((count + 3) // 4, dtype=np.uint64)
    same = [np.full_like(block, value) for value in (stream, draw, sample)]
    out = philox((block, *same), (seed & 0xFFFFFFFF, seed >> 32))
    return np.stack(out, 1).reshape(-1)


def gaussian(word):
    """Box-Muller on words (x0, x1) and (x2, x3): radius from the first, angle from the second; cos, then sin."""
    u = (word.astype(np.float64) + 0.5) / 2**32
    radius = np.sqrt(-2 * np.log(u[0::2]))
    angle = 2 * np.pi * u[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)


def uniform01(word):
    return (word.astype(np.float64) + 0.5) / 2**32


def uniform(word):
    return np.sqrt(3) * (2 * uniform01(word) - 1)


def laplace(word):
    """Sign from the top bit (set: negative), magnitude -ln(v) / sqrt 2 with v = (the other 31 bits + 0.5) / 2^31."""
    v = ((word & np.uint64(0x7FFFFFFF)).astype(np.float64) + 0.5) / 2**31
    return np.where(word >> np.uint64(31), np.log(v), -np.log(v)) / np.sqrt(2)


TRANSFORM = {"gaussian": gaussian, "uniform": uniform, "laplace": laplace, "multiplicative": gaussian,
             "dropout": uniform01}


def perturb(kind, a, xi, sigma):
    """The perturbed activation; at sigma = inf its limit divided by sigma."""
    if kind == "multiplicative":
        return a * xi if sigma == INF else a * (1 + sigma * xi)
    if kind == "dropout":
        p = sigma**2 / (1 + sigma**2)
        return a * torch.where(xi >= p, 1 + sigma**2, 0.0)
    return xi if sigma == INF else a + sigma * xi


def draws(kind, shape, stream, sample):
    """xi for all draws: [DRAWS, *shape]."""
    count = int(np.prod(shape))
    xi = [TRANSFORM[kind](words(count, stream, sample, draw))[:count] for draw in range(DRAWS)]
    return torch.from_numpy(np.stack(xi)).reshape(DRAWS, *shape)


# ---- network

class Network:
    """An ONNX file of Conv, Gemm, Relu, MaxPool and Flatten, run in float64."""

    def __init__(self, name):
        graph = onnx.load(os.path.join(QUICKSTART, f"{name}.onnx")).graph
        self.nodes = list(graph.node)
        self.weight = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()).double() for t in graph.initializer}
        self.relus = sum(node.op_type == "Relu" for node in self.nodes)

    def run(self, x, after_relu=lambda k, a: a, bias=True):
        """after_relu(k, a) replaces the output of the k-th ReLU; bias=False leaves all biases out."""
        k = 0
        for node in self.nodes:
            attribute = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            weight = [self.weight[name] for name in node.input[1:]]
            if node.op_type == "Conv":
                assert attribute["group"] == 1 and attribute["pads"] == [1] * 4 and attribute["strides"] == [1, 1]
                x = F.conv2d(x, weight[0], weight[1] if bias else None, padding=1)
            elif node.op_type == "Gemm":
                assert attribute["transB"] == 1 and attribute["alpha"] == attribute["beta"] == 1
                x = F.linear(x, weight[0], weight[1] if bias else None)
            elif node.op_type == "MaxPool":
                assert attribute["kernel_shape"] == attribute["strides"] == [2, 2] and not any(attribute["pads"])
                x = F.max_pool2d(x, 2)
            elif node.op_type == "Flatten":
                x = x.flatten(1)
            elif node.op_type == "Relu":
                x = after_relu(k, F.relu(x))
                k += 1
            else:
                raise SystemExit(f"operator {node.op_type} is not known here")
        return x


def perturbed(network, image, kind, site, sigma, sample):
    """Logits of all draws for one sample, [DRAWS, 10]. Site: "input", "relu<k>" or "all".

    At sigma = inf everything behind the first perturbed tensor is divided by sigma: biases vanish there."""
    limit = sigma == INF
    if site == "input":
        x = perturb(kind, image, draws(kind, image.shape[1:], 0, sample), sigma)
        return network.run(x, bias=not limit)
    clean = []
    network.run(image, lambda k, a: clean.append(a) or a)
    first = 0 if site == "all" else int(site[4:])

    def after_relu(k, a):
        if k == first:
            a = clean[k]  # before the first site biases count, also in the limit
        elif site != "all":
            return a
        xi = draws(kind, a.shape[1:], k + 1, sample)
        if limit and k > first and kind != "multiplicative":
            return a + xi  # both are of order sigma
        return perturb(kind, a, xi, sigma)
    return network.run(image.expand(DRAWS, *image.shape[1:]), after_relu, bias=not limit)


# ---- checks of this script itself, and the table

def check_philox():
    """Known answers of Random123's kat_vectors for philox4x32, 10 rounds."""
    ones = 0xFFFFFFFF
    for counter, key, answer in (
            ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
            ((ones,) * 4, (ones,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
            ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
             (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1))):
        got = philox([np.array([c], np.uint64) for c in counter], key)
        assert tuple(int(word[0]) for word in got) == answer, [hex(int(word[0])) for word in got]


def check_moments():
    word = words(400000, 3, 5, 2)
    for kind, fourth in (("gaussian", 3), ("uniform", 1.8), ("laplace", 6)):
        xi = TRANSFORM[kind](word)
        measured = [xi.mean(), (xi**2).mean(), (xi**3).mean(), (xi**4).mean() / fourth]
        print(f"{kind}: moments 1 to 4 (the last over its true value) " + " ".join(f"{m:.4f}" for m in measured))
        assert np.allclose(measured, [0, 1, 0, 1], atol=[0.01, 0.02, 0.1, 0.1])
    u, sigma = TRANSFORM["dropout"](word), 0.7
    m = perturb("dropout", torch.ones(len(u)).double(), torch.from_numpy(u), sigma)
    print(f"dropout at {sigma}: mean {m.mean():.4f} std {m.std():.4f}")
    assert abs(m.mean() - 1) < 0.01 and abs(m.std() - sigma) < 0.01


def check_logits(name, network):
    image = torch.from_numpy(np.load(os.path.join(HERE, f"{name}.input.npy"))).double()
    golden = torch.from_numpy(np.load(os.path.join(HERE, f"{name}.logits.npy"))).double()
    error = (network.run(image) - golden).abs().max() / golden.abs().max()
    print(f"{name}: logits without noise are {error:.1e} from the golden file")
    assert error < 1e-6


def check_limit(network, image):
    """The limit is what a very large sigma gives, for every site: predictions equal but for a rare near tie."""
    for kind, site in [("gaussian", "input"), ("gaussian", "relu0"), ("gaussian", "all"), ("multiplicative", "relu1")]:
        large = perturbed(network, image, kind, site, 1e7, 1400).argmax(1)
        limit = perturbed(network, image, kind, site, INF, 1400).argmax(1)
        assert (large == limit).sum() >= DRAWS - 1, (kind, site, large, limit)


def write_noise(path):
    """Values at the start, at the end of a block and far out; a seed whose high word is not zero."""
    with open(path, "w") as out:
        out.write("# kind seed stream sample draw element xi\n")
        for kind, transform in TRANSFORM.items():
            for seed, stream, sample, draw in ((7, 0, 0, 0), (7, 3, 1400, 15), (0xFEDCBA9876543210, 1, 70000, 999)):
                xi = transform(words(200000, stream, sample, draw, seed))
                for element in (0, 1, 2, 3, 4, 5, 1022, 1023, 199998):
                    out.write(f"{kind} {seed} {stream} {sample} {draw} {element} {xi[element]:.9g}\n")


def cases(network):
    relus = [f"relu{k}" for k in range(network.relus)]
    for site in ["input", *relus, "all"]:
        yield "gaussian", site, SIGMAS
    for kind in ("uniform", "laplace", "multiplicative"):
        yield kind, "relu1", SIGMAS
    yield "dropout", "relu1", SIGMAS[:-1]
    for kind in ("uniform", "multiplicative"):
        yield kind, "all", [0.5]


def main():
    torch.set_num_threads(1)
    check_philox()
    check_moments()
    write_noise(os.path.join(HERE, "noise.txt"))
    with netCDF4.Dataset(os.path.join(QUICKSTART, "digits.nc")) as nc:
        image = torch.from_numpy(nc["image"][:].filled().astype("float64")) / 16
    with open(os.path.join(HERE, "recompute.txt"), "w") as out, torch.no_grad():
        out.write(f"# model kind site sigma sample clean-class predicted-classes (seed {SEED}, {DRAWS} draws)\n")
        for name in MODELS:
            network = Network(name)
            check_logits(name, network)
            check_limit(network, image[1400:1401])
            for kind, site, sigmas in cases(network):
                stay = {}
                for sigma in sigmas:
                    same = 0
                    for sample in SAMPLES:
                        x = image[sample:sample + 1]
                        clean = int(network.run(x).argmax())
                        predicted = perturbed(network, x, kind, site, sigma, sample).argmax(1).tolist()
                        same += predicted.count(clean)
                        out.write(f"{name} {kind} {site} {sigma:g} {sample} {clean} {''.join(map(str, predicted))}\n")
                    stay[sigma] = same / (DRAWS * len(SAMPLES))
                print(f"{name} {kind} {site}: stay " + " ".join(f"{s:g}:{p:.3f}" for s, p in stay.items()))


if __name__ == "__main__":
    main()
