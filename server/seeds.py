"""The seeds that the lab assigns. No caller chooses one: a seed that was picked for its score would be a result of its own."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class SeedStream:
    """A sequence of seeds that is the same in every process, and shares none with another stream but by chance.

    Attributes:
        lab: The lab's own identity, so that two labs don't draw the same seeds.
        name: Of the stream within the lab.
    """

    lab: str
    name: str

    @classmethod
    def of_replicates(cls, lab: str, setting: str) -> SeedStream:
        """The seeds of replicates in one setting.

        All experiments of a setting share them, so that they can be compared pair by pair; what the lab runs again by itself
        takes the next one that its source has not had.

        Args:
            lab: The lab's identity.
            setting: Trainer, kind of device and budget: the stratum as far as it is known before anything ran.
        """
        return cls(lab, setting)

    @classmethod
    def of_pairs(cls, lab: str, setting: str, validation: str, stage: str) -> SeedStream:
        """The seeds of the pairs of one stage of a validation, which nothing else in the lab has.

        Args:
            lab: The lab's identity.
            setting: The setting in which the stage runs.
            validation: Such as `v003`.
            stage: The kind of the stage.
        """
        return cls(lab, f"{setting}/{validation}/{stage}")

    def seed(self, place: int) -> int:
        """Returns the seed at a place of the stream, counted from 0; it lies in [0, 2**31)."""
        digest = sha256(f"{self.lab}/{self.name}/{place}".encode()).digest()
        return int.from_bytes(digest[:4], "big") >> 1
