from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage

from cytally.errors import ConfigError
from cytally.synthesis.cells import CellsConfig, draw_cells
from cytally.synthesis.cells_config import RealisticConfig
from cytally.synthesis.nuclei import DrawnImage


def exactly(number: int) -> dict[str, object]:
    return {"law": "uniform", "least": number, "most": number}


def draw(seed: int = 0, number: int = 8, **changes: object) -> DrawnImage:
    return draw_cells(CellsConfig(**{"count": exactly(number)} | changes), np.random.default_rng(seed))


def one_disc(**changes: object) -> DrawnImage:
    settings = {
        "shape": (40, 44),
        "radius": (8, 8),
        "eccentricity": (0, 0),
        "irregularity": 0,
        "rim": (200, 200),
        "inner": (50, 50),
        "rim_width": (2, 2),
        "background": (60, 60),
        "blur": (0, 0),
        "border": "inside",
    }
    return draw(number=1, **(settings | changes))


def test_one_round_cell_by_hand() -> None:
    drawn = one_disc()
    away = np.hypot(*(np.indices((40, 44)) - drawn.points[0][:, None, None]))
    assert set(drawn.image[away < 5]) == {50}  # within the rim, less half a pixel and what the centroid is off
    assert set(drawn.image[(away > 6.7) & (away < 7.3)]) == {200}
    assert set(drawn.image[away > 9]) == {60}
    assert (drawn.labels == 1).sum() == pytest.approx(np.pi * 64, rel=0.03)


def test_blur_softens_outlines_and_the_filter_the_whole_image() -> None:
    sharp, soft, filtered = one_disc(), one_disc(blur=(1.5, 1.5)), one_disc(filter=(1.5, 1.5))
    assert sharp.image.max() == 200
    assert soft.image.max() < 170
    assert filtered.image.max() < 170
    assert sharp.labels.tobytes() == soft.labels.tobytes()


@pytest.mark.parametrize(
    "style",
    [{}, {"body": "rod"}, {"realistic": {}}, {"realistic": {"walls": "double"}, "noise": 2.0, "edge_noise": 5.0}],
)
def test_same_seed_same_bytes(style: dict[str, object]) -> None:
    one, two, other = draw(3, **style), draw(3, **style), draw(4, **style)
    assert one.image.tobytes() == two.image.tobytes()
    assert one.labels.tobytes() == two.labels.tobytes()
    assert one.points.tobytes() == two.points.tobytes()
    assert one.image.tobytes() != other.image.tobytes()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    number=st.integers(0, 12),
    radius=st.floats(1, 20),
    overlap=st.floats(0, 1),
    division=st.floats(0, 1),
    body=st.sampled_from(["ellipse", "rod"]),
    border=st.sampled_from(["cut", "inside"]),
    style=st.sampled_from([None, RealisticConfig()]),
)
def test_points_labels_and_count_agree_or_an_error_says_that_cells_do_not_fit(
    seed: int,
    number: int,
    radius: float,
    overlap: float,
    division: float,
    style: RealisticConfig | None,
    **changes: object,
) -> None:
    config = CellsConfig(
        count=exactly(number),
        radius=(radius, radius),
        allowed_overlap=overlap,
        division_share=division,
        realistic=style,
        **changes,
    )
    try:
        drawn = draw_cells(config, np.random.default_rng(seed))
    except ConfigError as error:
        assert f"{number} cell" in str(error)
        return
    assert drawn.count == number
    assert drawn.image.shape == drawn.labels.shape == config.shape
    assert drawn.image.dtype == np.uint8
    assert set(np.unique(drawn.labels)) - {0} == set(range(1, number + 1))
    assert np.all(drawn.points >= 0)
    assert np.all(drawn.points <= np.array(config.shape) - 1)


def test_points_are_the_labels_centroids_in_reading_order() -> None:
    drawn = draw(1, number=15, allowed_overlap=0.0, division_share=0, clustering=0, eccentricity=(0, 0.2))
    for label, point in enumerate(drawn.points, start=1):
        ys, xs = np.nonzero(drawn.labels == label)
        assert point == pytest.approx((ys.mean(), xs.mean()), abs=0.3)
    assert np.all(np.diff(drawn.points[:, 0]) >= 0)


