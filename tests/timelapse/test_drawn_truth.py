"""Drift, tracks and growth against drawn time-lapses, of which everything is known; scores by py-ctcmetrics."""

import numpy as np
import pytest

from cytally.metrics.tracking import tracking_metrics
from cytally.synthesis.timelapse import TimelapseConfig, draw_timelapse
from cytally.timelapse.growth_fit import fit_growth
from cytally.timelapse.stabilise import estimate_shifts
from cytally.timelapse.tracking import track_labels

pytest.importorskip("ctc_metrics")


@pytest.fixture(scope="module")
def drawn():
    config = TimelapseConfig(shape=(192, 192), frames=16, cells=25, diameter=16, doubling_time=400, drift=8, jumps=1)
    return draw_timelapse(config, np.random.default_rng(3))


def test_shifts(drawn):
    errors = np.hypot(*(estimate_shifts(drawn.frames) - drawn.shifts).T)
    assert np.median(errors) < 0.3 and errors.max() < 1


def test_tracks(drawn):
    tracks = track_labels(drawn.labels, shifts=drawn.shifts)
    numbers = np.zeros((len(drawn.labels), drawn.labels.max() + 1), np.int64)
    numbers[tracks.table["frame"], tracks.table["label"]] = tracks.table["track"]
    found = np.stack([numbers[frame][labels] for frame, labels in enumerate(drawn.labels)])
    truth = drawn.tracks[["track", "begin", "end", "parent"]]
    whole = tracks.summary["seen"] == tracks.summary["last"] - tracks.summary["first"] + 1
    assert whole.all()  # no gaps: every cell has its label in every frame
    scores = tracking_metrics(drawn.labels, truth, found, tracks.challenge)
    assert scores["tra"] > 0.98 and scores["lnk"] > 0.95
    assert abs((tracks.summary["end"] == "divides").sum() - truth["parent"].nunique() + 1) <= 3


def test_growth(drawn):
    fit = fit_growth(drawn.times, drawn.counts)
    assert fit.growth_rate is not None
    assert fit.growth_rate.lower < 60 * np.log(2) / drawn.doubling_time < fit.growth_rate.upper
