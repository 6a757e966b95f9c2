"""Small networks that between them hold every operator pattern that exports of image classifiers contain.

NETS lists (name, module, input shape without batch, opset, batch: False for 1, True for dynamic, or a number). Weights are set by make_golden.py.
"""
import torch
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    """A module from a list of layers and a forward function that takes the module and the input."""

    def __init__(self, forward, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


def flatten(x):
    return torch.flatten(x, 1)


def conv_variety():
    """Groups, dilation, stride, bias, and padding that differs on every side."""
    def forward(m, x):
        x = F.relu(m.first(F.pad(x, (0, 1, 2, 0))))
        x = F.relu(m.grouped(x))
        x = F.relu(m.dilated(x))
        x = F.relu(m.oblong(x))
        return m.last(flatten(x))
    return Net(forward, first=nn.Conv2d(3, 8, 3, stride=2), grouped=nn.Conv2d(8, 12, 3, padding=1, groups=4),
               dilated=nn.Conv2d(12, 8, 3, padding=2, dilation=2, bias=False),
               oblong=nn.Conv2d(8, 4, (1, 3), stride=(2, 1), padding=(0, 1)), last=nn.Linear(4 * 3 * 6, 6))


def inverted_residual():
    """MobileNetV2's block: 1x1, depthwise, linear 1x1, residual Add. ReLU6 is Relu and Clip, or Clip alone."""
    def forward(m, x):
        x = F.relu6(m.stem(x))
        y = F.relu6(m.b1(m.wide(x)))
        y = F.relu6(m.b2(m.depth(y)))
        x = x + m.b3(m.narrow(y))
        x = F.hardtanh(m.down(x), 0.0, 6.0)
        return m.last(m.drop(x.mean([2, 3])))
    return Net(forward, stem=nn.Conv2d(3, 8, 3, padding=1, stride=2), wide=nn.Conv2d(8, 16, 1, bias=False),
               b1=nn.BatchNorm2d(16), depth=nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False),
               b2=nn.BatchNorm2d(16), narrow=nn.Conv2d(16, 8, 1, bias=False), b3=nn.BatchNorm2d(8),
               down=nn.Conv2d(8, 16, 5, stride=2, padding=2, groups=8), drop=nn.Dropout(0.5), last=nn.Linear(16, 7))


def dense_block():
    """DenseNet: BatchNormalization that stands alone after a Concat, average pooling, a last BatchNormalization."""
    def forward(m, x):
        x = m.stem(x)
        x = torch.cat([x, m.c1(F.relu(m.b1(x)))], 1)
        x = torch.cat([x, m.c2(F.relu(m.b2(x)))], 1)
        x = F.avg_pool2d(m.transition(F.relu(m.b3(x))), 2)
        return m.last(flatten(F.adaptive_avg_pool2d(F.relu(m.b4(x)), 1)))
    return Net(forward, stem=nn.Conv2d(3, 6, 3, padding=1), b1=nn.BatchNorm2d(6), c1=nn.Conv2d(6, 4, 3, padding=1),
               b2=nn.BatchNorm2d(10), c2=nn.Conv2d(10, 4, 3, padding=1), b3=nn.BatchNorm2d(14),
               transition=nn.Conv2d(14, 7, 1, bias=False), b4=nn.BatchNorm2d(7), last=nn.Linear(7, 5))


def pools():
    """Max and average pooling with padding, ceil_mode and both ways of counting the padding; global max."""
    def forward(m, x):
        x = F.relu(m.c1(x))
        a = F.max_pool2d(x, 3, stride=2, padding=1, ceil_mode=True)
        b = F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)
        c = F.avg_pool2d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=True)
        d = F.max_pool2d(x, (2, 1), stride=2, ceil_mode=True)
        x = F.relu(m.c2(torch.cat([a, b, c], 1)))
        y = F.adaptive_max_pool2d(x, 1)
        return m.last(torch.cat([flatten(y), flatten(F.adaptive_avg_pool2d(d, 1)), flatten(x[:, :1, :2, :2])], 1))
    return Net(forward, c1=nn.Conv2d(3, 6, 3), c2=nn.Conv2d(18, 8, 3, padding=1), last=nn.Linear(8 + 6 + 4, 5))


def max_ceil_cut():
    """ceil_mode with a last window that would start outside the image and is dropped; dilated max pooling."""
    def forward(m, x):
        x = F.relu(m.c1(x))
        x = F.max_pool2d(x, 2, stride=3, ceil_mode=True)
        x = F.max_pool2d(x, 2, stride=1, dilation=2)
        return m.last(flatten(x))
    return Net(forward, c1=nn.Conv2d(2, 6, 3, padding=1), last=nn.Linear(6 * 3 * 2, 4))


