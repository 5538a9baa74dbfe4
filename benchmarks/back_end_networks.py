"""The networks that back_ends.py measures, and pictures as they see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from volume_speed import KIND, drawn_pictures
from volume_speed import briefly_trained as brief_efficient_cell_seg
from volumes_drawn import drawn as drawn_volume

from cytally.datasets.example import Example
from cytally.images.normalise import normalise
from cytally.methods.map_method import MapMethod
from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.models.store import load
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import DrawnImage, draw_nuclei
from cytally.training.configuration import Configuration, read_configuration

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
    model
        The network with what reads its maps.
    pictures
        (C, Y, X) as it sees them; the first is timed, all are compared.
    calibration
        Other images (Y, X), that int8 is quantised on.
    words
        Where the weights come from.
    """

    model: Model
    pictures: list[Maps]
    calibration: list[NDArray[np.uint8]]
    words: str

    @property
    def method(self) -> MapMethod:
        """What reads the maps."""
        assert isinstance(self.model.method, MapMethod), f"{self.model.name} makes no maps"
        return self.model.method


def density(model: str | None, steps: int) -> Measured:
    """The density U-Net: a bundled model, which is not trained here."""
    found = load(model or "nuclei-fluorescence")
    config = found.card.configuration.input
    shown, calibration = fields(config.object_diameter or DIAMETERS["density"])
    return Measured(found, [normalise(each[None], config.normalisation) for each in shown], calibration, named(found))


def nucleus_unet(model: str | None, steps: int) -> Measured:
    """The nucleus U-Net of 64 filters, briefly trained on drawn nuclei unless a model is given."""
    shown, calibration = fields(DIAMETERS["nucleus-unet"])
    if model is not None:
        found, words = load(model), ""
    else:
        configuration = read_configuration(EXAMPLES / "nucleus-unet.yaml", [f"options.nucleus_area={NUCLEUS_AREA}"])
        method = configuration.build(1)
        assert isinstance(method, MapMethod)
        torch.manual_seed(0)
        network = method.network()
        train(method, network, example(drawn(TRAINED_ON, DIAMETERS["nucleus-unet"])), steps)
        found, words = untold(configuration, network), f"from scratch, {steps} steps"
    kind = found.card.configuration.input.normalisation
    return Measured(found, [normalise(each[None], kind) for each in shown], calibration, words or named(found))


def efficient_cell_seg(model: str | None, steps: int) -> Measured:
    """EfficientCellSeg, briefly trained on slices of a drawn volume unless a model is given."""
    pictures = spread(drawn_pictures(SHOWN)[0], COMPARED)
    slices = spread([np.asarray(each, np.float32) for each in drawn_volume(KIND, QUANTISED_ON).image], CALIBRATED)
    calibration = [(255 * each / max(each.max(), 1)).astype(np.uint8) for each in slices]
    if model is not None:
        found = load(model)
        return Measured(found, pictures, calibration, named(found))
    configuration = read_configuration(EXAMPLES / "efficient-cell-seg.yaml", ["options.cell_diameter=20"])
    found = untold(configuration, brief_efficient_cell_seg(steps))
    return Measured(found, pictures, calibration, f"from scratch, {steps} steps")


NETWORKS: dict[str, Callable[[str | None, int], Measured]] = {
    "density": density,
    "nucleus-unet": nucleus_unet,
    "efficient-cell-seg": efficient_cell_seg,
}
"""By method: a model to take the weights of, and the training steps without one."""


def fields(diameter: float) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    """Drawn fields (Y, X): those to compare, and those to quantise on."""
    shown, other = (
        [np.asarray(drawn(seed, diameter).image, np.uint8) for seed in range(first, first + number)]
        for first, number in ((SHOWN, COMPARED), (QUANTISED_ON, CALIBRATED))
    )
    return shown, other


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


def example(field: DrawnImage) -> Example:
    """A drawn field to train on."""
    edges = (-0.5, -0.5, SIDE - 0.5, SIDE - 0.5)
    image = normalise(field.image[None], "standard")
    return Example("drawn", image, field.points, edges, labels=field.labels)


def untold(configuration: Configuration, network: nn.Module) -> Model:
    """A model of which nothing is told but its configuration."""
    card = ModelCard(
        cytally_version=version("cytally"),
        method=configuration.method,
        configuration=configuration,
        input_channels=1,
        normalisation=configuration.input.normalisation,
        training_data={},
        validation={},
        provenance={},
    )
    return Model(card, network.eval())


def named(model: Model) -> str:
    """A model in words."""
    return f"the model {model.name}"
