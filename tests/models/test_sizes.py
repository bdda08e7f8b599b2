"""Every model has the number of parameters that its size says, solved and not kept by hand."""

from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from onlstm_parse.models import CATALOGUE, KINDS, MODELS
from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.config import PARAMETERS, SIZES
from onlstm_parse.models.sizes import encoder_parameters, matched
from onlstm_parse.registry import resolve
from onlstm_parse.training.settings import defaults_for


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_as_many_parameters_as_on_lstm(name, size):
    target = encoder_parameters(SIZES[size])
    config = matched(replace(SIZES[size], model=name))
    assert encoder_parameters(config) == pytest.approx(target, rel=0.03)
    assert (config.embedding, config.layers, config.chunk) == (
        SIZES[size].embedding,
        SIZES[size].layers,
        SIZES[size].chunk,
    )


@pytest.mark.parametrize("size", SIZES)
def test_the_count_that_help_tells(size):
    assert float(PARAMETERS[size].split()[0]) * 1e6 == pytest.approx(
        encoder_parameters(SIZES[size]), rel=0.01
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_counts_are_those_of_a_real_model(name):
    """Parameters are counted on networks without weights."""
    config = defaults_for("tiny", model=name).model
    build = resolve(KINDS[config.kind].network)
    few, more = (build(config, words).parameter_count() for words in (100, 101))
    assert few == encoder_parameters(config) + 100 * (more - few)


def test_other_settings_are_matched_too():
    for settings in ({"convolution": "separable"}, {"kernel": 7}, {"embedding": 128}):
        base = replace(SIZES["tiny"], **settings)
        found = encoder_parameters(matched(replace(base, model="tcn")))
        assert found == pytest.approx(encoder_parameters(base), rel=0.03)


def test_nothing_to_solve():
    one_layer = replace(SIZES["tiny"], layers=1, model="gru")
    assert matched(one_layer) == one_layer
    assert matched(SIZES["small"]) == SIZES["small"]


SCANS = ("sru.forget_mult", "qrnn.forget_mult", "on_sru.linear_scan")


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if entry.parallel])
def test_models_that_read_all_steps_at_once_have_no_loop_over_time(name, monkeypatch):
    """Except in the scan, the number of operations does not depend on the number of steps."""
    for scan in SCANS:
        monkeypatch.setattr(f"onlstm_parse.models.{scan}", lambda gate, x, state: gate * x)
    model = LanguageModel(replace(SIZES["tiny"], model=name), 10).eval()
    counts = []
    for steps in (1, 32, 64):  # the first may look for libraries
        with Counter() as counter, torch.no_grad():
            model(torch.zeros(steps, 1, dtype=torch.long))
        counts.append(counter.operations)
    assert counts[1] == counts[2]


class Counter(TorchDispatchMode):
    operations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.operations += 1
        return function(*args, **(kwargs or {}))
