"""Numbers that a training script prints and that may be its metric, with the expression that finds each again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...trainer.contract.trainer_toml.metric import Direction

MAX_OUTPUT_CHARACTERS: Final = 200_000
"""Of the end of an output that is searched."""
MAX_LINE_CHARACTERS: Final = 1000
_ESCAPES: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)"
_PAIR: Final = re.compile(
    rf"(?P<label>[A-Za-z][A-Za-z0-9_/@.\-]*(?: [A-Za-z][A-Za-z0-9_/@\-]*){{0,2}})[ \t\"']*(?P<sign>[:=]|[ \t])[ \t\"'\[(]*"
    rf"(?P<value>{_NUMBER})(?![\w.]*[A-Za-z_])",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(
    r"loss|bpb|bpc|perplexity|ppl|acc(?!umul|ess|ount|el)|error|rmse|mse|mae|mape|auc|auroc|f1|r2|bleu|rouge|reward|return|score|nll|iou|dice|elbo"
    r"|wer|cer|fid|psnr|ssim|recall|precision|objective|fitness|regret|metric",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(
    rf"(?P<label>(?P<name>[A-Za-z][\w-]*)(?: (?:of|on|for|in)(?: [A-Za-z][\w-]*){{1,4}}?)?(?: is)?)[ \t]*[:=]?[ \t]*"
    rf"(?P<value>{_NUMBER})(?![\w.]*[A-Za-z_])",
    re.IGNORECASE,
)
"""`The RMSE of prediction is: 0.445`, `Accuracy on the test set = 0.9`, `Accuracy is 0.9`."""
_MEASURES: Final = re.compile(r"mfu|vram|throughput|(?:tokens|samples|images|steps)_?per_?s", re.IGNORECASE)
_MAXIMISED: Final = re.compile(
    r"mfu|throughput|per_?s|acc(?!umul|ess|ount|el)|auc|auroc|f1|r2|bleu|rouge|reward|return|score|iou|dice|psnr|ssim|recall|precision|fitness|elbo|success",
    re.IGNORECASE,
)
_HELD_OUT: Final = re.compile(r"\b(?:val|valid|validation|test|eval|dev|held)|^(?:val|test|eval|dev)", re.IGNORECASE)
_TRAINING: Final = re.compile(r"train", re.IGNORECASE)
_PRINTS: Final = re.compile(r"(?:print|echo|info|log|write)\s*\(")
_PRINTED: Final = re.compile(r"(?P<label>[A-Za-z][\w/]*(?: [A-Za-z][\w/]*)?)[ \t]*[:=]?[ \t]*\{")
_STEP: Final = re.compile(
    r"(?<![A-Za-z])(?:([A-Za-z]+)[_\- ])?(?:steps?|iters?|iterations?|updates?)\b[^\w\n]{0,6}(\d{1,9})\b", re.IGNORECASE
)
_OF_SETTINGS: Final = frozenset({"eval", "log", "max", "n", "num", "save", "total", "warmup"})
"""Words before `steps` in a setting, such as `max_steps`, which code often prints before it begins."""
STEPS_OF_TRAINING: Final = 3
"""Steps that an output names one after the other, so that it is training; fewer may be said of the best one."""
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
        is_measure: It says what a run used, and can't be what runs are judged by.
        file: The file that has it, relative to the working folder; empty where it is printed.
        key: Where it is in that file.
        format: Of that file, where its ending doesn't say it; empty otherwise.
        not_after: Words that make it another metric where they stand before the label: `test` before `loss`.
    """

    name: str
    label: str
    line: str
    value: str | None
    direction: Direction
    is_default: bool
    weight: float
    is_measure: bool = False
    file: str = ""
    key: str = ""
    format: str = ""
    not_after: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """The regular expression that finds the value; empty where the default does."""
        if self.is_default or self.file:
            return ""
        label = r"[ \t]+".join(re.escape(word).replace(r"\-", "-") for word in self.label.split())
        others = "".join(f"(?<!{re.escape(word)} )" for word in self.not_after)
        return rf"(?<![\w/]){others}{label}[^\w.+-]*([-+]?\.?\d[\d.]*(?:[eE][-+]?\d+)?|nan|[-+]?inf)"


def is_held_out(label: str) -> bool:
    """Return whether a label says that the number is of data which training doesn't see."""
    return bool(_HELD_OUT.search(label.replace("_", " "))) or bool(_HELD_OUT.search(label))


def printed_metrics(output: str) -> list[MetricCandidate]:
    """Return what an output prints that may be a metric, the likeliest first."""
    text = _ESCAPES.sub("", output[-MAX_OUTPUT_CHARACTERS:])
    lines = [line[:MAX_LINE_CHARACTERS].strip() for line in re.split(r"[\r\n]+", text)]
    last: dict[str, tuple[str, str, int, bool]] = {}
    for number, line in enumerate(lines):
        for label, value, is_default in _pairs(line):
            last[label] = (line, value, number, is_default)
    found = [
        _candidate(label, line, value, is_default=is_default, late=number / max(1, len(lines)))
        for label, (line, value, number, is_default) in last.items()
    ]
    return ranked([replace(metric, not_after=_words_before(metric.label, last)) for metric in found])


