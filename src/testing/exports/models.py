"""Small networks with random weights in the style of models that people export."""
import math
import torch
from torch import nn
from torch.nn import functional as F


def heads(x, count):
    batch, length, width = x.shape
    return x.reshape(batch, length, count, width // count).transpose(1, 2)


def merged(x):
    return x.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    def __init__(self, dim, count, context=None):
        super().__init__()
        self.count = count
        self.q, self.k, self.v = nn.Linear(dim, dim), nn.Linear(context or dim, dim, bias=False), nn.Linear(context or dim, dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, context=None, mask=None):
        context = x if context is None else context
        q, k, v = (heads(f(y), self.count) for f, y in ((self.q, x), (self.k, context), (self.v, context)))
        return self.proj(merged(F.scaled_dot_product_attention(q, k, v, attn_mask=mask)))


class Mlp(nn.Sequential):
    def __init__(self, dim, approximate='none'):
        super().__init__(nn.Linear(dim, 2 * dim), nn.GELU(approximate=approximate), nn.Linear(2 * dim, dim))


class VitLayerScale(nn.Module):
    """timm's ViT with a class token and LayerScale, as DINOv2."""

    def __init__(self, dim=16):
        super().__init__()
        self.patch = nn.Conv2d(3, dim, 4, 4)
        self.cls, self.pos = nn.Parameter(torch.zeros(1, 1, dim)), nn.Parameter(torch.zeros(1, 17, dim))
        self.norm1, self.attn, self.ls1 = nn.LayerNorm(dim, eps=1e-6), Attention(dim, 2), nn.Parameter(torch.ones(dim))
        self.norm2, self.mlp, self.ls2 = nn.LayerNorm(dim, eps=1e-6), Mlp(dim), nn.Parameter(torch.ones(dim))
        self.norm = nn.LayerNorm(dim)

    def forward(self, pixels):
        x = self.patch(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        x = x + self.ls1 * self.attn(self.norm1(x))
        x = x + self.ls2 * self.mlp(self.norm2(x))
        return self.norm(x)[:, 0]


class Swin(nn.Module):
    """A shifted-window block with relative position bias, and patch merging."""

    def __init__(self, dim=12, count=3, size=8, window=4, shift=2):
        super().__init__()
        self.count, self.size, self.window, self.shift = count, size, window, shift
        self.norm1, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, count))
        at = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing='ij')).flatten(1)
        apart = (at[:, :, None] - at[:, None, :]).permute(1, 2, 0) + window - 1
        self.register_buffer('index', apart[..., 0] * (2 * window - 1) + apart[..., 1])
        region = torch.zeros(1, size, size, 1)
        cuts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                region[:, rows, columns] = 3 * i + j
        own = self.windows(region).squeeze(-1)
        self.register_buffer('mask', torch.where(own[:, None, :] == own[:, :, None], 0.0, -100.0))
        self.norm2, self.mlp = nn.LayerNorm(dim), Mlp(dim)
        self.norm3, self.reduce = nn.LayerNorm(4 * dim), nn.Linear(4 * dim, 2 * dim, bias=False)

    def windows(self, x):
        b, h, w, c = x.shape
        n = self.window
        return x.view(b, h // n, n, w // n, n, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, n * n, c)

    def forward(self, x):
        b, h, w, c = x.shape
        n, s = self.window, self.shift
        y = self.windows(torch.roll(self.norm1(x), (-s, -s), (1, 2)))
        q, k, v = self.qkv(y).reshape(-1, n * n, 3, self.count, c // self.count).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q * (c // self.count) ** -0.5) @ k.transpose(-2, -1)
        scores = scores + self.table[self.index.view(-1)].view(n * n, n * n, -1).permute(2, 0, 1).unsqueeze(0)
        count = self.mask.shape[0]
        scores = (scores.view(-1, count, self.count, n * n, n * n) + self.mask[None, :, None]).view(-1, self.count, n * n, n * n)
        y = self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, n * n, c))
        y = y.view(b, h // n, w // n, n, n, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        x = x + torch.roll(y, (s, s), (1, 2))
        x = x + self.mlp(self.norm2(x))
        x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
        return self.reduce(self.norm3(x))


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ChannelsFirstNorm(nn.Module):
    """ConvNeXt's own, written out."""

    def __init__(self, dim):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        return self.weight[:, None, None] * ((x - mean) / torch.sqrt(variance + 1e-6)) + self.bias[:, None, None]


class ConvNext(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.stem, self.norm0 = nn.Conv2d(3, dim, 4, 4), LayerNorm2d(dim, eps=1e-6)
        self.dw, self.norm, self.mlp, self.gamma = nn.Conv2d(dim, dim, 7, padding=3, groups=dim), nn.LayerNorm(dim, eps=1e-6), Mlp(dim), nn.Parameter(torch.ones(dim))
        self.norm1, self.down = ChannelsFirstNorm(dim), nn.Conv2d(dim, 2 * dim, 2, 2)
        self.norm2, self.head = nn.LayerNorm(2 * dim), nn.Linear(2 * dim, 5)

    def forward(self, pixels):
        x = self.norm0(self.stem(pixels))
        x = x + (self.gamma * self.mlp(self.norm(self.dw(x).permute(0, 2, 3, 1)))).permute(0, 3, 1, 2)
        x = self.down(self.norm1(x))
        return self.head(self.norm2(x.mean([-2, -1])))


class ResnetAttentionPool(nn.Module):
    """OpenAI's ModifiedResNet: a bottleneck with an antialiased stride, and the attention pool."""

    def __init__(self, dim=16):
        super().__init__()
        self.conv0, self.bn0 = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.conv1, self.bn1 = nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.conv3, self.bn3 = nn.Conv2d(8, dim, 1, bias=False), nn.BatchNorm2d(dim)
        self.side, self.side_bn = nn.Conv2d(8, dim, 1, bias=False), nn.BatchNorm2d(dim)
        self.pos = nn.Parameter(torch.zeros(17, dim))
        self.q, self.k, self.v, self.c = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, 10)

    def forward(self, pixels):
        x = F.relu(self.bn0(self.conv0(pixels)))
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.avg_pool2d(F.relu(self.bn2(self.conv2(y))), 2)
        x = F.relu(self.bn3(self.conv3(y)) + self.side_bn(self.side(F.avg_pool2d(x, 2))))
        x = x.flatten(2).permute(2, 0, 1)
        x = torch.cat([x.mean(0, keepdim=True), x]) + self.pos[:, None]
        y, _ = F.multi_head_attention_forward(
            x[:1], x, x, x.shape[-1], 4, None, torch.cat([self.q.bias, self.k.bias, self.v.bias]), None, None, False, 0.0, self.c.weight, self.c.bias, training=False, need_weights=False,
            use_separate_proj_weight=True, q_proj_weight=self.q.weight, k_proj_weight=self.k.weight, v_proj_weight=self.v.weight)
        return y.squeeze(0)


class EvaRotary(nn.Module):
    """EVA-02: rotary positions of patches, biases for q and v only, SwiGLU with a norm inside."""

    def __init__(self, dim=16, count=2):
        super().__init__()
        self.count = count
        self.patch, self.cls = nn.Conv2d(3, dim, 4, 4), nn.Parameter(torch.zeros(1, 1, dim))
        self.norm1, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.norm2, self.w1, self.w2, self.inner, self.w3 = nn.LayerNorm(dim), nn.Linear(dim, 24), nn.Linear(dim, 24), nn.LayerNorm(24), nn.Linear(24, dim)
        width = dim // count
        angle = torch.arange(4.0)[:, None] * 10000.0 ** (-torch.arange(0, width // 2, 2.0) / (width // 2))
        grid = torch.cat([angle[:, None].expand(4, 4, -1), angle[None].expand(4, 4, -1)], -1).reshape(16, -1).repeat_interleave(2, -1)
        self.register_buffer('cos', grid.cos())
        self.register_buffer('sin', grid.sin())

    def turn(self, x):
        head, rest = x[:, :, :1], x[:, :, 1:]
        turned = torch.stack([-rest[..., 1::2], rest[..., ::2]], -1).reshape(rest.shape)
        return torch.cat([head, rest * self.cos + turned * self.sin], 2)

    def forward(self, pixels):
        x = self.patch(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1)
        b, n, c = x.shape
        qkv = F.linear(self.norm1(x), self.qkv.weight, torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias]))
        q, k, v = qkv.reshape(b, n, 3, self.count, -1).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.proj(merged(F.scaled_dot_product_attention(self.turn(q), self.turn(k), v)))
        y = self.norm2(x)
        return x + self.w3(self.inner(F.silu(self.w1(y)) * self.w2(y)))


def sinusoid(t, width):
    frequencies = torch.exp(-math.log(10000) * torch.arange(width // 2, dtype=torch.float32, device=t.device) / (width // 2)).to(t.dtype)
    angle = t[:, None] * frequencies[None]
    return torch.cat([angle.cos(), angle.sin()], -1)


class Dit(nn.Module):
    """A DiT block: AdaLN-zero from time and class, patches joined again by einsum."""

    def __init__(self, dim=16):
        super().__init__()
        self.patch, self.pos = nn.Conv2d(4, dim, 2, 2), nn.Parameter(torch.zeros(1, 16, dim))
        self.time, self.label = nn.Sequential(nn.Linear(8, dim), nn.SiLU(), nn.Linear(dim, dim)), nn.Embedding(5, dim)
        self.norm1, self.attn, self.norm2, self.mlp = nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6), Attention(dim, 2), nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6), Mlp(dim, 'tanh')
        self.modulate = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.norm, self.out = nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6), nn.Linear(dim, 16)

    def forward(self, sample, t, y):
        x = self.patch(sample).flatten(2).transpose(1, 2) + self.pos
        c = self.time(sinusoid(t, 8)) + self.label(y)
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulate(c).chunk(6, 1)
        x = x + gate1.unsqueeze(1) * self.attn(self.norm1(x) * (1 + scale1.unsqueeze(1)) + shift1.unsqueeze(1))
        x = x + gate2.unsqueeze(1) * self.mlp(self.norm2(x) * (1 + scale2.unsqueeze(1)) + shift2.unsqueeze(1))
        x = self.out(self.norm(x)).reshape(x.shape[0], 4, 4, 2, 2, 4)
        return torch.einsum('nhwpqc->nchpwq', x).reshape(x.shape[0], 4, 8, 8)


