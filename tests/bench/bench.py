#!/usr/bin/env python3
"""apex against PyTorch on the same core, taking turns, so that the ratio holds on a noisy machine.

  bench.py APEX [--resnet20 MODEL.onnx] [--turns 5] [--core N] [--only WORD] [--kernels NAME]

Each row of the table runs the same by `apex bench --serve` and by peers/sweep.py (noise: peers/randn.py), one after the other, over and
over; the ratio is the median of the pairs'. Both measure the CPU time of one thread. Needs PyTorch and onnx.
"""
import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QUICK = os.path.join(ROOT, "experiments", "quickstart")


class Peer:
    """A process that does one repetition for each line it gets, and answers with its rate."""

    def __init__(self, command, core):
        env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        pin = ["taskset", "-c", str(core)] if core is not None else []
        self.process = subprocess.Popen(pin + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(apex, other, turns):
    pairs = [(apex.turn(), other.turn()) for _ in range(turns + 1)][1:]  # the first warms up
    apex.close()
    other.close()
    ratios = sorted(a / b for a, b in pairs)
    return [statistics.median(p[k] for p in pairs) for k in (0, 1)] + [statistics.median(ratios), ratios[0], ratios[-1]]


def show(name, apex, other, turns):
    ours, theirs, ratio, low, high = compare(apex, other, turns)
    print(f"{name:26} {ours:12.0f} {theirs:12.0f} {ratio:7.2f}  {low:.2f} to {high:.2f}", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("apex")
    p.add_argument("--resnet20")
    p.add_argument("--turns", type=int, default=5)
    p.add_argument("--core", type=int)
    p.add_argument("--only", default="", help="rows whose name holds this word")
    p.add_argument("--kernels", help="of apex, e.g. amx: bfloat16 against PyTorch in float32")
    a = p.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        resnet18 = os.path.join(folder, "resnet18.onnx")
        rows = [("MLP, best", os.path.join(QUICK, "mlp_true.onnx"), "input,0,1,all", 14, 64, 60, "best"),
                ("CNN, best", os.path.join(QUICK, "cnn_true.onnx"), "input,0,1,2,all", 14, 64, 10, "best"),
                ("ResNet-18 (CIFAR), best", resnet18, "0,4,8,12,16", 8, 8, 2, "best")]
        if a.resnet20:
            rows[:0] = [("ResNet-20, best", a.resnet20, "0,4,9,14,18", 8, 8, 10, "best"),
                        ("ResNet-20, plain", a.resnet20, "0,4,9,14,18", 8, 8, 10, "plain"),
                        ("ResNet-20 all, best", a.resnet20, "all", 8, 8, 10, "best"),
                        ("ResNet-20 all, plain", a.resnet20, "all", 8, 8, 10, "plain")]
        rows = [r for r in rows if a.only in r[0]]
        if any(r[1] == resnet18 for r in rows):
            subprocess.run([sys.executable, os.path.join(HERE, "peers", "export_resnet18.py"), resnet18], check=True,
                           stdout=subprocess.DEVNULL)
        print(f"{'sweep':26} {'apex':>12} {'PyTorch':>12} {'ratio':>7}  lowest to highest of {a.turns} pairs")
        if a.only in "noise, torch.randn":
            show("noise, torch.randn", Peer([a.apex, "bench", "--serve"], a.core),
                 Peer([sys.executable, os.path.join(HERE, "peers", "randn.py")], a.core), a.turns)
        for name, model, sites, sigmas, draws, samples, mode in rows:
            numbers = ["--sites", sites, "--sigmas", str(sigmas), "--draws", str(draws), "--samples", str(samples)]
            own = ["--kernels", a.kernels] if a.kernels else []
            apex = Peer([a.apex, "bench", model, "--serve"] + own + numbers, a.core)
            torch = Peer([sys.executable, os.path.join(HERE, "peers", "sweep.py"), model, "--serve", "--mode", mode,
                          "--repeat", "1000"] + numbers, a.core)
            show(name, apex, torch, a.turns)


if __name__ == "__main__":
    main()
