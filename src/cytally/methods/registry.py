"""Finding methods by name, this package's and others', through the entry-point group ``cytally.methods``."""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from cytally.errors import UsageError
from cytally.methods.method import Method

logger = logging.getLogger(__name__)

GROUP = "cytally.methods"


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def method_names() -> list[str]:
    """Names of all methods that are installed, sorted."""
    return sorted(_entries())


def find_method(name: str) -> type[Method]:
    """Load the method called `name`.

    Raises
    ------
    UsageError
        When there is none of that name, or the package that offers it cannot be loaded; the message says why.
    """
    entry = _entries().get(name)
    if entry is None:
        raise UsageError(f"there is no method '{name}'", cure=f"choose one of {', '.join(method_names())}")
    package = entry.dist.name if entry.dist else entry.value
    what, cure = f"the method '{name}' of the package {package}", f"update or remove {package}"
    try:
        method = entry.load()
    except Exception as error:  # another package's code may fail in any way
        raise UsageError(f"{what} cannot be loaded ({type(error).__name__}: {error})", cure=cure) from error
    if not (isinstance(method, type) and issubclass(method, Method)):
        raise UsageError(f"{what} is not a cytally Method", cure=cure)
    missing = sorted(method.__abstractmethods__) + [part for part in ("name", "Config") if not hasattr(method, part)]
    if missing:
        raise UsageError(f"{what} lacks {', '.join(missing)}", cure=cure)
    return method


def refused_methods() -> dict[str, str]:
    """Methods that are installed but cannot be loaded, each with the reason."""
    refused = {}
    for name in method_names():
        try:
            find_method(name)
        except UsageError as error:
            refused[name] = error.line()
    return refused
