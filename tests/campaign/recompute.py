"""Recompute every figure of a lab's report from its raw ledger: `python -m tests.campaign.recompute LAB REPORT.md`.

SQL, git, NumPy, SciPy, statsmodels and Optuna; nothing of labhand. A line of the report that holds a figure and is claimed by
nothing here is an error, as is a claim that the report doesn't make.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy import stats

from . import analyses
from .drifts import claim_drift, drift_figures, drift_of
from .paces import at_usual_pace, explained_by_steps
from .page import Page, WrongClaimError, num
from .raw import Ledger, Row, arms, id_of, interval, lord, spent, squeezed, within
from .sealed import claim_sealed

# What says how to read a figure, or repeats what agents and runs wrote.
PROSE = (
    r"#+ .*",
    r"[“”].*",
    r".+, \S+ \((?:lower|higher) is better\)\. Written [\d: A-Z-]+\.",
    r"!\[.*",
    r"- \S+(?: \([^)]*\))?: .*",
    r"(?:Against \S+:|Nothing\.)",
    r"A promising experiment looks better than noise .*",
    r"Gains are against \S+\.",
    r"Gains are against the reference value of each knob; positive is better\. .*",
    r"(?:-{3}(?: \| )?)+",
    r"validation \| candidate \|.*",
    r"part \| gain \| 95 % \| p",
    r"change \| gain \| 95 % \| p",
    r"budgets \| ran at both \|.*",
    r"Noise between seeds pulls tau towards 0\. Tau needs 8 sources, .*",
    r"Everything here ran at one budget: .*",
    r"Stopped early: runs whose training curve .*",
    r"Too few: it takes 20 different scored experiments .*",
)


def recompute(root: Path, markdown: str) -> Page:
    """Hold a report against the ledger of the lab at `root`; gives the page with the lines that nothing accounts for.

    Raises:
        WrongClaimError: The report says something else than the ledger.
    """
    sign = 1 if "(lower is better)" in markdown else -1
    page, ledger = Page.of(markdown), Ledger(root, sign)
    page.drop("|".join(PROSE))
    _totals(page, ledger)
    for validation in ledger.rows("SELECT * FROM validations ORDER BY number"):
        _validation(page, ledger, validation, sign)
        claim_sealed(page, ledger, validation, sign)
    _tried(page, ledger)
    _noise(page, ledger)
    _efficiency(page, ledger, sign)
    _failures(page, ledger)
    _strata(page, ledger)
    analyses.claim_all(page, ledger, noise_of(ledger), sign)
    return page


def places(noise: float, value: float) -> int:
    """Decimals of a score that mean something."""
    if noise:
        return max(0, 1 - math.floor(math.log10(noise)))
    return max(0, 4 - (math.floor(math.log10(abs(value))) if value else 0))


def noise_of(ledger: Ledger) -> tuple[float, int]:
    """Of the stratum, without the scores that are suspected and not borne out; of runs at the usual pace of their source."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for e in ledger.scored:
        if e["doubt"] != "not_reproduced" and counts(e, ledger):
            groups[e["tree"]].append(e)
    led = [champion["tree"] for champion in ledger.champions if champion["tree"] in groups]
    brought, spent_degrees = at_usual_pace(groups, led, ledger.sign)
    return within(brought.values(), spent_degrees)


def counts(experiment: dict[str, Any], ledger: Ledger) -> bool:
    """Whether a score was never suspected, or another seed of its source bears it out."""
    bar = experiment["must_beat"]
    return bar is None or any(
        e["score"] < bar for e in ledger.scored if e["tree"] == experiment["tree"] and e is not experiment
    )


def _totals(page: Page, ledger: Ledger) -> None:
    everything = ledger.experiments
    hours, usd = math.fsum(e["gpu_seconds"] for e in everything) / 3600, math.fsum(e["usd"] for e in everything)
    sd, degrees = noise_of(ledger)
    money = f" and ${num(usd, places=2)}" if usd else ""
    page.claim(
        f"{len(everything)} experiments took {num(hours, digits=4)} GPU-hours{money}. Left of the allowance: unlimited. Noise:"
        f" {num(sd, digits=2)} between seeds (standard deviation, {degrees} degrees of freedom)."
    )


