#!/usr/bin/env python3
"""Normal numbers a second by torch.randn on one thread, once for each line on stdin: what `apex bench --serve` is held
against. CPU time; the best of the sizes that stay in a cache or not."""
import sys
import time

import torch

SIZES, TRIALS = (1 << 14, 1 << 16, 1 << 20), 7


def rate(size):
    repeat, best = max(1, (1 << 20) // size), 0.0
    for _ in range(TRIALS):
        start = time.thread_time()
        for _ in range(repeat):
            torch.randn(size)
        best = max(best, size * repeat / (time.thread_time() - start))
    return best


torch.set_num_threads(1)
for _ in sys.stdin:
    print(f"{max(rate(size) for size in SIZES):.1f}", flush=True)
