"""What every method must do whose network sees pictures of one size and says how many cells are in them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from method_suite import MethodSuite

from cytally.errors import ImageError
from cytally.images.image import Plane
from cytally.methods.picture_method import Moment, Pictures


class PictureSuite(MethodSuite):
    """Inherit, and set at least `method`."""

    size: ClassVar[tuple[int, int]] = (128, 128)
    unseen: ClassVar[tuple[int, int]] = (128, 128)

    def pictures(self, draw, counts, known, drawn=False) -> Pictures:
        images = np.stack([draw(count, 3, self.size, self.channels).image for count in counts])
        known = torch.tensor(known)
        return Pictures(torch.from_numpy(images), torch.tensor(counts) * known.float(), known, drawn)

    def loss(self, method, network, pictures, moment=None) -> torch.Tensor:
        torch.manual_seed(7)
        return method.loss(network, pictures, moment or Moment(10_000, 1.0))

    def test_every_part_learns_from_natural_and_drawn_pictures(self, untrained, draw):
        torch.manual_seed(0)
        network = untrained.network()
        losses = [
            self.loss(untrained, network, self.pictures(draw, (0, 9), (True, True), kind)) for kind in (False, True)
        ]
        assert all(loss.shape == () and loss > 0 for loss in losses)
        sum(losses).backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, f"{name} takes no part"
            assert torch.isfinite(parameter.grad).all(), name

    def test_an_unlabelled_picture_is_absent_and_never_a_zero(self, untrained, draw):
        """Its count may say anything: the loss stays the same to the last bit. Of an empty labelled one it does not."""
        torch.manual_seed(0)
        network = untrained.network().eval()
        loss, other, empty = (
            self.loss(untrained, network, pictures._replace(counts=torch.tensor(counts)))
            for counts, pictures in (
                ((3.0, 0.0), self.pictures(draw, (3, 9), (True, False))),
                ((3.0, 99.0), self.pictures(draw, (3, 9), (True, False))),
                ((3.0, 99.0), self.pictures(draw, (3, 9), (True, True))),
            )
        )
        assert loss == other
        assert empty > loss + 1

    def test_without_any_label_the_loss_is_a_number(self, untrained, draw):
        network = untrained.network()
        assert torch.isfinite(self.loss(untrained, network, self.pictures(draw, (3, 9), (False, False))))

    @pytest.mark.parametrize("shape", [(33, 50), (128, 128), (200, 131)], ids=str)
    def test_images_of_any_size_are_counted(self, trained, draw, shape):
        prediction = trained.count(Plane(draw(4, 100, shape, self.channels).image, channels=("",) * self.channels))
        assert np.isfinite(prediction.count) and prediction.count >= 0
        if prediction.density is not None:
            assert prediction.density.shape == shape
            assert prediction.density.sum(dtype=np.float64) == pytest.approx(prediction.count, rel=1e-3, abs=1e-6)

    def test_an_image_under_32_pixels_is_refused_by_name(self, trained):
        plane = Plane(np.ones((self.channels, 31, 64), np.float32), name="small.tif", channels=("",) * self.channels)
        with pytest.raises(ImageError, match=r"small.tif: is 31 × 64 pixels, and the method needs 32"):
            trained.count(plane)

    def test_two_images_side_by_side_have_the_cells_of_both(self, trained, draw):
        left, right = (draw(count, 100, self.size, self.channels).image for count in (4, 12))
        apart = [trained.count(Plane(each, channels=("",) * self.channels)).count for each in (left, right)]
        together = np.concatenate([left, right], axis=2)
        joined = trained.count(Plane(together, channels=("",) * self.channels)).count
        assert joined == pytest.approx(sum(apart), rel=1e-3)
