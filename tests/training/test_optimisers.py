"""SGD and AdamW: PyTorch's own updates, and gradients that outgrow their second moments are shortened."""

import math
import subprocess
import sys

import pytest
import torch

from onlstm_parse.errors import UsageError
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.optimisers import AdamW, Sgd, make_optimiser
from onlstm_parse.training.settings import defaults_for

RATE, BETAS, LARGEST = 0.1, (0.75, 0.99), 2.0


def optimiser(parameters, largest):
    return AdamW([(parameters, 1.0)], weight_decay=0.0, betas=BETAS, largest=largest)


def trained(largest, gradients):
    """The weights after these gradients of one tensor."""
    weight = torch.nn.Parameter(torch.zeros_like(gradients[0]))
    one = optimiser([weight], largest)
    for gradient in gradients:
        weight.grad = gradient.clone()
        one.step(RATE)
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
    assert isinstance(made, AdamW)
    assert made.largest is None


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_what_clips_nothing_sensible_is_refused(value):
    with pytest.raises(UsageError, match="update_clip must be above 0"):
        TrainingConfig(update_clip=value)


def torch_adamw(groups):
    named = [{"params": parameters, "lr": RATE * scale} for parameters, scale in groups]
    return torch.optim.AdamW(named, lr=RATE, weight_decay=0.1, betas=BETAS, fused=True)


def torch_sgd(groups):
    named = [{"params": parameters, "lr": RATE * scale} for parameters, scale in groups]
    return torch.optim.SGD(named, lr=RATE, weight_decay=0.1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda groups: AdamW(groups, 0.1, BETAS, None), torch_adamw),
        (lambda groups: Sgd(groups, 0.1), torch_sgd),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_are_those_of_pytorch(ours, theirs, dtype):
    """To the last bit, with a scale a group, and where a parameter has no gradient at times."""
    draw = torch.Generator().manual_seed(0)
    start = [torch.randn(size, generator=draw, dtype=dtype) for size in ((3, 4), (5,), (2, 2))]
    weights = [[torch.nn.Parameter(one.clone()) for one in start] for _ in range(2)]
    one, other = (
        make([(three[:1], 1.0), (three[1:], 0.3)])
        for make, three in zip((ours, theirs), weights, strict=True)
    )
    for step in range(7):
        for mine, its in zip(*weights, strict=True):
            gradient = torch.randn(mine.shape, generator=draw, dtype=dtype)
            mine.grad, its.grad = (
                None if step % 3 == 1 and len(mine) == 5 else gradient.clone() for _ in "ab"
            )
        one.step(RATE)
        other.step()
        assert all(torch.equal(mine, its) for mine, its in zip(*weights, strict=True))
    one.zero_grad()
    assert all(mine.grad is None for mine in weights[0])


def test_what_is_kept_goes_on_elsewhere():
    draw = torch.Generator().manual_seed(0)
    gradients = [torch.randn(3, generator=draw) for _ in range(6)]
    halfway = trained(LARGEST, gradients[:3])
    first, second = torch.nn.Parameter(torch.zeros(3)), torch.nn.Parameter(halfway)
    before, after = optimiser([first], LARGEST), optimiser([second], LARGEST)
    for gradient in gradients[:3]:
        first.grad = gradient.clone()
        before.step(RATE)
    after.restore({name: tensor.clone() for name, tensor in before.tensors().items()})
    for gradient in gradients[3:]:
        second.grad = gradient.clone()
        after.step(RATE)
    assert torch.equal(second.detach(), trained(LARGEST, gradients))
    assert set(before.tensors()) == {"0.step", "0.exp_avg", "0.exp_avg_sq"}
    with pytest.raises(KeyError):
        after.restore({"1.step": torch.zeros(())})


def test_a_training_begins_without_the_compiler_of_pytorch(text_file, tmp_path):
    """Importing it takes as long as all else that a process needs to begin."""
    code = f"""
import sys, onlstm_parse
onlstm_parse.train({str(text_file)!r}, {str(tmp_path / "run")!r}, model="on-gru", size="tiny", tokens=2000)
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
