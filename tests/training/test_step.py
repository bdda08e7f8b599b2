"""What an update computes: the loop's weights against the published training step, written out in float64."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from onlstm_parse.models import CATALOGUE
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.dropout import dropconnect, embedding_dropout, variational_dropout
from onlstm_parse.ops.on_lstm.reference import on_lstm_reference
from onlstm_parse.runs import WEIGHTS, read_tensors
from onlstm_parse.text.batches import Stream
from onlstm_parse.text.corpus import PreparedText
from onlstm_parse.training.config import RECIPES, TrainingConfig
from onlstm_parse.training.loop import Trainer
from onlstm_parse.training.objective import Validation
from onlstm_parse.training.progress import Display
from onlstm_parse.training.streams import StreamObjective

WORDS, COLUMNS, BPTT = 11, 3, 4
IDS = np.random.default_rng(1).integers(0, WORDS, 1 + COLUMNS * 10)  # a pass is windows of 4, 4 and 2 steps
NOTHING = dict.fromkeys(("embedding", "input", "between", "output"), 0.0)
MODEL = ModelConfig(
    embedding=8,
    hidden=12,
    chunk=4,
    softmax="full",
    dropconnect=0.0,
    **{f"dropout_{name}": rate for name, rate in NOTHING.items()},
)
PLAIN = TrainingConfig(
    batch_size=COLUMNS,
    bptt=BPTT,
    learning_rate=0.05,
    warmup=0.0,
    weight_decay=0.0,
    clip=100.0,
    activation_penalty=0.0,
    temporal_penalty=0.0,
    precision="fp32",
    device="cpu",
    validate_every=10**6,
)
PAPER = replace(PLAIN, recipe="paper", learning_rate=1.0)
MODELS = {
    "dropout_embedding": {"dropout_embedding": 0.4},
    "dropout_input": {"dropout_input": 0.4},
    "dropout_between": {"dropout_between": 0.4},
    "dropout_output": {"dropout_output": 0.4},
    "dropconnect": {"dropconnect": 0.4},
}
TRAININGS = {
    "nothing": PLAIN,
    "activation penalty": replace(PLAIN, activation_penalty=2.0),
    "temporal penalty": replace(PLAIN, temporal_penalty=3.0),
    "both penalties": replace(PLAIN, activation_penalty=2.0, temporal_penalty=3.0),
    "clipping": replace(PLAIN, clip=0.01),
    "weight decay": replace(PLAIN, weight_decay=0.3),
    "warm-up": replace(PLAIN, warmup=0.5),
    "SGD": PAPER,
    "SGD, clipping": replace(PAPER, clip=0.01),
    "SGD, weight decay": replace(PAPER, weight_decay=0.3),
    "SGD, varied windows": replace(PAPER, variable_bptt=True, bptt=7),
}


def windows(config):
    """Starts, lengths and whether a pass begins, for two passes."""
    stream = Stream(IDS, COLUMNS, config.bptt)
    for epoch in range(2):
        lengths = stream.lengths(epoch, config.seed) if config.variable_bptt else [BPTT, BPTT, 2]
        starts = np.cumsum([0, *lengths[:-1]])
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
            yield int(start), int(length), number == 0


class PlainTraining:
    """Merity et al. 2018 and Shen et al. 2019 in plain PyTorch; AdamW as Loshchilov and Hutter 2019."""

    def __init__(self, model, config, budget):
        self.sizes, self.config, self.budget = model.config, config, budget
        self.weights = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
        self.first = {name: torch.zeros_like(p) for name, p in self.weights.items()}
        self.second = {name: torch.zeros_like(p) for name, p in self.weights.items()}
        self.tokens = self.updates = 0

    def loss(self, inputs, targets):
        w, sizes, config = self.weights, self.sizes, self.config
        x = embedding_dropout(inputs, w["embedding.weight"], sizes.dropout_embedding, True)
        x = variational_dropout(x, sizes.dropout_input, True)
        for k in range(3):
            names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
            weight_ih, bias_ih, weight_hh, bias_hh = (w[f"layers.{k}.{name}"] for name in names)
            weight_hh = dropconnect(weight_hh, sizes.dropconnect, True)
            result = on_lstm_reference(x, *self.state[k], weight_ih, bias_ih, weight_hh, bias_hh)
            self.state[k] = result.h.detach(), result.c.detach()
            rate = sizes.dropout_output if k == 2 else sizes.dropout_between
            x = variational_dropout(result.out, rate, True)
        logits = x @ w["embedding.weight"].T + w["bias"]
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        change = result.out[1:] - result.out[:-1]
        penalty = config.temporal_penalty * change.square().mean() if len(change) else 0.0
        return loss + config.activation_penalty * x.square().mean() + penalty

    def update(self, start, length, begins):
        if begins:
            widths = [size for _, size in self.sizes.layer_sizes()]
            zeros = [torch.zeros(COLUMNS, width, dtype=torch.float64) for width in widths]
            self.state = [(zero, zero.view(COLUMNS, -1, self.sizes.chunk)) for zero in zeros]
        columns = torch.from_numpy(np.stack(np.split(IDS[:-1], COLUMNS), 1))
        following = torch.from_numpy(np.stack(np.split(IDS[1:], COLUMNS), 1))
        inputs = columns[start : start + length]
        loss = self.loss(inputs, following[start : start + length])
        gradients = dict(zip(self.weights, torch.autograd.grad(loss, self.weights.values()), strict=True))
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients.values()))
        factor = min(1.0, self.config.clip / (norm + 1e-6))
        self.step({name: factor * gradient for name, gradient in gradients.items()}, len(inputs))
        self.tokens += inputs.numel()

    @torch.no_grad()
    def step(self, gradients, steps):
        config = self.config
        self.updates += 1
        done = self.tokens / self.budget
        for name, w in self.weights.items():
            scale = CATALOGUE["on-lstm"].lr_scale if name.startswith("layers.") else 1.0
            if config.recipe == "paper":
                rate = scale * config.learning_rate * steps / config.bptt
                w -= rate * (gradients[name] + config.weight_decay * w)
                continue
            if done < config.warmup:
                rate = scale * config.learning_rate * done / config.warmup
            else:
                part = (done - config.warmup) / (1 - config.warmup)
                rate = scale * config.learning_rate * (1 + math.cos(math.pi * part)) / 2
            w *= 1 - rate * config.weight_decay
            self.first[name] = 0.9 * self.first[name] + 0.1 * gradients[name]
            self.second[name] = 0.999 * self.second[name] + 0.001 * gradients[name] ** 2
            first = self.first[name] / (1 - 0.9**self.updates)
            second = self.second[name] / (1 - 0.999**self.updates)
            w -= rate * first / (second.sqrt() + 1e-8)


def trained(updates, sizes, config, folder, validate=None):
    """The loop's trainer and the plain training, both after so many updates."""
    chosen = list(windows(config))[:updates]
    budget = COLUMNS * sum(length for _, length, _ in chosen)
    torch.manual_seed(3)
    model = LanguageModel(sizes, WORDS).double()
    plain = PlainTraining(model, config, budget)
    objective = StreamObjective(model, PreparedText(None, IDS, IDS), replace(config, tokens=budget))
    if validate:
        objective.validate = validate
    trainer = Trainer(objective, replace(config, tokens=budget), folder, Display(quiet=True))
    torch.manual_seed(5)
    trainer.run()
    assert trainer.progress.updates == updates
    torch.manual_seed(5)
    return trainer, plain, chosen


