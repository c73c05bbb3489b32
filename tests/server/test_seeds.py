"""The seeds that the lab assigns."""

from __future__ import annotations

from labhand.server.seeds import SeedStream


def test_seeds_are_the_same_for_a_setting_and_differ_between_labs_settings_and_replicates() -> None:
    def seed(lab: str, setting: str, place: int) -> int:
        return SeedStream.of_replicates(lab, setting).seed(place)

    seeds = {seed("a", "s", 0), seed("a", "s", 1), seed("a", "t", 0), seed("b", "s", 0)}
    assert len(seeds) == 4
    assert seed("a", "s", 1) == seed("a", "s", 1)
    assert all(0 <= value < 2**31 for value in seeds)


def test_replicates_have_the_seeds_that_labhand_0_1_assigned() -> None:
    stream = SeedStream.of_replicates("lab", "gpt-1/cpu/5s")
    assert [stream.seed(place) for place in (0, 1, 7)] == [614086036, 967701020, 185927351]


def test_the_pairs_of_a_stage_have_seeds_of_their_own_as_labhand_0_1_assigned_them() -> None:
    assert SeedStream.of_pairs("lab", "gpt-1/cpu/5s", "v003", "test").seed(0) == 2084978592
    assert SeedStream.of_pairs("lab", "gpt-1/cpu/5s", "v003", "report").seed(2) == 1627500915
