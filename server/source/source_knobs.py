"""The knobs of a source: what a name stands for, and how several are set together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from ..errors import BadInputError
from .knob_kinds.hydra_groups import HydraGroups
from .knobs import KnobFile, KnobInfo, has_knobs, keeps_name, knob_words, listed, unknown_knob
from .literals import Value
from .source_text import decode, encode, show
from .trainer_folder import Source, Trainer


@dataclass(frozen=True, slots=True)
class KnobChange:
    """A source after knobs were set.

    Attributes:
        source: The source. Unchanged files are the same objects.
        given: The given values by the knobs' own names, as the groups are chosen then.
        settled: The knobs that changed, with their new value and text.
        places: The changed knobs by file and name there: a knob's own name may stand for another file's in another cell.
        values: The values of all knobs, as the groups are chosen then.
        words: What changed: `optimizer sgd→adam, optimizer.lr 0.001→0.01`.
    """

    source: Source
    given: Mapping[str, JsonValue]
    settled: Mapping[str, KnobInfo]
    places: frozenset[tuple[str, str]]
    values: Mapping[str, Value]
    words: str


class Knobs:
    """The knobs of a source's editable files, parsed once. The cells of a grid are rendered from it.

    A knob's name is its full name in its file, `DEPTH` or `optimizer.lr`; if several files have that name, with the file before
    it: `train.py:LEARNING_RATE`. Wherever a knob is named, the end of its name is enough if no other knob's name ends like it.
    """

    def __init__(self, source: Source, trainer: Trainer) -> None:
        self._source = source
        self._trainer = trainer
        self._groups = HydraGroups(source, trainer.file.command)
        self._chosen: dict[str, Knobs] = {}
        self._command = trainer.file.command
        self._unreadable: dict[str, BadInputError] = {}
        self._files: dict[str, KnobFile] = {}
        for path, data in source.items():
            if has_knobs(path) and trainer.is_editable(path):
                try:
                    self._files[path] = KnobFile(decode(path, data), path)
                except BadInputError as error:
                    self._unreadable[path] = error
        self._homes = dict(self._name_knobs())

    @property
    def infos(self) -> dict[str, KnobInfo]:
        """Every knob."""
        return {name: self._files[path].knobs[inner] for name, (path, inner) in self._homes.items()}

    @property
    def values(self) -> dict[str, Value]:
        """Every knob's value."""
        return {name: knob.value for name, knob in self.infos.items()}

    def of_file(self, path: str) -> dict[str, KnobInfo]:
        """Returns the knobs of a file."""
        return {name: self._files[home].knobs[inner] for name, (home, inner) in self._homes.items() if home == path}

    def place(self, name: str) -> tuple[str, KnobInfo]:
        """Returns the file that sets a knob, and how."""
        path, inner = self._homes[name]
        return path, self._files[path].knobs[inner]

    def full_name(self, name: str) -> str:
        """Returns the name of the knob that a name stands for: `lr` may stand for `optimizer.lr`.

        Raises:
            BadInputError: It stands for none, or for several; the error names them with their places.
        """
        matches = self.stands_for(name)
        if len(matches) == 1:
            return matches[0]
        if not matches:
            raise self.unknown_knob(name)
        if not self._groups.is_read(self._homes[matches[0]][0]):
            raise self._unread(matches[0])
        places = [f"{match} ({self._place(match)})" for match in matches]
        raise BadInputError(
            f"{name} is a knob in {len(matches)} places: {listed(places, ', ')}", f"Use a full name, such as {matches[0]}"
        )

    def stands_for(self, name: str) -> list[str]:
        """Returns the knobs for which a name may stand: one, none, or several if it is ambiguous."""
        return [name] if name in self._homes else self._matches(name)

    def unknown_knob(self, name: str) -> BadInputError:
        """Returns the refusal of a name that stands for no knob: where the source has that name, and why that is no knob."""
        for path, error in self._unreadable.items():
            if name.rpartition(".")[2].encode() in self._source[path]:
                return error
        texts = {path: file.text for path, file in self._files.items()}
        others = {path: show(path, data) for path, data in self._source.items() if path not in texts and has_knobs(path)}
        return unknown_knob(name, texts, self.infos, others)

    def full_names(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Returns the values by the knobs' own names, as the groups are chosen now.

        Raises:
            BadInputError: A name stands for no knob or for several, or two names stand for the same.
        """
        named: dict[str, JsonValue] = {}
        for name, value in values.items():
            if (full := self.full_name(name)) in named:
                raise BadInputError(f"{full} is set twice, once as {name}", "Set a knob in one place")
            named[full] = value
        return named

    def change(self, values: Mapping[str, JsonValue]) -> KnobChange:
        """Sets knobs. The choices of groups come first, because they decide in which file a knob is set.

        Raises:
            BadInputError: A knob is unknown, ambiguous or not read, or a value doesn't fit its type or its file's encoding.
        """
        choices = self._choices(values)
        if not choices:
            return self._set(values)
        first = self._set(choices)
        rest = {name: value for name, value in values.items() if name not in choices}
        then = self._after(first).change(rest)
        return KnobChange(
            source=then.source,
            given={**first.given, **then.given},
            settled={**first.settled, **then.settled},
            places=first.places | then.places,
            values=then.values,
            words=", ".join(filter(None, [first.words, then.words])),
        )

    def settle(self, values: Mapping[str, JsonValue]) -> dict[str, KnobInfo]:
        """Returns the knobs that these values change, with their new value and text; see `change`."""
        return dict(self.change(values).settled)

    def override(self, values: Mapping[str, JsonValue]) -> Source:
        """Returns the source with these knobs set; see `change`. Unchanged files are the same objects."""
        return self.change(values).source

    def describe(self, values: Mapping[str, JsonValue]) -> str:
        """Returns what setting these knobs changes: `DEPTH 4→6, MATRIX_LR 0.02→0.04`; see `change`."""
        return self.change(values).words

    def _choices(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Returns the values that choose groups and decide which others may be set; outer groups come before inner ones."""
        depths: dict[str, int] = {}
        for name in values:
            homes = [self._homes[full] for full in self.stands_for(name)]
            if len(homes) == 1 and self._groups.is_choice(*homes[0]) and self._groups.is_read(homes[0][0]):
                depths[name] = self._groups.depth(homes[0][0])
        first = min(depths.values(), default=0)
        return {name: values[name] for name, depth in depths.items() if depth == first}

    def _after(self, first: KnobChange) -> Knobs:
        """Returns the knobs as they are once groups are chosen; kept, because the cells of a grid share choices."""
        if not first.settled:
            return self
        key = repr(sorted((name, knob.value) for name, knob in first.settled.items()))
        if key not in self._chosen:
            self._chosen[key] = Knobs(first.source, self._trainer)
        return self._chosen[key]

    def _set(self, values: Mapping[str, JsonValue]) -> KnobChange:
        """Sets knobs of files that are read as the groups are chosen now."""
        by_file = self._by_file(values)
        settled: dict[str, KnobInfo] = {}
        source = dict(self._source)
        for path, mine in by_file.items():
            file = self._files[path]
            changed = file.settle(mine)
            settled |= {
                name: changed[inner] for name, (home, inner) in self._homes.items() if home == path and inner in changed
            }
            source[path] = encode(path, file.render(mine), self._source[path])
        return KnobChange(
            source=source,
            given=self.full_names(values),
            settled=settled,
            places=frozenset(self._homes[name] for name in settled),
            values=self.values | {name: knob.value for name, knob in settled.items()},
            words=knob_words(self.infos, settled),
        )

    def _by_file(self, values: Mapping[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
        by_file: dict[str, dict[str, JsonValue]] = {}
        for name, value in self.full_names(values).items():
            path, inner = self._homes[name]
            if not self._groups.is_read(path):
                raise self._unread(name)
            self._refuse_given_by_command(name, self._files[path].knobs[inner])
            by_file.setdefault(path, {})[inner] = value
        return by_file

    def _unread(self, name: str) -> BadInputError:
        """Returns the refusal of a knob of a group's file that isn't chosen: changing it would have no effect."""
        path, inner = self._homes[name]
        group, chosen, stem, folder = self._groups.why_unread(path)
        there = [self._knobs_of_choice(folder, choice) for choice in chosen]
        choice = " and ".join(chosen) or "null"
        return BadInputError(
            f"{inner} can't be changed in {path}: the group {group} is {choice}, so this file isn't read"
            + "".join(f"; {words}" for words in there),
            f"Choose it with {json.dumps({group: stem})} in the same launch, or set a knob of the chosen file",
        )

    def _knobs_of_choice(self, folder: str, choice: str) -> str:
        """Returns in words which knobs the chosen file of a group has."""
        paths = [f"{folder}/{choice}{suffix}" for suffix in (".yaml", ".yml")]
        path = next((path for path in paths if path in self._source), None)
        if path is None:
            return f"the source has no {paths[0]}"
        knobs = list(self._files[path].knobs) if path in self._files else []
        return f"{path} has {listed(knobs, ', ') or 'no knobs'}"

    def _refuse_given_by_command(self, name: str, knob: KnobInfo) -> None:
        """Raises an error for a default that never counts, because the command of `trainer.toml` gives the value."""
        if knob.kind.startswith("option "):
            flags = {knob.kind.removeprefix("option ")}
            settings: set[str] = set()
        else:  # a field of a dataclass may be an option, too: as HfArgumentParser and tyro make them
            names = {name, name.rpartition(".")[2], name.rpartition(":")[2]}
            flags = {f"--{spelled}" for each in names for spelled in (each, each.replace("_", "-"))}
            settings = {name, f"++{name}"}
        starts = tuple(f"{word}=" for word in flags | settings)
        given = [word for word in self._command if word in flags or word.startswith(starts)]
        if given:
            raise BadInputError(
                f"{name} can't be changed at {self._place(name)}: the command in trainer.toml gives it ({given[0]})",
                "Whoever runs the lab may take it out of the command; experiments can't",
            )

    def _name_knobs(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yields each knob's name with its file and its full name there."""
        paths_by_name: dict[str, list[str]] = {}
        for path, file in self._files.items():
            for name in file.knobs:
                paths_by_name.setdefault(name, []).append(path)
        for name, paths in paths_by_name.items():
            owner = self._owner(name, paths)
            yield from ((name if path == owner else f"{path}:{name}", (path, name)) for path in paths)

    def _owner(self, name: str, paths: list[str]) -> str | None:
        """Returns the file that has a name for itself: the only one, the one with a constant in capitals, or a chosen group.

        A file that isn't read has none.
        """
        read = [path for path in paths if self._groups.is_read(path)]
        if len(read) == 1:
            return read[0]
        capitals = [path for path in read if keeps_name(name, self._files[path].knobs[name])]
        chosen = [path for path in read if self._groups.is_chosen(path)]
        return next((some[0] for some in (capitals, chosen) if len(some) == 1), None)

    def _matches(self, name: str) -> list[str]:
        """Returns the knobs for which a name may stand.

        If some have it as their full name, only these; among them, those that are read before those that aren't, which are
        given only so that their refusal can say why. An option, `--learning-rate` or `learning-rate`, is the knob that the
        code calls `learning_rate`.
        """
        file, _, inner = name.rpartition(":")
        ends = self._ending_with(file, inner)
        if not ends:
            inner = inner.lstrip("-").replace("-", "_")
            ends = self._ending_with(file, inner)
        full = [known for known, home in ends.items() if home[1] == inner] or list(ends)
        return [known for known in full if self._groups.is_read(ends[known][0])] or full

    def _ending_with(self, file: str, inner: str) -> dict[str, tuple[str, str]]:
        """Returns the knobs whose name ends with this one, with their file and name in it; of one file, if it is named."""
        return {
            known: home
            for known, home in self._homes.items()
            if f".{home[1]}".endswith(f".{inner}") and (not file or f"/{home[0]}".endswith(f"/{file}"))
        }

    def _place(self, name: str) -> str:
        path, inner = self._homes[name]
        knob = self._files[path].knobs[inner]
        return f"{path}:{knob.line}, {knob.kind}, {knob.text:.60}"
