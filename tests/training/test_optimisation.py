"""AdamW that shortens gradients which outgrow their second moments."""

import math

import pytest
import torch

from onlstm_parse.errors import UsageError
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.optimisation import ClippedAdamW, make_optimiser
from onlstm_parse.training.settings import defaults_for

RATE, BETAS, LARGEST = 0.1, (0.75, 0.99), 2.0


def optimiser(parameters, largest):
    groups = [{"params": parameters}]
    return ClippedAdamW(groups, largest, lr=RATE, weight_decay=0.0, betas=BETAS, fused=True)


def trained(largest, gradients):
    """The weights after these gradients of one tensor."""
    weight = torch.nn.Parameter(torch.zeros_like(gradients[0]))
    one = optimiser([weight], largest)
    for gradient in gradients:
        weight.grad = gradient.clone()
        one.step()
    return weight.detach()


def gradients_with_a_spike(size):
    draw = torch.Generator().manual_seed(0)
    usual = [torch.randn(3, 4, generator=draw, dtype=torch.float64) for _ in range(500)]
    return [*usual, size * torch.ones(3, 4, dtype=torch.float64)]


def by_hand(gradients):
    first = second = weight = torch.zeros_like(gradients[0])
    for number, gradient in enumerate(gradients, 1):
        if number > 1:
            usual = math.sqrt(second.sum() / (1 - BETAS[1] ** (number - 1)))
            gradient = gradient * min(1.0, LARGEST * usual / float(gradient.norm()))
        first = BETAS[0] * first + (1 - BETAS[0]) * gradient
        second = BETAS[1] * second + (1 - BETAS[1]) * gradient**2
        mean, scale = first / (1 - BETAS[0] ** number), second / (1 - BETAS[1] ** number)
        weight = weight - RATE * mean / (scale.sqrt() + 1e-8)
    return weight


@pytest.mark.parametrize("size", [1.0, 3.0, 100.0])
def test_the_formula(size):
    gradients = gradients_with_a_spike(size)
    torch.testing.assert_close(trained(LARGEST, gradients), by_hand(gradients), rtol=1e-6, atol=0)


def test_usual_gradients_are_left_alone():
    gradients = gradients_with_a_spike(1.0)
    assert torch.equal(trained(LARGEST, gradients), trained(None, gradients))


def test_a_spike_moves_weights_less():
    gradients = gradients_with_a_spike(100.0)
    before = trained(None, gradients[:-1])
    free, held = ((trained(largest, gradients) - before).abs().mean() for largest in (None, LARGEST))
    assert held < 0.25 * free


@pytest.mark.parametrize("gradient", [0.0, 1e-30])
def test_no_gradient_and_a_tiny_one_do_no_harm(gradient):
    gradients = [torch.full((2,), gradient) for _ in range(3)]
    assert trained(LARGEST, gradients).isfinite().all()


def test_a_tensor_that_begins_late_is_not_held_at_zero():
    gradients = [torch.zeros(2), torch.zeros(2), torch.ones(2), torch.ones(2)]
    assert (trained(LARGEST, gradients) < -0.1).all()


def test_not_finite_gradients_stay_so():
    assert not trained(LARGEST, [torch.ones(2), torch.tensor([1.0, math.nan])]).isfinite().all()


def test_grammars_have_it_and_language_models_have_not():
    assert defaults_for("small", model="simple-pcfg").training.update_clip == 2.0
    config = TrainingConfig()
    made = make_optimiser([([torch.nn.Parameter(torch.zeros(1))], 1.0)], config)
    assert isinstance(made, ClippedAdamW)
    assert made.largest is None


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_what_clips_nothing_sensible_is_refused(value):
    with pytest.raises(UsageError, match="update_clip must be above 0"):
        TrainingConfig(update_clip=value)
