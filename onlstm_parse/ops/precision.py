"""Choose where tensors are and in which type matrix products are computed."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from onlstm_parse.errors import OnlstmError


def choose_device(name: str = "auto") -> torch.device:
    """`auto`, `cpu` or `cuda`. Raises OnlstmError if the device is missing."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise OnlstmError("no CUDA device was found", remedy="use --device cpu")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def choose_precision(name: str, device: torch.device) -> str:
    """`fp32` or `bf16`; `auto` takes bf16 only where it is native, not emulated."""
    if name != "auto":
        return name
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported()
    return "bf16" if native else "fp32"


def products_in(precision: str, device: torch.device) -> AbstractContextManager:
    """Autocast: matrix products in `precision`, states and sums in fp32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