class ResBlock(nn.Module):
    def __init__(self, cin, cout, time):
        super().__init__()
        self.norm1, self.conv1, self.time = nn.GroupNorm(4, cin), nn.Conv2d(cin, cout, 3, padding=1), nn.Linear(time, cout)
        self.norm2, self.conv2, self.skip = nn.GroupNorm(4, cout), nn.Conv2d(cout, cout, 3, padding=1), nn.Conv2d(cin, cout, 1)

    def forward(self, x, t):
        y = self.conv1(F.silu(self.norm1(x))) + self.time(F.silu(t))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(y)))


class Spatial(nn.Module):
    """Transformer2DModel with linear projections: self attention, cross attention, GEGLU."""

    def __init__(self, dim, context):
        super().__init__()
        self.norm, self.enter, self.leave = nn.GroupNorm(4, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.norm1, self.attn1, self.norm2, self.attn2 = nn.LayerNorm(dim), Attention(dim, 2), nn.LayerNorm(dim), Attention(dim, 2, context)
        self.norm3, self.gate, self.out = nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x, context):
        b, c, h, w = x.shape
        y = self.enter(self.norm(x).permute(0, 2, 3, 1).reshape(b, h * w, c))
        y = y + self.attn1(self.norm1(y))
        y = y + self.attn2(self.norm2(y), context)
        value, gate = self.gate(self.norm3(y)).chunk(2, -1)
        y = self.leave(y + self.out(value * F.gelu(gate)))
        return x + y.reshape(b, h, w, c).permute(0, 3, 1, 2)


