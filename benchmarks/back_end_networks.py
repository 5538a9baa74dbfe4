"""The networks that back_ends.py measures, and pictures as they see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from volume_speed import briefly_trained as brief_efficient_cell_seg
from volume_speed import drawn_pictures

from cytally.datasets.example import Example
from cytally.images.normalise import normalise
from cytally.methods.map_method import MapMethod
from cytally.models.model import Model
from cytally.models.store import load
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import DrawnImage, draw_nuclei
from cytally.training.configuration import read_configuration

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SIDE = 1024
COMPARED, CALIBRATED = 4, 8
"""How many pictures are compared, and how many int8 is quantised on."""
TRAINED_ON, SHOWN, QUANTISED_ON = 700, 800, 900
"""Seeds of the drawn fields."""
DIAMETERS = {"density": 12.0, "nucleus-unet": 22.0}
"""Of the drawn nuclei in pixels: the first as the bundled model brings them to, the second as in its thesis."""
NUCLEUS_AREA = 400.0
CROP, BATCH = 96, 2

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """A network to measure.

    Parameters
    ----------
    method
        Reads its maps.
    network
        With weights, evaluating.
    pictures
        (C, Y, X) as it sees them; the first is timed, all are compared.
    calibration
        Others, that int8 is quantised on.
    words
        Where the weights come from.
    """

    method: MapMethod
    network: nn.Module
    pictures: list[Maps]
    calibration: list[Maps]
    words: str


def density(model: str | None, steps: int) -> Measured:
    """The density U-Net: a bundled model, which is not trained here."""
    found = load(model or "nuclei-fluorescence")
    kind = found.card.configuration.input.normalisation
    diameter = found.card.configuration.input.object_diameter or DIAMETERS["density"]
    pictures, calibration = (
        [normalise(drawn(seed, diameter).image[None], kind) for seed in range(first, first + number)]
        for first, number in ((SHOWN, COMPARED), (QUANTISED_ON, CALIBRATED))
    )
    return Measured(_maps(found), found.network, pictures, calibration, _named(found, model))


def nucleus_unet(model: str | None, steps: int) -> Measured:
    """The nucleus U-Net of 64 filters, briefly trained on drawn nuclei unless a model is given."""
    diameter = DIAMETERS["nucleus-unet"]
    pictures, calibration = (
        [normalise(drawn(seed, diameter).image[None], "standard") for seed in range(first, first + number)]
        for first, number in ((SHOWN, COMPARED), (QUANTISED_ON, CALIBRATED))
    )
    if model is not None:
        found = load(model)
        return Measured(_maps(found), found.network, pictures, calibration, _named(found, model))
    configuration = read_configuration(EXAMPLES / "nucleus-unet.yaml", [f"options.nucleus_area={NUCLEUS_AREA}"])
    method = configuration.build(1)
    assert isinstance(method, MapMethod)
    torch.manual_seed(0)
    network = method.network()
    field = drawn(TRAINED_ON, diameter)
    train(method, network, _example(field), steps)
    return Measured(method, network, pictures, calibration, f"from scratch, {steps} steps")


def efficient_cell_seg(model: str | None, steps: int) -> Measured:
    """EfficientCellSeg, briefly trained on slices of a drawn volume unless a model is given."""
    shown, other = drawn_pictures(SHOWN)[0], drawn_pictures(QUANTISED_ON)[0]
    pictures, calibration = spread(shown, COMPARED), spread(other, CALIBRATED)
    if model is not None:
        found = load(model)
        return Measured(_maps(found), found.network, pictures, calibration, _named(found, model))
    configuration = read_configuration(EXAMPLES / "efficient-cell-seg.yaml", ["options.cell_diameter=20"])
    method = configuration.build(1)
    assert isinstance(method, MapMethod)
    return Measured(method, brief_efficient_cell_seg(steps), pictures, calibration, f"from scratch, {steps} steps")


NETWORKS: dict[str, Callable[[str | None, int], Measured]] = {
    "density": density,
    "nucleus-unet": nucleus_unet,
    "efficient-cell-seg": efficient_cell_seg,
}
"""By method: a model to take the weights of, and the training steps without one."""


def drawn(seed: int, diameter: float) -> DrawnImage:
    """A field of 1024 × 1024 pixels, with nuclei of about one diameter on a tenth of it, some of them touching."""
    config = NucleiConfig(
        shape=(SIDE, SIDE),
        cover=(0.08, 0.16),
        diameter=(0.9 * diameter, 1.1 * diameter),
        clustering=0.3,
        when_full="fewer",
    )
    return draw_nuclei(config, np.random.default_rng(seed))


def train(method: MapMethod, network: nn.Module, example: Example, steps: int) -> None:
    """Show a network small crops of one picture, and leave it evaluating."""
    rng = np.random.default_rng(0)
    image, targets = example.image, method.targets(example)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    network.train()
    for _ in range(steps):
        places = rng.integers(0, SIDE - CROP, (BATCH, 2))
        cuts = [np.s_[:, top : top + CROP, left : left + CROP] for top, left in places]
        batch, wanted = (torch.from_numpy(np.stack([values[cut] for cut in cuts])) for values in (image, targets))
        optimiser.zero_grad()
        method.loss(network(batch), wanted, torch.ones_like(wanted)).backward()
        optimiser.step()
    network.eval()


def spread(pictures: list[Maps], number: int) -> list[Maps]:
    """So many of them, evenly spread, the middle one first.

    Examples
    --------
    >>> spread([np.full(1, each, np.float32) for each in range(9)], 3)
    [array([4.], dtype=float32), array([0.], dtype=float32), array([8.], dtype=float32)]
    """
    places = np.unique(np.linspace(0, len(pictures) - 1, number).round().astype(int))
    order = sorted(places, key=lambda place: abs(place - len(pictures) // 2))
    return [pictures[place] for place in order]


def _example(field: DrawnImage) -> Example:
    edges = (-0.5, -0.5, SIDE - 0.5, SIDE - 0.5)
    image = normalise(field.image[None], "standard")
    return Example("drawn", image, field.points, edges, labels=field.labels)


def _maps(model: Model) -> MapMethod:
    assert isinstance(model.method, MapMethod), f"{model.name} makes no maps"
    return model.method


def _named(model: Model, given: str | None) -> str:
    return f"the model {Path(given).name if given else model.name}"