def test_the_numbers_drawn_are_those_of_the_law() -> None:
    config = CellsConfig(shape=(96, 96), count={"law": "given", "chances": (0.5, 0, 0, 0.5)})
    counts = [draw_cells(config, np.random.default_rng(seed)).count for seed in range(100)]
    assert set(counts) == {0, 3}
    assert 30 < counts.count(3) < 70


@pytest.mark.parametrize("body", ["ellipse", "rod"])
def test_a_dividing_pair_is_two_that_touch(body: str) -> None:
    drawn = draw(2, number=2, division_share=1.0, body=body, radius=(6, 6), rod_length=(2, 2), bend=0, border="inside")
    assert drawn.count == 2
    assert ndimage.label(drawn.labels > 0)[1] == 1
    assert 6 < np.hypot(*(drawn.points[0] - drawn.points[1])) < 13
    alone = draw(2, number=2, division_share=0.0, clustering=0, allowed_overlap=0, radius=(6, 6), border="inside")
    assert ndimage.label(alone.labels > 0)[1] == 2


def test_hidden_cells_are_put_on_top() -> None:
    # 25 cells of 40 px in 40 × 40 px whose centres may coincide: each still owns pixels.
    drawn = draw(1, number=25, shape=(40, 40), radius=(2, 20), allowed_overlap=1.0)
    assert (np.bincount(drawn.labels.ravel(), minlength=26)[1:] > 0).all()


def test_inside_cells_are_whole() -> None:
    labels = draw(5, number=9, border="inside").labels
    assert not np.concatenate([labels[[0, -1]].ravel(), labels[:, [0, -1]].ravel()]).any()


@pytest.mark.parametrize(
    ("impossible", "message"),
    [
        (
            {"number": 30, "shape": (32, 32), "radius": (9, 9), "allowed_overlap": 0},
            "30 cells of radius 9 px do not fit",
        ),
        ({"number": 4000, "shape": (64, 64)}, r"4000 cells of radius 3 to 9 px .* allowed_overlap 0.2: about \d+ do"),
        ({"number": 3, "shape": (1, 2), "allowed_overlap": 1}, r"into 1 × 2 px .* about 1 do; lower count or radius"),
        ({"number": 1, "shape": (20, 20), "radius": (15, 15), "border": "inside"}, "about 0 do"),
        ({"number": 400, "body": "rod"}, "do not fit"),
    ],
)
def test_what_cannot_fit_is_refused_quickly_and_says_what_fits(impossible: dict[str, object], message: str) -> None:
    begun = time.process_time()
    with pytest.raises(ConfigError, match=message):
        draw(**impossible)
    assert time.process_time() - begun < 2


def test_how_many_fit_is_about_right() -> None:
    with pytest.raises(ConfigError, match=r"about [3-6] do"):
        draw(number=30, shape=(32, 32), radius=(9, 9), allowed_overlap=0)


def test_a_background_lies_behind_the_cells() -> None:
    background = np.arange(40 * 44, dtype=np.float64).reshape(40, 44) % 200
    config = CellsConfig(shape=(40, 44), count=exactly(1), blur=(0, 0))
    drawn = draw_cells(config, np.random.default_rng(0), background=background)
    away = ~ndimage.binary_dilation(drawn.labels > 0, iterations=2)
    assert np.array_equal(drawn.image[away], background[away])


@pytest.mark.parametrize(
    ("background", "message"),
    [
        (np.zeros((3, 4)), "the background is 3 × 4 px, the images are 128 × 128 px; resize"),
        (np.full((128, 128), 300), "outside 0 to 255"),
        (np.full((128, 128), np.nan), "outside 0 to 255"),
    ],
)
def test_what_is_no_background_is_refused(background: np.ndarray, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw_cells(CellsConfig(), np.random.default_rng(0), background=background)


@pytest.mark.parametrize(
    "wrong",
    [{"radios": (3, 4)}, {"radius": (5, 2)}, {"rim": (0, 256)}, {"shape": (0, 5)}, {"realistic": {"wals": "none"}}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CellsConfig(**wrong)


@pytest.mark.parametrize("config", [CellsConfig, RealisticConfig])
def test_every_setting_is_documented(config: type[CellsConfig]) -> None:
    assert [name for name, field in config.model_fields.items() if not field.description] == []