class SdxlUnet(nn.Module):
    """Two text encoders' states side by side, pooled text and sizes added to the time, one level down and up."""

    def __init__(self, dim=8):
        super().__init__()
        self.time, self.added = nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 16)), nn.Sequential(nn.Linear(6 + 6 * 4, 16), nn.SiLU(), nn.Linear(16, 16))
        self.enter, self.res1, self.down = nn.Conv2d(4, dim, 3, padding=1), ResBlock(dim, dim, 16), nn.Conv2d(dim, dim, 3, 2, 1)
        self.mid1, self.spatial, self.up, self.res2 = ResBlock(dim, dim, 16), Spatial(dim, 12), nn.Conv2d(dim, dim, 3, padding=1), ResBlock(2 * dim, dim, 16)
        self.norm, self.leave = nn.GroupNorm(4, dim), nn.Conv2d(dim, 4, 3, padding=1)

    def forward(self, sample, timestep, text1, text2, text_embeds, time_ids):
        t = self.time(sinusoid(timestep, 8)) + self.added(torch.cat([text_embeds, sinusoid(time_ids.flatten(), 4).reshape(time_ids.shape[0], -1)], -1))
        context = torch.cat([text1, text2], -1)
        x = self.enter(sample)
        skip = self.res1(x, t)
        x = self.spatial(self.mid1(self.down(skip), t), context)
        x = self.up(F.interpolate(x, scale_factor=2.0, mode='nearest'))
        return self.leave(F.silu(self.norm(self.res2(torch.cat([x, skip], 1), t))))


