"""Runs start with what the baseline of their lab has compiled, and pass nothing on to each other."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from labhand.trainer.run import compiler_cache
from labhand.trainer.run.compiler_cache import keep_compiled, lay_out_compiled
from labhand.trainer.run.run import Run

from ..running import MakeRun

COMPILE = """
    import torch._dynamo.utils
    double = torch.compile(lambda x: x * 2 + 1)
    assert double(torch.ones(8))[0] == 3
    print("HITS", torch._dynamo.utils.counters["inductor"]["fxgraph_cache_hit"])
    session = Session.connect()
"""
CONNECT = "    session = Session.connect()\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where labhand keeps the caches of labs."""
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "compiled"


class CompilingRun:
    """What the cache is told of a run: its temporary files, its lab, its device."""

    def __init__(
        self, place: Path, lab: str = "a", kind: str = "H100", *, is_baseline: bool = False, data: object = "corpus"
    ) -> None:
        self.folder = SimpleNamespace(temporary=place)
        self.spec = SimpleNamespace(identity=SimpleNamespace(lab=lab), device="cuda", is_baseline=is_baseline)
        self.trainer = SimpleNamespace(data=data)
        self.result = SimpleNamespace(device=SimpleNamespace(kind=kind))
        place.mkdir()

    @property
    def _folder(self) -> Path:
        return cast(Path, self.folder.temporary) / "torchinductor_cache_dir" / "ab"

    def compile(self, *names: str) -> list[str]:
        """Start, compile what isn't there, and end; gives what was there."""
        lay_out_compiled(cast(Run, self))
        found = sorted(path.name for path in self._folder.glob("*"))
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (self._folder / name).write_text("code", "utf-8")
        keep_compiled(cast(Run, self))
        return found


def test_only_the_baseline_leaves_what_it_compiled(tmp_path: Path) -> None:
    assert CompilingRun(tmp_path / "1").compile("idea") == []
    assert CompilingRun(tmp_path / "2", is_baseline=True).compile("first") == []
    assert CompilingRun(tmp_path / "3").compile("candidate") == ["first"]
    assert CompilingRun(tmp_path / "4", is_baseline=True).compile("second") == ["first"]
    assert CompilingRun(tmp_path / "5").compile() == ["first", "second"]


def test_labs_and_kinds_of_device_have_caches_of_their_own(tmp_path: Path) -> None:
    CompilingRun(tmp_path / "1", is_baseline=True).compile("first")
    assert CompilingRun(tmp_path / "2", lab="b").compile() == []
    assert CompilingRun(tmp_path / "3", kind="A100").compile() == []


def test_a_command_whose_compilation_counts_as_training_gets_nothing(tmp_path: Path) -> None:
    CompilingRun(tmp_path / "1", is_baseline=True).compile("first")
    assert CompilingRun(tmp_path / "2", data=None).compile() == []


def test_links_are_left_out(tmp_path: Path) -> None:
    run = CompilingRun(tmp_path / "1", is_baseline=True)
    (tmp_path / "secret").write_text("key", "utf-8")
    inductor = tmp_path / "1" / "torchinductor_cache_dir"
    (inductor / "ab").mkdir(parents=True)
    (inductor / "ab" / "link").symlink_to(tmp_path / "secret")
    (inductor / "folder").symlink_to(tmp_path)
    run.compile("first")
    assert CompilingRun(tmp_path / "2").compile() == ["first"]
    assert not (tmp_path / "2" / "torchinductor_cache_dir" / "folder").exists()


def test_a_cache_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_cache, "MAX_BYTES", 7)
    CompilingRun(tmp_path / "1", is_baseline=True).compile("first", "second")
    assert CompilingRun(tmp_path / "2", is_baseline=True).compile("first") == []
    assert CompilingRun(tmp_path / "3").compile() == ["first"]


def test_a_cache_that_is_being_replaced_is_not_waited_for(tmp_path: Path, cache: Path) -> None:
    CompilingRun(tmp_path / "1", is_baseline=True).compile("first")
    lock = os.open(cache / "a-H100.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        assert CompilingRun(tmp_path / "2", is_baseline=True).compile("second") == []
    finally:
        os.close(lock)
    assert CompilingRun(tmp_path / "3").compile() == ["first"]


def test_a_run_that_can_not_have_it_compiles_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CompilingRun(tmp_path / "1", is_baseline=True).compile("first")

    def fail(place: Path, target: Path, **_: object) -> None:
        (target / "torchinductor_cache_dir").mkdir()
        raise OSError(28, "No space left on device", str(place))

    monkeypatch.setattr(shutil, "copytree", fail)
    assert CompilingRun(tmp_path / "2").compile("second") == []


def test_caches_that_nobody_uses_are_removed(tmp_path: Path, cache: Path) -> None:
    CompilingRun(tmp_path / "1", "gone", is_baseline=True).compile("first")
    CompilingRun(tmp_path / "2", "used", is_baseline=True).compile("first")
    for lab in ("gone", "used"):
        os.utime(cache / f"{lab}-H100", (0, 0))
    CompilingRun(tmp_path / "3", "used").compile()
    CompilingRun(tmp_path / "4", is_baseline=True).compile("first")
    assert sorted(path.name for path in cache.iterdir() if path.is_dir()) == ["a-H100", "used-H100"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler here: torch.compile needs one on a CPU")
def test_a_run_finds_the_graph_that_the_baseline_has_compiled(make_run: MakeRun, tmp_path: Path) -> None:
    hits: list[str] = []
    lab = {"lab": tmp_path.name, "commit": "c" * 40, "nonce": "n"}
    for number, rate in ((1, "100.0"), (2, "50.0")):
        changed = ("model.table -= 100.0", f"model.table -= {rate}")
        spec = {"budget_seconds": 0.3, "identity": lab, "is_baseline": number == 1}
        run = make_run((CONNECT, COMPILE), changed, name=f"e{number:04}-1", **spec)
        result = run.run()
        assert result["status"] == "succeeded", (result["failure"], run.log())
        hits += [line for line in run.log().splitlines() if line.startswith("HITS")]
    assert hits == ["HITS 0", "HITS 1"]
