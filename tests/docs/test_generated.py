"""The generated parts of the documents are up to date."""

from __future__ import annotations

import pytest

from .generated import GENERATED, ROOT, replace_part


@pytest.mark.parametrize("name", GENERATED)
def test_the_generated_part_is_up_to_date(name: str) -> None:
    page, render = GENERATED[name]
    text = (ROOT / page).read_text("utf-8")

    assert text == replace_part(text, name, render()), "run `python -m tests.docs.generated`"