def pointwise():
    """LeakyReLU, PReLU per channel and shared, ELU, Sigmoid, Tanh."""
    def forward(m, x):
        x = F.leaky_relu(m.c1(x), 0.1)
        x = m.p1(m.c2(x))
        x = F.elu(m.c3(x), 0.7)
        x = torch.sigmoid(m.c4(x))
        x = torch.tanh(m.l1(flatten(x)))
        return m.l3(m.p2(m.l2(x)))
    return Net(forward, c1=nn.Conv2d(3, 6, 3), p1=nn.PReLU(6), c2=nn.Conv2d(6, 6, 3), c3=nn.Conv2d(6, 4, 3),
               c4=nn.Conv2d(4, 4, 3), l1=nn.Linear(4 * 4 * 4, 12), l2=nn.Linear(12, 12), p2=nn.PReLU(),
               l3=nn.Linear(12, 6))


def hard_swish():
    def forward(m, x):
        x = F.hardswish(m.c1(x))
        x = F.hardswish(m.c2(x)) * F.hardsigmoid(m.gate(F.adaptive_avg_pool2d(x, 1)))
        return m.last(F.hardswish(m.mid(flatten(F.adaptive_avg_pool2d(x, 1)))))
    return Net(forward, c1=nn.Conv2d(3, 8, 3, stride=2), c2=nn.Conv2d(8, 8, 3), gate=nn.Conv2d(8, 8, 1),
               mid=nn.Linear(8, 12), last=nn.Linear(12, 6))


def gelu():
    """The exact form and the tanh approximation."""
    def forward(m, x):
        x = F.gelu(m.c1(x))
        x = F.gelu(m.c2(x), approximate="tanh")
        return m.last(F.gelu(m.mid(flatten(x))))
    return Net(forward, c1=nn.Conv2d(3, 6, 3, stride=2), c2=nn.Conv2d(6, 4, 3), mid=nn.Linear(4 * 9, 12),
               last=nn.Linear(12, 5))


def silu_squeeze_excite():
    """EfficientNet's block: SiLU is a site, the Sigmoid of the squeeze-excite gate is none."""
    def forward(m, x):
        x = F.silu(m.stem(x))
        y = F.silu(m.depth(x))
        s = F.silu(m.squeeze(F.adaptive_avg_pool2d(y, 1)))
        y = y * torch.sigmoid(m.excite(s))
        x = x + m.narrow(y)
        return m.last(flatten(F.adaptive_avg_pool2d(F.silu(x), 1)))
    return Net(forward, stem=nn.Conv2d(3, 8, 3, stride=2), depth=nn.Conv2d(8, 8, 3, padding=1, groups=8),
               squeeze=nn.Conv2d(8, 3, 1), excite=nn.Conv2d(3, 8, 1), narrow=nn.Conv2d(8, 8, 1),
               last=nn.Linear(8, 6))


def relu_squeeze_excite():
    """RegNet-Y and MobileNetV3: a ReLU inside the gate, the main path ReLU too; Linear layers in the gate."""
    def forward(m, x):
        x = F.relu(m.stem(x))
        s = x.mean((2, 3))
        s = torch.sigmoid(m.excite(F.relu(m.squeeze(s)))).view(x.size(0), x.size(1), 1, 1)
        x = F.relu(x + m.conv(x * s))
        return m.last(flatten(F.adaptive_avg_pool2d(x, 2)))
    return Net(forward, stem=nn.Conv2d(3, 8, 3, stride=2, padding=1), squeeze=nn.Linear(8, 4),
               excite=nn.Linear(4, 8), conv=nn.Conv2d(8, 8, 3, padding=1), last=nn.Linear(32, 6))


def view_chain():
    """x.view(x.size(0), -1): Shape, Gather, Unsqueeze, Concat, Reshape when the batch is dynamic."""
    def forward(m, x):
        x = F.max_pool2d(F.relu(m.c1(x)), 2)
        x = x.view(x.size(0), -1)
        x = F.relu(m.l1(x)).view(x.size(0), 4, 5)
        return m.last(x.reshape(-1, 20))
    return Net(forward, c1=nn.Conv2d(3, 5, 3), l1=nn.Linear(5 * 25, 20), last=nn.Linear(20, 6))


