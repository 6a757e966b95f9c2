#!/usr/bin/env python3
"""The noise of docs/noise.md, recomputed with numpy in double precision.

    python3 tests/tools/noise_reference.py > tests/data/noise_reference.txt

writes the values that tests/core/test_noise_reference.c compares with the library. Nothing here knows
the library's code: only the page's formulas.
"""
import numpy as np

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox(block, stream, draw, sample, seed):
    """Words x0..x3 of each block, as an array [blocks, 4] of uint64."""
    c = [np.asarray(block, np.uint64) & LOW] + [np.full(len(block), v, np.uint64) for v in (stream, draw, sample)]
    k0, k1 = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> HALF) ^ c[1] ^ k0, p1 & LOW, (p0 >> HALF) ^ c[3] ^ k1, p0 & LOW]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & LOW, (k1 + np.uint64(0xBB67AE85)) & LOW
    return np.stack(c, axis=1)


def noise(kind, seed, stream, sample, draw, first, count):
    """xi of elements first .. first + count - 1 of the ONNX tensor (NCHW order)."""
    blocks = np.arange(first // 4, (first + count + 3) // 4)
    x = philox(blocks, stream, draw, sample, seed)
    u = (x + 0.5) / 2.0**32
    if kind in ("gaussian", "multiplicative"):
        radius, angle = np.sqrt(-2 * np.log(u[:, 0::2])), 2 * np.pi * u[:, 1::2]
        xi = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    elif kind == "uniform":
        xi = np.sqrt(3) * (2 * u - 1)
    elif kind == "laplace":
        v = (x & np.uint64(0x7FFFFFFF)).astype(float)
        xi = np.where(x >> np.uint64(31), -1, 1) * -np.log((v + 0.5) / 2.0**31) / np.sqrt(2)
    else:
        xi = u
    return xi.reshape(-1)[first % 4 :][:count]


def main():
    print("# kind seed stream sample draw first: eight values. Made by tests/tools/noise_reference.py.")
    cases = [(1, 0, 0, 0, 0), (1, 1, 0, 0, 0), (12345678901234567890, 3, 70000, 63, 400), (7, 19, 4294967295, 5, 188412)]
    for kind in ("gaussian", "uniform", "laplace", "multiplicative", "dropout"):
        for seed, stream, sample, draw, first in cases:
            values = noise(kind, seed, stream, sample, draw, first, 8)
            print(kind, seed, stream, sample, draw, first, *("%.12g" % v for v in values))


if __name__ == "__main__":
    main()
