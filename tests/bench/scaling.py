#!/usr/bin/env python3
"""How far one coordinator reaches: a simulation fed with measured costs.

  scaling.py [--unit-work 3.4e-6] [--latency 5e-6] [--ranks 100,1000,10000,100000] [--seconds 0.05,0.25,1,4]

--unit-work: CPU seconds that the coordinator spends on a unit (`mpirun -n 2 apex bench --units 100000` tells it;
journal appends included, and its syncs as a share of the time). --latency: of a message between nodes.

The model is the program's own protocol: every rank has one unit queued behind the one that runs; a result that comes in
is journalled and answered with the next unit, in order of arrival, by one thread. Unit times are spread by a log-normal
(coefficient of variation 0.3). Efficiency = time spent on units / (ranks x time to the end), the first hand-out and the
last units included. "lent": each of so many ranks is led by a sub-coordinator with a journal of its own.
"""
import argparse
import heapq
import math
import random

QUEUED, SPREAD = 2, 0.3


def simulate(ranks, units, seconds, work, latency, taper=True, seed=1):
    """The last quarter of the work comes in units of a quarter of the size, as plan.c cuts it, or (taper=False) not."""
    whole = units - units // 4 if taper else units
    units = whole + 4 * (units - whole)
    rng = random.Random(seed)
    sigma = math.sqrt(math.log(1 + SPREAD ** 2))
    shift = math.log(seconds) - sigma * sigma / 2
    free_at = [0.0] * ranks  # when a rank has run all that it was given
    coming = []              # (arrival of a result, rank)
    clock = busy = spent = end = 0.0
    handed = 0

    def hand(rank):
        nonlocal clock, handed, spent
        time = rng.lognormvariate(shift, sigma) * (1 if handed < whole else 0.25)
        free_at[rank] = max(free_at[rank], clock + latency) + time
        spent += time
        handed += 1
        heapq.heappush(coming, (free_at[rank] + latency, rank))

    for _ in range(QUEUED):
        for rank in range(ranks):
            if handed < units:
                clock += work
                busy += work
                hand(rank)
    while coming:
        at, rank = heapq.heappop(coming)
        clock = max(clock, at) + work
        busy += work
        end = clock
        if handed < units:
            hand(rank)
    return spent / (ranks * end), busy / end


def numbers(text):
    return [float(x) for x in text.split(",")]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--unit-work", type=float, default=3.4e-6)
    p.add_argument("--latency", type=float, default=5e-6)
    p.add_argument("--ranks", type=numbers, default=numbers("100,1000,10000,100000"))
    p.add_argument("--seconds", type=numbers, default=numbers("0.05,0.25,1,4"))
    p.add_argument("--units", type=int, default=16, help="units for each rank")
    p.add_argument("--group", type=int, default=1000, help="ranks of a sub-coordinator")
    a = p.parse_args()
    print(f"coordinator {a.unit_work * 1e6:.1f} us a unit, messages {a.latency * 1e6:.0f} us, {a.units} units a rank")
    print(f"{'ranks':>8} {'unit s':>7} {'efficiency':>11} {'coordinator busy':>17} {'no short units':>15} "
          f"{'in groups of ' + str(a.group):>20}")
    for ranks in map(int, a.ranks):
        for seconds in a.seconds:
            share, busy = simulate(ranks, ranks * a.units, seconds, a.unit_work, a.latency)
            even, _ = simulate(ranks, ranks * a.units, seconds, a.unit_work, a.latency, taper=False)
            group = min(ranks, a.group)
            lent, _ = simulate(group, group * a.units, seconds, a.unit_work, 2 * a.latency)
            print(f"{ranks:8d} {seconds:7.2f} {100 * share:10.1f}% {100 * busy:16.1f}% {100 * even:14.1f}% {100 * lent:19.1f}%", flush=True)


if __name__ == "__main__":
    main()
