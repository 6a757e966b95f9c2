"""The sweep of `apex bench --sweep` in PyTorch, on one thread: prints sample-draws per second.

  plain   a hook and a full forward pass for each draw and scale, all samples in one batch
  best    what a PyTorch expert would write: the clean prefix cached, only what is downstream of the site run,
          all scales in one batch, noise drawn once for them, samples in groups of a size that suits the cache
Statistics are those of apex: how often each class wins, whether the prediction stayed, and the mean margin.
With --serve it waits for a line on stdin before each repetition, so that bench.py can take turns.
"""
import argparse
import sys
import time

import torch
import torch.nn.functional as F

from onnx_in_torch import Network


class Clean:
    """The clean predictions as `tally` needs them, made once for all draws."""

    def __init__(self, winner, sigmas, classes):
        self.winner = winner
        self.place = winner.expand(sigmas, -1).unsqueeze(2)
        self.push = F.one_hot(winner, classes).float() * -1e38
        self.one = torch.ones(sigmas, len(winner), 1)


def tally(counts, logits, clean):
    """logits [sigmas, samples, classes]; counts: class counts, stays, margin sums. The best other class is found with
    the clean one pushed out of the way, in half of topk's time; ties go to the lower class."""
    own = logits.gather(2, clean.place).squeeze(2)
    value, other = (logits + clean.push).max(2)
    stays = (own > value) | ((own == value) & (clean.winner <= other))
    counts[0].scatter_add_(2, torch.where(stays, clean.winner, other).unsqueeze(2), clean.one)
    counts[1].add_(stays)
    counts[2].add_(own - value)


def fresh(sigmas, samples, classes):
    return torch.zeros(sigmas, samples, classes), torch.zeros(sigmas, samples), torch.zeros(sigmas, samples)


def plain(net, x, sites, sigmas, draws):
    clean = Clean(net.forward(x)[net.output].argmax(1), 1, net.classes)
    for site in sites:
        counts = fresh(len(sigmas), len(x), net.classes)
        for k, sigma in enumerate(sigmas):
            def hook(name, value):
                if name in net.sites if site == "all" else name == site:
                    return value + sigma * torch.randn(value.shape)
                return value
            for _ in range(draws):
                logits = net.forward(x, hook)[net.output]
                tally([c[k:k + 1] for c in counts], logits[None], clean)


def spread(value, sigmas):
    return value.unsqueeze(0).expand(sigmas, *value.shape).flatten(0, 1)


def best(net, x, sites, sigmas, draws, group, channels_last):
    s = torch.tensor(sigmas)
    S = len(sigmas)
    layout = torch.channels_last if channels_last else torch.contiguous_format

    def perturb(value, rows):
        """value [rows or S * rows, ...] + sigma xi, xi shared between the scales."""
        shape = value.shape[1:]
        xi = torch.randn(rows, *shape)
        out = value.view(-1, rows, *shape) + s.view(-1, *[1] * value.dim()) * xi
        out = out.flatten(0, 1)
        return out.contiguous(memory_format=layout) if out.dim() == 4 else out

    for first in range(0, len(x), group):
        part = x[first:first + group]
        rows = len(part)
        if channels_last:
            part = part.contiguous(memory_format=layout)
        clean = net.forward(part)
        prediction = Clean(clean[net.output].argmax(1), S, net.classes)
        for site in sites:
            start = net.sites[0] if site == "all" else site
            beside = {n: spread(clean[n], S) for n in net.downstream(start)[1]}
            hook = (lambda n, v: perturb(v, rows) if n in net.sites else v) if site == "all" else None
            counts = fresh(S, rows, net.classes)
            for _ in range(draws):
                value = perturb(clean[start].contiguous(), rows)
                logits = net.resume(start, value, beside, hook)
                tally(counts, logits.view(S, rows, -1), prediction)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model")
    p.add_argument("--mode", choices=["plain", "best"], default="best")
    p.add_argument("--sites", default="0")
    p.add_argument("--sigmas", type=int, default=8)
    p.add_argument("--draws", type=int, default=8)
    p.add_argument("--samples", type=int, default=100)
    p.add_argument("--group", type=int, default=0, help="samples in a batch of the best form; 0: try a few")
    p.add_argument("--channels-last", type=int, default=-1, help="-1: try both")
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--serve", action="store_true")
    a = p.parse_args()
    torch.set_num_threads(1)
    nets = [Network(a.model, bool(k)) for k in (0, 1)]
    sigmas = [0.01 * 10 ** (3 * k / max(1, a.sigmas - 1)) for k in range(a.sigmas)]
    x = torch.randn(a.samples, *nets[0].shape)
    names = {"all": "all", "input": nets[0].input, **{str(k): n for k, n in enumerate(nets[0].sites)}}
    sites = [names[s] for s in a.sites.split(",")]
    work = a.samples * len(sites) * a.sigmas * a.draws

    def rate(group, last, samples, draws):
        net = nets[last]
        begin = time.process_time()
        if a.mode == "plain":
            plain(net, x[:samples], sites, sigmas, draws)
        else:
            best(net, x[:samples], sites, sigmas, draws, group, last)
        return work * samples * draws / (a.samples * a.draws) / (time.process_time() - begin)

    with torch.inference_mode():
        for net in nets:
            net.classes = net.forward(x[:2])[net.output].shape[1]
        sizes = (1, 2, 4, 5, 10, 15, 20, 25, 30, 40, 50, 60, 100, 200)
        groups = [a.group] if a.group else [g for g in sizes if g <= a.samples]
        layouts = [a.channels_last] if a.channels_last >= 0 else [0, 1]
        if a.mode == "plain":
            groups, layouts = [0], [0]
        trials = [(rate(g, c, a.samples, min(a.draws, 4)), g, c) for _ in range(2) for g in groups for c in layouts]
        _, group, last = max(trials)
        print(f"torch {torch.__version__} {a.mode}: groups of {group}, channels last {last}", file=sys.stderr, flush=True)
        for _ in range(a.repeat):
            if a.serve and not sys.stdin.readline():
                break
            print(f"{rate(group, last, a.samples, a.draws):.1f}", flush=True)


if __name__ == "__main__":
    main()
