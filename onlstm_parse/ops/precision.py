"""Choose where tensors are and in which type matrix products are computed."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch

from onlstm_parse.errors import OnlstmError
from onlstm_parse.ops.processors import described


def choose_device(name: str = "auto") -> torch.device:
    """`auto`, `cpu` or `cuda`. Raises OnlstmError if the device is missing."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise OnlstmError("no CUDA device was found", remedy="use --device cpu")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


def choose_precision(name: str, device: torch.device) -> str:
    """`fp32` or `bf16`; `auto` takes bf16 only where the device has it natively, and multiplies it faster."""
    if name != "auto":
        return name
    if device.type == "cuda":
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        faster = _processor_multiplies_bf16_faster()
    return "bf16" if faster else "fp32"


def _processor_multiplies_bf16_faster() -> bool:
    """AMD's AVX-512 multiplies bf16 twice as fast as fp32, Intel's half as fast; Intel's AMX is for it.

    The vendor decides, not a measurement: the same machine must choose the same each time.
    """
    if not torch.cpu._is_avx512_bf16_supported():
        return False
    return torch.cpu._is_amx_tile_supported() or described("vendor_id") != "GenuineIntel"


def products_in(precision: str, device: torch.device) -> AbstractContextManager:
    """Autocast: matrix products in `precision`, states and sums in fp32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