def _words_before(label: str, labels: Iterable[str]) -> tuple[str, ...]:
    """The words that make of a label another one of these."""
    longer = (other.removesuffix(f" {label}") for other in labels if other.endswith(f" {label}"))
    return tuple(sorted({words.rpartition(" ")[2] for words in longer}))


def steps_reached(output: str) -> int:
    """Return the highest step that an output names, as in `step 120/5000`; 0 for none."""
    return max(_steps(output), default=0)


def _steps(output: str) -> set[int]:
    text = _ESCAPES.sub("", output[-MAX_OUTPUT_CHARACTERS:])
    return {int(number) for word, number in _STEP.findall(text) if word.lower() not in _OF_SETTINGS}


def steps_after_last(output: str, metric: MetricCandidate) -> int:
    """Return the step that training reached after a metric was printed last, if that was before training; otherwise 0."""
    before, line, after = _ESCAPES.sub("", output[-MAX_OUTPUT_CHARACTERS:]).rpartition(metric.line)
    steps = _steps(after)
    if metric.file or not line or len(steps) < STEPS_OF_TRAINING or steps_reached(f"{before}{line}") > 0:
        return 0
    return max(steps)


def metrics_in_code(texts: Sequence[str]) -> list[MetricCandidate]:
    """Return what code prints that may be a metric, the likeliest first, where it can't be run."""
    found: dict[str, MetricCandidate] = {}
    lines = (line for text in texts for line in text.splitlines() if len(line) <= MAX_LINE_CHARACTERS and _PRINTS.search(line))
    for line in lines:
        for match in _PRINTED.finditer(line):
            label = match["label"]
            if _WORDS.search(label) or _MEASURES.search(label):
                is_default = " " not in label and line[: match.start()].rstrip()[-1:] in {'"', "'"} and ":" in match[0]
                found[label] = _candidate(label, f"{label}: …", None, is_default=is_default, late=1.0)
    return ranked(list(found.values()))


def _pairs(line: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the label and the value of each number that a line names, and whether the line is that pair.

    A label ends where its value begins, so that the expression that is made of it finds the value again.
    """
    position = 0
    while match := _PAIR.search(line, position):
        position = match.end("value")
        label = match["label"].strip()
        if match["sign"] in ":=" and " " not in label and _MEASURES.search(label):
            yield label, match["value"], line.startswith(f"{label}:")
        elif shorter := _metric_in(label):
            yield shorter, match["value"], line.startswith(f"{shorter}:") and " " not in shorter
    for match in _SENTENCE.finditer(line):
        if " " in match["label"] and _WORDS.search(match["name"]):
            yield match["label"], match["value"], False


def _metric_in(label: str) -> str:
    """Return the words of a label from the first that says something of a metric on; empty if the last one isn't one."""
    words = label.split()
    if not _WORDS.search(words[-1]):
        return ""
    while len(words) > 1 and not (_WORDS.search(words[0]) or _HELD_OUT.search(words[0]) or _TRAINING.search(words[0])):
        words.pop(0)
    return " ".join(words)


def _candidate(label: str, line: str, value: str | None, *, is_default: bool, late: float) -> MetricCandidate:
    weight = late + 4.0 * is_held_out(label) + 1.5 * is_default - 2.0 * bool(_TRAINING.search(label))
    is_measure = not _WORDS.search(label)
    weight -= 10.0 * is_measure
    weight -= 0.5 * ("test" in label.lower())  # what is chosen by the test split tells nothing of it any more
    weight += 1.0 * bool(re.search(r"final|best", f"{label} {line[: line.find(label)]}", re.IGNORECASE))
    direction: Direction = "maximize" if _MAXIMISED.search(label) and not re.search(r"loss|error", label, re.I) else "minimize"
    words = label if is_default else re.sub(r" is$", "", label, flags=re.IGNORECASE).lower()
    name = label if is_default else re.sub(r"\W+", "_", words).strip("_")
    return MetricCandidate(name, label, line, value, direction, is_default, weight, is_measure)


def candidate_of(label: str, line: str, value: str | None) -> MetricCandidate | None:
    """Return a number with a name as a candidate; None if the name is neither that of a metric nor that of a measure."""
    if not (_WORDS.search(label) or _MEASURES.search(label)):
        return None
    return _candidate(label, line, value, is_default=True, late=1.0)


def ranked(candidates: list[MetricCandidate]) -> list[MetricCandidate]:
    """The likeliest first; of two that get the same name, the likelier."""
    names: dict[str, MetricCandidate] = {}
    for candidate in sorted(candidates, key=lambda candidate: -candidate.weight):
        names.setdefault(candidate.name, candidate)
    return list(names.values())
