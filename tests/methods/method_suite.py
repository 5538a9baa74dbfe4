"""What every method must do, inherited by the tests of each: ``class TestMine(MethodSuite): method = "mine"``.

A suite names a method and its options; everything else has defaults that a suite may override. What a method
cannot do is overridden in its own tests, with the reason.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from cytally.errors import ConfigError, ImageError
from cytally.images.image import Plane
from cytally.inference.torch_backend import TorchBackend
from cytally.models.store import load, save
from cytally.training.batches import TrainingData
from cytally.training.configuration import Configuration, make_configuration
from cytally.training.loop import Trainer

NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


class MethodSuite:
    """Inherit, and set at least `method`."""

    method: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    training: ClassVar[dict[str, Any]] = {}
    channels: ClassVar[int] = 1
    read_tolerance: ClassVar[float] = 0.01
    """Share by which the count read from perfect targets may be wrong."""
    learnt: ClassVar[float] = 0.75
    """Cells, and cells per four cells, by which the briefly trained method may be wrong on an unseen image."""
    half_tolerance: ClassVar[float] = 0.01
    """Share of the count by which storing the weights in 16 bits may change it."""

    @classmethod
    def configuration(cls, **training: Any) -> Configuration:
        brief = {"batch_size": 4, "crop": 48, "steps": 80, "learning_rate": 1e-2, "schedule": "cosine", "clip": 1.0}
        return make_configuration(
            {
                "method": cls.method,
                "input": {"channels": "all", "normalisation": "none"},
                "options": cls.options,
                "augmentation": {"blur": None},
                "training": {**brief, "averaging": 0.9, **cls.training, **training},
            }
        )

    @classmethod
    def train_briefly(cls, draw, seed: int = 0, **training: Any) -> torch.nn.Module:
        configuration = cls.configuration(**training)
        examples = [draw(count, 0, channels=cls.channels) for count in range(0, 16, 2)]
        return Trainer(
            configuration.build(cls.channels).fit_to(examples),
            TrainingData(examples, examples[-3:]),
            configuration.training,
            configuration.augmentation,
            seed=seed,
        ).run()

    @pytest.fixture
    def untrained(self, draw):
        """The method, with nothing left to `auto`."""
        examples = [draw(12, 1, channels=self.channels)]
        return self.configuration().build(self.channels).fit_to(examples)

    def plane(self, draw, count: int, shape=(65, 50)) -> Plane:
        """An image that no training has seen."""
        return Plane(draw(count, 100, shape, self.channels).image, channels=("",) * self.channels)

    # What it is made of

    def test_an_unknown_setting_is_refused(self):
        with pytest.raises(ConfigError, match=r"'options.nonsense' is no setting"):
            make_configuration({"method": self.method, "options": {**self.options, "nonsense": 1}})

    def test_a_configuration_survives_being_written_down(self):
        configuration = self.configuration()
        again = Configuration.model_validate_json(configuration.model_dump_json())
        assert again == configuration
        assert type(again.options) is type(configuration.options)

    def test_a_cell_has_a_size(self, untrained):
        assert 0 < untrained.cell_diameter < 1000

    # Training

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

    def test_the_same_seed_gives_the_same_weights(self, draw):
        first, again, other = (
            self.train_briefly(draw, seed=seed, steps=3, batch_size=2, crop=32).state_dict() for seed in (1, 1, 2)
        )
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert not all(torch.equal(first[name], other[name]) for name in first)

    # Counting

    @pytest.mark.parametrize("count", [0, 1, 12])
    def test_it_counts_unseen_images_after_a_brief_training(self, trained, draw, count):
        prediction = trained.count(self.plane(draw, count))
        assert prediction.count == pytest.approx(count, abs=self.learnt * max(1, count / 4))
        if prediction.density is not None:
            assert prediction.density.shape == (65, 50)
            assert prediction.density.sum(dtype=np.float64) == pytest.approx(prediction.count, rel=1e-3, abs=1e-6)

    @pytest.mark.parametrize("count", [5, 12])
    @pytest.mark.parametrize("axis", [1, 2], ids=["upside-down", "mirrored"])
    def test_flips_hardly_change_the_count(self, trained, draw, count, axis):
        plane = self.plane(draw, count)
        straight = trained.count(plane).count
        flipped = trained.count(Plane(np.flip(plane.data, axis), channels=plane.channels)).count
        assert straight > 0.2 * count, "it sees nothing, so this would show nothing"
        assert abs(flipped - straight) < trained.method.flip_tolerance * straight

    def test_small_tiles_give_what_the_whole_image_gives(self, trained, draw):
        plane = self.plane(draw, 12, (70, 90))
        whole, tiled = trained.predict(plane)[0], trained.predict(plane, tile=16)[0]
        assert whole.count > 1
        assert tiled.count == pytest.approx(whole.count, rel=1e-3 if trained.tileable else 1e-12)

    @pytest.mark.parametrize("extra", [-1, 1])
    def test_a_wrong_number_of_channels_is_refused(self, trained, extra):
        channels = self.channels + extra
        if self.channels == 1 and extra > 0:
            pytest.skip("a network of one channel takes the one that varies most")
        if channels == 0:
            pytest.skip("an image has at least one channel")
        plane = Plane(np.zeros((channels, 40, 40), np.float32), name="a.tif", channels=("",) * channels)
        with pytest.raises(ImageError, match=rf"a.tif: has {channels} channel.* the model needs {self.channels}"):
            trained.count(plane)

    def test_saved_and_loaded_it_predicts_the_same(self, trained, draw, tmp_path):
        save(trained, tmp_path / "model")
        again = load(tmp_path / "model")
        before, after = (model.count(self.plane(draw, 12)) for model in (trained, again))
        assert after.count == before.count
        for part in ("density", "points", "labels"):
            old, new = getattr(before, part), getattr(after, part)
            assert (old is None and new is None) or np.array_equal(old, new)

    def test_saved_in_half_precision_it_counts_the_same(self, trained, draw, tmp_path):
        save(trained, tmp_path / "whole")
        save(trained, tmp_path / "half", half=True)
        sizes = [(tmp_path / folder / "weights.safetensors").stat().st_size for folder in ("half", "whole")]
        assert sizes[0] < 0.75 * sizes[1]
        plane = self.plane(draw, 12)
        before, after = trained.count(plane).count, load(tmp_path / "half").count(plane).count
        assert after == pytest.approx(before, rel=self.half_tolerance)

    @NEEDS_GPU
    @pytest.mark.parametrize("precision", ["float32", "auto"])
    def test_the_gpu_counts_what_the_cpu_counts(self, trained, draw, precision):
        image = self.plane(draw, 12).data
        cpu, gpu = (
            trained.method.read(TorchBackend(trained.network, torch.device(device), precision)(image)).count
            for device, precision in (("cpu", "float32"), ("cuda", precision))
        )
        assert gpu == pytest.approx(cpu, rel=1e-3 if precision == "float32" else 0.02)
