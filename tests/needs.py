"""What a machine has to have for some tests."""

from __future__ import annotations

import pytest
from labhand.trainer.environments.making import find_uv

needs_uv = pytest.mark.skipif(find_uv() is None, reason="uv isn't installed: pip install uv")
