from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytally.errors import ConfigError
from cytally.synthesis.cells_config import CellsConfig
from cytally.synthesis.presets import make_drawing, preset_names

# As drawn, before the optics and the camera.
CLEAN = {
    "blur": (0, 0),
    "filter": (0, 0),
    "luminance": (1, 1),
    "background_noise": 0,
    "edge_noise": 0,
    "inner_noise": 0,
    "noise": 0,
    "rim_width": (2, 2),
}


def test_the_names_that_users_rely_on() -> None:
    assert set(preset_names()) == {
        "cho-phase-contrast",
        "cho-bright-field",
        "fluorescent-nuclei",
        "histology-nuclei",
        "bacteria",
        "realistic-phase-contrast",
        "realistic-bright-field",
    }


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_draws_the_same_bytes_again_from_its_own_settings(preset: str) -> None:
    drawing = make_drawing(preset)
    again = make_drawing(preset, drawing.settings())
    assert again == drawing
    for seed in range(3):
        one, two = drawing.draw(np.random.default_rng(seed)), again.draw(np.random.default_rng(seed))
        assert one.image.tobytes() == two.image.tobytes()
        assert one.labels.tobytes() == two.labels.tobytes()
        assert one.count == one.labels.max(initial=0)
        assert one.image.shape[:2] == (128, 128)


@pytest.mark.parametrize(
    ("preset", "radius", "inner", "rim", "near"),
    [
        ("cho-phase-contrast", (3, 9), (50, 60), (160, 209), 60),
        ("cho-bright-field", (3, 7), (180, 209), (80, 129), 199),
    ],
)
def test_grey_levels_and_sizes_are_the_papers(
    preset: str, radius: tuple[int, int], inner: tuple[int, int], rim: tuple[int, int], near: int
) -> None:
    alone = {"allowed_overlap": 0, "clustering": 0, "division_share": 0, "border": "inside"}
    drawing = make_drawing(preset, CLEAN | alone)
    assert sum(drawing.config.count.probabilities()[1:31]) == pytest.approx(1)
    phase, inners, rims, radii = rim[0] > near, [], [], []
    for seed in range(12):
        drawn = drawing.draw(np.random.default_rng(seed))
        assert np.median(drawn.image[drawn.labels == 0]) == pytest.approx(near, abs=6)
        for label in range(1, drawn.count + 1):
            mask = drawn.labels == label
            depth = ndimage.distance_transform_edt(mask)
            inners += drawn.image[depth > 4.5].tolist()
            seam = drawn.image[mask]
            rims.append(int(seam.max() if phase else seam.min()))
            radii.append(float(np.sqrt(mask.sum() / np.pi)))
    assert inner[0] <= min(inners) <= max(inners) <= inner[1]
    assert rim[0] - 1 <= min(rims) <= max(rims) <= rim[1] + 1
    assert radius[0] - 0.4 < min(radii) < max(radii) < radius[1] + 0.4
    assert max(inners) - min(inners) > 5
    assert max(rims) - min(rims) > 30


def test_bacteria_are_elongated() -> None:
    drawn = make_drawing("bacteria", {"count": {"least": 12, "most": 12}, "division_share": 0}).draw(
        np.random.default_rng(4)
    )
    ratios = []
    for label in range(1, drawn.count + 1):
        where = np.argwhere(drawn.labels == label)
        small, large = np.linalg.eigvalsh(np.cov(where.T))
        ratios.append(np.sqrt(large / small))
    assert np.median(ratios) > 2


@pytest.mark.parametrize("kind", ["phase-contrast", "bright-field"])
def test_realistic_images_differ_from_drawn_ones_and_some_are_empty(kind: str) -> None:
    realistic, drawn = make_drawing(f"realistic-{kind}"), make_drawing(f"cho-{kind}")
    assert realistic.config.count.probabilities()[0] == pytest.approx(0.04)
    assert realistic.config.count.largest() == drawn.config.count.largest() == 30
    empty = {"count": {"law": "uniform", "least": 0, "most": 0}}
    natural = make_drawing(f"realistic-{kind}", empty).draw(np.random.default_rng(0)).image
    plain = make_drawing(f"cho-{kind}", empty).draw(np.random.default_rng(0)).image
    # Walls and uneven light remain where noise is averaged out.
    assert (
        ndimage.gaussian_filter(natural.astype(float), 2).std()
        > 4 * ndimage.gaussian_filter(plain.astype(float), 2).std()
    )


def test_sections_are_merged_unless_they_are_of_another_kind() -> None:
    assert make_drawing("cho-bright-field", {"count": {"most": 5}}).config.count.most == 5
    law = make_drawing("cho-bright-field", {"count": {"law": "given", "chances": [0, 1]}}).config.count
    assert law.sample(np.random.default_rng(0)) == 1
    config = make_drawing("realistic-bright-field", {"realistic": {"walls": "none"}}).config
    assert isinstance(config, CellsConfig)
    assert config.realistic is not None
    assert config.realistic.photons == 4000


@pytest.mark.parametrize(
    ("preset", "settings", "message"),
    [
        ("cho-phase-contrst", {}, "there is no preset 'cho-phase-contrst'; did you mean 'cho-phase-contrast'"),
        ("photographs", {}, "choose one of cho-phase-contrast, "),
        ("bacteria", {"radios": 3}, "'radios' is no setting of the preset 'bacteria'; did you mean 'radius'"),
        ("bacteria", {"count": {"mst": 3}}, "'count.mst' is no setting .* did you mean 'count.most'"),
        ("realistic-bright-field", {"realistic": {"wals": 3}}, "did you mean 'realistic.walls'"),
        ("bacteria", {"zzzz": 3}, "remove it"),
        ("bacteria", {"radius": (9, 3)}, "'radius': the lower end 9.0 lies above the upper end 3.0; mend"),
        ("fluorescent-nuclei", {"diameter": 3}, "'diameter'"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(preset: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_drawing(preset, settings)


def test_backgrounds_are_for_whole_cells() -> None:
    background = np.full((128, 128), 30, dtype=np.uint8)
    drawn = make_drawing("cho-phase-contrast").draw(np.random.default_rng(1), background)
    assert np.median(drawn.image) == pytest.approx(30, abs=4)
    with pytest.raises(ConfigError, match="'fluorescent-nuclei' draws its own background"):
        make_drawing("fluorescent-nuclei").draw(np.random.default_rng(1), background)
