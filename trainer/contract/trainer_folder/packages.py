"""The packages that an idea adds to its trainer's environment, as a file of its source: so they go with every copy of the idea.

Only a launch writes the file, from its `packages`, and only with packages that a person allows. Names are compared as PEP 503
says: `Flash_Attn` is `flash-attn`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ..errors import ContractError

PACKAGES_FILE: Final = "labhand-packages.txt"
MAX_PACKAGES: Final = 20
_REQUIREMENT: Final = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)((?:\[[A-Za-z0-9,._-]{1,100}\])?(?:(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!-]{1,50},?){0,4})"
)


def package_name(requirement: str) -> str:
    """The normalised name of a requirement such as `einops>=0.8`.

    Raises:
        ContractError: It is no name with versions: an address or a path, for example.
    """
    match = _REQUIREMENT.fullmatch(requirement.replace(" ", ""))
    if match is None:
        raise ContractError(
            f"{requirement!r:.120} is no package", 'Write a name, with a version if it matters: "einops==0.8.1"'
        )
    return re.sub(r"[-_.]+", "-", match[1]).lower()


def read_packages(content: bytes | None) -> dict[str, str]:
    """The requirements in the content of the file, by normalised name.

    Raises:
        ContractError: A line is no package, or there are too many.
    """
    lines = [] if content is None else content.decode("utf-8", "replace").splitlines()
    requirements = [line.replace(" ", "") for line in lines if line.strip() and not line.startswith("#")]
    if len(requirements) > MAX_PACKAGES:
        raise ContractError(f"{PACKAGES_FILE} names {len(requirements)} packages, and {MAX_PACKAGES} are the most")
    return {package_name(requirement): requirement for requirement in requirements}


def packages_content(requirements: Iterable[str]) -> bytes:
    """The content of the file for these requirements."""
    return "".join(f"{requirement}\n" for requirement in sorted(requirements)).encode()
