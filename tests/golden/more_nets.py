"""More small networks, as nets.py: what is rarer in image classifiers, or comes from those of other signals.

MORE lists (name, module, input shape without batch, opset, batch)."""
import torch
from torch import nn
from torch.nn import functional as F

from nets import Net, flatten


def video():
    """Three spatial dimensions: strides, pads, groups and dilation of each; pooling of all kinds."""
    def forward(m, x):
        x = F.relu(m.b1(m.c1(x)))
        x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        x = F.relu(m.c2(x))
        x = F.avg_pool3d(x, 2, 2, ceil_mode=True, padding=1, count_include_pad=False)
        return m.last(flatten(F.adaptive_avg_pool3d(F.relu(m.c3(x)), 1)))
    return Net(forward, c1=nn.Conv3d(2, 4, (3, 5, 5), stride=(1, 2, 2), padding=(1, 2, 2), bias=False),
               b1=nn.BatchNorm3d(4), c2=nn.Conv3d(4, 6, 3, padding=(1, 0, 2), dilation=(1, 2, 1), groups=2),
               c3=nn.Conv3d(6, 6, (2, 3, 3), stride=2, padding=1), last=nn.Linear(6, 5))


class CausalEinsum(nn.Module):
    """Attention by einsum with a causal mask of minus infinity; weights on either side of a product."""

    def __init__(self):
        super().__init__()
        self.patch, self.last = nn.Conv2d(3, 8, 4, stride=4), nn.Linear(8, 5)
        self.q, self.k, self.v = (nn.Parameter(torch.randn(8, 2, 4) / 2) for _ in range(3))
        self.out, self.gate = nn.Parameter(torch.randn(2, 4, 8) / 2), nn.Parameter(torch.randn(8, 8) / 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        q, k, v = (torch.einsum("bld,dhe->bhle", x, w) for w in (self.q, self.k, self.v))
        score = torch.einsum("bhie,bhje->bhij", q, k) / 2
        score = score.masked_fill(torch.triu(torch.ones(9, 9), 1).bool(), float("-inf"))
        y = torch.einsum("bhij,bhje->bihe", score.softmax(-1), v)
        x = x + torch.einsum("hed,bihe->bid", self.out, y)
        x = x * torch.sigmoid(torch.einsum("bld,dk->blk", x, self.gate))
        return self.last(F.relu(torch.einsum("bld->bd", x)))


def resize():
    """Up and down, nearest, linear and cubic, with both ways to place the corners."""
    def forward(m, x):
        x = F.relu(m.c1(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)))
        a = F.interpolate(x, size=(7, 9), mode="nearest")
        b = F.interpolate(x, size=(7, 9), mode="bilinear", align_corners=True)
        c = F.interpolate(x, size=(7, 9), mode="bicubic", align_corners=False)
        return m.last(flatten(F.relu(m.c2(torch.cat([a, b, c], 1)))))
    return Net(forward, c1=nn.Conv2d(2, 4, 3, stride=2), c2=nn.Conv2d(12, 4, 3, 2), last=nn.Linear(4 * 3 * 4, 5))


def functions():
    """Functions that are rare in networks, choices between them, and norms."""
    def forward(m, x):
        x = m.conv(x)
        x = torch.where(x > 0.2, x, torch.sin(x) * torch.cos(2 * x))
        x = torch.where((x < 1) & (x >= -1) | (x != x), x, x / (1 + x * x))
        x = x + F.hardshrink(x, 0.3) + F.softshrink(x, 0.2) + torch.atan(x) * torch.sign(x)
        x = x + torch.logsumexp(x, 1, keepdim=True) - torch.logsumexp(x, (2, 3), keepdim=True)
        x = F.normalize(x, dim=1) + F.celu(x, 1.3) + F.mish(x)
        x = F.local_response_norm(F.lp_pool2d(x.abs(), 2, 2), 3)
        return m.last(flatten(F.pixel_shuffle(x, 2)))
    return Net(forward, conv=nn.Conv2d(2, 4, 3, padding=1), last=nn.Linear(64, 5))


def transposed():
    """Transposed convolutions: strides with what they leave over, groups, dilation, a kernel smaller than its stride."""
    def forward(m, x):
        x = F.relu(m.t2(F.relu(m.t1(m.c1(x)))))
        return m.last(flatten(F.avg_pool2d(F.relu(m.t3(x)), 4)))
    return Net(forward, c1=nn.Conv2d(2, 4, 3, stride=2), t1=nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 0)),
               t2=nn.ConvTranspose2d(6, 4, 3, 1, 3, 0, groups=2, bias=False, dilation=2),
               t3=nn.ConvTranspose2d(4, 3, 1, 2, 0, 1), last=nn.Linear(3 * 5 * 6, 5))


