from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage

from cytally.errors import ConfigError
from cytally.synthesis.nuclei import DrawnImage, NucleiConfig, draw_nuclei


def draw(seed: int = 0, **changes: object) -> DrawnImage:
    return draw_nuclei(NucleiConfig(**{"shape": (96, 112), "count": (12, 12)} | changes), np.random.default_rng(seed))


def test_same_seed_same_bytes() -> None:
    config = {"out_of_focus_share": 0.5, "debris": (0, 9), "cytoplasm": 0.2, "noise_grain": 0.5, "bitten_share": 0.5}
    one, two, other = draw(3, **config), draw(3, **config), draw(4, **config)
    assert one.image.tobytes() == two.image.tobytes()
    assert one.labels.tobytes() == two.labels.tobytes()
    assert one.points.tobytes() == two.points.tobytes()
    assert one.image.tobytes() != other.image.tobytes()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    diameter=st.floats(6, 60),
    cover=st.floats(0, 1),
    overlap=st.floats(0, 1),
    border=st.sampled_from(["cut", "inside"]),
)
def test_points_labels_and_count_agree(
    seed: int, shape: tuple[int, int], diameter: float, cover: float, overlap: float, border: str
) -> None:
    config = NucleiConfig(
        shape=shape,
        diameter=(diameter, diameter),
        cover=(0, cover),
        allowed_overlap=overlap,
        border=border,
        when_full="fewer",
    )
    drawn = draw_nuclei(config, np.random.default_rng(seed))
    assert drawn.image.shape == drawn.labels.shape == shape
    assert drawn.points.shape == (drawn.count, 2)
    assert set(np.unique(drawn.labels)) - {0} == set(range(1, drawn.count + 1))
    assert np.all(drawn.points >= 0)
    assert np.all(drawn.points <= np.array(shape) - 1)


def test_points_are_the_labels_centroids_in_reading_order() -> None:
    drawn = draw(1, allowed_overlap=0.0, clustering=0.0, diameter=(10, 10), eccentricity=(0, 0.3))
    assert drawn.count >= 12
    for label, point in enumerate(drawn.points, start=1):
        ys, xs = np.nonzero(drawn.labels == label)
        assert point == pytest.approx((ys.mean(), xs.mean()), abs=0.3)
    assert np.all(np.diff(drawn.points[:, 0]) >= 0)


@pytest.mark.parametrize("diameter", [6, 12, 30, 60])
def test_areas_are_those_of_the_diameter_asked_for(diameter: int) -> None:
    drawn = draw(
        diameter,
        shape=(300, 300),
        count=(6, 6),
        diameter=(diameter, diameter),
        diameter_spread=0,
        irregularity=0.08,
        eccentricity=(0.2, 0.9),
        clustering=0,
        allowed_overlap=0,
        border="inside",
    )
    areas = np.bincount(drawn.labels.ravel())[1:]
    assert len(areas) == 6
    assert np.sqrt(4 / np.pi * areas) == pytest.approx(np.full(6, diameter), rel=0.08)


def test_nuclei_shine_where_their_labels_are() -> None:
    drawn = draw(2, brightness=(0.5, 0.5), brightness_spread=1.0, background=0.02, texture=0, dome=0, unevenness=0)
    core = ndimage.binary_erosion(drawn.labels > 0, iterations=3)
    away = ~ndimage.binary_dilation(drawn.labels > 0, iterations=5)
    # 0.5 of 255 less the haze on its way, plus the background.
    assert np.median(drawn.image[core]) == pytest.approx(0.52 * 255, rel=0.08)
    assert np.median(drawn.image[away]) == pytest.approx(0.02 * 255, abs=4)


def test_a_field_without_nuclei_is_background_and_noise() -> None:
    drawn = draw(count=(0, 0), background=0.2, read_noise=0.02, photons=1e9, unevenness=0)
    assert drawn.count == 0
    assert drawn.points.shape == (0, 2)
    assert not drawn.labels.any()
    assert drawn.image.mean() == pytest.approx(51, abs=0.5)
    assert drawn.image.std() == pytest.approx(5.1, abs=0.3)


@pytest.mark.parametrize(("depth", "dtype", "top"), [(8, np.uint8, 255), (12, np.uint16, 4095), (16, np.uint16, 65535)])
def test_bit_depth_gives_type_and_full_scale(depth: int, dtype: type, top: int) -> None:
    drawn = draw(bit_depth=depth, brightness=(5, 5))
    assert drawn.image.dtype == dtype
    assert drawn.image.max() == top
    assert drawn.labels.dtype == np.uint16
    assert drawn.points.dtype == np.float64


def test_inside_nuclei_are_whole_and_exactly_as_many() -> None:
    drawn = draw(5, count=(9, 9), border="inside", allowed_overlap=0.0)
    assert drawn.count == 9
    frame = np.concatenate([drawn.labels[[0, -1]].ravel(), drawn.labels[:, [0, -1]].ravel()])
    assert not frame.any()


def test_touching_share_brings_nuclei_together() -> None:
    def nearest(clustering: float) -> float:
        points = draw(7, shape=(300, 300), diameter=(12, 12), count=(40, 40), clustering=clustering).points
        distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
        np.fill_diagonal(distance, np.inf)
        return float(np.median(distance.min(axis=1)))

    assert nearest(1.0) < 13 < nearest(0.0)


@pytest.mark.parametrize(
    "impossible",
    [
        {"count": (500, 500), "diameter": (30, 30)},
        {"cover": (0.9, 0.9), "allowed_overlap": 0.0, "shape": (256, 256)},
        {"shape": (20, 20), "diameter": (40, 40), "border": "inside"},
    ],
)
def test_what_cannot_fit_is_refused_and_says_what_fits(impossible: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"do not fit into .* about \d+ do; lower count"):
        draw(**impossible)
    assert draw(**impossible, when_full="fewer").count >= 0


@pytest.mark.parametrize("wrong", [{"diametre": (3, 4)}, {"count": (5, 2)}, {"dome": 2}, {"shape": (0, 5)}])
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NucleiConfig(**wrong)


def test_every_setting_is_documented() -> None:
    assert [name for name, field in NucleiConfig.model_fields.items() if not field.description] == []