def _validation(page: Page, ledger: Ledger, validation: dict[str, Any], sign: int) -> None:
    name, candidate = f"v{validation['number']:03d}", id_of(validation["candidate"])
    champion = next(one for one in ledger.champions if one["number"] == validation["champion"])
    against = id_of(champion["experiment"])
    level = lord(validation["number"], _known_before(ledger, validation))
    _same(level, validation["level"], f"{name}: level")
    told, p = _tested(ledger, validation, sign)
    reported = _reported(ledger, validation, sign)
    reasons = [told, *_longer(page, ledger, validation, sign, candidate), *_of_report(reported, validation)]
    why = "; ".join(reason for reason in reasons if reason)
    p_cell, level_cell = num(p, digits=2), num(level, digits=3)
    if validation["verdict"] != "confirmed":
        page.row(name, candidate, against, validation["verdict"], p_cell, level_cell, why)
        return
    leads = ", now the champion" if validation["promoted"] else ""
    if reported is None:
        page.claim(f"**Confirmed: {candidate}**{leads}. Its gain is unknown: no pairs have run that were not part of the test.")
        page.row(name, candidate, against, "", "", p_cell, level_cell, why)
        return
    gain, (low, high), _ = reported
    page.claim(
        f"**Confirmed: {candidate}**{leads}. It gains {num(gain, digits=3)} on the baseline ({num(low, digits=3)} to"
        f" {num(high, digits=3)}, 95 % over seeds), from pairs that were not part of the test."
    )
    ends = f"{num(low, digits=3)}, {num(high, digits=3)}"
    page.row(name, candidate, against, num(gain, digits=3), ends, p_cell, level_cell, why)


def _known_before(ledger: Ledger, validation: dict[str, Any]) -> list[int]:
    """After how many tests each confirmation that was known at a launch became known."""
    confirmed = ledger.rows("SELECT known_after, number FROM validations WHERE verdict = 'confirmed'")
    known = sorted(one["known_after"] for one in confirmed if one["known_after"] < validation["number"])
    assert known == json.loads(validation["confirmations"]), "what was known at launch"
    return known


def _pairs(ledger: Ledger, validation: dict[str, Any], kind: str, horizon: int = 1) -> list[tuple[Any, Any]]:
    rows = ledger.rows(
        "SELECT c.score AS candidate, a.score AS against FROM pairs JOIN stages ON stages.validation = pairs.validation"
        " AND stages.place = stage JOIN experiments AS c ON c.number = candidate"
        " JOIN experiments AS a ON a.number = pairs.against"
        " WHERE pairs.validation = ? AND kind = ? AND horizon = ? ORDER BY pairs.place",
        validation["number"],
        kind,
        horizon,
    )
    return [(row["candidate"], row["against"]) for row in rows]


def _gains(pairs: list[tuple[Any, Any]], sign: int) -> list[float]:
    return [sign * (against - candidate) for candidate, against in pairs if None not in (candidate, against)]


def _tested(ledger: Ledger, validation: dict[str, Any], sign: int) -> tuple[str, float | None]:
    """The test's reason, and its p: at the look at which it was decided."""
    planned = ledger.one("SELECT pairs FROM stages WHERE validation = ? AND kind = 'test'", validation["number"])["pairs"]
    gains = _gains(_pairs(ledger, validation, "test"), sign)
    _prior(ledger, validation)
    half = (planned + 1) // 2
    before = 0.0
    for look in [half, planned] if 3 <= half < planned else [planned]:
        allowed = spent(validation["level"], look / planned)
        level, before = allowed - before, allowed
        if len(gains) < look:
            break
        mean, p = fmean(gains[:look]), _p(gains[:look], validation)
        told = f"a mean gain of {num(mean, digits=3)} over {look} pairs, p = {num(p, digits=2)}"
        if p <= level:
            return f"{told}, within the level of {num(level, digits=2)}", p
        if look == planned:
            return f"{told}, not within the level of {num(level, digits=2)}", p
        if mean <= 0:
            return f"{told}: given up after half of the pairs, not ahead", p
    return "the candidate failed on a seed on which the champion succeeded", None


