"""Generates parts of the documents from the code: `python -m tests.docs.generated` rewrites them in place.

Each generated part stands between two comments of its page, `<!-- generated: NAME -->` and `<!-- end: NAME -->`. Only the text
between them is replaced.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Contract = dict[str, Any]


def import_contracts() -> dict[str, Contract]:
    """The import contracts of pyproject.toml, by id."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {contract["id"]: contract for contract in configuration["tool"]["importlinter"]["contracts"]}


def architecture_picture() -> str:
    """A Mermaid picture of the layers that import-linter enforces."""
    contracts = import_contracts()
    lines = ["```mermaid", "flowchart TD"]
    for title, contract in (("server", contracts["floors"]), ("trainer", contracts["trainer-floors"])):
        lines += _subgraph(title, contract["layers"])
    lines.append('  tools["tools"]')
    lines += [f"  {upper} --> {lower}" for upper, lower in _arrows_between_folders(contracts["front"])]
    lines += ["  server --> trainer_contract", "```"]
    return "\n".join(lines)


def import_rules() -> str:
    """The other import contracts, as a list of their names."""
    return "\n".join(f"- {contract['name']}." for contract in import_contracts().values() if contract["type"] != "layers")


def exploit_table() -> str:
    """The exploits of the red team, with what stops each and how it ends."""
    from ..redteam.test_exploits import EXPLOITS, SCRIPT_EXPLOITS

    rows = (f"| {exploit.name} | {exploit.defence} | {exploit.outcome} |" for exploit in (*EXPLOITS, *SCRIPT_EXPLOITS))
    return "\n".join(["| exploit | defence | outcome |", "| --- | --- | --- |", *rows])


def prompt(name: str) -> str:
    """A prompt of the server without its argument: clients that have no prompts read it as a part of the skill."""
    paragraphs = (ROOT / "prompts" / f"{name}.md").read_text("utf-8").strip().split("\n\n")
    return "\n\n".join(paragraph for paragraph in paragraphs if not re.fullmatch(r"\{\w+\}", paragraph))


SKILL = "plugins/labhand/skills/labhand"
GENERATED: dict[str, tuple[str, Callable[[], str]]] = {
    "layers": ("docs/architecture.md", architecture_picture),
    "import rules": ("docs/architecture.md", import_rules),
    "programme": (f"{SKILL}/SKILL.md", lambda: prompt("start_research")),
    "validation": (f"{SKILL}/references/validation.md", lambda: prompt("validate")),
    "exploits": ("docs/integrity.md", exploit_table),
}
"""The generated parts by name: the page, and the function that writes the part."""


def replace_part(page_text: str, name: str, part: str) -> str:
    """Returns the page's text with one generated part replaced.

    Raises:
        ValueError: The page doesn't have both comments, in this order, exactly once.
    """
    begin, end = f"<!-- generated: {name} -->\n", f"\n<!-- end: {name} -->"
    before, found_begin, rest = page_text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"the page lacks the comments {begin.strip()} and {end.strip()}: add them around the generated part")
    return f"{before}{begin}\n{part}\n{end}{after}"


def write_parts() -> None:
    """Writes every generated part into its page."""
    for name, (page, render) in GENERATED.items():
        path = ROOT / page
        path.write_text(replace_part(path.read_text("utf-8"), name, render()), "utf-8")


def _subgraph(folder: str, layers: list[str]) -> Iterator[str]:
    """One folder: a node for each layer, an arrow from each layer to the next one below it."""
    modules = [re.findall(r"\w+", layer) for layer in layers if not layer.startswith("(")]
    nodes = [f"{folder}_{names[0]}" for names in modules]
    yield f'  subgraph {folder} ["{folder}/"]'
    yield from (f'    {node}["{" · ".join(names)}"]' for node, names in zip(nodes, modules, strict=True))
    yield from (f"    {upper} --> {lower}" for upper, lower in pairwise(nodes))
    yield "  end"


def _arrows_between_folders(front: Contract) -> Iterator[tuple[str, str]]:
    """The arrows to and from `tools`, which the contract on the tools lists between two layers of the server."""
    (upper,), middle, (lower,) = (re.findall(r"labhand\.([\w.]+)", layer) for layer in front["layers"])
    assert "tools" in middle
    yield upper.replace(".", "_"), "tools"
    yield "tools", lower.replace(".", "_")


if __name__ == "__main__":
    write_parts()
