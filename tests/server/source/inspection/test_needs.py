"""What editable code needs of a machine, found by parsing it."""

from __future__ import annotations

import pytest
from labhand.server.source.inspection.needs import Needs, needs_of

TRAIN = b"""
import os, numpy as np
import own.part
from helper import x
from typing import TYPE_CHECKING
from einops.layers import torch as layers
try:
    import wandb
except ImportError:
    wandb = None
if TYPE_CHECKING:
    import pandas
def late():
    import yaml
DATA = "/data/train.bin"
"""


def needs(train: bytes, **more: bytes) -> Needs:
    source = {"train.py": train, "own/part.py": b"", "lib/helper.py": b"", "trainer.toml": b""} | more
    return needs_of(source, lambda path: path == "train.py")


def test_only_what_it_cannot_do_without_and_is_not_its_own_counts() -> None:
    found = needs(TRAIN)
    assert found.modules == {"numpy": "train.py:2", "einops": "train.py:6"}
    assert found.late_modules == {"yaml": "train.py:14"}


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('model.to("cuda")', "train.py:1"),
        ("model.cuda()", "train.py:1"),
        ('device = "cuda:0"', "train.py:1"),
        ('device = "cuda" if torch.cuda.is_available() else "cpu"', ""),
        ('print("cuda is fast")', ""),
        ("capability = torch.cuda.get_device_capability()", "train.py:1"),
        ('step = torch.tensor(0.0, device="cpu"); model.to("cuda"); loss.cpu()', "train.py:1"),
        ('def load(device="cpu"): return torch.load("x", map_location="cpu").to("cuda")', "train.py:1"),
        ('device = torch.device("cuda") if fast else torch.device("cpu")', ""),
        ('parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])', ""),
        ("assert torch.cuda.is_available()", "train.py:1"),
        ("from kernels import get_kernel", "train.py:1"),
        ("import flash_attn.layers", "train.py:1"),
        ("try:\n    import flash_attn\nexcept ImportError:\n    flash_attn = None", ""),
        ("import torch", ""),
        ('fused = device_type == "cuda"', ""),
        ('pin = "cuda" in device', ""),
        ('fused = kind == "cuda"; model.to("cuda")', "train.py:1"),
    ],
)
def test_cuda_counts_where_the_code_does_not_ask_for_it(line: str, place: str) -> None:
    assert needs(line.encode()).cuda == place


@pytest.mark.parametrize(
    ("path", "is_outside"),
    [("/data/x.bin", True), ("~/data", True), ("../data/x", True), ("data/x", False), ("/", False), ("/dev/null", False)],
)
def test_paths_that_lead_out_of_the_folder_are_found(path: str, is_outside: bool) -> None:  # noqa: FBT001
    assert (path in needs(f"open({path!r})".encode()).paths) is is_outside


def test_a_file_that_cannot_be_parsed_needs_nothing() -> None:
    assert needs(b"import numpy\ndef (") == Needs()


def test_a_module_of_the_folder_that_is_called_as_a_package_for_cuda_needs_no_gpu() -> None:
    assert needs(b"from kernels import get_kernel", **{"kernels.py": b""}).cuda == ""
