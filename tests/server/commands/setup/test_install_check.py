"""An edited evaluator is told, where the installer wrote down what it installed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from labhand.server.commands.setup.install_check import changed_files

FILES = {"labhand/trainer/evaluator.py": b"def score(): ...\n", "labhand/server/main.py": b"app = 1\n"}


@pytest.fixture
def installed(tmp_path: Path) -> Distribution:
    """A distribution as pip leaves it."""
    record = ["labhand-1.dist-info/RECORD,,", "../../bin/labhand,sha256=x,3", "labhand/__pycache__/a.pyc,sha256=x,3"]
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
        record.append(f"{name},sha256={urlsafe_b64encode(sha256(data).digest()).rstrip(b'=').decode()},{len(data)}")
    (tmp_path / "labhand-1.dist-info").mkdir()
    (tmp_path / "labhand-1.dist-info" / "METADATA").write_text("Name: labhand\nVersion: 1\n")
    (tmp_path / "labhand-1.dist-info" / "RECORD").write_text("\n".join(record))
    return Distribution.at(tmp_path / "labhand-1.dist-info")


def test_files_as_they_were_installed_are_no_change(installed: Distribution) -> None:
    assert changed_files(installed) == []


def test_an_edited_file_and_one_that_is_gone_are_told(installed: Distribution, tmp_path: Path) -> None:
    (tmp_path / "labhand/trainer/evaluator.py").write_bytes(b"def score(): return 0\n")
    (tmp_path / "labhand/server/main.py").unlink()
    assert changed_files(installed) == ["labhand/server/main.py", "labhand/trainer/evaluator.py"]


def test_where_nothing_was_written_down_nothing_is_claimed(installed: Distribution, tmp_path: Path) -> None:
    (tmp_path / "labhand-1.dist-info" / "RECORD").write_text("__editable___labhand_finder.py,sha256=x,3\n")
    assert changed_files(installed) is None