def option_a():
    """The CIFAR ResNet of the paper: shortcut by strided slice and zero-padded channels."""
    def block(m, x, k):
        y = getattr(m, f"b{k}b")(getattr(m, f"c{k}b")(F.relu(getattr(m, f"b{k}a")(getattr(m, f"c{k}a")(x)))))
        if k == 2:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4))
        return F.relu(y + x)

    def forward(m, x):
        x = F.relu(m.b0(m.c0(x)))
        x = block(m, block(m, x, 1), 2)
        x = F.avg_pool2d(x, int(x.size()[3]))
        return m.last(x.view(x.size(0), -1))

    layers = {"c0": nn.Conv2d(3, 8, 3, padding=1, bias=False), "b0": nn.BatchNorm2d(8), "last": nn.Linear(16, 10)}
    for k, inputs, outputs, stride in ((1, 8, 8, 1), (2, 8, 16, 2)):
        layers[f"c{k}a"] = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        layers[f"c{k}b"] = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        layers[f"b{k}a"], layers[f"b{k}b"] = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
    return Net(forward, **layers)


def preact():
    """PreAct-ResNet: BatchNormalization before ReLU, fed by an Add; the shortcut starts after the ReLU."""
    def forward(m, x):
        x = m.c0(x)
        y = F.relu(m.b1(x))
        x = m.c2(F.relu(m.b2(m.c1(y)))) + m.short(y)
        x = F.relu(m.b3(x))
        return m.last(flatten(F.avg_pool2d(x, 4)))
    return Net(forward, c0=nn.Conv2d(3, 6, 3, padding=1), b1=nn.BatchNorm2d(6), short=nn.Conv2d(6, 8, 1, stride=2),
               c1=nn.Conv2d(6, 8, 3, 2, 1, bias=False), b2=nn.BatchNorm2d(8), c2=nn.Conv2d(8, 8, 3, 1, 1, bias=False),
               b3=nn.BatchNorm2d(8), last=nn.Linear(8, 10))


def softmax_end():
    def forward(m, x):
        return F.softmax(m.l2(F.relu(m.l1(flatten(x)))), dim=1)
    return Net(forward, l1=nn.Linear(48, 16), l2=nn.Linear(16, 6))


def log_softmax_end():
    def forward(m, x):
        return F.log_softmax(m.l2(F.relu(m.l1(flatten(x)))), dim=-1)
    return Net(forward, l1=nn.Linear(48, 16), l2=nn.Linear(16, 6))


def channel_shuffle():
    """ShuffleNetV2: split in halves, shuffle by Reshape, Transpose, Reshape, mean over the image."""
    def shuffle(x):
        n, c, h, w = x.size()
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)

    def forward(m, x):
        x = F.relu(m.stem(x))
        a, b = x.chunk(2, dim=1)
        x = shuffle(torch.cat([a, F.relu(m.right(m.depth(b)))], 1))
        a, b = x.chunk(2, dim=1)
        x = shuffle(torch.cat([F.relu(m.left(a)), b], 1))
        return m.last(x.mean([2, 3]))
    return Net(forward, stem=nn.Conv2d(3, 8, 3, stride=2), depth=nn.Conv2d(4, 4, 3, padding=1, groups=4),
               right=nn.Conv2d(4, 4, 1), left=nn.Conv2d(4, 4, 1), last=nn.Linear(8, 6))


