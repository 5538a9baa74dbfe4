"""The watershed as a method: the suite, how its settings are found, and what it says."""

from typing import ClassVar

import numpy as np
import pytest
from map_suite import MapSuite

from cytally.baselines.watershed import Watershed, WatershedConfig
from cytally.datasets.example import Example
from cytally.errors import ConfigError, ImageError
from cytally.training.configuration import make_configuration

GIVEN: dict = {
    "crop": 0,
    "kernel": 3,
    "polarity": "bright",
    "threshold": 0.5,
    "factor": 1.0,
    "separation": 4,
    "least_area": 4,
    "subtract": 0,
    "diameter": 6.0,
}


class TestWatershed(MapSuite):
    method = "watershed"
    options: ClassVar = GIVEN

    # It has no network to train, and says so where it is asked for a loss.

    @pytest.mark.parametrize("shape", [(33, 50), (17, 64)], ids=str)
    def test_forward_and_backward_on_odd_sizes(self, untrained, draw, shape):
        picture = draw(2, 3, shape).image
        assert np.array_equal(untrained.network()(picture[None])[0], picture)
        assert not list(untrained.network().parameters())

    def test_perfect_output_has_no_loss(self, untrained):
        with pytest.raises(NotImplementedError, match="watershed"):
            untrained.loss(None, None, None)

    test_what_has_no_weight_has_no_loss = None

    def test_it_learns_from_counts_or_says_that_it_cannot(self, untrained):
        """It does, in `fit_to`."""
        with pytest.raises(NotImplementedError, match="watershed"):
            untrained.count_loss(None, None, None)

    def test_the_same_seed_gives_the_same_weights(self, draw):
        assert self.train_briefly(draw).state_dict() == {}

    test_saved_in_half_precision_it_counts_the_same = None


class TestWatershedOnTwoChannels(TestWatershed):
    channels = 2


def counted(picture: np.ndarray, count: float) -> Example:
    return Example("a", picture[None], None, (-0.5, -0.5, *(np.array(picture.shape) - 0.5)), total=count)


def test_what_is_auto_is_found_on_points_or_on_counts_alone(draw):
    marked = [draw(number, 2) for number in (0, 3, 9, 14)]
    method = Watershed(WatershedConfig(crop=0, polarity="bright"), 1)
    fitted = method.fit_to(marked)
    assert "auto" not in fitted.config.model_dump().values()
    assert [fitted.read(each.image).count for each in marked] == [0, 3, 9, 14]
    assert fitted.cell_diameter == pytest.approx(6, abs=1.5)
    alone = method.fit_to([counted(each.image[0], each.count) for each in marked])
    assert alone.config == fitted.config
    unlabelled = Example("b", marked[0].image, None, marked[0].bounds)
    assert method.fit_to([*marked, unlabelled]).config == fitted.config
    assert fitted.fit_to([]) is fitted


def test_a_setting_that_is_given_stays(draw):
    fitted = Watershed(WatershedConfig(kernel=5, threshold=0.3, separation=7, subtract=1), 1).fit_to([draw(6, 2)])
    assert (fitted.config.kernel, fitted.config.threshold, fitted.config.separation) == (5, 0.3, 7)
    assert (fitted.config.subtract, fitted.config.factor) == (1, 1.0)


def test_the_search_leaves_out_crops_of_more_than_a_quarter(draw):
    """Only by leaving out 15 pixels at each edge would nothing be found; of 40 pixels that is too much."""
    picture = draw(3, 2, (40, 40)).image[0]
    assert Watershed(WatershedConfig(), 1).fit_to([counted(picture, 0)]).config.crop <= 10


def test_without_a_known_count_it_takes_what_the_first_model_had_or_says_what_to_do(draw):
    unknown = Example("b", draw(2).image, None, (-0.5, -0.5, 63.5, 63.5))
    method = Watershed(WatershedConfig(**{**GIVEN, "kernel": "auto"}), 1)
    assert method.fit_to([unknown], like=Watershed(WatershedConfig(**GIVEN), 1)).config.kernel == 3
    with pytest.raises(ConfigError, match=r"no training image's number.*give a value for options.kernel$"):
        method.fit_to([unknown])
    with pytest.raises(ValueError, match="fit_to"):
        method.read(unknown.image)


def test_a_crop_that_leaves_nothing_is_refused(draw):
    method = Watershed(WatershedConfig(**{**GIVEN, "crop": 32, "kernel": "auto"}), 1)
    with pytest.raises(ConfigError, match=r"'options.crop' is 32.*only 64.*options.crop=15"):
        method.fit_to([draw(2)])
    with pytest.raises(ImageError, match=r"is 64 × 64 pixels, and 32 at each edge"):
        Watershed(WatershedConfig(**{**GIVEN, "crop": 32}), 1).read(draw(2).image)


def test_an_even_filter_has_no_middle():
    with pytest.raises(ConfigError, match=r"'options.kernel'.*must be odd"):
        make_configuration({"method": "watershed", "options": {"kernel": 4}})


@pytest.mark.parametrize(("subtract", "count"), [(0, 4), (1, 3), (5, 0)])
def test_the_count_is_less_and_labels_and_points_show_all(draw, subtract, count):
    prediction = Watershed(WatershedConfig(**{**GIVEN, "subtract": subtract}), 1).read(draw(4, 9).image)
    assert prediction.count == count
    assert len(prediction.points) == prediction.labels.max() == 4


def test_several_channels_are_read_by_their_mean(draw):
    image = draw(5, 9).image
    method = Watershed(WatershedConfig(**GIVEN), 2)
    alike = method.read(np.concatenate([image - 1, image + 1]))
    assert alike.count == method.read(image).count == 5
