"""Where YAML, TOML, JSON and `.env` files set a value, and how such a value is written.

Each format's own parser finds the values and their positions, so that a change replaces the characters of one value and nothing
else. The parsers are loaded when a file of their format is read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import PurePosixPath
from typing import Any, cast

from ..literals import Value

MAX_CHARACTERS = 65_536
"""Size of a configuration file; a larger one is data, and has no knobs."""
_GROUP_ROOTS = frozenset({"conf", "config", "configs", "cfg"})
"""Folders below which Hydra's groups lie by convention: `conf/optimizer/adam.yaml` sets `optimizer.lr`."""
_FLOAT = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+")
"""Floats that YAML 1.1 reads as text and OmegaConf as numbers."""
_INTERPOLATION = re.compile(r"\$\{|\{\{")
_SYNTAX = {".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json", ".env": "env"}


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """A value in a configuration file.

    Attributes:
        name: Path of its key: `optimizer.lr`.
        value: The value.
        start: Position of its first character.
        stop: Position behind its last character.
    """

    name: str
    value: Value
    start: int
    stop: int


def syntax_of(path: str) -> str:
    """Returns `yaml`, `toml`, `json` or `env`; empty for another kind of file."""
    name = PurePosixPath(path)
    return "env" if name.name == ".env" else _SYNTAX.get(name.suffix, "")


def group_of(path: str) -> str:
    """Returns the Hydra group of a file, `optimizer` for `conf/optimizer/adam.yaml`; empty if it is in none."""
    parts = PurePosixPath(path).parts[:-1]
    root = next((place for place, part in enumerate(parts) if part in _GROUP_ROOTS), len(parts))
    return ".".join(parts[root + 1 :]) if syntax_of(path) == "yaml" else ""


def config_values(path: str, text: str) -> list[ConfigValue]:
    """Returns the values of a configuration file, by position; empty if it can't be parsed, or is too large."""
    if len(text) > MAX_CHARACTERS:
        return []
    try:
        values = list(_PARSERS[syntax_of(path)](text))
    except (ValueError, RecursionError):
        return []
    group = group_of(path)
    if group and not re.search(r"^#\s*@package\s+_global_", text, re.MULTILINE):
        values = [ConfigValue(f"{group}.{found.name}", found.value, found.start, found.stop) for found in values]
    return sorted(values, key=lambda found: found.start)


def write_config(syntax: str, value: Value, like: str) -> str:
    """Returns a value as text of a configuration file, in the style of the old text.

    Raises:
        ValueError: The format can't express the value in one line.
    """
    return _WRITERS[syntax](value, like)


def _yaml(text: str) -> Iterator[ConfigValue]:
    import yaml  # noqa: PLC0415  loaded for the files of trainers that have them

    try:
        documents = list(yaml.compose_all(text, yaml.SafeLoader))
        loader = yaml.SafeLoader("")
        if len(documents) == 1:
            yield from _yaml_values(documents[0], "", loader, set())
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _yaml_values(node: Any, name: str, loader: Any, seen: set[int]) -> Iterator[ConfigValue]:  # noqa: ANN401
    import yaml  # noqa: PLC0415

    if id(node) in seen:  # an alias: it stands at its anchor
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, inner in node.value:
            if name == "" and key.value == "defaults" and isinstance(inner, yaml.SequenceNode):
                for choice in inner.value:  # Hydra's groups: `- optimizer: adam` is set as `optimizer`
                    yield from _yaml_values(choice, "", loader, seen) if isinstance(choice, yaml.MappingNode) else ()
            elif isinstance(key, yaml.ScalarNode) and key.tag == "tag:yaml.org,2002:str":
                yield from _yaml_values(inner, f"{name}.{key.value}".lstrip("."), loader, seen)
        return
    block = isinstance(node, yaml.SequenceNode) and not node.flow_style
    if name and not block and (value := _yaml_value(node, loader)) is not ...:
        yield ConfigValue(name, value, node.start_mark.index, node.end_mark.index)


def _yaml_value(node: Any, loader: Any) -> Any:  # noqa: ANN401
    """Returns the value of a scalar or of a list of scalars; `...` for anything else, such as an interpolation."""
    import yaml  # noqa: PLC0415

    if isinstance(node, yaml.SequenceNode):
        values = [_yaml_value(element, loader) for element in node.value]
        return ... if ... in values or any(isinstance(value, list) for value in values) else values
    if not isinstance(node, yaml.ScalarNode) or node.style in {"|", ">"} or node.start_mark.index == node.end_mark.index:
        return ...
    if node.style is None and _FLOAT.fullmatch(node.value):
        return float(node.value.replace("_", ""))
    value = loader.construct_object(node) if node.tag.startswith("tag:yaml.org,2002:") else ...
    return value if _is_plain(value) else ...


def _toml(text: str) -> Iterator[ConfigValue]:
    """Finds positions by putting a mark in place of every value, and reading what lies between the marks."""
    import tomlkit  # noqa: PLC0415
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        whole = tomlkit.parse(text).unwrap()
        document = tomlkit.parse(text)
        names: list[tuple[str, Value]] = []
        _mark(document, whole, "", names)
        pieces = re.split(r"'labhand-mark-(\d+)'", tomlkit.dumps(document))
    except TOMLKitError as error:
        raise ValueError(str(error)) from error
    yield from _between(text, pieces, names)


