"""What is raised when a file of the contract can't be used."""

from __future__ import annotations


class ContractError(Exception):
    """A file of the contract is missing, or a key in it can't be used.

    Attributes:
        problem: Names the file, the key and the value.
        remedy: What to do about it; empty where the problem says it.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}. {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy
