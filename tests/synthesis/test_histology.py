from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import ndimage

from cytally.synthesis.histology import draw_histology
from cytally.synthesis.histology_config import HistologyConfig, random_tissue
from cytally.synthesis.nuclei import DrawnImage

# Nothing but nuclei on white, seen sharply.
BARE: dict[str, object] = dict.fromkeys(
    ("fat", "gaps", "ground", "wall", "cytoplasm", "basophilia", "ghosts", "red_cells", "debris", "mottle"), 0
) | {"unevenness": 0, "blur": 0, "sharpening": 0, "noise": 0, "quality": None, "flat_share": 0}


def draw(seed: int = 0, **changes: object) -> DrawnImage:
    settings = {"shape": (96, 112), "diameter": 12} | changes
    return draw_histology(HistologyConfig.model_validate(settings), np.random.default_rng(seed))


def absorbed(drawn: DrawnImage, white: tuple[float, ...] = (0.95, 0.93, 0.95)) -> NDArray[np.float64]:
    """Optical density (Y, X, 3) by the law of Beer and Lambert."""
    return np.asarray(-np.log(np.maximum(drawn.image / 255.0, 1 / 255) / white))


def test_same_seed_same_bytes() -> None:
    one, two, other = draw(3), draw(3), draw(4)
    assert one.image.tobytes() == two.image.tobytes()
    assert one.labels.tobytes() == two.labels.tobytes()
    assert one.points.tobytes() == two.points.tobytes()
    assert one.image.tobytes() != other.image.tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (40, 90), (150, 60)])
def test_points_labels_and_count_agree_in_any_tissue(shape: tuple[int, int]) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        drawn = draw_histology(random_tissue(rng, shape), rng)
        assert drawn.image.shape == (*shape, 3)
        assert drawn.image.dtype == np.uint8
        assert drawn.labels.dtype == np.uint16
        assert set(np.unique(drawn.labels)) - {0} == set(range(1, drawn.count + 1))
        assert drawn.points.shape == (drawn.count, 2)
        assert np.all(np.diff(drawn.points[:, 0]) >= 0)
        for label, point in enumerate(drawn.points, start=1):
            assert point == pytest.approx(np.argwhere(drawn.labels == label).mean(axis=0))


def test_there_are_as_many_nuclei_as_the_cover_promises() -> None:
    # 0.1 of 300 x 300 px in discs of 113 px is 80, and those that reach in over the border; here without crowding.
    counts = [draw(seed, **BARE, shape=(300, 300), cover=0.1, clustering=0, patchiness=0).count for seed in range(6)]
    assert 72 < np.mean(counts) < 100


def test_nuclei_absorb_what_the_settings_say_and_the_rest_is_white() -> None:
    colour = (0.5, 1.0, 0.25)
    plain = {"haematoxylin": 1.5, "haematoxylin_spread": 0, "texture": 0, "pale_share": 0, "bitten_share": 0}
    drawn = draw(1, **BARE, **plain, haematoxylin_colour=colour, lobed_share=0)
    assert drawn.count > 5
    rim = ndimage.binary_erosion(drawn.labels > 0) & ~ndimage.binary_erosion(drawn.labels > 0, iterations=2)
    density = absorbed(drawn)
    # A nucleus's middle is up to 0.3 paler or 0.1 darker than its rim.
    assert np.median(density[rim][:, 1]) == pytest.approx(1.5, rel=0.15)
    assert density[rim].sum(axis=0) / density[rim][:, 1].sum() == pytest.approx(colour, rel=0.05)
    away = ~ndimage.binary_dilation(drawn.labels > 0, iterations=14)
    assert np.median(drawn.image[away], axis=0) == pytest.approx((242, 237, 242), abs=2)


@pytest.mark.parametrize("kind", ["ghosts", "red_cells"])
def test_what_is_no_nucleus_is_seen_but_not_counted(kind: str) -> None:
    settings = BARE | {"cytoplasm": 0.5, "cytoplasm_reach": 0, "halo": 0}
    with_it = draw(5, **settings | {kind: 3.0}, shape=(200, 200), cover=0.03)
    without = draw(5, **settings, shape=(200, 200), cover=0.03)
    assert 0 < with_it.count < 30
    background = with_it.labels == 0
    seen = np.mean(absorbed(with_it)[background][:, 1] > 0.1)
    assert seen > np.mean(absorbed(without)[without.labels == 0][:, 1] > 0.1) + 0.03


def test_a_nucleus_of_several_lobes_counts_once() -> None:
    drawn = draw(2, **BARE, shape=(200, 200), cover=0.05, lobed_share=1, pale_share=0, diameter=20, clustering=0)
    pieces = [ndimage.label(drawn.labels == label)[1] for label in range(1, drawn.count + 1)]
    lone = draw(2, **BARE, shape=(200, 200), cover=0.05, lobed_share=0, pale_share=0, diameter=20, clustering=0)
    assert max(pieces) > 1
    assert drawn.count == pytest.approx(lone.count, abs=4)


def test_fat_is_white_and_holds_no_nuclei() -> None:
    full = draw(3, shape=(200, 200), fat=0.7, fat_diameter=6, ghosts=0, gaps=0, flat_share=0, quality=None)
    none = draw(3, shape=(200, 200), fat=0.0, ghosts=0, gaps=0, flat_share=0, quality=None)
    bright_full, bright_none = ((drawn.image.min(axis=-1) > 210).mean() for drawn in (full, none))
    assert bright_full > 0.35
    assert bright_none < 0.1
    assert full.count < 0.7 * none.count


def test_tissue_varies_and_the_same_seed_gives_the_same() -> None:
    tissues = [random_tissue(np.random.default_rng(seed)) for seed in range(200)]
    assert tissues[7] == random_tissue(np.random.default_rng(7))
    diameters = np.array([tissue.diameter for tissue in tissues])
    assert 14 <= diameters.min() < 15
    assert 25 < diameters.max() <= 26
    assert 0.15 < np.mean([tissue.fat == 0 for tissue in tissues]) < 0.35


@pytest.mark.parametrize("wrong", [{"diametre": 3}, {"cover": 2}, {"quality": 5}, {"shape": (0, 5)}])
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HistologyConfig.model_validate(wrong)


def test_every_setting_is_documented() -> None:
    assert [name for name, field in HistologyConfig.model_fields.items() if not field.description] == []
