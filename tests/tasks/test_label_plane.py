"""Channels of stain and phase contrast, and what may be a pair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from cytally.errors import ImageError
from cytally.tasks.label import label_images
from cytally.tasks.label_options import LabelOptions
from cytally.tasks.label_plane import pair_up
from cytally.tasks.watch import Watch


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Nuclei of 7 pixels on dark ground (128, 128), and dark in noise as phase contrast shows them."""
    rng = np.random.default_rng(seed)
    spots = np.zeros((128, 128))
    spots[tuple(rng.integers(6, 122, (2, 20)))] = 1
    nuclei = ndimage.maximum_filter(spots, 7)
    stain, phase = (
        10 + 150 * nuclei + rng.normal(0, 2, nuclei.shape),
        150 - 60 * nuclei + rng.normal(0, 3, nuclei.shape),
    )
    return stain.astype(np.uint8), phase.astype(np.uint8)


def test_the_stain_is_no_phase_contrast_of_itself() -> None:
    stain, phase = pair()
    labels = (stain > 80).astype(np.uint16)
    assert pair_up(stain, phase, labels, 0).shift == (0, 0)
    with pytest.raises(ImageError, match="the phase contrast is the stain itself") as raised:
        pair_up(stain, stain.astype(np.uint16), labels, 0)
    assert "--phase-channel" in str(raised.value.cure)


def test_the_channel_that_was_taken_for_phase_contrast_is_told(tmp_path: Path) -> None:
    stain, phase = pair()
    tifffile.imwrite(tmp_path / "stain.tif", stain)
    names = {"axes": "CYX", "Channel": {"Name": ["Phase", "DAPI"]}}
    tifffile.imwrite(tmp_path / "both.ome.tif", np.stack([phase, stain // 2]), metadata=names)
    given = {"phase": str(tmp_path / "both.ome.tif"), "skip_fewest": 0.0}
    quiet = Watch(on_failure=lambda image, line: None, on_note=lambda text: None)
    found = label_images([tmp_path / "stain.tif"], tmp_path / "guessed", LabelOptions(**given), quiet)
    assert found.notes[-1].startswith("Phase contrast is channel DAPI of 1 image (the one that varies most; --phase-ch")
    found = label_images([tmp_path / "stain.tif"], tmp_path / "told", LabelOptions(**given, phase_channel="0"), quiet)
    assert found.notes == ("Phase contrast is channel Phase of 1 image (as asked for).",) and not found.failures
