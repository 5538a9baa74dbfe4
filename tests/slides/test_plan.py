import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.slides.plan import GRAIN, Plan, best_side, largest_side

SHAPES = st.tuples(st.integers(8, 3000), st.integers(8, 3000))


@settings(max_examples=60)
@given(SHAPES, st.sampled_from([0.1, 0.25, 1 / 3, 0.7, 1.0, 2.5]), st.integers(32, 600), st.sampled_from([8, 24, 80]))
def test_every_window_has_one_shape_and_shows_all_that_reaches_its_region(shape, factor, tile, halo):
    inner = tuple(max(1, round(length * factor)) for length in shape)
    plan = Plan(shape, inner, best_side(shape, factor, tile, halo), halo, stride=8)
    padded = [-(-length // 8) * 8 for length in inner]
    covered = np.zeros(shape, np.uint8)
    for region in plan.regions:
        covered[region.rows, region.columns] += 1
        for part, window, length, most in zip(
            plan.inside(region), plan.window_of(region), plan.window, padded, strict=True
        ):
            assert window.stop - window.start == length
            assert window.start % 8 == 0
            assert 0 <= window.start <= max(0, part.start - halo)
            assert min(most, part.stop + halo) <= window.stop <= most
    assert (covered == 1).all()


def test_regions_are_no_larger_than_the_tile_asked_for():
    for tile in (300, 512, 1024):
        side = best_side((30_000, 26_624), 0.25, tile, 80)
        assert side % GRAIN == 0
        assert tile / 2 <= side * 0.25 <= tile


@given(SHAPES, st.sampled_from([0.1, 0.25, 1 / 3, 0.7, 1.0, 2.5]), st.integers(1, 5000))
def test_the_tile_that_was_asked_for_is_taken_as_far_as_it_can(shape, factor, tile):
    side = largest_side(shape, factor, tile)
    assert side % GRAIN == 0
    assert side < max(shape) + GRAIN
    assert side == GRAIN or side * factor <= tile * (1 + 1e-6)
    assert (side + GRAIN) * factor > tile * (1 - 1e-6) or side >= max(shape)


def test_regions_have_names_that_sort_as_they_lie():
    plan = Plan((600, 300), (600, 300), GRAIN, 8, 8)
    assert [region.key for region in plan.regions] == [
        "0000_0000", "0000_0001", "0001_0000", "0001_0001", "0002_0000", "0002_0001",
    ]  # fmt: skip