def transposed_volume():
    """The same over one and over three dimensions."""
    def forward(m, x):
        x = F.relu(m.t1(F.relu(m.c1(x))))
        x = F.relu(m.t3(x.view(x.size(0), 2, 2, 2, 7)))
        return m.last(x.mean((3, 4)).flatten(1))
    return Net(forward, c1=nn.Conv1d(2, 4, 3, stride=2), t1=nn.ConvTranspose1d(4, 4, 5, 2, 3, 1, groups=2),
               t3=nn.ConvTranspose3d(2, 3, (2, 3, 3), (2, 1, 2), (0, 1, 0), (1, 0, 0)), last=nn.Linear(3 * 5, 5))


class Patches(nn.Module):
    """Patches picked by a matrix of indices, and spectral normalisation: products with vectors, at load and later."""

    def __init__(self):
        super().__init__()
        self.conv = nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 4, 3, padding=1))
        self.mix, self.last = nn.Linear(36, 8), nn.Linear(8, 5)
        self.left, self.right = nn.Parameter(torch.rand(16) / 4), nn.Parameter(torch.randn(8) / 3)

    def forward(self, x):
        x = F.unfold(F.relu(self.conv(x)), 3, stride=2, padding=1).transpose(1, 2)
        x = F.relu(self.mix(x))
        gate = torch.sigmoid(torch.matmul(x, self.right))
        return self.last(torch.matmul(self.left, x * gate.unsqueeze(2)))


class Shifted(nn.Module):
    """Swin's shifted windows: Roll as Slice and Concat, and a mask that the file builds by ScatterND."""

    def __init__(self):
        super().__init__()
        self.patch, self.last = nn.Conv2d(3, 8, 2, stride=2), nn.Linear(8, 5)
        self.qkv, self.norm = nn.Linear(8, 24), nn.LayerNorm(8)

    def mask(self, x):
        mask, count = x.new_zeros((4, 4)), 0
        for rows in ((0, -2), (-2, -1), (-1, None)):
            for columns in ((0, -2), (-2, -1), (-1, None)):
                mask[rows[0]:rows[1], columns[0]:columns[1]] = count
                count += 1
        mask = mask.view(2, 2, 2, 2).permute(0, 2, 1, 3).reshape(4, 4)
        mask = mask.unsqueeze(1) - mask.unsqueeze(2)
        return mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)

    def forward(self, x):
        x = torch.roll(self.norm(self.patch(x).permute(0, 2, 3, 1)), (-1, -1), (1, 2))
        n = x.size(0)
        w = x.view(n, 2, 2, 2, 2, 8).permute(0, 1, 3, 2, 4, 5).reshape(n * 4, 4, 8)
        q, k, v = self.qkv(w).reshape(n * 4, 4, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        score = (q @ k.transpose(-2, -1)).view(n, 4, 2, 4, 4) + self.mask(x).unsqueeze(1).unsqueeze(0)
        y = (score.view(-1, 2, 4, 4).softmax(-1) @ v).transpose(1, 2).reshape(n * 4, 4, 8)
        y = y.view(n, 2, 2, 2, 2, 8).permute(0, 1, 3, 2, 4, 5).reshape(n, 4, 4, 8)
        return self.last(F.gelu(torch.roll(y, (1, 1), (1, 2))).mean((1, 2)))


MORE = [
    ("video", video, (2, 5, 22, 20), 13, True),
    ("video_batch_5", video, (2, 5, 22, 20), 17, 5),
    ("causal_einsum", CausalEinsum, (3, 12, 12), 13, True),
    ("causal_einsum_batch_5", CausalEinsum, (3, 12, 12), 17, 5),
    ("resize", resize, (2, 11, 10), 13, True),
    ("resize_11", resize, (2, 11, 10), 11, False),
    ("functions", functions, (2, 8, 8), 14, True),
    ("transposed", transposed, (2, 13, 11), 13, True),
    ("transposed_11", transposed, (2, 13, 11), 11, False),
    ("transposed_volume", transposed_volume, (2, 18), 13, True),
    ("patches", Patches, (2, 8, 8), 13, True),
    ("patches_batch_5", Patches, (2, 8, 8), 11, 5),
    ("shifted_windows", Shifted, (3, 8, 8), 13, True),
    ("shifted_windows_batch_5", Shifted, (3, 8, 8), 11, 5),
]
