"""Triplets: which panels there are, that they are alike in size, and where outlines and words go."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.report.overlays import SKY_BLUE
from cytally.report.triplets import GAP, GROUND, Panel, headed, side_by_side, triplet_panels

BLUE = np.rint(SKY_BLUE * 255).astype(np.uint8)


@pytest.fixture
def phase() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, (1, 300, 400), dtype=np.uint16)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((300, 400), np.uint16)
    labels[100:140, 200:260] = 1
    return labels


def is_blue(picture: np.ndarray) -> np.ndarray:
    return (picture == BLUE).all(axis=-1)


def test_with_a_stain(phase: np.ndarray, labels: np.ndarray) -> None:
    stain = np.zeros((1, 300, 400), np.uint8)
    stain[0, :, :200] = 9
    panels = triplet_panels(phase, 0, labels, stain=stain, reference=labels)
    assert [panel.title for panel in panels] == ["phase contrast", "with the model's outlines", "stain"]
    assert {panel.picture.shape for panel in panels} == {(600, 800, 3)}
    plain, outlined, third = (panel.picture for panel in panels)
    assert not is_blue(plain).any()
    edge = is_blue(outlined)
    assert edge[200, 400:520].all() and edge[279, 400:520].all() and not edge[210:270, 410:510].any()
    assert not edge[:190].any() and (outlined[~edge] == plain[~edge]).all(), "beside the outlines it is the image"
    assert (third[:, :400] == 255).all() and (third[:, 400:] == 0).all()


def test_without_a_stain_the_reference_is_shown(phase: np.ndarray, labels: np.ndarray) -> None:
    panels = triplet_panels(phase, 0, np.zeros_like(labels), reference=labels)
    assert [panel.title for panel in panels] == ["image", "with the model's outlines", "reference labels"]
    mask = panels[2].picture
    assert (mask[240, 450] == 255).all() and (mask[0, 0] == 0).all() and (mask[200, 450] == BLUE).all()
    assert (panels[0].picture == panels[1].picture).all(), "no object, no outline"


def test_without_either_there_are_two(phase: np.ndarray, labels: np.ndarray) -> None:
    assert [panel.title for panel in triplet_panels(phase, 0, labels)] == ["image", "with the model's outlines"]


def test_large_images_shrink() -> None:
    panels = triplet_panels(np.zeros((3, 500, 2000), np.uint8), None, np.zeros((500, 2000), np.uint8))
    assert {panel.picture.shape for panel in panels} == {(250, 1000, 3)}


@pytest.mark.parametrize("what", ["stain", "reference"])
def test_another_size_is_refused(phase: np.ndarray, labels: np.ndarray, what: str) -> None:
    with pytest.raises(ValueError, match=f"the {what} have the shape \\(300, 399\\)"):
        triplet_panels(phase, 0, labels, **{what: np.zeros((1, 300, 399), np.uint8)})


def test_panels_stand_side_by_side_with_words_above() -> None:
    panels = [Panel(title, np.full((40, 320, 3), shade, np.uint8)) for title, shade in (("one", 50), ("two", 90))]
    row = side_by_side(panels)
    line = 320 // 16
    assert row.shape == (line + 40 + GAP, 2 * 320 + 3 * GAP, 3)
    assert (row[line:-GAP, GAP : GAP + 320] == 50).all() and (row[line:-GAP, 2 * GAP + 320 : -GAP] == 90).all()
    ground = (row == GROUND).all(axis=-1)
    assert ground[-GAP:].all() and ground[line:, :GAP].all() and ground[line:, GAP + 320 : 2 * GAP + 320].all()
    for left in (GAP, 2 * GAP + 320):
        words = ~ground[:line, left : left + 320]
        assert words.any() and not words[:, 100:].any(), "a short title stands at the left of its panel"


def test_a_heading_is_written_above_and_fits() -> None:
    picture = np.full((30, 600, 3), 7, np.uint8)
    for heading in ("Triplet 007", "a heading that is " + "very " * 12 + "long"):
        with_it = headed(picture, heading)
        line = len(with_it) - 30
        assert line >= 16 and (with_it[line:] == 7).all()
        words = (with_it[:line] != GROUND).any(axis=-1)
        assert words.any() and not words[:, :GAP].any() and not words[:, -1].any(), "nothing is cut off"


def test_the_smallest_image_is_drawn() -> None:
    panels = triplet_panels(np.ones((1, 1, 1), np.uint8), 0, np.ones((1, 1), np.uint8))
    assert headed(side_by_side(panels), "Triplet 1").ndim == 3
