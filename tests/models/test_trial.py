"""What back ends are compared on: the sample images, as each kind of model sees them."""

import numpy as np
import pytest

from cytally.models.trial import sample_trial, trial
from cytally.training.configuration import make_configuration


def built(channels: int = 1, **settings):
    configuration = make_configuration(settings)
    return configuration.build(channels), configuration.input


def test_density_models_are_compared_by_their_counts():
    method, config = built(2, method="density", input={"channels": "all", "normalisation": "range"})
    found = sample_trial(method, config, 2)
    assert {picture.shape[0] for picture in found.pictures} == {2}
    assert len(found.pictures) == 6
    assert all(np.array_equal(picture[0], picture[1]) for picture in found.pictures)
    assert found.count is not None
    assert found.count(np.full((1, 20, 20), 0.5, np.float32)) == pytest.approx(2)  # amplitude 100


def test_what_a_model_asks_of_images_that_it_counts_is_not_asked_of_samples():
    method, config = built(method="density", input={"channels": ["green"], "pixel_size": 0.5, "downscale": 4})
    shapes = [picture.shape for picture in sample_trial(method, config, 1).pictures]
    assert (1, 256, 256) in shapes


def test_masks_are_compared_by_dice():
    method, config = built(method="nucleus-unet", options={"filters": 2, "levels": 1})
    assert sample_trial(method, config, 1).count is None


def test_models_of_pictures_get_pieces():
    method, config = built(method="twin-vae")
    found = sample_trial(method, config, 1)
    assert {picture.shape for picture in found.pictures} == {(1, 128, 128)}
    assert found.count is not None
    assert found.count(np.array([3.5], np.float32)) == 3.5
    assert found.count(np.array([-1], np.float32)) == 0
    assert trial(method, [np.zeros((1, 128, 256), np.float32)]).pictures[1].shape == (1, 128, 128)


def test_models_of_volumes_get_a_coloured_slice():
    method, config = built(method="efficient-cell-seg", options={"encoder": "b0", "side": None})
    (picture,) = sample_trial(method, config, 1).pictures
    assert picture.shape[0] == 3
    assert 0 <= picture.min() < picture.max() <= 1