def check_same(weights, expected):
    """AdamW amplifies the rounding of small gradients, and penalties are sums in float32."""
    for name, found in weights.items():
        torch.testing.assert_close(found.detach(), expected[name].detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("updates", [1, 3, 5])
@pytest.mark.parametrize("name", [*TRAININGS, *MODELS])
def test_updates_are_those_of_the_plain_step(name, updates, tmp_path):
    sizes, config = replace(MODEL, **MODELS.get(name, {})), TRAININGS.get(name, PLAIN)
    if name == "SGD, varied windows":
        updates = min(updates, len(list(windows(config))))
    trainer, plain, chosen = trained(updates, sizes, config, tmp_path)
    for window in chosen:
        plain.update(*window)
    check_same(dict(trainer.model.named_parameters()), plain.weights)


def test_layers_have_their_own_learning_rate(tmp_path, monkeypatch):
    monkeypatch.setitem(CATALOGUE.entries, "on-lstm", replace(CATALOGUE["on-lstm"], lr_scale=0.3))
    trainer, plain, chosen = trained(3, MODEL, PLAIN, tmp_path)
    for window in chosen:
        plain.update(*window)
    check_same(dict(trainer.model.named_parameters()), plain.weights)


def test_weights_are_averaged_once_validation_stalls(tmp_path):
    """Figures 5, 6: the second is worse than the best before it. Updates 3 to 5 are averaged and saved."""
    figures = iter([5.0, 6.0, 4.0, 3.0, 2.0])
    config = replace(PAPER, patience=1, validate_every=1)
    trainer, plain, chosen = trained(5, MODEL, config, tmp_path, lambda: Validation(next(figures)))
    seen = []
    for window in chosen:
        plain.update(*window)
        seen.append({name: weight.detach().clone() for name, weight in plain.weights.items()})
    check_same(dict(trainer.model.named_parameters()), seen[-1])
    saved, _ = read_tensors(tmp_path / WEIGHTS)
    check_same(saved, {name: torch.stack([w[name] for w in seen[2:]]).mean(0) for name in saved})


def test_adamw_never_averages(tmp_path):
    figures = iter([5.0, 6.0, 7.0])
    config = replace(PLAIN, patience=1, validate_every=1)
    trainer, _, _ = trained(3, MODEL, config, tmp_path, lambda: Validation(next(figures)))
    assert trainer.average.updates == 0


def test_the_weights_with_the_best_figure_are_kept(tmp_path):
    figures = iter([5.0, 4.0, 4.5])
    config = replace(PLAIN, validate_every=1)
    _, plain, chosen = trained(3, MODEL, config, tmp_path, lambda: Validation(next(figures)))
    for window in chosen[:2]:
        plain.update(*window)
    saved, _ = read_tensors(tmp_path / WEIGHTS)
    check_same(saved, plain.weights)


def test_the_published_recipe():
    """Shen et al. 2019, appendix; Merity et al. 2018."""
    paper = RECIPES["paper"]
    assert (paper.learning_rate, paper.clip, paper.bptt, paper.batch_size) == (30.0, 0.25, 70, 20)
    assert (paper.activation_penalty, paper.temporal_penalty) == (2.0, 1.0)
    assert (paper.weight_decay, paper.patience, paper.variable_bptt) == (1.2e-6, 5, True)
    sizes = ModelConfig()
    rates = (sizes.dropout_embedding, sizes.dropout_input, sizes.dropout_between, sizes.dropout_output)
    assert (*rates, sizes.dropconnect) == (0.1, 0.5, 0.3, 0.45, 0.45)
