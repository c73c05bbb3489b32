"""Flags: what a source uses that an idea seldom needs, such as seeds, clocks, files, processes or the evaluator.

Flags are warnings and never block a launch. They are shown with the score of the source, as `clock: time.time in train.py`.
Names are followed through imports. Names that are built at run time can't be followed, so the means to do that (`exec`, or
`getattr` with a computed name) are flagged themselves.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from ..knobs import KnobInfo, find_knobs, has_knobs, knob_words
from ..literals import UNPARSABLE
from ..source_text import show
from ..trainer_folder import Source

MAX_CODE_SHOWN = 80
"""Maximum length of the code in a flag, in characters."""


def _table(**names: str) -> Mapping[str, str]:
    """Makes a table from name to kind out of one from kind to names."""
    return {name: kind for kind, listed in names.items() for name in listed.split()}


_MODULES = _table(
    clock="time datetime sched timeit",
    files="os.path pathlib io glob shutil tempfile fileinput mmap linecache zipfile tarfile sqlite3 dbm",
    environment="os.environ os.environb os.getenv dotenv",
    process="os subprocess multiprocessing torch.multiprocessing threading _thread concurrent asyncio signal posix resource",
    network="socket socketserver ssl urllib http requests httpx aiohttp ftplib smtplib xmlrpc huggingface_hub",
    evaluator="labhand",
    interpreter="sys gc inspect ctypes cffi importlib runpy builtins site sitecustomize usercustomize atexit types code codeop"
    " dis tracemalloc faulthandler traceback weakref pkgutil zipimport __main__",
    pickle="pickle _pickle cPickle marshal shelve dill cloudpickle joblib copyreg",
)
"""Modules with all their members."""
_NAMES = _table(
    files="open numpy.load numpy.memmap numpy.fromfile numpy.loadtxt numpy.genfromtxt torch.load torch.from_file",
    interpreter="eval exec compile __import__ globals locals vars breakpoint __builtins__ __loader__ __spec__",
    seed="random.seed random.setstate numpy.random.seed numpy.random.set_state numpy.random.default_rng"
    " numpy.random.RandomState numpy.random.Generator torch.seed torch.random.seed torch.Generator",
)
_ATTRIBUTES = _table(
    seed="manual_seed manual_seed_all seed_all set_rng_state set_rng_state_all set_state",
    clock="perf_counter process_time thread_time monotonic time_ns perf_counter_ns process_time_ns monotonic_ns",
    files="read_text read_bytes write_text write_bytes iterdir rglob scandir listdir tofile",
    interpreter="__subclasses__ __globals__ __builtins__ __code__ __closure__ f_back f_locals f_globals tb_frame gi_frame",
    evaluator="_channel _facts _now _started",
)
"""Attributes of any object."""
_BUILTINS = frozenset(name for name in _NAMES if "." not in name) | {"getattr", "setattr", "delattr"}
_TEXTS: Mapping[str, str] = {
    "LABHAND_": "environment",
    "/proc": "files",
    "/dev/shm": "files",  # noqa: S108  searched for, not used
    ".labhand": "files",
    "result.json": "files",
    "LABHAND_RESULT": "evaluator",
}
_PLAIN = "labhand.trainer.session"
"""The module that a training script should import."""
_SEEDS = frozenset({"seed", "random_seed", "manual_seed", "random_state"})
_SHADOWED = sys.stdlib_module_names | {"torch", "numpy", "labhand", "sitecustomize", "usercustomize", "conftest"}


def flags(before: Source, after: Source) -> list[str]:
    """Returns flags for what a source uses and another source doesn't use, or uses less often.

    Args:
        before: The baseline.
        after: The source to run; at least its editable files.
    """
    raised: list[str] = []
    for path, data in sorted(after.items()):
        old = before.get(path)
        if old == data:
            continue
        if old is None and (flag := _of_name(path)):
            raised.append(flag)
        added = Counter(_uses(path, data)) - Counter(_uses(path, old or b""))
        raised += [f"{kind}: {what} in {path}" for kind, what in added]
        raised += [f"seed: {words} in {path}" for words in _seeds_set(path, old or b"", data)]
    return raised


def kinds(raised: list[str]) -> list[str]:
    """Returns the kinds of flags, each once, short enough for a row of a table."""
    return list(dict.fromkeys(flag.partition(":")[0] for flag in raised))


def _of_name(path: str) -> str | None:
    """Returns the flag of a new file that Python imports automatically, or instead of another module."""
    name = PurePosixPath(path)
    if name.suffix == ".pth" or (name.suffix in {".py", ".so"} and name.name.partition(".")[0] in _SHADOWED):
        return f"interpreter: a file with this name, {path}"
    return None


def _uses(path: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Kind and text of everything in a Python file that deserves a flag, once for each occurrence."""
    if not path.endswith(".py"):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(data)))
    except UNPARSABLE:
        return
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    names = dict(pair for node in imports for pair in _bound(node))
    for name in (name for node in imports for name in _modules(node)):
        if kind := _kind(name):
            yield kind, name
    for text in (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield from ((kind, f'"{part}"') for part, kind in _TEXTS.items() if part in text)
    yield from (("seed", f"{ast.unparse(node)} is set") for node in nodes if _sets_seed(node))
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute) and id(node) not in inner:
            yield from _of_expression(_dotted(node, names), calls.get(id(node)))


