import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage

from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import draw_volume

SMALL = {"shape": (8, 48, 48), "count": (3, 6)}
TOUCHING = np.ones((3, 3, 3), dtype=bool)


def drawn(seed=0, **changes):
    return draw_volume(VolumeConfig(**(SMALL | changes)), np.random.default_rng(seed))


@pytest.mark.parametrize("preset", VOLUME_PRESETS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_volume(preset):
    config = VOLUME_PRESETS[preset].model_copy(update={"shape": (6, 64, 64), "count": (2, 4)})
    first, again, other = (draw_volume(config, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.image.tobytes() == again.image.tobytes() and first.labels.tobytes() == again.labels.tobytes()
    assert (first.image != other.image).any()


@pytest.mark.parametrize("preset", VOLUME_PRESETS)
def test_every_preset_draws_what_it_says(preset):
    config = VOLUME_PRESETS[preset]
    volume = draw_volume(config, np.random.default_rng(1))
    assert volume.image.shape == volume.labels.shape == config.shape
    assert volume.image.dtype == volume.labels.dtype == np.uint16
    assert volume.pixel_size == config.pixel_size
    assert config.z_spacing[0] <= volume.z_spacing <= config.z_spacing[1]
    assert 0 < volume.count <= config.count[1]
    assert volume.image.max() < 65535, "saturated"
    # Cells are brighter than what lies around them, and not by so much that any threshold finds them.
    inside, outside = volume.image[volume.labels > 0], volume.image[volume.labels == 0]
    assert np.median(inside) > np.median(outside)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), spacing=st.floats(0.3, 4), protrusions=st.integers(0, 3))
def test_labels_run_without_gaps_and_each_is_one_piece(seed, spacing, protrusions):
    volume = drawn(
        seed, z_spacing=(spacing, spacing), protrusions=(0, protrusions), lobes=(0, 2), touching=(1, 1), least_voxels=5
    )
    numbers = np.unique(volume.labels)
    assert numbers.tolist() == sorted({0, *range(1, volume.count + 1)})
    for number in range(1, volume.count + 1):
        _, pieces = ndimage.label(volume.labels == number, TOUCHING)
        assert pieces == 1
        assert (volume.labels == number).sum() >= 5


def test_a_round_cell_has_the_size_that_was_asked_for():
    volume = drawn(
        shape=(40, 40, 40), count=(1, 1), diameter=(16, 16), diameter_spread=0, margin=1.5, layer=(0.5, 0.5),
        elongation=(1, 1), flatness=(1, 1), irregularity=0,
    )  # fmt: skip
    assert (volume.labels == 1).sum() == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.02)
    box = ndimage.find_objects(volume.labels)[0]
    assert [side.stop - side.start for side in box] == pytest.approx([16, 16, 16], abs=1)


def test_slices_far_apart_show_a_cell_in_as_many_as_its_height_crosses():
    volume = drawn(
        shape=(10, 40, 40), z_spacing=(2, 2), count=(1, 1), diameter=(16, 16), diameter_spread=0, margin=1.5,
        layer=(0.5, 0.5), elongation=(1, 1), flatness=(1, 1), irregularity=0, least_voxels=1,
    )  # fmt: skip
    # 16 pixels of 0.5 micrometres are 4 slices, whose centres lie 4 pixels apart.
    assert (volume.labels > 0).any(axis=(1, 2)).sum() == 4
    # The section farther from the middle, 6 pixels, has a radius of √(8² - 6²).
    areas = np.sort((volume.labels > 0).sum(axis=(1, 2)))[-4:]
    assert areas == pytest.approx([np.pi * 28] * 2 + [np.pi * 60] * 2, rel=0.08)


def test_light_falls_with_depth():
    fixed = {"shape": (20, 64, 64), "count": (40, 40), "unevenness": (0, 0), "mottle": (0, 0), "blur_growth": (0, 0)}
    bright, dim = (drawn(5, dimming=(loss, loss), **fixed) for loss in (0.0, 0.8))
    ratios = [
        (dim.image[z][dim.labels[z] > 0].mean() - 100) / (bright.image[z][bright.labels[z] > 0].mean() - 100)
        for z in (0, 19)
    ]
    # Cells alone lose light, to a fifth at the last slice; the background, which stays, keeps some above that.
    assert ratios[0] == pytest.approx(1, abs=0.02)
    assert 0.2 < ratios[1] < 0.45


def test_blur_grows_with_depth():
    quiet = {"read_noise": (0, 0), "brightness": (1e4, 1e4), "background": (0, 0), "dimming": (0, 0), "haze": (0, 0)}
    body = {"elongation": (1, 1), "flatness": (1, 1), "irregularity": 0, "texture": (0, 0), "diameter": (14, 14)}
    slope = []
    for layer in (0.2, 0.8):
        volume = drawn(
            shape=(40, 48, 48), count=(1, 1), margin=2, layer=(layer, layer), blur=(0.6, 0.6), blur_growth=(4, 4),
            gain=(1, 1), unevenness=(0, 0), mottle=(0, 0), diameter_spread=0, **quiet, **body,
        )  # fmt: skip
        middle = volume.image[int(40 * layer)].astype(float)
        slope.append(np.abs(np.diff(middle, axis=1)).max() / np.ptp(middle))
    assert slope[1] < 0.75 * slope[0]


def test_brightness_spreads_as_asked():
    volume = drawn(
        shape=(24, 160, 160), count=(150, 150), touching=(0, 0), brightness_spread=(8, 8), texture=(0, 0),
        unevenness=(0, 0), dimming=(0, 0), haze=(0, 0), background=(0, 0), offset=(0, 0),
    )  # fmt: skip
    means = ndimage.mean(volume.image, volume.labels, np.arange(1, volume.count + 1))
    low, high = np.percentile(means, [5, 95])
    assert 5 < high / low < 14


def test_cells_that_find_no_place_are_left_out():
    volume = drawn(count=(500, 500), diameter=(12, 12))
    assert 5 < volume.count < 60


def test_an_empty_volume_is_background():
    volume = drawn(count=(0, 0), mottle=(0, 0), unevenness=(0, 0), background=(50, 50), gain=(1, 1))
    assert volume.count == 0 and not volume.labels.any()
    assert volume.image.mean() == pytest.approx(150, abs=1)


def test_noise_is_that_of_photons_and_of_the_camera():
    volume = drawn(
        shape=(4, 200, 200), count=(0, 0), mottle=(0, 0), unevenness=(0, 0), background=(64, 64), read_noise=(6, 6),
        gain=(2, 2),
    )  # fmt: skip
    assert volume.image.std() == pytest.approx(2 * np.sqrt(64 + 36), rel=0.02)


def test_one_slice_and_a_volume_smaller_than_a_cell_can_be_drawn():
    assert drawn(shape=(1, 8, 8), diameter=(30, 30), count=(1, 1), margin=2).image.shape == (1, 8, 8)


@pytest.mark.parametrize(
    "wrong", [{"shape": (4, 7, 64)}, {"diameter": (9, 8)}, {"count": (0, 70_000)}, {"blur": (-1, 1)}, {"blurr": (1, 1)}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        VolumeConfig(**wrong)