class Taesd(nn.Module):
    """The tiny autoencoder: encoder and decoder."""

    def __init__(self, dim=10):
        super().__init__()
        block = lambda: nn.Sequential(nn.Conv2d(dim, dim, 3, padding=1), nn.ReLU(), nn.Conv2d(dim, dim, 3, padding=1))
        self.e0, self.e1, self.e2, self.e3 = nn.Conv2d(3, dim, 3, padding=1), block(), nn.Conv2d(dim, dim, 3, 2, 1, bias=False), nn.Conv2d(dim, 4, 3, padding=1)
        self.d0, self.d1, self.d2, self.d3 = nn.Conv2d(4, dim, 3, padding=1), block(), nn.Conv2d(dim, dim, 3, padding=1, bias=False), nn.Conv2d(dim, 3, 3, padding=1)

    def forward(self, pixels):
        x = self.e0(pixels)
        x = F.relu(self.e1(x) + x)
        latent = self.e3(self.e2(x))
        x = F.relu(self.d0(torch.tanh(latent / 3) * 3))
        x = F.relu(self.d1(x) + x)
        return latent, self.d3(self.d2(F.interpolate(x, scale_factor=2)))


class Pixart(nn.Module):
    """AdaLN-single: one modulation for all blocks, a table for each; cross attention to masked captions."""

    def __init__(self, dim=16):
        super().__init__()
        self.patch, self.time, self.single = nn.Conv2d(4, dim, 2, 2), nn.Sequential(nn.Linear(8, dim), nn.SiLU(), nn.Linear(dim, dim)), nn.Linear(dim, 6 * dim)
        self.caption = nn.Sequential(nn.Linear(12, dim), nn.GELU('tanh'), nn.Linear(dim, dim))
        self.table, self.last = nn.Parameter(torch.zeros(6, dim)), nn.Parameter(torch.zeros(2, dim))
        self.norm1, self.attn1, self.attn2, self.norm2, self.mlp = nn.LayerNorm(dim, elementwise_affine=False), Attention(dim, 2), Attention(dim, 2), nn.LayerNorm(dim, elementwise_affine=False), Mlp(dim, 'tanh')
        self.norm, self.out = nn.LayerNorm(dim, elementwise_affine=False), nn.Linear(dim, 32)

    def forward(self, sample, t, states, mask):
        x = self.patch(sample).flatten(2).transpose(1, 2)
        time = self.time(sinusoid(t, 8))
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.table[None] + self.single(F.silu(time)).reshape(x.shape[0], 6, -1)).chunk(6, 1)
        bias = ((1 - mask.to(x.dtype)) * -10000.0)[:, None, None]
        x = x + gate1 * self.attn1(self.norm1(x) * (1 + scale1) + shift1)
        x = x + self.attn2(x, self.caption(states), bias)
        x = x + gate2 * self.mlp(self.norm2(x) * (1 + scale2) + shift2)
        shift, scale = (self.last[None] + time[:, None]).chunk(2, 1)
        x = self.out(self.norm(x) * (1 + scale) + shift)
        return x.reshape(x.shape[0], 4, 4, 2, 2, 8).permute(0, 5, 1, 3, 2, 4).reshape(x.shape[0], 8, 8, 8).chunk(2, 1)[0]