def convnext():
    """LayerNorm over the last axis between Transposes, Linear layers on rank 4, exact GELU, layer scale."""
    def forward(m, x):
        x = m.norm0(m.stem(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        y = m.norm1(m.depth(x).permute(0, 2, 3, 1))
        y = (m.scale * m.l2(F.gelu(m.l1(y)))).permute(0, 3, 1, 2)
        x = F.adaptive_avg_pool2d(x + y, 1)
        return m.last(flatten(m.norm2(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)))
    return Net(forward, stem=nn.Conv2d(3, 6, 2, stride=2), norm0=nn.LayerNorm(6, 1e-6),
               depth=nn.Conv2d(6, 6, 5, padding=2, groups=6), norm1=nn.LayerNorm(6, 1e-6), l1=nn.Linear(6, 24),
               l2=nn.Linear(24, 6), scale=nn.Parameter(torch.zeros(6)), norm2=nn.LayerNorm(6, 1e-6),
               last=nn.Linear(6, 5))


def inception():
    """Parallel branches of different kernels, a pooling branch, Concat; input normalised inside the model."""
    def forward(m, x):
        x = (x - m.mean) / m.std
        x = F.relu(m.stem(x))
        x = torch.cat([F.relu(m.b1(x)), F.relu(m.b3(F.relu(m.r3(x)))), F.relu(m.b5(x)),
                       F.relu(m.bp(F.max_pool2d(x, 3, stride=1, padding=1)))], 1)
        return m.last(m.drop(flatten(F.adaptive_avg_pool2d(x, (2, 2)))))
    net = Net(forward, stem=nn.Conv2d(3, 8, 3, stride=2, padding=1), b1=nn.Conv2d(8, 4, 1), r3=nn.Conv2d(8, 4, 1),
              b3=nn.Conv2d(4, 6, 3, padding=1), b5=nn.Conv2d(8, 2, (5, 1), padding=(2, 0)), bp=nn.Conv2d(8, 4, 1),
              drop=nn.Dropout(), last=nn.Linear(16 * 4, 6))
    net.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
    net.register_buffer("std", torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1))
    return net


def mlp_batch_norm():
    """BatchNormalization on rank 2, behind a Gemm without bias and behind a ReLU, where it cannot be folded."""
    def forward(m, x):
        x = F.relu(m.b1(m.l1(flatten(x))))
        x = m.b2(F.relu(m.l2(x)))
        return m.l3(x)
    return Net(forward, l1=nn.Linear(48, 20, bias=False), b1=nn.BatchNorm1d(20), l2=nn.Linear(20, 12),
               b2=nn.BatchNorm1d(12), l3=nn.Linear(12, 6))


def equal_biases():
    """Biases that are all zero: the exporter merges equal tensors and leaves Identity nodes on weights."""
    def forward(m, x):
        x = F.relu(m.c2(F.relu(m.c1(x))))
        return m.l2(F.relu(m.l1(flatten(x))))
    return Net(forward, c1=nn.Conv2d(3, 6, 3), c2=nn.Conv2d(6, 6, 3, stride=2), l1=nn.Linear(54, 6),
               l2=nn.Linear(6, 6))


class Attention(nn.Module):
    """ViT: patches, a class token that is expanded to the batch, positions, encoder blocks with torch's own attention
    (which moves the batch behind the sequence, merges it with the heads, and brings it back)."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 3, stride=3)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.place = nn.Parameter(torch.zeros(1, 10, 8))
        self.n1, self.n2, self.n3 = nn.LayerNorm(8), nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.l1, self.l2, self.last = nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(8, 5)

    def forward(self, x):
        n = x.shape[0]
        x = self.patch(x).reshape(n, 8, 9).permute(0, 2, 1)
        x = torch.cat([self.token.expand(n, -1, -1), x], 1) + self.place
        y = self.n1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.l2(F.gelu(self.l1(self.n2(x))))
        return self.last(self.n3(x)[:, 0])


class WindowAttention(nn.Module):
    """Swin: windows of pixels become samples of a larger batch, [N * windows, pixels, C], and come back; a roll, and a
    bias by relative position."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 2, stride=2)
        self.qkv, self.project, self.last = nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 5)
        self.place = nn.Parameter(torch.zeros(1, 2, 4, 4))

    def forward(self, x):
        x = torch.roll(self.patch(x).permute(0, 2, 3, 1), (-1, -1), (1, 2))
        n, h, w, c = x.shape
        x = x.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(n * (h // 2) * (w // 2), 4, c)
        q, k, v = self.qkv(x).reshape(x.size(0), 4, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.softmax(q @ k.transpose(-2, -1) / 2 + self.place, -1) @ v
        x = self.project(x.transpose(1, 2).reshape(x.size(0), 4, c))
        x = x.view(n, h // 2, w // 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return self.last(torch.relu(x).mean((1, 2)))


def group_norm():
    """GroupNorm is Reshape, InstanceNormalization, Reshape, Mul, Add; F.normalize is ReduceL2, Clip, Expand, Div."""
    def forward(m, x):
        x = F.relu(m.g1(m.c1(x)))
        x = F.relu(m.i1(m.c2(x)))
        return 4 * m.last(F.normalize(x.flatten(1)))
    return Net(forward, c1=nn.Conv2d(3, 6, 3), g1=nn.GroupNorm(2, 6), c2=nn.Conv2d(6, 4, 3),
               i1=nn.InstanceNorm2d(4, affine=True), last=nn.Linear(4 * 25, 5))


def signal():
    """One spatial dimension: Conv1d (groups, dilation, stride), pooling, and a Tile."""
    def forward(m, x):
        x = F.max_pool1d(F.relu(m.c1(x)), 2)
        x = F.avg_pool1d(F.relu(m.c2(x)), 3, stride=2, padding=1)
        return m.last(F.adaptive_avg_pool1d(x, 1).repeat(1, 1, 3).flatten(1))
    return Net(forward, c1=nn.Conv1d(2, 6, 5, padding=2), c2=nn.Conv1d(6, 8, 3, stride=2, dilation=2, groups=2),
               last=nn.Linear(24, 5))


def conv_attributes():
    """Convolutions that differ in every attribute at once: groups of several channels, a channel multiplier, unequal
    stride, dilation and kernel, padding on one side only."""
    def forward(m, x):
        x = F.relu(m.a(F.pad(x, (2, 0, 0, 1))))
        x = F.relu(m.b(F.pad(x, (0, 1, 3, 0))))
        x = F.relu(m.c(x))
        return m.last(flatten(F.adaptive_avg_pool2d(m.d(x), 1)))
    return Net(forward, a=nn.Conv2d(4, 12, (3, 2), stride=(1, 2), dilation=(2, 1), groups=2),
               b=nn.Conv2d(12, 24, (2, 4), stride=(2, 1), groups=12, bias=False),
               c=nn.Conv2d(24, 24, 3, padding=(2, 1), dilation=(2, 1), groups=24),
               d=nn.Conv2d(24, 9, 1, groups=3), last=nn.Linear(9, 5))


IMAGE = (3, 9, 9)
NETS = [
    ("conv_variety", conv_variety, (3, 12, 12), 11, False),
    ("conv_variety_13", conv_variety, (3, 12, 12), 13, True),
    ("inverted_residual", inverted_residual, IMAGE, 11, True),
    ("inverted_residual_17", inverted_residual, IMAGE, 17, False),
    ("dense_block", dense_block, IMAGE, 13, True),
    ("pools", pools, (3, 12, 11), 11, True),
    ("pools_17", pools, (3, 12, 11), 17, False),
    ("max_ceil_cut", max_ceil_cut, (2, 13, 12), 13, True),
    ("pointwise", pointwise, (3, 12, 12), 11, False),
    ("pointwise_17", pointwise, (3, 12, 12), 17, True),
    ("hard_swish", hard_swish, IMAGE, 13, True),
    ("hard_swish_17", hard_swish, IMAGE, 17, True),
    ("gelu", gelu, (3, 12, 12), 13, True),
    ("silu_squeeze_excite", silu_squeeze_excite, IMAGE, 17, True),
    ("relu_squeeze_excite", relu_squeeze_excite, (3, 8, 8), 13, True),
    ("view_chain", view_chain, (3, 12, 12), 11, True),
    ("view_chain_static", view_chain, (3, 12, 12), 13, False),
    ("option_a", option_a, (3, 8, 8), 13, False),
    ("option_a_dynamic", option_a, (3, 8, 8), 11, True),
    ("option_a_17", option_a, (3, 8, 8), 17, True),
    ("preact", preact, (3, 8, 8), 13, True),
    ("softmax_end", softmax_end, (3, 4, 4), 11, False),
    ("softmax_end_13", softmax_end, (3, 4, 4), 13, True),
    ("log_softmax_end", log_softmax_end, (3, 4, 4), 13, True),
    ("channel_shuffle", channel_shuffle, IMAGE, 11, False),
    ("channel_shuffle_17", channel_shuffle, IMAGE, 17, True),
    ("convnext", convnext, (3, 8, 8), 13, True),
    ("convnext_17", convnext, (3, 8, 8), 17, False),
    ("inception", inception, (3, 8, 8), 13, True),
    ("mlp_batch_norm", mlp_batch_norm, (3, 4, 4), 13, True),
    ("equal_biases", equal_biases, IMAGE, 13, False),
    ("attention_11", Attention, IMAGE, 11, True),
    ("attention_13", Attention, IMAGE, 13, False),
    ("attention_17", Attention, IMAGE, 17, True),
    ("attention_batch_5", Attention, IMAGE, 17, 5),
    ("window_attention", WindowAttention, (3, 8, 8), 13, True),
    ("window_attention_batch_5", WindowAttention, (3, 8, 8), 17, 5),
    ("group_norm", group_norm, IMAGE, 13, True),
    ("signal", signal, (2, 40), 13, True),
    ("conv_attributes", conv_attributes, (4, 13, 14), 13, True),
    ("conv_attributes_batch_5", conv_attributes, (4, 13, 14), 11, 5),
    ("gelu_17", gelu, (3, 12, 12), 17, False),
    ("hard_swish_9", hard_swish, IMAGE, 9, False),
    ("inverted_residual_9", inverted_residual, IMAGE, 9, False),
]
