"""Every layer is its equations: a plain loop in float64, and PyTorch's own modules with the same weights."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import gelu, layer_norm, linear

from onlstm_parse.models import MODELS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.hierarchical_attention import SCALES
from onlstm_parse.models.tcn import DILATIONS
from onlstm_parse.ops.master_gates import cumax, master_input_gate
from onlstm_parse.ops.on_lstm.reference import on_lstm_reference

CONFIG = ModelConfig(embedding=8, hidden=8, chunk=4, kernel=3, heads=2, context=4, window=3)
STEPS, BATCH, INPUTS, HIDDEN = 14, 2, 5, 8


def movement(states):
    before = torch.cat((torch.zeros_like(states[:1]), states[:-1]))
    return (states - before).abs().mean(-1) / 2


def rnn(layer, x):
    h, outputs = x.new_zeros(BATCH, HIDDEN), []
    for step in x:
        h = torch.tanh(
            linear(step, layer.weight_ih, layer.bias_ih) + linear(h, layer.weight_hh, layer.bias_hh)
        )
        outputs.append(h)
    return torch.stack(outputs), movement(torch.stack(outputs))


def lstm(layer, x):
    return peephole(layer, x, torch.zeros(3, HIDDEN).double())


def lstm_peephole(layer, x):
    return peephole(layer, x, layer.peephole)


def peephole(layer, x, eyes):
    h = c = x.new_zeros(BATCH, HIDDEN)
    outputs, levels = [], []
    for step in x:
        gates = linear(step, layer.weight_ih, layer.bias_ih) + linear(h, layer.weight_hh, layer.bias_hh)
        i, f, z, o = gates.chunk(4, -1)
        i, f = torch.sigmoid(i + eyes[0] * c), torch.sigmoid(f + eyes[1] * c)
        c = f * c + i * torch.tanh(z)
        h = torch.sigmoid(o + eyes[2] * c) * torch.tanh(c)
        outputs.append(h)
        levels.append(1 - f.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def gru(layer, x, h=None):
    h = x.new_zeros(x.shape[1], HIDDEN) if h is None else h
    outputs, levels = [], []
    for step in x:
        r, z, n = linear(step, layer.weight_ih, layer.bias_ih).chunk(3, -1)
        r_h, z_h, n_h = linear(h, layer.weight_hh, layer.bias_hh).chunk(3, -1)
        z = torch.sigmoid(z + z_h)
        h = z * h + (1 - z) * torch.tanh(n + torch.sigmoid(r + r_h) * n_h)
        outputs.append(h)
        levels.append(1 - z.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def mgu(layer, x):
    h, outputs, levels = x.new_zeros(BATCH, HIDDEN), [], []
    for step in x:
        f, new = linear(step, layer.weight_ih, layer.bias_ih).chunk(2, -1)
        f_h, new_h = linear(h, layer.weight_hh, layer.bias_hh).chunk(2, -1)
        f = torch.sigmoid(f + f_h)
        h = (1 - f) * h + f * torch.tanh(new + f * new_h)
        outputs.append(h)
        levels.append(f.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def minimal_rnn(layer, x):
    h, outputs, levels = x.new_zeros(BATCH, HIDDEN), [], []
    for step in x:
        z = torch.tanh(layer.enter(step))
        u = torch.sigmoid(
            linear(z, layer.weight_ih, layer.bias_ih) + linear(h, layer.weight_hh, layer.bias_hh)
        )
        h = u * h + (1 - u) * z
        outputs.append(h)
        levels.append(1 - u.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def on_gru(layer, x):
    h, n, c = x.new_zeros(BATCH, HIDDEN), HIDDEN // CONFIG.chunk, CONFIG.chunk
    outputs, levels = [], []
    for step in x:
        a = linear(step, layer.weight_ih, layer.bias_ih).split([n, n, HIDDEN, HIDDEN, HIDDEN], -1)
        b = linear(h, layer.weight_hh, layer.bias_hh).split([n, n, HIDDEN, HIDDEN, HIDDEN], -1)
        i_master = master_input_gate(a[0] + b[0], layer.config.master_input)
        f_master = cumax(a[1] + b[1])
        r, z = torch.sigmoid(a[2] + b[2]), torch.sigmoid(a[3] + b[3])
        new = torch.tanh(a[4] + r * b[4])
        f_units, i_units = f_master.repeat_interleave(c, -1), i_master.repeat_interleave(c, -1)
        both = f_units * i_units
        h = (z * both + f_units - both) * h + ((1 - z) * both + i_units - both) * new
        outputs.append(h)
        levels.append(1 - f_master.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def on_lstm(layer, x):
    h, c = layer.initial_state(BATCH)
    weights = (layer.weight_ih, layer.bias_ih, layer.weight_hh, layer.bias_hh)
    result = on_lstm_reference(x, h, c, *weights, layer.config.master_input)
    return result.out, result.level_forget


def on_lstm_bidirectional(layer, x):
    return bidirectional(layer, x, on_lstm)


def rnn_bidirectional(layer, x):
    return bidirectional(layer, x, {"lstm": lstm, "tanh": rnn}[layer.config.cell])


def bidirectional(layer, x, direction):
    right, from_left = direction(layer.forwards, x)
    left, from_right = direction(layer.backwards, x.flip(0))
    levels = [from_left[0]]
    for t in range(1, STEPS):  # the backward direction reads token t - 1 at step STEPS - t
        pair = torch.stack((from_left[t], from_right[STEPS - t]))
        levels.append(pair.mean(0) if layer.config.directions == "mean" else pair.max(0).values)
    return right + left.flip(0) @ layer.turn.weight.t(), torch.stack(levels)


def sru(layer, x):
    c, outputs, levels = x.new_zeros(BATCH, HIDDEN), [], []
    for step in x:
        f, r = torch.sigmoid(linear(step, layer.gates.weight, layer.gates.bias)).chunk(2, -1)
        c = f * c + (1 - f) * linear(step, layer.candidate.weight)
        outputs.append(r * torch.tanh(c) + (1 - r) * linear(step, layer.skip.weight))
        levels.append(1 - f.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def on_sru(layer, x):
    c, n, chunk = x.new_zeros(BATCH, HIDDEN), HIDDEN // CONFIG.chunk, CONFIG.chunk
    outputs, levels = [], []
    for step in x:
        parts = linear(step, layer.gates.weight, layer.gates.bias).split([n, n, HIDDEN, HIDDEN, HIDDEN], -1)
        i_master, f_master = master_input_gate(parts[0], layer.config.master_input), cumax(parts[1])
        f, i, r = map(torch.sigmoid, parts[2:])
        f_units, i_units = f_master.repeat_interleave(chunk, -1), i_master.repeat_interleave(chunk, -1)
        both = f_units * i_units
        new = linear(step, layer.candidate.weight)
        c = (f * both + f_units - both) * c + (i * both + i_units - both) * new
        outputs.append(r * torch.tanh(c) + (1 - r) * linear(step, layer.skip.weight))
        levels.append(1 - f_master.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def window(x, t, kernel, dilation=1):
    """The inputs t - (kernel - 1) · dilation, ..., t, side by side; zeros before the beginning."""
    steps = [t - k * dilation for k in reversed(range(kernel))]
    return [x[step] if step >= 0 else torch.zeros_like(x[0]) for step in steps]


def qrnn(layer, x):
    c, outputs, levels = x.new_zeros(BATCH, HIDDEN), [], []
    for t in range(STEPS):
        z, f, o = layer.convolution(torch.cat(window(x, t, CONFIG.kernel), -1)).chunk(3, -1)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(z)
        outputs.append(torch.sigmoid(o) * c)
        levels.append(1 - f.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def glu_cnn(layer, x, dilation=1):
    normal, outputs, levels = layer.norm(x), [], []
    for t in range(STEPS):
        a, b = layer.convolution(torch.cat(window(normal, t, CONFIG.kernel, dilation), -1)).chunk(2, -1)
        gate, through = torch.sigmoid(b), layer.skip(x[t])
        highway = layer.config.gate == "highway"
        outputs.append((1 - gate) * through + gate * a if highway else through + a * gate)
        levels.append(gate.mean(-1))
    return torch.stack(outputs), torch.stack(levels)


def glu_cnn_dilated(layer, x):
    for gated, dilation in zip(layer.convolutions, (1, 2, 4), strict=True):
        x, levels = glu_cnn(gated, x, dilation)
    return x, levels


def separable_cnn(layer, x):
    a, b = layer.enter(layer.norm(x)).chunk(2, -1)
    gated, outputs = a * torch.sigmoid(b), []
    for t in range(STEPS):
        seen = sum(w * y for w, y in zip(layer.taps, window(gated, t, CONFIG.kernel), strict=True))
        outputs.append(linear(x[t], layer.skip.weight) + layer.leave(seen))
    return torch.stack(outputs), torch.sigmoid(b).mean(-1)


def tcn(layer, x):
    x = linear(x, layer.enter.weight)
    for k, dilation in enumerate(DILATIONS):
        y = torch.relu(layer.norms[k](x))
        seen = [window(y, t, CONFIG.kernel, dilation) for t in range(STEPS)]
        if layer.separable:
            seen = [sum(w * part for w, part in zip(layer.taps[k], parts, strict=True)) for parts in seen]
        else:
            seen = [torch.cat(parts, -1) for parts in seen]
        x = x + layer.products[k](torch.stack(seen))
    return x, movement(torch.tanh(x))


def transformer(layer, x, attend):
    """The block around `attend`: normalised x (T, B, H) -> its result (T, B, H) and levels."""
    x = linear(x, layer.enter.weight)
    attended, levels = attend(layer, layer_norm(x, (HIDDEN,), layer.norms[0].weight, layer.norms[0].bias))
    x = x + linear(attended, layer.leave.weight)
    first, _, second = layer.feed_forward
    return x + second(gelu(first(layer.norms[1](x)))), levels


def turned(vector, position):
    """Each pair (k, k + D/2) of units turned by position · 10000^(-2k / D)."""
    half = len(vector) // 2
    angle = position * 10_000 ** (-torch.arange(half, dtype=torch.float64) / half)
    a, b = vector[:half], vector[half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()))


def attention(layer, x):
    return transformer(layer, x, attend)


def attend(layer, x):
    size = HIDDEN // CONFIG.heads
    query, key, value = linear(x, layer.query.weight), *linear(x, layer.key_value.weight).chunk(2, -1)
    out, levels = torch.zeros_like(x), torch.zeros(STEPS, BATCH, CONFIG.heads).double()
    for b in range(BATCH):
        for head in range(CONFIG.heads):
            part, before = slice(head * size, (head + 1) * size), torch.zeros(STEPS).double()
            for t in range(STEPS):
                sees = range(max(0, t - CONFIG.context + 1), t + 1)
                q = turned(query[t, b, part], t)
                scores = [q @ turned(key[j, b, part], j) / math.sqrt(size) for j in sees]
                p = torch.zeros(STEPS).double()
                p[list(sees)] = torch.stack(scores).exp() / torch.stack(scores).exp().sum()
                out[t, b, part] = p @ value[:, b, part]
                levels[t, b, head] = 1 - torch.minimum(p, before).sum()
                before = p
    return out, levels.mean(-1)


def hierarchical_attention(layer, x):
    return transformer(layer, x, attend_to_summaries)


def attend_to_summaries(layer, x):
    size, w = HIDDEN // CONFIG.heads, CONFIG.window
    scales = [[(t, x[t]) for t in range(STEPS)]]  # each element with the token that it ends with
    for _ in range(SCALES - 1):
        below, above = scales[-1], []
        for start in range(0, len(below) - w + 1, w):
            elements = torch.stack([element for _, element in below[start : start + w]])
            shares = (elements @ layer.summary.weight[0]).softmax(0)
            above.append((below[start + w - 1][0], (shares.unsqueeze(-1) * elements).sum(0)))
        scales.append(above)
    out, levels = torch.zeros_like(x), torch.zeros(STEPS, BATCH, CONFIG.heads).double()
    before = {}
    for t in range(STEPS):
        seen = {}  # (scale, number) -> element, distance
        for s, elements in enumerate(scales):
            ended = [k for k, (end, _) in enumerate(elements) if end <= t]
            seen |= {(s, k): (elements[k][1], ended[-1] - k) for k in ended[-w:]}
        for b in range(BATCH):
            for head in range(CONFIG.heads):
                part = slice(head * size, (head + 1) * size)
                q = (layer.query.weight @ x[t, b])[part]
                keys_values = [layer.key_value.weight @ element[b] for element, _ in seen.values()]
                bias = [layer.distance[s, far, head] for (s, _), (_, far) in seen.items()]
                scores = [
                    q @ kv[:HIDDEN][part] / math.sqrt(size) + extra
                    for kv, extra in zip(keys_values, bias, strict=True)
                ]
                p = torch.stack(scores).softmax(0)
                values = torch.stack([kv[HIDDEN:][part] for kv in keys_values])
                out[t, b, part] = p @ values
                now = dict(zip(seen, p, strict=True))
                last = before.get((b, head), {})
                levels[t, b, head] = 1 - sum(min(now[k], last[k]) for k in now.keys() & last.keys())
                before[b, head] = now
    return out, levels.mean(-1)


def sliced_rnn(layer, x):
    g, outputs, levels = x.new_zeros(1, BATCH, HIDDEN), [], []
    for start in range(0, STEPS, CONFIG.window):
        low, low_levels = gru(layer.within, x[start : start + CONFIG.window])
        outputs.append(low + linear(g[-1], layer.down.weight))
        levels.append(low_levels)
        g, _ = gru(layer.above, low[-1:], g[-1])
    return torch.cat(outputs), torch.cat(levels)


def echo_state(layer, x):
    h, states = x.new_zeros(BATCH, HIDDEN), []
    for step in x:
        h = torch.tanh(layer.enter(step) + h @ layer.recurrent.t())
        states.append(h)
    states = torch.stack(states)
    return linear(states, layer.leave.weight), movement(states)


CASES = [
    *({"model": name} for name in MODELS),
    *({"model": name, "master_input": "reversed"} for name in ("on-lstm", "on-gru", "on-sru")),
    {"model": "on-lstm-bidirectional", "directions": "max"},
    {"model": "rnn-bidirectional", "cell": "tanh"},
    {"model": "glu-cnn", "gate": "highway"},
    {"model": "glu-cnn-dilated", "gate": "highway"},
    {"model": "tcn", "convolution": "separable"},
]


@pytest.mark.parametrize("settings", CASES, ids=lambda settings: " ".join(settings.values()))
def test_the_layer_is_its_equations(settings):
    torch.manual_seed(0)
    config = replace(CONFIG, **settings)
    layer = MODELS[config.model](INPUTS, HIDDEN, config).double().eval()
    with torch.no_grad():  # what begins at zero would be tested little
        for parameter in layer.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64, requires_grad=True)
    plain = globals()[config.model.replace("-", "_")]
    out, _, levels = layer(x, layer.initial_state(BATCH))
    found = [out, levels, *gradients((out, levels), [x, *layer.parameters()])]
    again = plain(layer, x)
    for a, b in zip(found, [*again, *gradients(again, [x, *layer.parameters()])], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


def gradients(outputs, leaves):
    draw = torch.Generator().manual_seed(1)
    loss = sum((part * torch.randn(part.shape, generator=draw).double()).sum() for part in outputs)
    return torch.autograd.grad(loss, leaves)


@pytest.mark.parametrize(("name", "module"), [("rnn", "RNN"), ("gru", "GRU"), ("lstm", "LSTM")])
def test_the_layer_is_pytorchs_module(name, module):
    torch.manual_seed(0)
    layer = MODELS[name](INPUTS, HIDDEN, replace(CONFIG, model=name)).double().eval()
    twin = getattr(torch.nn, module)(INPUTS, HIDDEN).double()
    for weight in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(twin, f"{weight}_l0").data = getattr(layer, weight).data
    x = torch.randn(STEPS, BATCH, INPUTS, dtype=torch.float64)
    state = tuple(torch.randn(BATCH, HIDDEN, dtype=torch.float64) for _ in layer.initial_state(BATCH))
    out, state_after, _ = layer(x, state)
    begin = tuple(part.unsqueeze(0) for part in state)
    expected, end = twin(x, begin if name == "lstm" else begin[0])
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-10)
    for a, b in zip(state_after, end if name == "lstm" else (end,), strict=True):
        torch.testing.assert_close(a, b[0], rtol=0, atol=1e-10)


def test_the_echo_state_is_fixed_and_forgets():
    torch.manual_seed(0)
    layer = MODELS["echo-state"](INPUTS, 30, replace(CONFIG, model="echo-state", spectral_radius=0.7))
    assert torch.linalg.eigvals(layer.recurrent).abs().max() == pytest.approx(0.7, abs=1e-5)
    assert "recurrent" in layer.state_dict()
    assert "recurrent" not in dict(layer.named_parameters())
