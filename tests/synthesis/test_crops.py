from __future__ import annotations

import numpy as np
import pytest

from cytally.errors import ConfigError
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.crops import NucleiCropConfig, TissueCropConfig, draw_nuclei_crop, draw_tissue_crop
from cytally.synthesis.histology_config import HistologyConfig
from cytally.synthesis.nuclei import draw_nuclei


@pytest.mark.parametrize("number", [0, 1, 12, 30])
def test_as_many_nuclei_as_the_law_says(number: int) -> None:
    config = NucleiCropConfig(count={"law": "uniform", "least": number, "most": number})
    for seed in range(4):
        drawn = draw_nuclei_crop(config, np.random.default_rng(seed))
        assert drawn.count == number
        assert set(np.unique(drawn.labels)) - {0} == set(range(1, number + 1))
        assert drawn.image.shape == (128, 128)
        assert drawn.image.dtype == np.uint8


def test_a_nucleus_belongs_to_the_image_that_holds_its_centre() -> None:
    settings = {"shape": (64, 64), "count": (6, 6), "diameter": (20, 20), "allowed_overlap": 0.0, "clustering": 0}
    by_area = [draw_nuclei(NucleiConfig(**settings), np.random.default_rng(seed)).count for seed in range(12)]
    by_centre = [
        draw_nuclei(NucleiConfig(counted="centre", when_full="fewer", **settings), np.random.default_rng(seed)).count
        for seed in range(12)
    ]
    assert max(by_centre) <= 6
    assert sum(by_area) > sum(by_centre)


def test_sizes_and_brightness_vary() -> None:
    count = {"law": "uniform", "least": 4, "most": 4}
    drawn = [draw_nuclei_crop(NucleiCropConfig(count=count), np.random.default_rng(seed)) for seed in range(25)]
    areas = [float((one.labels > 0).sum()) / 4 for one in drawn]
    assert max(areas) > 6 * min(areas)
    means = [float(one.image.mean()) for one in drawn]
    assert max(means) > 5 * min(means)


def test_same_seed_same_bytes() -> None:
    for seed in range(3):
        one, two = (draw_nuclei_crop(NucleiCropConfig(), np.random.default_rng(seed)) for _ in range(2))
        assert one.image.tobytes() == two.image.tobytes()
        assert one.points.tobytes() == two.points.tobytes()


def test_nuclei_that_cannot_fit_are_refused() -> None:
    config = NucleiCropConfig(shape=(32, 32), diameter=(30, 30), count={"law": "uniform", "least": 20, "most": 20})
    with pytest.raises(ConfigError, match=r"20 nuclei of 30 px do not fit into 32 × 32 px: about \d+ do; lower count"):
        draw_nuclei_crop(config, np.random.default_rng(0))


@pytest.mark.parametrize("tissue", [None, HistologyConfig(cover=0.0)])
def test_tissue_is_in_colour(tissue: HistologyConfig | None) -> None:
    drawn = draw_tissue_crop(TissueCropConfig(shape=(64, 70), tissue=tissue), np.random.default_rng(1))
    assert drawn.image.shape == (64, 70, 3)
    assert drawn.count == drawn.labels.max()
    assert tissue is None or drawn.count == 0
