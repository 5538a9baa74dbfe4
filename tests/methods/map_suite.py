"""What every method must do whose network turns an image into a map as large."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from method_suite import MethodSuite


class MapSuite(MethodSuite):
    """Inherit, and set at least `method`."""

    read_tolerance: ClassVar[float] = 0.01
    """Share by which the count read from perfect targets may be wrong."""

    @pytest.mark.parametrize("shape", [(33, 50), (17, 64), (20, 23)], ids=str)
    def test_forward_and_backward_on_odd_sizes(self, untrained, draw, shape):
        torch.manual_seed(0)
        network = untrained.network()
        examples = [draw(count, 3, shape, self.channels) for count in (0, 2)]
        output = network(torch.from_numpy(np.stack([example.image for example in examples])))
        targets = torch.from_numpy(np.stack([untrained.targets(example) for example in examples]))
        assert targets.dtype == torch.float32
        assert output.shape[1] >= targets.shape[1]  # further channels are coarser guesses
        assert output[:, : targets.shape[1]].shape == targets.shape == (2, targets.shape[1], *shape)
        loss = untrained.loss(output, targets, torch.ones(2, 1, *shape))
        assert loss.shape == ()
        assert loss > 0
        loss.backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, f"{name} takes no part"
            assert torch.isfinite(parameter.grad).all(), name
        assert any(parameter.grad.any() for parameter in network.parameters())

    def test_perfect_output_has_no_loss(self, untrained, draw):
        targets = torch.from_numpy(untrained.targets(draw(5, 4, channels=self.channels)))[None]
        weights = torch.ones_like(targets[:, :1])
        assert untrained.loss(targets, targets, weights) == pytest.approx(0, abs=1e-6)
        assert untrained.loss(targets + 1, targets, weights) > 0.01

    def test_what_has_no_weight_has_no_loss(self, untrained, draw):
        targets = torch.from_numpy(untrained.targets(draw(5, 4, channels=self.channels)))[None]
        weights = torch.ones_like(targets[:, :1])
        weights[..., :10] = 0
        wrong_there = torch.where(weights == 0, targets + 100, targets)
        assert untrained.loss(wrong_there, targets, weights) == pytest.approx(0, abs=1e-6)
        assert torch.isfinite(untrained.loss(targets + 1, targets, torch.zeros_like(weights)))

    def test_it_learns_from_counts_or_says_that_it_cannot(self, untrained, draw):
        torch.manual_seed(0)
        network = untrained.network()
        images = torch.from_numpy(np.stack([draw(count, 3, channels=self.channels).image for count in (0, 9)]))
        output, weights = network(images), torch.ones(2, 1, 64, 64)
        counts = torch.tensor([0.0, 9.0])
        if not untrained.learns_from_counts:
            with pytest.raises(NotImplementedError, match=self.method):
                untrained.count_loss(output, counts, weights)
            return
        loss = untrained.count_loss(output, counts, weights)
        assert loss.shape == ()
        assert untrained.count_loss(output, counts + 1000, weights) > loss > 0
        loss.backward()
        assert any(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())

    @pytest.mark.parametrize("count", [0, 1, 12])
    def test_targets_read_back_as_the_number_of_cells(self, untrained, draw, count):
        example = draw(count, 5, channels=self.channels)
        prediction = untrained.read(untrained.targets(example))
        assert prediction.count == pytest.approx(count, rel=self.read_tolerance)
        assert prediction.points is None or len(prediction.points) <= count

    def test_small_tiles_give_what_the_whole_image_gives(self, trained, draw):
        plane = self.plane(draw, 12, (70, 90))
        whole, tiled = trained.predict(plane)[0], trained.predict(plane, tile=16)[0]
        assert whole.count > 1
        assert tiled.count == pytest.approx(whole.count, rel=1e-3 if trained.tileable else 1e-12)
