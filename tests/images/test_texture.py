import numpy as np
import pytest

from cytally.images.normalise import normalise
from cytally.images.scale import estimate_diameter
from cytally.images.smooth import gaussian
from cytally.images.texture import clear_texture, count_standing_out, find_grain

SHAPE = (200, 260)
PLACES = ((60, 70), (130, 200), (40, 190))


@pytest.fixture
def grains():
    """Noise of about 8 pixels' grain that fills a picture."""
    noise = np.random.default_rng(3).random(SHAPE, dtype=np.float32)
    smooth = gaussian(noise, 2.0)
    return ((smooth - smooth.mean()) / smooth.std()).clip(0) * 30 + 10


def nuclei(radius=14, level=100.0):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    distances = [np.hypot(y - row, x - column) for row, column in PLACES]
    return (level * (np.min(distances, axis=0) < radius)).astype(np.float32)


@pytest.mark.parametrize("factor, offset", [(1.0, 0.0), (0.01, 5.0), (200.0, 1000.0)])
def test_bright_objects_stand_out_of_grains_in_any_range(grains, factor, offset):
    picture = (grains + nuclei()) * factor + offset
    grain = find_grain(picture)
    assert grain is not None and 5 < grain < 14
    assert count_standing_out(picture, grain) == len(PLACES)
    cleared = clear_texture(picture, grain)
    assert cleared.shape == SHAPE and cleared.dtype == np.float32
    assert (cleared[nuclei() == 0] == 0).mean() > 0.9  # the grains are gone
    assert all(cleared[place] > 0 for place in PLACES)


def test_objects_beside_which_grains_are_dark_need_no_clearing(grains):
    picture = grains + nuclei(level=400.0)
    assert find_grain(picture) is None
    diameter = estimate_diameter(normalise(picture[None])[0])
    assert diameter is not None and 24 < diameter < 32


def test_grains_alone_are_what_is_counted(grains):
    assert find_grain(grains) is None


def test_nuclei_on_even_ground_are_no_texture():
    noise = np.random.default_rng(0).normal(10, 1, SHAPE).astype(np.float32)
    assert find_grain(noise + nuclei()) is None
    assert find_grain(noise + nuclei(radius=5)) is None


def test_large_cells_that_cover_much_are_no_exception(grains):
    assert find_grain(grains + nuclei(radius=48)) is None


@pytest.mark.parametrize("level", [0, 7, 255])
def test_an_empty_picture_has_no_grain(level):
    assert find_grain(np.full((32, 32), level, np.uint8)) is None


def test_crowded_nuclei_are_no_texture(draw):
    for count in (20, 60, 150):
        assert find_grain(draw(count, seed=count, shape=(160, 200)).image[0]) is None
