"""Numbers that a training script prints and that may be its metric, with the expression that finds each again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...trainer.contract.trainer_toml.metric import Direction

MAX_OUTPUT_CHARACTERS: Final = 200_000
"""Of the end of an output that is searched."""
MAX_LINE_CHARACTERS: Final = 1000
_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)"
_PAIR: Final = re.compile(
    rf"(?P<label>[A-Za-z][A-Za-z0-9_/@.\-]*(?: [A-Za-z][A-Za-z0-9_/@\-]*){{0,2}})[ \t\"']*(?P<sign>[:=]|[ \t])[ \t\"']*"
    rf"(?P<value>{_NUMBER})(?![\w.]*[A-Za-z_])",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    r"loss|bpb|bpc|perplexity|ppl|acc|error|rmse|mse|mae|mape|auc|auroc|f1|r2|bleu|rouge|reward|return|score|nll|iou|dice|elbo"
    r"|wer|cer|fid|psnr|ssim|recall|precision|objective|fitness|regret|metric",
    re.IGNORECASE,
)
_MAXIMISED: Final = re.compile(
    r"acc|auc|auroc|f1|r2|bleu|rouge|reward|return|score|iou|dice|psnr|ssim|recall|precision|fitness|elbo|success",
    re.IGNORECASE,
)
_HELD_OUT: Final = re.compile(r"\b(?:val|valid|validation|test|eval|dev|held)|^(?:val|test|eval|dev)", re.IGNORECASE)
_TRAINING: Final = re.compile(r"train", re.IGNORECASE)
_PRINTED: Final = re.compile(
    r"(?:print|echo|info|write)\(\s*[frb]*[\"'](?:[^\"'{\n]*[\s(])?"
    r"(?P<label>[A-Za-z][\w/]*(?: [A-Za-z][\w/]*)?)[ \t]*[:=][ \t]*\{"
)
CLOSE: Final = 1.0
"""Candidates whose weights differ by less can't be told apart."""


@dataclass(frozen=True, slots=True)
class MetricCandidate:
    """A number that may be the metric.

    Attributes:
        name: As `trainer.toml` gets it.
        label: As it is printed.
        line: A line that prints it.
        value: The last one that was printed; None where the line was found in the code alone.
        direction: Which way is better, guessed from the name.
        is_default: The line begins with `NAME:`, so that no pattern is needed.
        weight: Likelihood; higher is better.
    """

    name: str
    label: str
    line: str
    value: str | None
    direction: Direction
    is_default: bool
    weight: float

    @property
    def pattern(self) -> str:
        """The regular expression that finds the value; empty where the default does."""
        if self.is_default:
            return ""
        label = r"[ \t]+".join(re.escape(word).replace(r"\-", "-") for word in self.label.split())
        return rf"(?<![\w/]){label}[^\w.+-]*([-+.\deE]+|nan|[-+]?inf)"


def printed_metrics(output: str) -> list[MetricCandidate]:
    """Return what an output prints that may be a metric, the likeliest first."""
    text = _ESCAPES.sub("", output[-MAX_OUTPUT_CHARACTERS:])
    lines = [line[:MAX_LINE_CHARACTERS].strip() for line in re.split(r"[\r\n]+", text)]
    last: dict[str, tuple[str, str, int, bool]] = {}
    for number, line in enumerate(lines):
        for label, value, is_default in _pairs(line):
            last[label] = (line, value, number, is_default)
    return _ranked(
        [
            _candidate(label, line, value, is_default=is_default, late=number / max(1, len(lines)))
            for label, (line, value, number, is_default) in last.items()
        ]
    )


def metrics_in_code(texts: Sequence[str]) -> list[MetricCandidate]:
    """Return what code prints that may be a metric, the likeliest first, where it can't be run."""
    found: dict[str, MetricCandidate] = {}
    for text in texts:
        for match in _PRINTED.finditer(text):
            label = match["label"]
            if _WORDS.search(label):
                is_default = match[0].partition("(")[2].lstrip("frb \"'").startswith(label)
                found[label] = _candidate(label, f"{label}: …", None, is_default=is_default, late=1.0)
    return _ranked(list(found.values()))


def _pairs(line: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the label and the value of each number that a line names, and whether the line is that pair."""
    position = 0
    while match := _PAIR.search(line, position):
        position = match.end("value")
        label = match["label"].strip()
        if match["sign"] not in ":=" and not _WORDS.search(label):
            continue
        words = label.split()
        while len(words) > 1 and not _WORDS.search(words[-1]):
            words.pop()
        while len(words) > 1 and not (_WORDS.search(words[0]) or _HELD_OUT.search(words[0]) or _TRAINING.search(words[0])):
            words.pop(0)
        label = " ".join(words)
        if _WORDS.search(label):
            yield label, match["value"], line.startswith(f"{label}:") and " " not in label


def _candidate(label: str, line: str, value: str | None, *, is_default: bool, late: float) -> MetricCandidate:
    held_out = bool(_HELD_OUT.search(label.replace("_", " "))) or bool(_HELD_OUT.search(label))
    weight = late + 4.0 * held_out + 1.5 * is_default - 2.0 * bool(_TRAINING.search(label))
    weight -= 0.5 * ("test" in label.lower())  # what is chosen by the test split tells nothing of it any more
    weight += 1.0 * bool(re.search(r"final|best", f"{label} {line[: line.find(label)]}", re.IGNORECASE))
    direction: Direction = "maximize" if _MAXIMISED.search(label) and not re.search(r"loss|error", label, re.I) else "minimize"
    name = label if is_default else re.sub(r"\W+", "_", label.lower()).strip("_")
    return MetricCandidate(name, label, line, value, direction, is_default, weight)


def _ranked(candidates: list[MetricCandidate]) -> list[MetricCandidate]:
    """The likeliest first; of two that get the same name, the likelier."""
    names: dict[str, MetricCandidate] = {}
    for candidate in sorted(candidates, key=lambda candidate: -candidate.weight):
        names.setdefault(candidate.name, candidate)
    return list(names.values())