def _seeds_set(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """The knobs named `seed` that have another value."""
    if has_knobs(path):
        old, new = (find_knobs(show(path, data), path) for data in (before, after))
        yield from seeds_set(old, new)


def seeds_set(before: Mapping[str, KnobInfo], after: Mapping[str, KnobInfo]) -> list[str]:
    """Returns the knobs named `seed` whose value differs, in words: `train.seed 1→2`."""
    seeds = [name for name in after if name.lower().rpartition(".")[2].rpartition(":")[2] in _SEEDS]
    return [words for name in seeds if (words := knob_words(before, {name: after[name]}))]


def _sets_seed(node: ast.AST) -> bool:
    """Whether the node assigns to a name or attribute `seed`."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return name.lower() == "seed"
        case _:
            return False


def _of_expression(name: str, call: ast.Call | None) -> Iterator[tuple[str, str]]:
    """The flag of a name, plain or dotted, and of its call."""
    if name in {"getattr", "setattr", "delattr"}:
        if call is None or len(call.args) < 2 or not isinstance(call.args[1], ast.Constant):
            yield "interpreter", f"{name} with a computed name"
        elif kind := _ATTRIBUTES.get(str(call.args[1].value)):
            yield kind, _short(call)
    elif kind := _kind(name):
        # For seeds the value matters; for the others the name is enough.
        yield kind, _short(call) if call is not None and kind == "seed" else name.lstrip(".")


def _kind(name: str) -> str | None:
    """Returns the kind of a dotted name. If it doesn't begin with a module, only its attributes decide."""
    parts = name.split(".")
    if name in _NAMES:
        return _NAMES[name]
    if kind := next((_ATTRIBUTES[part] for part in parts[1:] if part in _ATTRIBUTES), None):
        return kind
    if f"{name}.".startswith(f"{_PLAIN}."):
        return None
    heads = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((_MODULES[head] for head in heads if head in _MODULES), None)


def _bound(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import binds, with the full names for which they stand."""
    for alias, name in zip(node.names, _modules(node), strict=True):
        if isinstance(node, ast.Import) and alias.asname is None:
            name = name.partition(".")[0]
            yield name, name
        else:
            yield alias.asname or alias.name, name


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The full names of what is imported."""
    before = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
    return [f"{before}{alias.name}" for alias in node.names]


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """Returns the full name of an expression, following imports. It begins with a dot if it isn't rooted in a module."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id if node.id in _BUILTINS else "")
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, names)}.{node.attr}"
    return ""


def _short(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= MAX_CODE_SHOWN else f"{text[: MAX_CODE_SHOWN - 1]}…"
