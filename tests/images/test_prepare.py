import numpy as np
import pytest
from pydantic import ValidationError

from cytally.errors import ImageError
from cytally.images import prepare as module
from cytally.images.image import Plane
from cytally.images.prepare import InputConfig, choose_channels, prepare


def plane(channels=("red", "green", "blue"), shape=(32, 40), **kwargs) -> Plane:
    """The second channel varies most."""
    data = np.zeros((len(channels), *shape), np.uint8)
    data[min(1, len(channels) - 1), 8:20, 8:20] = 200
    data[0, 20:24, 20:24] += 20
    return Plane(data, name="a.png", channels=channels, **kwargs)


@pytest.mark.parametrize(
    ("wanted", "asked", "chosen"),
    [
        ("one", None, (1,)),
        ("all", None, (0, 1, 2)),
        (["blue", "red"], None, (2, 0)),
        ([2], None, (2,)),
        ("one", "red", (0,)),
        ("all", "0, blue", (0, 2)),
    ],
)
def test_channels_are_the_ones_wanted_unless_others_are_asked_for(wanted, asked, chosen):
    assert choose_channels(plane(), InputConfig(channels=wanted), asked) == chosen


def test_a_lone_channel_without_a_name_is_the_one_that_is_wanted():
    config = InputConfig(channels=["green"])
    assert choose_channels(plane(("",)), config) == (0,)
    with pytest.raises(ImageError, match=r"a.png: has no channel 'green'; choose from: 0 \(red\)"):
        choose_channels(plane(("red",)), config)


def test_the_network_gets_its_channels_in_order_as_float32():
    prepared = prepare(plane(), InputConfig(channels=["green", "red"], normalisation="range"))
    assert prepared.channels == (1, 0)
    assert prepared.data.dtype == np.float32
    assert prepared.data[0].max() == pytest.approx(200 / 255)
    assert prepared.data[1].max() == pytest.approx(20 / 255)
    assert (prepared.factor, prepared.flags) == (1.0, ())


def test_a_wrong_number_of_channels_is_refused():
    with pytest.raises(ImageError, match=r"a.png: has 3 channels to count in, the model needs 2; use a model"):
        prepare(plane(), InputConfig(channels="all"), in_channels=2)
    with pytest.raises(ImageError, match="has 1 channel to count in, the model needs 2"):
        prepare(plane(), InputConfig(channels="all"), channel="0", in_channels=2)


@pytest.mark.parametrize(
    ("settings", "pixel_size", "shape", "flags"),
    [
        ({}, 0.25, (32, 40), ()),
        ({"downscale": 2}, None, (16, 20), ()),
        ({"pixel_size": 0.5}, 0.25, (16, 20), ()),
        ({"pixel_size": 0.5}, 1.0, (64, 80), ()),
        ({"pixel_size": 0.5, "downscale": 2}, 1.0, (32, 40), ()),
        ({"pixel_size": 0.5}, None, (32, 40), ("no-pixel-size",)),
        ({"pixel_size": 0.5, "downscale": 2}, None, (16, 20), ("no-pixel-size",)),
    ],
    ids=str,
)
def test_size_follows_pixel_size_and_downscale(settings, pixel_size, shape, flags):
    prepared = prepare(plane(pixel_size=pixel_size), InputConfig(**settings))
    assert prepared.data.shape == (1, *shape)
    assert prepared.flags == flags
    assert prepared.factor == pytest.approx(shape[0] / 32)


def test_statistics_are_taken_before_resizing(monkeypatch):
    seen = []
    inner = module.normalise
    monkeypatch.setattr(module, "normalise", lambda data, kind: seen.append((data.shape, kind)) or inner(data, kind))
    prepare(plane(), InputConfig(downscale=2, normalisation="standard"))
    assert seen == [((1, 32, 40), "standard")]


def test_cells_are_brought_to_one_diameter(monkeypatch):
    for estimate, factor in [(8.0, 2.0), (32.0, 0.5), (None, 1.0), (0.5, 1.0)]:
        monkeypatch.setattr(module, "estimate_diameter", lambda data, estimate=estimate: estimate)
        assert prepare(plane(), InputConfig(object_diameter=16)).factor == factor


def test_nothing_left_to_count_in_is_refused():
    with pytest.raises(ImageError, match=r"a.png: is 32 × 40 pixels, too small once scaled by 0.125 as the model asks"):
        prepare(plane(), InputConfig(downscale=8))


def test_a_pixel_size_that_cannot_be_true_is_refused_before_memory_runs_out():
    with pytest.raises(ImageError, match=r"would be enlarged 2e\+03 times .* give its true pixel size"):
        prepare(plane(pixel_size=1000.0), InputConfig(pixel_size=0.5))


@pytest.mark.parametrize(
    "wrong",
    [{"channels": []}, {"channels": "green"}, {"downscale": 0.5}, {"pixel_size": 0}, {"pixel_size": float("inf")}],
    ids=str,
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        InputConfig(**wrong)


def test_a_diameter_that_is_told_wins_over_the_estimate():
    config = InputConfig(object_diameter=12)
    plane = Plane(np.random.default_rng(0).integers(0, 200, (1, 96, 96), dtype=np.uint8))
    assert prepare(plane, config, diameter=24).factor == 0.5
    assert prepare(plane, InputConfig(), diameter=24).factor == 1
