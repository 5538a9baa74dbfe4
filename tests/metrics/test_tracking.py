"""TRA, DET and LNK by hand, and against py-ctcmetrics on files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.errors import DataError, UsageError
from cytally.metrics.tracking import tracking_metrics

# Two cells, side by side, over four frames; the right one divides after frame 1.
TRUTH = np.zeros((4, 6, 12), np.uint16)
TRUTH[:, :3, :3] = 1
TRUTH[:2, :4, 6:10] = 2
TRUTH[2:, :2, 6:10] = 3
TRUTH[2:, 3:5, 6:10] = 4
LINES = np.array([[1, 0, 3, 0], [2, 0, 1, 0], [3, 2, 3, 2], [4, 2, 3, 2]])
OBJECTS, LINKS = 10, 3 + 1 + 2 + 2


def test_the_truth_is_perfect() -> None:
    figures = tracking_metrics(TRUTH, LINES, TRUTH, LINES)
    assert (figures["tra"], figures["det"], figures["lnk"]) == (1, 1, 1)
    assert (figures["objects"], figures["links"]) == (OBJECTS, LINKS)


def test_a_division_that_is_not_seen_by_hand() -> None:
    # Track 3 goes on as 2, and 4 has no mother: one link has the wrong kind, one is missing.
    labels, lines = TRUTH.copy(), [[1, 0, 3, 0], [2, 0, 3, 0], [4, 2, 3, 0]]
    labels[labels == 3] = 2
    figures = tracking_metrics(TRUTH, LINES, labels, lines)
    assert (figures["wrong_links"], figures["missing_links"], figures["false_links"]) == (1, 1, 0)
    assert figures["lnk"] == pytest.approx(1 - 2.5 / (1.5 * LINKS))
    assert figures["tra"] == pytest.approx(1 - 2.5 / (10 * OBJECTS + 1.5 * LINKS))
    assert figures["det"] == 1


def test_an_object_that_is_missed_and_one_that_is_not_there_by_hand() -> None:
    labels, lines = TRUTH.copy(), np.array([*LINES.tolist(), [9, 0, 0, 0]])
    labels[3][labels[3] == 4] = 0
    labels[0, 5, 0] = 9
    lines[3, 2] = 2
    figures = tracking_metrics(TRUTH, LINES, labels, lines)
    assert (figures["missing"], figures["false"], figures["missing_links"]) == (1, 1, 1)
    assert figures["det"] == pytest.approx(1 - 11 / (10 * OBJECTS))
    assert figures["tra"] == pytest.approx(1 - 12.5 / (10 * OBJECTS + 1.5 * LINKS))


def test_a_half_does_not_match() -> None:
    labels = TRUTH.copy()
    labels[:2, 2:4, 6:10] = 0
    assert tracking_metrics(TRUTH, LINES, labels, LINES)["missing"] == 2


def scrambled(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The truth with objects shaved, lost, joined and renamed."""
    rng = np.random.default_rng(seed)
    labels = TRUTH.copy()
    labels[rng.random(labels.shape) < 0.3] = 0
    if rng.random() < 0.5:
        labels[2:][labels[2:] == 4] = 3
    if rng.random() < 0.5:
        labels[1:][labels[1:] == 1] = 7
    labels[rng.integers(4), 5, rng.integers(12)] = 8
    lines = []
    for name in np.unique(labels)[1:].tolist():
        frames = np.flatnonzero((labels == name).any(axis=(1, 2)))
        for extra in frames[1:][np.diff(frames) > 1]:
            labels[extra:][labels[extra:] == name] = 0
            frames = frames[frames < extra]
        mother = 2 if name in (3, 4) and frames[0] == 2 and (labels[1] == 2).any() else 0
        lines.append([name, frames[0], frames[-1], mother])
    return labels, np.array(lines)


@pytest.mark.parametrize("seed", range(6))
def test_as_py_ctcmetrics_says_of_files(seed: int, tmp_path: Path) -> None:
    from ctc_metrics.scripts.evaluate import evaluate_sequence

    labels, lines = scrambled(seed)
    (tmp_path / "01_GT" / "TRA").mkdir(parents=True)
    (tmp_path / "01_RES").mkdir()
    for frame in range(4):
        tifffile.imwrite(tmp_path / "01_GT" / "TRA" / f"man_track{frame:03d}.tif", TRUTH[frame])
        tifffile.imwrite(tmp_path / "01_RES" / f"mask{frame:03d}.tif", labels[frame])
    np.savetxt(tmp_path / "01_GT" / "TRA" / "man_track.txt", LINES, fmt="%d")
    np.savetxt(tmp_path / "01_RES" / "res_track.txt", lines, fmt="%d")
    wanted = evaluate_sequence(str(tmp_path / "01_RES"), str(tmp_path / "01_GT"), ["TRA", "DET", "LNK"], threads=1)
    found = tracking_metrics(TRUTH, LINES, labels, lines)
    for name in ("TRA", "DET", "LNK"):
        assert found[name.lower()] == pytest.approx(wanted[name]), name
    assert found["tra"] < 1


def test_a_result_of_nothing_is_worth_nothing() -> None:
    figures = tracking_metrics(TRUTH, LINES, np.zeros_like(TRUTH), [])
    assert (figures["tra"], figures["det"], figures["lnk"]) == (0, 0, 0)
    assert figures["missing"] == OBJECTS


def test_without_a_reference_there_is_nothing_to_measure() -> None:
    figures = tracking_metrics(np.zeros_like(TRUTH), [], TRUTH, LINES)
    assert figures == {"false": OBJECTS, "objects": 0, "links": 0}


def test_one_frame_has_no_links() -> None:
    lines = [[1, 0, 0, 0], [2, 0, 0, 0]]
    figures = tracking_metrics(TRUTH[:1], lines, TRUTH[:1], lines)
    assert figures["tra"] == 1 and "lnk" not in figures


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([[1, 0, 3, 0]], "not in res_track"),
        ([*LINES[1:].tolist(), [1, 0, 9, 0]], "no labels"),
        ([*LINES[:3].tolist(), [4, 2, 3, 77]], "no track 77"),
        ([*LINES[:3].tolist(), [4, 2, 3, 3]], "Parent ends after child starts"),
        ([*LINES.tolist(), [1, 0, 1, 0]], "two tracks of one number"),
        ([], "objects and no tracks"),
    ],
)
def test_tracks_and_labels_must_agree(lines: list[list[int]], words: str) -> None:
    with pytest.raises(DataError, match=words):
        tracking_metrics(TRUTH, LINES, TRUTH, lines)


def test_frames_and_columns_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        tracking_metrics(TRUTH, LINES, TRUTH[:3], LINES)
    with pytest.raises(ValueError, match="four columns"):
        tracking_metrics(TRUTH, LINES, TRUTH, LINES[:, :3])


def test_without_py_ctcmetrics_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctc_metrics.metrics", None)
    with pytest.raises(UsageError, match="pip install py-ctcmetrics"):
        tracking_metrics(TRUTH, LINES, TRUTH, LINES)
