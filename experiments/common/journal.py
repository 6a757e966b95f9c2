"""Which single draws kept the clean class: result files hold counts, the journal beside them holds every draw (../../docs/format.md)."""
import os
import struct

import numpy as np

MARKER = bytes.fromhex("f56170780d0a1ac3")
CONTEXT, RECORD = 2, 4


def entries(data):
    """(kind, payload) of every entry. For a finished sweep: a damaged journal is for `apex fsck`."""
    at = 16
    while data[at:at + 8] == MARKER:
        kind, length = struct.unpack_from("<II", data, at + 8)
        yield kind, data[at + 20:at + 20 + length]
        at += 20 + length


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def get(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def bytes(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def text(self):
        return self.bytes(self.get("I")[0]).decode()


def context(payload):
    """name, key, {site key: site name}."""
    r = Reader(payload)
    r.get("I")
    name, key = r.text(), r.bytes(16)
    _, _, _, samples, sites, _ = r.get("IIBIII")
    r.bytes(8 * samples)
    names = {}
    for _ in range(sites):
        r.get("i")
        site = r.text()
        r.text(), r.text()
        names[r.get("QQd")[0]] = site
    return name, key, names


def kept(folder, result):
    """[site, sigma, sample, draw]: draw kept the clean class; of one result (study.Result) of an output folder."""
    with open(os.path.join(folder, "apex.journal"), "rb") as f:
        data = f.read()
    key, names = [c[1:] for c in (context(p) for k, p in entries(data) if k == CONTEXT) if c[0] == result.name][-1]
    sample_at = {int(s): i for i, s in enumerate(result.values["sample"])}
    sigma_at = {float(s): i for i, s in enumerate(result.sigma)}
    out = np.zeros((len(result.sites), len(result.sigma), len(sample_at), result.draws), bool)
    for _, payload in (e for e in entries(data) if e[0] == RECORD and e[1][4:20] == key):
        r = Reader(payload)
        r.bytes(20)
        draws, _, samples, cells = r.get("IIII")
        where = [(names.get(s), sigma_at.get(v)) for s, v in (r.get("Qd") for _ in range(cells))]
        for _ in range(samples):
            sample = sample_at.get(r.get("IiIIff")[0])
            for site, scale in where:
                r.get("f")
                bits = np.unpackbits(np.frombuffer(r.bytes((draws + 7) // 8), np.uint8), bitorder="little")[:draws]
                r.bytes(6 * r.get("H")[0])
                if None not in (sample, site, scale):
                    out[result.site(site), scale, sample] = bits
    return out