class MobileClip(nn.Module):
    """A reparameterisable mixing block (three branches), squeeze and excitation, a convolutional feed-forward part, attention over pixels."""

    def __init__(self, dim=12):
        super().__init__()
        self.stem, self.stem_bn = nn.Conv2d(3, dim, 3, 2, 1, bias=False), nn.BatchNorm2d(dim)
        self.conv3, self.bn3, self.conv1, self.bn1, self.bn = nn.Conv2d(dim, dim, 3, padding=1, groups=dim, bias=False), nn.BatchNorm2d(dim), nn.Conv2d(dim, dim, 1, groups=dim, bias=False), nn.BatchNorm2d(dim), nn.BatchNorm2d(dim)
        self.squeeze, self.excite = nn.Conv2d(dim, 4, 1), nn.Conv2d(4, dim, 1)
        self.dw, self.dw_bn, self.fc1, self.fc2, self.scale = nn.Conv2d(dim, dim, 7, padding=3, groups=dim, bias=False), nn.BatchNorm2d(dim), nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(2 * dim, dim, 1), nn.Parameter(torch.ones(dim, 1, 1))
        self.down, self.norm, self.attn, self.head = nn.Conv2d(dim, dim, 2, 2, groups=dim), nn.BatchNorm2d(dim), Attention(dim, 3), nn.Linear(dim, 8)

    def forward(self, pixels):
        x = F.gelu(self.stem_bn(self.stem(pixels)))
        x = self.bn3(self.conv3(x)) + self.bn1(self.conv1(x)) + self.bn(x)
        x = F.gelu(x * torch.sigmoid(self.excite(F.relu(self.squeeze(F.avg_pool2d(x, x.shape[-2:]))))))
        x = x + self.scale * self.fc2(F.gelu(self.fc1(self.dw_bn(self.dw(x)))))
        x = self.down(x)
        b, c, h, w = x.shape
        x = x + self.attn(self.norm(x).flatten(2).transpose(1, 2)).transpose(1, 2).reshape(b, c, h, w)
        return F.normalize(self.head(F.adaptive_avg_pool2d(x, 1).flatten(1)), dim=-1)


def picture(size=16, channels=3, batch=2):
    return torch.randn(batch, channels, size, size)


# name -> network, exporter, operator set, inputs by name
MODELS = {
    'vit-layerscale': lambda: (VitLayerScale(), 'dynamo', 20, {'pixels': picture()}),
    'swin': lambda: (Swin(), 'script', 17, {'x': torch.randn(2, 8, 8, 12)}),
    'convnext': lambda: (ConvNext(), 'script', 16, {'pixels': picture()}),
    'resnet-attention-pool': lambda: (ResnetAttentionPool(), 'script', 14, {'pixels': picture()}),
    'eva-rotary': lambda: (EvaRotary(), 'dynamo', 18, {'pixels': picture()}),
    'dit': lambda: (Dit(), 'dynamo', 18, {'sample': picture(8, 4), 't': torch.tensor([3.0, 721.0]), 'y': torch.tensor([1, 4])}),
    'sdxl-unet': lambda: (SdxlUnet(), 'script', 17, {'sample': picture(8, 4), 'timestep': torch.tensor([11.0, 500.0]), 'text1': torch.randn(2, 5, 5), 'text2': torch.randn(2, 5, 7), 'text_embeds': torch.randn(2, 6), 'time_ids': torch.tensor([[8.0, 8, 0, 0, 8, 8], [8, 6, 1, 0, 8, 8]])}),
    'taesd': lambda: (Taesd(), 'script', 13, {'pixels': picture(8)}),
    'pixart': lambda: (Pixart(), 'dynamo', 20, {'sample': picture(8, 4), 't': torch.tensor([3.0, 721.0]), 'states': torch.randn(2, 6, 12), 'mask': torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])}),
    'mobileclip': lambda: (MobileClip(), 'script', 17, {'pixels': picture()}),
}
