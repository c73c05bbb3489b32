"""The settings that a lab goes by: those of `labhand.toml`, or the last good ones while the file can't be used.

An editor or git may leave the file empty, cut or missing for a moment, or for good. Read as it stands, it would then lift the
allowance and the limits on slots. So the last usable content is kept in `.labhand/` beside the file, from where the next
process reads it.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from ..trainer.contract.files import write_whole
from .errors import SettingsError
from .lab_place import LAST_GOOD
from .settings import FILE, FOLDER, Settings, parse_settings, read_settings_text

SETTLE_SECONDS = 30.0
"""How long a file that is only the beginning of the last good one is taken for one that is being written."""


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """The settings that a lab goes by.

    Attributes:
        settings: The settings.
        trouble: Why they aren't those of `labhand.toml` as it is now, and what to do; empty if they are.
    """

    settings: Settings
    trouble: str = ""


def settings_in_force(root: Path, *, read_only: bool = False) -> SettingsInForce:
    """Return the settings that the lab at `root` goes by, and keep them if they are new.

    Args:
        root: The lab's folder.
        read_only: Keep nothing, because the caller changes nothing. The same holds where the settings say `read_only`.

    Raises:
        SettingsError: `labhand.toml` can't be used, and no last good content is known.
    """
    path, saved = root / FILE, root / FOLDER / LAST_GOOD
    before = _read_saved(saved)
    try:
        text = read_settings_text(root)
        problem = _suspicion(path, text, before)
        settings = parse_settings(path, text or "")
    except SettingsError as error:
        if before is None:
            raise
        problem = str(error)
    else:
        if not problem:
            if not read_only and not settings.read_only:
                _save(saved, text, before)
            return SettingsInForce(settings)
    trouble = f"{problem.rstrip('.')}. The last good settings hold, which are in {saved}"
    return SettingsInForce(parse_settings(saved, before or ""), trouble)


def _suspicion(path: Path, text: str | None, before: str | None) -> str:
    """Return why a content that can be used is probably not what the person means; empty if nothing speaks against it."""
    if not before or not before.strip() or text == before:
        return ""
    if text is None:
        return f"{path} is missing. Put it back, or write what is to hold"
    if not text.strip():
        return f"{path} is empty. Put its content back, or write what is to hold; a comment is enough to have the defaults"
    if before.startswith(text) and _age_seconds(path) < SETTLE_SECONDS:
        return (
            f"{path} contains only the beginning of its earlier text. It is used after it has been unchanged for"
            f" {SETTLE_SECONDS:.0f} s"
        )
    return ""


def _age_seconds(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _read_saved(saved: Path) -> str | None:
    try:
        return saved.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _save(saved: Path, text: str | None, before: str | None) -> None:
    """Keep a content. A lab that never had a file keeps nothing."""
    if text is not None and text != before:
        saved.parent.mkdir(parents=True, exist_ok=True)
        # Several processes may do so at once, so each writes a file of its own and gives it the name.
        own = saved.with_name(f"{saved.name}.{secrets.token_hex(4)}")
        write_whole(own, text)
        own.replace(saved)