def _prior(ledger: Ledger, validation: dict[str, Any]) -> None:
    """The noise that was known at launch, as the ledger has it, is what the scores of then come to."""
    if validation["prior_sd"] is None:
        return
    setting = ledger.one("SELECT setting FROM stages WHERE validation = ? AND kind = 'test'", validation["number"])["setting"]
    stratum = next(e["stratum"] for e in reversed(ledger.experiments) if e["setting"] == setting and e["stratum"])
    known = arms(
        e
        for e in ledger.experiments
        if e["stratum"] == stratum
        and e["score"] is not None
        and e["must_beat"] is None
        and e["finished_at"] < validation["launched_at"]
    )
    sd, degrees = squeezed(list(known.values()))  # of scores alone, at whatever pace
    _same(math.sqrt(2) * sd, validation["prior_sd"], "noise of a difference")
    _same(degrees, validation["prior_degrees"], "its degrees of freedom")


def _p(gains: list[float], validation: dict[str, Any]) -> float:
    """One-sided, with a variance that borrows from the stratum and is never below the pairs' own."""
    own, degrees = stats.tvar(gains), len(gains) - 1
    squared = own
    if validation["prior_sd"] is not None:
        d0, s0 = validation["prior_degrees"], validation["prior_sd"]
        squared, degrees = max(own, (d0 * s0**2 + degrees * own) / (d0 + degrees)), d0 + degrees
    return float(stats.t.sf(fmean(gains) / math.sqrt(squared / len(gains)), degrees))


def _longer(page: Page, ledger: Ledger, validation: dict[str, Any], sign: int, candidate: str) -> Iterator[str]:
    stages = ledger.rows("SELECT * FROM stages WHERE validation = ? AND kind = 'horizon' ORDER BY place", validation["number"])
    for stage in stages:
        gains = _gains(_pairs(ledger, validation, "horizon", stage["horizon"]), sign)
        if stage["gain"] is None or not gains:
            continue
        mean = fmean(gains)
        agrees = "" if stage["tau"] is None else f"; the rankings agree with tau {num(stage['tau'], digits=2)}"
        if validation["verdict"] == "confirmed":
            page.claim(
                f"{candidate} at {stage['horizon']}\u00d7 the budget: {num(mean, digits=3)} against the champion before"
                f" it{agrees}."
            )
        told = f"{num(mean, digits=3)} in the mean of {len(gains)} pairs at {stage['horizon']} times the budget"
        yield f"holds with {told}" if mean >= 0 else f"not promoted: behind with {told}"


def _reported(ledger: Ledger, validation: dict[str, Any], sign: int) -> tuple[float, tuple[float, float], int] | None:
    pairs = _pairs(ledger, validation, "report")
    gains = _gains(pairs, sign)
    if len(gains) < 8 or any(candidate is None and against is not None for candidate, against in pairs):
        return None
    return fmean(gains), interval(fmean(gains), float(stats.sem(gains)), len(gains) - 1), len(gains)


def _of_report(reported: tuple[float, tuple[float, float], int] | None, validation: dict[str, Any]) -> Iterator[str]:
    if reported is not None:
        yield f"the gain is that of {reported[2]} other pairs, against the baseline"
    elif "no gain is reported" in (validation["reason"] or ""):
        yield "no gain is reported: the candidate failed on a seed that the other ran through"


