"""Clues of focus, and what is learnt from blurred training images."""

import numpy as np
import pytest
from pydantic import ValidationError

from cytally.calibration.defocus import Defocus
from cytally.calibration.focus import CLUES, focus_clues, noise_passed
from cytally.calibration.measures import measure
from cytally.calibration.scales import ALONG, WINDOW, scales_of
from cytally.calibration.training_range import TrainingRange

DIAMETER = 12.0


def clues(picture: np.ndarray, factor: float = 1.0) -> np.ndarray:
    return measure(picture[None], DIAMETER, 20.0, factor=factor).focus


def test_clues_are_numbers_whatever_the_picture(discs) -> None:
    for picture in (discs(), -discs(), np.zeros((40, 40), np.float32), np.ones((40, 40), np.float32)):
        assert clues(picture).shape == (CLUES,) and np.isfinite(clues(picture)).all()


def test_blur_takes_fine_power_and_noise_does_not_bring_it_back(discs) -> None:
    sharp, soft, noisy = (clues(discs(noise=noise, blur=blur))[1] for noise, blur in ((0.02, 0), (0.02, 3), (0.1, 3)))
    assert soft < sharp - 1 and noisy < sharp - 0.4


def test_the_last_clue_is_the_scale(discs) -> None:
    assert clues(discs(), factor=0.25)[-1] == -2
    assert (clues(discs(), factor=0.25)[:-1] == clues(discs())[:-1]).all()


def test_power_of_noise_is_as_worked_out() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (600, 600)).astype(np.float32)
    seen = scales_of(noise, DIAMETER)
    layers = (seen.blurred(DIAMETER / 24), *seen.smooth[:3])
    for share, one, next_one in zip(noise_passed(DIAMETER), layers, layers[1:], strict=False):
        assert float(((one - next_one) ** 2).mean()) == pytest.approx(share, rel=0.05)


def test_seams_between_windows_are_no_edges(discs) -> None:
    large = discs(DIAMETER, 1100, blur=4)
    seen, whole = scales_of(large, DIAMETER), scales_of(large[:700, :700], DIAMETER)
    assert seen.side == WINDOW and whole.side is None
    assert seen.within_windows(5).shape == (ALONG * WINDOW, ALONG * WINDOW) and whole.within_windows(5).all()
    assert seen.within_windows(5)[:, WINDOW - 5].sum() == 0 < seen.within_windows(5)[:, WINDOW - 6].sum()
    found, expected = focus_clues(seen, 5.0, 1.0), focus_clues(whole, 5.0, 1.0)
    assert found == pytest.approx(expected, abs=0.15)


def pairs(discs, number: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    looks = [(rng.uniform(0.01, 0.05), rng.uniform(0.6, 1.2)) for _ in range(number)]
    sharp = [clues(discs(noise=noise, blur=blur, seed=seed)) for seed, (noise, blur) in enumerate(looks)]
    away = [clues(discs(noise=noise, blur=blur + 2, seed=seed)) for seed, (noise, blur) in enumerate(looks)]
    return np.array(sharp), np.array(away)


def test_blurred_pictures_score_above_the_limit(discs) -> None:
    sharp, away = pairs(discs)
    found = Defocus.of(sharp, away)
    assert np.median([found.score(each) for each in sharp]) == pytest.approx(0, abs=0.3)
    assert np.mean([found.score(each) > 1 for each in sharp]) <= 0.05
    assert np.mean([found.score(each) > 1 for each in away]) >= 0.9
    assert found.score(clues(discs(noise=0.03, blur=0.9, seed=77))) < 1 < found.score(clues(discs(blur=4, seed=77)))


def test_where_blurring_changes_nothing_nothing_is_told() -> None:
    same = np.random.default_rng(0).normal(size=(40, CLUES))
    found = Defocus.of(same, same)
    assert found.weights == pytest.approx([0] * len(found.weights), abs=1e-4)
    assert abs(found.score(same[0])) < 10


def test_a_clue_that_never_varied_does_not_matter(discs) -> None:
    sharp, away = pairs(discs)
    found = Defocus.of(sharp, away)
    other = sharp[0].copy()
    other[-1] = 3
    assert found.score(other) == pytest.approx(found.score(sharp[0]))


def test_a_range_learns_it_where_blurred_images_are_given(discs) -> None:
    sharp = [measure(discs(noise=0.03, blur=0.8, seed=seed)[None], DIAMETER, 20.0) for seed in range(12)]
    away = [measure(discs(noise=0.03, blur=3, seed=seed)[None], DIAMETER, 20.0) for seed in range(12)]
    before, found = TrainingRange.of(sharp), TrainingRange.of(sharp, away)
    assert before is not None and found is not None and before.defocus is None and found.defocus is not None
    assert found.scores(away[0])["out-of-focus"] == found.defocus.score(away[0].focus) > 1
    assert TrainingRange.model_validate_json(found.model_dump_json()) == found
    older = found.model_dump()
    del older["defocus"]
    assert TrainingRange.model_validate(older) == before
    with pytest.raises(ValidationError):
        Defocus.model_validate(found.defocus.model_dump() | {"more": 1})
