"""What `auto` takes on each kind of processor."""

import pytest
import torch

from onlstm_parse.ops import precision


@pytest.mark.parametrize(
    ("vendor", "avx512_bf16", "amx", "expected"),
    [
        ("AuthenticAMD", True, False, "bf16"),
        ("AuthenticAMD", False, False, "fp32"),
        ("GenuineIntel", True, True, "bf16"),
        ("GenuineIntel", True, False, "fp32"),  # as in virtual machines that hide AMX
        ("GenuineIntel", False, False, "fp32"),
        ("", True, False, "bf16"),
    ],
)
def test_auto_takes_bf16_where_it_is_faster(monkeypatch, vendor, avx512_bf16, amx, expected):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(precision, "described", {"vendor_id": vendor}.__getitem__)
    device = torch.device("cpu")
    assert precision.choose_precision("auto", device) == expected
    assert precision.choose_precision("bf16", device) == "bf16"
