"""Wheels of a few lines and environments without labhand, so that tests need no package index."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, code: str, script: str = "") -> Path:
    """Write a wheel with one module of the same name.

    Args:
        folder: Where the wheel goes.
        name: Of the package and of its module.
        version: Of the package.
        code: Of the module.
        script: The name of a console script that calls the module's `main`; empty for none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", code)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        if script:
            wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{script} = {name}:main\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_venv(folder: Path, **modules: str) -> Path:
    """Make a virtual environment without labhand, with modules of these contents, and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    [packages] = folder.glob("lib/*/site-packages")
    for name, code in modules.items():
        (packages / f"{name}.py").write_text(code)
        (packages / f"{name}-1.0.dist-info").mkdir()
        (packages / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    return folder / "bin" / "python"
