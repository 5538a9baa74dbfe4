"""Ready-made kinds of drawn images, by name, whose settings can be changed."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from cytally.errors import ConfigError
from cytally.synthesis.cells import draw_cells
from cytally.synthesis.cells_config import CellsConfig, RealisticConfig
from cytally.synthesis.counts import LinearCounts
from cytally.synthesis.crops import NucleiCropConfig, TissueCropConfig, draw_nuclei_crop, draw_tissue_crop
from cytally.synthesis.nuclei import DrawnImage

__all__ = ["PRESETS", "Drawing", "Preset", "changed", "make_drawing", "nearest", "preset_names"]

Values = dict[str, Any]
Config = TypeVar("Config", bound=BaseModel)


@dataclass(frozen=True)
class Preset:
    """What a preset draws, in a line, and its settings."""

    about: str
    config: BaseModel


_CHO_PHASE_CONTRAST = CellsConfig(
    radius=(3, 9),
    rim=(160, 209),
    inner=(50, 60),
    background=(56, 64),
    background_noise=2.5,
    edge_noise=6,
    inner_noise=2,
    blur=(0.2, 0.7),
    filter=(0.0, 0.9),
    luminance=(0.92, 1.08),
    noise=1.5,
)
_CHO_BRIGHT_FIELD = _CHO_PHASE_CONTRAST.model_copy(
    update={"radius": (3.0, 7.0), "rim": (80.0, 129.0), "inner": (180.0, 209.0), "background": (194.0, 204.0)}
)
_REALISTIC_COUNT = LinearCounts(empty=0.04)
_REALISTIC_PHASE_CONTRAST = CellsConfig(
    count=_REALISTIC_COUNT,
    radius=(3, 9),
    rim=(120, 215),
    inner=(30, 85),
    rim_width=(1.2, 2.8),
    background=(50, 72),
    eccentricity=(0.0, 0.7),
    irregularity=0.06,
    allowed_overlap=0.15,
    clustering=0.4,
    luminance_spread=6,
    blur=(0.4, 0.9),
    filter=(0.3, 0.9),
    unevenness=(0.03, 0.2),
    luminance=(0.9, 1.1),
    realistic=RealisticConfig(),
)
_REALISTIC_BRIGHT_FIELD = _REALISTIC_PHASE_CONTRAST.model_copy(
    update={
        "radius": (3.0, 7.0),
        "rim": (75.0, 145.0),
        "inner": (165.0, 222.0),
        "background": (188.0, 208.0),
        "unevenness": (0.02, 0.1),
        "luminance": (0.95, 1.05),
        "realistic": RealisticConfig(
            walls="double",
            wall_light=(-75, -40),
            outside=(-3, 5),
            smudge_light=(-16, 14),
            vesicle_light=(-55, 30),
            halo=(5, 22),
            mottle=1.5,
            defocus=1.2,
            photons=4000,
        ),
    }
)

PRESETS: dict[str, Preset] = {
    "cho-phase-contrast": Preset(
        "suspension cells in phase contrast: dark bodies with bright rims, 1 to 30", _CHO_PHASE_CONTRAST
    ),
    "cho-bright-field": Preset(
        "suspension cells in bright field: bright bodies with dark rims, 1 to 30", _CHO_BRIGHT_FIELD
    ),
    "fluorescent-nuclei": Preset("crops of fluorescence images of nuclei, 0 to 30", NucleiCropConfig()),
    "histology-nuclei": Preset("stained tissue, in colour", TissueCropConfig()),
    "bacteria": Preset(
        "rods in phase contrast: dark bodies with faint bright rims",
        CellsConfig(
            body="rod",
            radius=(2.0, 3.2),
            rod_length=(2.2, 5.5),
            rim=(150, 185),
            inner=(45, 75),
            rim_width=(0.8, 1.3),
            background=(120, 135),
            allowed_overlap=0.1,
            clustering=0.4,
            division_share=0.2,
            background_noise=3,
            inner_noise=4,
            blur=(0.4, 0.9),
            filter=(0.0, 0.6),
            noise=1.5,
        ),
    ),
    "realistic-phase-contrast": Preset(
        "as natural images: walls, smudges, vesicles, uneven light, noise; phase contrast", _REALISTIC_PHASE_CONTRAST
    ),
    "realistic-bright-field": Preset(
        "as natural images: walls, smudges, vesicles, uneven light, noise; bright field", _REALISTIC_BRIGHT_FIELD
    ),
}


def preset_names() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(PRESETS)


@dataclass(frozen=True)
class Drawing:
    """A preset with its settings, ready to draw.

    `make_drawing(drawing.preset, drawing.settings())` gives the same again.
    """

    preset: str
    config: BaseModel

    def settings(self) -> Values:
        """All settings, as plain values that a file can hold."""
        return self.config.model_dump(mode="json")

    def draw(self, rng: np.random.Generator, background: NDArray[np.generic] | None = None) -> DrawnImage:
        """Draw one image.

        Parameters
        ----------
        rng
            Source of chance: the same state gives the same bytes.
        background
            (Y, X) grey levels, 0 to 255, for what lies behind cells; of presets of whole cells alone.

        Raises
        ------
        ConfigError
            The cells do not fit, or no background can be used.
        """
        if isinstance(self.config, CellsConfig):
            return draw_cells(self.config, rng, background=background)
        if background is not None:
            raise ConfigError(f"the preset '{self.preset}' draws its own background", cure="leave the background out")
        return _OTHERS[type(self.config)](self.config, rng)


_OTHERS: dict[type[BaseModel], Callable[[Any, np.random.Generator], DrawnImage]] = {
    NucleiCropConfig: draw_nuclei_crop,
    TissueCropConfig: draw_tissue_crop,
}


def make_drawing(preset: str, settings: Values | None = None) -> Drawing:
    """Take a preset and change some of its settings.

    Parameters
    ----------
    preset
        One of `preset_names()`.
    settings
        New values. Of a section within, as `count` or `realistic`, only what is named changes, unless the section is of
        another kind (`law`).

    Raises
    ------
    ConfigError
        There is no such preset, or a setting is unknown or out of range.

    Examples
    --------
    >>> make_drawing("cho-phase-contrast", {"count": {"most": 5}}).config.count
    LinearCounts(least=1, most=5, empty=0.0, law='linear')
    """
    if preset not in PRESETS:
        choice = f"choose one of {', '.join(PRESETS)}"
        raise ConfigError(f"there is no preset '{preset}'", cure=nearest(preset, list(PRESETS), choice))
    return Drawing(preset, changed(PRESETS[preset].config, settings or {}, preset))


def changed(base: Config, settings: Values, preset: str) -> Config:
    """The settings `base` of a preset with some of them changed.

    Raises
    ------
    ConfigError
        A setting is unknown or out of range.
    """
    try:
        return type(base).model_validate(_merged(base.model_dump(), settings))
    except ValidationError as error:
        complaint = error.errors()[0]
        # Unions put the kind's name into the location, which users did not write.
        kinds = {"linear", "uniform", "given"}
        key = ".".join(str(part) for part in complaint["loc"] if part not in kinds)
        if complaint["type"] == "extra_forbidden":
            message, cure = (
                f"'{key}' is no setting of the preset '{preset}'",
                nearest(key, _known(base), "remove it"),
            )
        else:
            text = complaint["msg"].removeprefix("Value error, ")
            message, cure = f"'{key}': {text[:1].lower() + text[1:]}", "mend that setting"
        raise ConfigError(message, cure=cure) from error


def _merged(values: Values, changes: Values) -> Values:
    """`values` with `changes`; sections of the same kind are merged."""
    merged = dict(values)
    for key, change in changes.items():
        old = merged.get(key)
        if isinstance(change, BaseModel):
            merged[key] = change.model_dump()
        elif isinstance(old, dict) and isinstance(change, dict) and change.get("law", old.get("law")) == old.get("law"):
            merged[key] = _merged(old, change)
        else:
            merged[key] = change
    return merged


def _known(config: BaseModel) -> list[str]:
    """Dotted names of all settings."""
    names = []
    for name in type(config).model_fields:
        value = getattr(config, name)
        names.append(name)
        if isinstance(value, BaseModel):
            names += [f"{name}.{inner}" for inner in _known(value)]
    return names


def nearest(name: str, known: list[str], otherwise: str) -> str:
    """A question whether the name that comes closest was meant, or `otherwise`."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{close[0]}'?" if close else otherwise
