"""Templates of pages: text from a run or an agent is untrusted, so that every value that a template shows is made safe.

The environment does it, so that the author of a template can't forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .sanitize import clean


def template_environment(
    package: str, finalize: Callable[[Any], Any], filters: Mapping[str, Callable[..., Any]], *, autoescape: bool
) -> Environment:
    """Return the environment of the templates in a package's folder `templates`.

    Args:
        package: The package's name.
        finalize: Makes each value safe that a template shows, as `cleaned` does.
        filters: By the names that templates use.
        autoescape: Whether the templates are HTML. Otherwise `finalize` has to escape values, too.
    """
    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=autoescape,  # noqa: S701 - without it, `finalize` escapes
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment_filters: Any = environment.filters  # its type is inferred from its default contents
    environment_filters.update(filters)
    return environment


def cleaned(value: Any, digits: int = 4) -> Any:  # noqa: ANN401 - a template shows values of any type
    """Return a value as text for a person: without control characters, empty for None, a float with so many digits."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    # A value with `__html__` is markup that autoescape has already made safe.
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return cleaned_lines(value)
    return value


def cleaned_lines(text: str) -> str:
    """Return a text with each of its lines cleaned."""
    return "\n".join(clean(line) for line in text.split("\n"))
