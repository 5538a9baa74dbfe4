import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.images import large
from cytally.images.image import Plane
from cytally.images.prepare import InputConfig, prepare
from cytally.slides.array_slide import ArraySlide
from cytally.slides.look import look_at
from cytally.slides.overview import look_over
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei


@pytest.fixture(scope="module")
def field():
    return draw_nuclei(NucleiConfig(shape=(500, 420), count=(90, 90)), np.random.default_rng(5)).image[None]


def seen(slide, config, inside=None, channel=None, in_channels=1):
    return look_at(slide, look_over(slide), inside, config, channel=channel, in_channels=in_channels)


@pytest.mark.parametrize("kind", ["foreground", "percentile", "standard", "range", "none"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_slide_is_seen_as_the_same_picture_in_memory(field, kind, whole, monkeypatch):
    if not whole:
        for module in (large,):
            monkeypatch.setattr(module, "LARGE", 10_000)
            monkeypatch.setattr(module, "WIDE", 200)
    config = InputConfig(normalisation=kind, object_diameter=12.0 if kind == "foreground" else None)
    prepared = prepare(Plane(field), config)
    look = seen(ArraySlide(field), config)
    assert look.factor == pytest.approx(prepared.factor)
    assert look.inner == prepared.data.shape[-2:]
    assert look.flags == prepared.flags


def test_the_level_that_fits_is_read(field):
    slide = ArraySlide(field, factors=(2, 4), pixel_size=0.5)
    assert seen(slide, InputConfig(normalisation="range", pixel_size=0.5, downscale=4)).level == 2
    assert seen(slide, InputConfig(normalisation="range", pixel_size=0.5, downscale=3)).level == 1
    assert seen(slide, InputConfig(normalisation="range", pixel_size=0.25)).level == 0
    assert seen(slide, InputConfig(normalisation="range", pixel_size=0.25)).factor == 2


def test_brightness_is_that_of_the_tissue(monkeypatch):
    monkeypatch.setattr(large, "LARGE", 10_000)
    pixels = np.zeros((1, 400, 400), np.float32)
    pixels[:, :, 200:] = np.random.default_rng(0).normal(100, 5, (400, 200))
    inside = np.zeros((4, 4), bool)
    inside[:, 3] = True
    look = seen(ArraySlide(pixels), InputConfig(normalisation="standard"), inside)
    assert look.statistics.offset[0] == pytest.approx(100, abs=40)  # windows reach beyond the tissue
    everywhere = seen(ArraySlide(pixels), InputConfig(normalisation="standard"))
    assert everywhere.statistics.offset[0] < look.statistics.offset[0]


def test_without_a_pixel_size_it_is_told(field):
    look = seen(ArraySlide(field), InputConfig(normalisation="range", pixel_size=0.5, downscale=2))
    assert (look.factor, look.flags) == (0.5, ("no-pixel-size",))


def test_a_slide_without_contrast_shows_nothing():
    look = seen(ArraySlide(np.zeros((1, 100, 100), np.uint8)), InputConfig(normalisation="range"))
    assert look.shows_nothing
    assert "black" in look.flags


def test_colours_are_chosen_by_name(field):
    slide = ArraySlide(np.concatenate([field, field // 2]), channels=("red", "green"))
    assert seen(slide, InputConfig(channels=("green",), normalisation="range")).channels == (1,)
    with pytest.raises(ImageError, match="has 2 channels to count in, the model needs 1"):
        seen(slide, InputConfig(channels="all", normalisation="range"), in_channels=1, channel="0,1")


def test_equalisation_is_refused(field):
    with pytest.raises(ImageError, match="histogram equalisation"):
        seen(ArraySlide(field), InputConfig(normalisation="equalised"))
