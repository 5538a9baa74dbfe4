import dataclasses

import pytest

from cytally.results import Metrics, Prediction


def test_blocks_without_content_are_left_out():
    metrics = Metrics(counting={"n": 2.0, "mae": 1.5}, predictions=[("a.tif", 3.0, 4.5)])
    assert metrics.as_dict() == {"counting": {"n": 2.0, "mae": 1.5}}
    assert Metrics().as_dict() == {}
    assert list(Metrics({"n": 1}, {"dice": 1}, {"ap": 1}, {"seg": 1}).as_dict()) == [
        *["counting", "pixel", "object", "segmentation"]
    ]


def test_a_prediction_needs_a_count_alone_and_is_never_changed():
    prediction = Prediction(3.0)
    assert (prediction.density, prediction.points, prediction.labels, prediction.interval) == (None,) * 4
    assert prediction.flags == ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        prediction.count = 4.0
