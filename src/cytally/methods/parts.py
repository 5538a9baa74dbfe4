"""Named parts of a network, by which training freezes, thaws and slows them."""

from __future__ import annotations

from typing import NamedTuple


class Parts(NamedTuple):
    """How a method's network falls into what is close to the image and what is close to its meaning.

    Every part is the name of a module of the network, as `natural_encoder` or `natural_encoder.3`.
    """

    core: tuple[str, ...]
    """What all images share."""
    outer: tuple[str, ...]
    """What sees, or draws, images; with the core it is the whole network."""
    stages: tuple[tuple[str, tuple[str, ...]], ...]
    """In which order, and under which name, frozen parts thaw; together they are the whole network."""