def _mark(table: Any, values: Mapping[str, Any], path: str, names: list[tuple[str, Value]]) -> None:  # noqa: ANN401
    import tomlkit  # noqa: PLC0415

    for key, value in values.items():
        name = f"{path}.{key}".lstrip(".")
        if _is_table(value):
            _mark(table[key], value, name, names)
        elif _is_plain(value) or _is_list(value):
            mark = tomlkit.string(f"labhand-mark-{len(names)}", literal=True)
            names.append((name, value))
            table[key] = mark


def _between(text: str, pieces: list[str], names: list[tuple[str, Value]]) -> Iterator[ConfigValue]:
    """Yields the values between the pieces of a text; nothing if the pieces aren't those of the text."""
    place = len(pieces[0])
    if not text.startswith(pieces[0]):
        return
    for number, after in zip(pieces[1::2], pieces[2::2], strict=True):
        name, value = names[int(number)]
        stop = _toml_end(text, place)
        if not text.startswith(after, stop):
            return
        yield ConfigValue(name, value, place, stop)
        place = stop + len(after)


def _toml_end(text: str, start: int) -> int:
    """Position behind the TOML value that begins at `start`."""
    strings = r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
    if text[start] != "[":
        match = re.compile(rf"{strings}|[^\s,#\]}}]+", re.DOTALL).match(text, start)
        return match.end() if match else start
    depth = 0
    for token in re.compile(rf"{strings}|#[^\n]*|[\[\]]", re.DOTALL).finditer(text, start):
        depth += {"[": 1, "]": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return start


def _json(text: str) -> Iterator[ConfigValue]:
    json.loads(text)
    decoder = json.JSONDecoder()
    space = re.compile(r"[ \t\r\n]*")

    def skip(place: int) -> int:
        match = space.match(text, place)
        return match.end() if match else place

    def walk(place: int, path: str) -> Iterator[ConfigValue]:
        """Yields the values of the object that begins at `place`; the text is known to be JSON."""
        place = skip(place + 1)
        while text[place] != "}":
            key, place = decoder.raw_decode(text, place)
            name = f"{path}.{key}".lstrip(".")
            start = skip(skip(place) + 1)
            value, stop = decoder.raw_decode(text, start)
            if _is_table(value):
                yield from walk(start, name)
            elif _is_plain(value) or _is_list(value):
                yield ConfigValue(name, value, start, stop)
            place = skip(stop)
            place = skip(place + 1) if text[place] == "," else place

    if text[skip(0) :].startswith("{"):
        yield from walk(skip(0), "")


def _env(text: str) -> Iterator[ConfigValue]:
    from dotenv.parser import parse_stream  # noqa: PLC0415

    place = 0
    for binding in parse_stream(StringIO(text, newline="")):
        whole = binding.original.string
        if binding.key and binding.value and not binding.error and "\\" not in whole:
            start = place + whole.index(binding.value, whole.index("=") + 1)
            yield ConfigValue(binding.key, _number_or_text(binding.value), start, start + len(binding.value))
        place += len(whole)


def _number_or_text(text: str) -> Value:
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return text


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    """Whether it is a list of scalars."""
    return isinstance(value, list) and all(map(_is_plain, cast("list[object]", value)))


def _is_plain(value: object) -> bool:
    """Whether it is a scalar that isn't computed by the program that reads it."""
    if isinstance(value, str):
        return not _INTERPOLATION.search(value)
    return value is None or (isinstance(value, bool | int | float) and math.isfinite(value))


def _write_json(value: Value, like: str) -> str:
    del like
    return json.dumps(value, ensure_ascii=False)


def _write_toml(value: Value, like: str) -> str:
    if value is None:
        raise ValueError("TOML has no null")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_write_toml(element, '') for element in value)}]"
    if isinstance(value, str) and like.startswith("'") and "'" not in value and value.isprintable():
        return f"'{value}'"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _write_yaml(value: Value, like: str) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_write_yaml(element, '') for element in value)}]"
    if isinstance(value, float):
        text = repr(value)  # YAML 1.1 reads `1e-05` as text, and `1.0e-05` as a number
        return text if "." in text else text.replace("e", ".0e")
    if isinstance(value, str):
        return _write_yaml_text(value, like)
    return json.dumps(value)


def _write_yaml_text(value: str, like: str) -> str:
    if like.startswith("'") and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not like.startswith('"') and re.fullmatch(r"[A-Za-z_./][\w./-]*( [\w./-]+)*", value):
        [found] = [*_yaml(f"key: {value}"), None][:1]
        if found is not None and found.value == value:
            return value
    return json.dumps(value, ensure_ascii=False)


def _write_env(value: Value, like: str) -> str:
    del like
    text = value if isinstance(value, str) else repr(value)
    if not isinstance(value, str | int | float) or not re.fullmatch(r"[\w./:@%+,-]+", text):
        raise ValueError("in a .env file a value is a number, or text without spaces and quotes")
    return text


_PARSERS: Mapping[str, Callable[[str], Iterator[ConfigValue]]] = {"yaml": _yaml, "toml": _toml, "json": _json, "env": _env}
_WRITERS: Mapping[str, Callable[[Value, str], str]] = {
    "yaml": _write_yaml,
    "toml": _write_toml,
    "json": _write_json,
    "env": _write_env,
}
