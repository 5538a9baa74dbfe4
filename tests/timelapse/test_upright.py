from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from cytally.synthesis import cells as drawing
from cytally.synthesis.chambers import draw_chamber
from cytally.synthesis.nuclei import NucleiConfig, draw_nuclei
from cytally.synthesis.presets import make_drawing
from cytally.timelapse.upright import estimate_tilt, turned

BACKGROUNDS = Path(__file__).parents[2].parent / "shared" / "data" / "chamber_backgrounds"


@pytest.fixture
def chamber(monkeypatch):
    """Draws an image of a chamber, and tells its turn in degrees."""
    turns = []

    def remembered(*arguments):
        turns.append(draw_chamber(*arguments))
        return turns[-1]

    monkeypatch.setattr(drawing, "draw_chamber", remembered)

    def draw(preset, seed, side):
        settings = {"shape": (side, side), "realistic": {"wall_rotation": 6}}
        image = make_drawing(preset, settings).draw(np.random.default_rng(seed)).image
        return image, float(np.rad2deg(turns[-1].turn))

    return draw


@pytest.mark.parametrize("preset", ["realistic-phase-contrast", "realistic-bright-field"])
def test_drawn_chambers_within_three_tenths_of_a_degree(chamber, preset):
    for seed in range(10):
        image, turn = chamber(preset, seed, 256)
        assert estimate_tilt([image]) == pytest.approx(turn, abs=0.3)


def test_small_chambers_are_right_or_not_seen(chamber):
    found = 0
    for seed in range(10):
        image, turn = chamber("realistic-bright-field", seed, 128)
        tilt = estimate_tilt([image])
        found += tilt is not None
        assert tilt is None or tilt == pytest.approx(turn, abs=0.3)
    assert found >= 6


def test_turned_back_a_chamber_stands_upright(chamber):
    image, turn = chamber("realistic-bright-field", 1, 256)
    upright = turned(image, estimate_tilt([image]))
    assert abs(turn) > 0.5 and upright.dtype == image.dtype and upright.shape == image.shape
    assert estimate_tilt([upright]) == pytest.approx(0, abs=0.1)


@pytest.mark.skipif(not BACKGROUNDS.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize("name", ["bright_field", "phase_contrast"])
def test_real_chambers_that_were_turned_by_known_angles(name):
    import imagecodecs

    grey = imagecodecs.imread(str(BACKGROUNDS / f"{name}.png"))[..., 0].astype(np.float32)
    upright = estimate_tilt([grey])
    assert upright == pytest.approx(0, abs=0.3)
    for angle in (-4, -2, 1, 3):
        assert estimate_tilt([turned(grey, -angle)]) == pytest.approx(angle, abs=0.3)


def test_a_single_wall_across_noise():
    y, x = np.mgrid[:200, :150].astype(float)
    wall = ndimage.gaussian_filter((x - 75 - np.tan(np.deg2rad(3.3)) * (y - 100) > 0).astype(float), 1)
    noise = np.random.default_rng(0).standard_normal((200, 150))
    # A wall that leans to the right on its way down was turned from y towards x.
    assert estimate_tilt([wall + 0.2 * noise]) == pytest.approx(-3.3, abs=0.1)


def test_nothing_straight_is_none():
    rng = np.random.default_rng(0)
    assert estimate_tilt([rng.standard_normal((128, 128))]) is None
    assert estimate_tilt([np.zeros((64, 64))]) is None
    assert estimate_tilt([np.zeros((8, 64))]) is None
    assert estimate_tilt([]) is None
    for seed in range(6):
        nuclei = draw_nuclei(NucleiConfig(shape=(256, 256)), np.random.default_rng(seed)).image
        assert estimate_tilt([nuclei]) is None


def test_a_range_too_small_to_compare_is_refused():
    with pytest.raises(ValueError, match="leave nothing to compare"):
        estimate_tilt([np.random.default_rng(0).random((64, 64))], largest=0.5)


def test_turning_moves_pixels_as_it_says():
    image = np.zeros((41, 41), dtype=np.uint8)
    image[20, 35] = 200  # 15 to the right of the middle
    # What was turned by 90 degrees from x towards y has come from above: it goes back up.
    assert np.unravel_index(turned(image, 90).argmax(), image.shape) == (5, 20)
    assert turned(image, 0) is image
    assert turned(image.astype(float), 10).dtype == np.float32