def _tried(page: Page, ledger: Ledger) -> None:
    verdicts = Counter(sorted(e["verdict"] for e in ledger.experiments if e["score"] is not None))
    page.claim(", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()) + ".")
    sd, _ = noise_of(ledger)
    reference = _reference(ledger)
    for theme in sorted({e["theme"] for e in ledger.experiments if e["theme"]}):
        tried = [e for e in ledger.experiments if e["theme"] == theme]
        gains = [e["gain"] for e in tried if e["stratum"] == ledger.stratum and e["gain"] is not None]
        failed = sum(e["status"] == "failed" for e in tried)
        best = max(gains, default=None)
        page.row(theme, len(tried), failed, "" if best is None else num(best, places=places(sd, best)))
    for row in [text for text in page.lines.values() if re.match(r"e\d+ \| promising \|", text)]:
        one = ledger.experiments[int(row.split(" | ")[0][1:]) - 1]
        _same(one["gain"], reference - one["score"], "gain") if counts(one, ledger) else None
        changes = row.split(" | ", 5)[5]
        score, gain = (num(one[name], places=places(sd, one["score"])) for name in ("score", "gain"))
        page.row(id_of(one["number"]), one["verdict"], score, gain, id_of(one["base"]), changes)


def _reference(ledger: Ledger) -> float:
    """The mean of the newest champion that has run in the stratum."""
    for champion in reversed(ledger.champions):
        is_baseline = champion["experiment"] is None
        scores = [
            e["score"] for e in ledger.scored if e["tree"] == champion["tree"] or (is_baseline and e["purpose"] == "baseline")
        ]
        if scores:
            return fmean(scores)
    raise WrongClaimError("nothing to compare with")


def _noise(page: Page, ledger: Ledger) -> None:
    sd, degrees = noise_of(ledger)
    sources = arms(ledger.scored)
    replicates = _replicates_of_reference(ledger)

    def shown(seeds: int) -> float:
        return float(stats.t.ppf(0.975, degrees)) * sd * math.sqrt(1 / seeds + 1 / max(1, replicates))

    told = (
        f"sd {num(sd, digits=3)}, degrees {degrees}, replicated sources {sum(len(one) > 1 for one in sources.values())},"
        f" shown by one seed {num(shown(1), digits=2)}, shown by four seeds {num(shown(4), digits=2)}"
    )
    page.claim(told + _louder(page) + explained_by_steps(ledger).figures + drift_figures(drift_of(ledger)))
    explained_by_steps(ledger).claim(page)
    page.claim(
        f"To detect a true gain of one sd ({num(sd, digits=2)}) takes 16 seeds on either side, one of two sd 4. Below that,"
        " the order of scores means nothing."
    )
    baseline = [e for e in ledger.scored if e["purpose"] == "baseline"]
    share = math.fsum(e["gpu_seconds"] for e in baseline) / math.fsum(e["gpu_seconds"] for e in ledger.scored)
    page.claim(
        f"The baseline ran {len(baseline)} times, to measure the noise and to detect drift: {num(100 * share, digits=2)} % of"
        " the GPU time of the scored experiments."
    )
    claim_drift(page, drift_of(ledger))


def _louder(page: Page) -> str:
    """Sources that are noisier than the rest are told by their own standard deviation; see `analyses.claim_louder`."""
    line = next((text for text in page.lines.values() if text.startswith("sd ")), "")
    found = re.search(r", noisier .*?(?=, explained by steps|, drift per day|$)", line)
    return found[0] if found else ""


def _replicates_of_reference(ledger: Ledger) -> int:
    for champion in reversed(ledger.champions):
        is_baseline = champion["experiment"] is None
        count: int = sum(e["tree"] == champion["tree"] or (is_baseline and e["purpose"] == "baseline") for e in ledger.scored)
        if count:
            return count
    return 0


def _efficiency(page: Page, ledger: Ledger, sign: int) -> None:
    ended = [e for e in ledger.experiments if e["finished_at"] is not None and e["started_at"] is not None]
    seconds = {part: [float(e["seconds"].get(part) or 0.0) for e in ended] for part in ("startup", "training", "evaluation")}
    seconds["training"] = [float(e["seconds"].get("training_wall") or e["seconds"].get("training") or 0.0) for e in ended]
    held, trained = math.fsum(e["gpu_seconds"] for e in ended), math.fsum(seconds["training"])
    around = math.fsum(seconds["startup"]) + math.fsum(seconds["evaluation"])
    useful = math.fsum(one for one, e in zip(seconds["training"], ended, strict=True) if e["score"] is not None)
    is_simulated = any(float(e["seconds"].get("held") or 0) > 1.5 * (e["finished_at"] - e["started_at"]) + 1 for e in ended)
    wall = max(e["finished_at"] for e in ended) - min(e["started_at"] for e in ended)
    usd = math.fsum(e["usd"] for e in ended)
    confirmed = len({e["tree"] for e in ended if e["verdict"] == "confirmed"})
    figures = {
        "gpu hours": held / 3600,
        "usd": usd or None,
        "useful share": useful / held,
        "scheduling": trained / (held - around),
        "speed up": None if is_simulated else (trained + around) / wall,
        "wall hours": None if is_simulated else wall / 3600,
        "gpu hours per confirmed": held / 3600 / confirmed if confirmed else None,
        "usd per confirmed": usd / confirmed if confirmed and usd else None,
    }
    for name, value in figures.items():
        if value is not None:
            page.row(name, num(value, digits=3))
    _stopped(page, ledger, sign)


def _stopped(page: Page, ledger: Ledger, sign: int) -> None:
    stopped = [e for e in ledger.experiments if e["status"] == "stopped"]
    if not stopped:
        return
    page.row("stopped early", len(stopped))
    assert len(stopped) == ledger.one("SELECT count(*) AS count FROM stops")["count"]
    usual = {
        e["setting"]: fmean(
            o["gpu_seconds"] for o in ledger.experiments if o["setting"] == e["setting"] and o["score"] is not None
        )
        for e in stopped
    }
    page.row("gpu seconds saved", num(max(0.0, math.fsum(usual[e["setting"]] - e["gpu_seconds"] for e in stopped)), digits=3))
    checked = [e for e in ledger.experiments if e["purpose"] == "spot_check" and e["score"] is not None]
    if checked:
        page.row("stopped run to the end", len(checked))
        page.row("stopped by mistake", sum(sign * (_reference(ledger) - e["score"]) > 0 for e in checked))


def _failures(page: Page, ledger: Ledger) -> None:
    failed = [e for e in ledger.experiments if e["failure"]]
    for kind, count in Counter(e["failure"] for e in failed).items():
        newest = max(e["number"] for e in failed if e["failure"] == kind)
        start = f"{kind} | {count} | e{newest:04d} | "
        line = next((text for text in page.lines.values() if text.startswith(start)), start)
        page.claim(line)  # what it said is the run's own word


def _strata(page: Page, ledger: Ledger) -> None:
    told = "- Scores are compared within one stratum only."
    for stratum in ledger.rows("SELECT * FROM strata ORDER BY number"):
        count = sum(e["stratum"] == stratum["number"] and e["score"] is not None for e in ledger.experiments)
        facts = ", ".join(f"{name} {value}" for name, value in json.loads(stratum["facts"]).items() if value is not None)
        told += f" s{stratum['number']} ({count} scored): {facts}."
    page.claim(f"{told} The figures above are of s{ledger.stratum}.")


def _same(one: float, other: float, what: str) -> None:
    if not math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12):
        raise WrongClaimError(f"{what}: recomputed {one!r}, the ledger has {other!r}")


def main() -> None:
    """Say what is wrong, or that nothing is."""
    root, report = map(Path, sys.argv[1:3])
    page = recompute(root, report.read_text("utf-8"))
    if left := page.unaccounted():
        raise WrongClaimError("Nothing in the ledger was found for:\n" + "\n".join(left))
    print("Every figure of the report was recomputed from the ledger.")  # noqa: T201


if __name__ == "__main__":
    main()
