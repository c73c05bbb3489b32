"""Reading trainer.toml: the same reader, with the same errors, for the server and for the runner."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from labhand.server.errors import SettingsError
from labhand.server.source.trainer_folder import load_trainer
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer, read_trainer

from ...running import OUTPUT_TRAINER

WHOLE = """
name = "gpt"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_bpb"
[data]
corpus = "sotu"
vocabulary = 1024
[budget]
cpu_seconds = 5
[prepare]
command = ["python", "prepare.py"]
[sandbox]
read = ["~/.cache/somewhere"]
"""


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "trainer.toml").write_text(WHOLE)
    trainer = read_trainer(tmp_path)
    assert (trainer.metric.direction, trainer.metric.source) == ("minimize", "evaluator")
    assert (trainer.budget.cpu_seconds, trainer.budget.seconds, trainer.budget.startup_seconds) == (5.0, 300.0, 120.0)
    assert trainer.data is not None
    assert (trainer.data.corpus, trainer.data.context) == ("sotu", 256)
    assert trainer.prepare == ("python", "prepare.py")
    assert (trainer.read, trainer.network) == (("~/.cache/somewhere",), False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "gpt"', "", "name: is missing"),
        ("[metric]\n", "[other]\n", "metric: is missing"),
        ("[metric]\n", "[metrik]\n", "metrik (line 5): there is no such key, did you mean metric?"),
        ('name = "val_bpb"', "", "metric.name (line 5): is missing"),
        ("vocabulary = 1024", 'vocabulary = "1k"', "data.vocabulary (line 9): is '1k' and has to be an integer"),
        ("vocabulary = 1024", "vocabulary = true", "data.vocabulary (line 9): is True"),
        ("cpu_seconds = 5", "cpu_seconds = 0", "budget.cpu_seconds (line 11): is 0 and has to be a number above 0"),
        ("cpu_seconds = 5", "cpu_secnods = 5", "budget.cpu_secnods (line 11): there is no such key, did you mean cpu_seconds?"),
        ('["python", "train.py"]', "[]", "command (line 4): is an empty list"),
        ("[prepare]", "[processes]\ncount = 0\n[prepare]", "processes.count (line 13): is 0 and has to be a number above 0"),
        ("[prepare]", "[processes]\ncount = 65\n[prepare]", "processes.count (line 13): is 65 and may be 64 at most"),
        (
            "[prepare]",
            "[processes]\ncuont = 2\n[prepare]",
            "processes.cuont (line 13): there is no such key, did you mean count?",
        ),
        ('"train.py"]\n[', '"--n={processes}"]\n[', "command (line 4): names {processes}, and the file has no [processes]"),
        ("[prepare]", "[checkpoint]\n[prepare]", "checkpoint.path (line 12): is missing"),
        (
            "[prepare]",
            '[checkpoint]\npath = "c"\nkeep = "best"\n[prepare]',
            "checkpoint.keep (line 14): is 'best' and has to be one",
        ),
        (
            "[prepare]",
            '[checkpoint]\npath = "c"\nextends = "yes"\n[prepare]',
            "checkpoint.extends (line 14): is 'yes' and has to be",
        ),
        ("[prepare]", '[keep]\nfiles = ["../*"]\n[prepare]', "keep.files (line 13): is '../*' and has to be a path inside"),
        ("[prepare]", "[keep]\nfiles = []\n[prepare]", "keep.files (line 13): is an empty list"),
        ('["python", "prepare.py"]', "[]", "prepare.command (line 13): is an empty list"),
        ('["train.py"]', "[1]", "editable (line 3): is [1] and has to be a list of strings"),
        ('["train.py"]', '["/etc/*"]', "editable (line 3): is '/etc/*' and has to be a path inside the folder"),
        ('name = "val_bpb"', 'name = ""', "metric.name (line 6): is empty"),
        (
            'name = "val_bpb"',
            'name = "x"\ndirection = "-"',
            "metric.direction (line 7): is '-' and has to be one of",
        ),
        ('name = "val_bpb"', 'name = "x"\npattern = "("', "metric.pattern (line 7): is '(', which is no regular expression"),
        ('name = "val_bpb"', 'name = "x"\npattern = "x"', "metric.pattern (line 7): is 'x' and needs a group"),
        ("[data]", "[data", "trainer.toml is not valid TOML"),
        ('[data]\ncorpus = "sotu"\nvocabulary = 1024\n', "", "data: the evaluator of language models needs data.corpus"),
        ('[data]\ncorpus = "sotu"\nvocabulary = 1024\n', "data = 3\n", "metric.data"),
    ],
)
def test_server_and_runner_name_a_key_that_cannot_be_used_alike(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in WHOLE
    (tmp_path / "train.py").touch()
    (tmp_path / "trainer.toml").write_text(WHOLE.replace(old, new))
    if message == "metric.data":  # a key at the end of another table
        message = "data: the evaluator of language models needs"
    with pytest.raises(ContractError) as by_runner:
        read_trainer(tmp_path)
    with pytest.raises(SettingsError) as by_server:
        load_trainer(str(tmp_path), tmp_path)
    assert message in by_runner.value.problem
    assert (by_server.value.problem, by_server.value.remedy) == (by_runner.value.problem, by_runner.value.remedy)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    wrong = WHOLE.replace('name = "gpt"', "name = 1").replace("1024", "-1").replace("cpu_seconds = 5", "cpu_seconds = nan")
    (tmp_path / "trainer.toml").write_text(wrong)
    with pytest.raises(ContractError) as raised:
        read_trainer(tmp_path)
    assert [line.partition(" ")[0] for line in raised.value.problem.partition(": ")[2].split("; ")] == [
        "data.vocabulary",
        "name",
        "budget.cpu_seconds",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE.encode("utf-16"), "is encoded as UTF-16"),
        (WHOLE.replace("sotu", "discours_fran\u00e7ais").encode("latin-1"), "is not encoded as UTF-8: byte 0xe7 on line 8"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "trainer.toml").write_bytes(content)
    with pytest.raises(ContractError, match=message) as raised:
        read_trainer(tmp_path)
    assert "Save it as UTF-8" in raised.value.remedy


def test_a_byte_order_mark_before_the_text_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "trainer.toml").write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert read_trainer(tmp_path).name == "gpt"


def test_a_folder_without_the_file_is_no_trainer(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"trainer\.toml is missing"):
        read_trainer(tmp_path)


SCRIPT = """
[evaluator]
command = ["python", "evaluate.py"]
artifacts = ["model.json", "saved/**"]
read = ["~/data/test"]
"""


def test_an_evaluator_of_ones_own_takes_the_place_of_the_data(tmp_path: Path) -> None:
    without_data = WHOLE.replace('[data]\ncorpus = "sotu"\nvocabulary = 1024\n', SCRIPT)
    trainer = parse_trainer(without_data.encode(), tmp_path / "trainer.toml")
    assert (trainer.data, trainer.metric.self_reported, trainer.has_sealed_split) == (None, False, False)
    assert trainer.evaluator is not None
    assert (trainer.evaluator.sealed_read, trainer.evaluator.tolerance) == ((), 1e-3)
    assert trainer.evaluator.script({"trainer.toml", "evaluate.py"}) == "evaluate.py"
    assert trainer.evaluator.script({"trainer.toml"}) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["python", "evaluate.py"]', "[]", "evaluator.command (line 9): is an empty list"),
        ('["python", "evaluate.py"]', '["python", "./train.py"]', "evaluator.command (line 9): runs train.py, which editable"),
        (
            '["python", "evaluate.py"]',
            '["python", "-m", "train"]',
            "evaluator.command (line 9): runs train.py, which editable",
        ),
        ('["model.json", "saved/**"]', "[]", "evaluator.artifacts (line 10): is an empty list"),
        ('"saved/**"', '"../x"', "evaluator.artifacts (line 10): is '../x' and has to be a path inside the folder"),
        ('["~/data/test"]', '["data"]', "evaluator.read (line 11): is 'data' and has to begin with /, ~ or {cache}"),
        ('["~/data/test"]', '["~/data"]\ntolerance = 0', "evaluator.tolerance (line 12): is 0"),
        ("artifacts =", "artefacts =", "there is no such key, did you mean artifacts?"),
        ('name = "val_bpb"', 'name = "x"\nsource = "output"', 'evaluator (line 9): x has source = "output"'),
    ],
)
def test_an_evaluator_that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = WHOLE.replace('[data]\ncorpus = "sotu"\nvocabulary = 1024\n', SCRIPT)
    assert old in text
    with pytest.raises(ContractError) as raised:
        parse_trainer(text.replace(old, new).encode(), tmp_path / "trainer.toml")
    assert message in raised.value.problem


def test_the_server_refuses_an_evaluator_without_a_script_and_knows_its_version(tmp_path: Path) -> None:
    (tmp_path / "trainer.toml").write_text(WHOLE.replace('[data]\ncorpus = "sotu"\nvocabulary = 1024\n', SCRIPT))
    (tmp_path / "train.py").touch()
    with pytest.raises(SettingsError, match=r"names no file of the folder"):
        load_trainer(str(tmp_path), tmp_path)
    (tmp_path / "evaluate.py").write_text("print('val_bpb: 1')")
    first = load_trainer(str(tmp_path), tmp_path).evaluator_version
    (tmp_path / "train.py").write_text("changed")
    assert load_trainer(str(tmp_path), tmp_path).evaluator_version == first
    (tmp_path / "evaluate.py").write_text("print('val_bpb: 2')")
    assert load_trainer(str(tmp_path), tmp_path).evaluator_version != first


def test_unknown_keys_are_left_to_later_versions(tmp_path: Path) -> None:
    (tmp_path / "trainer.toml").write_text(f"{WHOLE}\n[later]\nwhat = 1\n")
    assert read_trainer(tmp_path).name == "gpt"


def test_a_path_of_many_folders_is_matched_at_once(tmp_path: Path) -> None:
    text = OUTPUT_TRAINER.replace('["train.py"]', '["**/*a*/**/*a*/**/*.py"]')
    trainer = parse_trainer(text.encode(), tmp_path / "trainer.toml")
    began = time.process_time()
    assert not trainer.is_editable("a/" * 100_000)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('python = ""', "environment.python (line 10): is empty"),
        ("uv = true\nrequirements = 'r.txt'", "environment.requirements (line 11): can't stand beside uv"),
        ("prefix = '~/x'\npython = 'y'", "environment.python (line 11): can't stand beside prefix"),
        ("env = ['A=1']", "environment.env (line 10): is ['A=1'] and has to be a table of strings"),
        ("env = { A = true }", "environment.env (line 10): has A = True, and a variable has to be a string"),
        ("env = { LABHAND_SEED = '1' }", "environment.env (line 10): has 'LABHAND_SEED', which labhand sets itself"),
        ("pass = ['A=1']", "environment.pass (line 10): has 'A=1', which can't be the name of a variable"),
        ("pass = ['CUDA_VISIBLE_DEVICES']", "environment.pass (line 10): has 'CUDA_VISIBLE_DEVICES', which labhand sets"),
        ("pythn = 'x'", "environment.pythn (line 10): there is no such key, did you mean python?"),
    ],
)
def test_an_environment_that_cannot_be_used_is_said_with_its_line(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(ContractError) as raised:
        parse_trainer(f"{OUTPUT_TRAINER}\n[environment]\n{table}\n".encode(), tmp_path / "trainer.toml")
    assert message in str(raised.value)


def test_an_environment_is_read(tmp_path: Path) -> None:
    table = "[environment]\nuv = true\npython = '3.12'\nenv = { A = 1, B = 'x' }\npass = ['HF_HOME']\n"
    environment = parse_trainer(f"{OUTPUT_TRAINER}\n{table}".encode(), tmp_path / "trainer.toml").environment
    assert (environment.uv, environment.python, environment.is_made) == (True, "3.12", True)
    assert environment.variables == {"A": "1", "B": "x"}
    assert environment.passed_on == ("HF_HOME",)
    assert environment.made_from == ("uv.lock", "pyproject.toml")
