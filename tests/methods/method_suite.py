"""What every method must do, inherited by the tests of each: ``class TestMine(MapSuite): method = "mine"``.

A suite names a method and its options; everything else has defaults that a suite may override. What a method
cannot do is overridden in its own tests, with the reason. `MapSuite` and `PictureSuite` add what the two kinds of
methods must do.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from cytally.errors import ConfigError, ImageError
from cytally.images.image import Plane
from cytally.inference.predict import predict
from cytally.inference.torch_backend import TorchBackend
from cytally.models.store import load, save
from cytally.training.configuration import Configuration, make_configuration
from cytally.training.data import TrainingData
from cytally.training.loop import Trainer

NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


class MethodSuite:
    """What every method must do. Inherit `MapSuite` or `PictureSuite`, and set at least `method`."""

    method: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    training: ClassVar[dict[str, Any]] = {}
    channels: ClassVar[int] = 1
    learnt: ClassVar[float] = 0.75
    """Cells, and cells per four cells, by which the briefly trained method may be wrong on an unseen image."""
    size: ClassVar[tuple[int, int]] = (64, 64)
    """Rows and columns of the images that are trained on."""
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
        examples = [draw(count, 0, cls.size, cls.channels) for count in range(0, 16, 2)]
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
        examples = [draw(12, 1, self.size, self.channels)]
        return self.configuration().build(self.channels).fit_to(examples)

    unseen: ClassVar[tuple[int, int]] = (65, 50)
    """Rows and columns of the images that are counted."""

    def plane(self, draw, count: int, shape: tuple[int, int] | None = None) -> Plane:
        """An image that no training has seen."""
        return Plane(draw(count, 100, shape or self.unseen, self.channels).image, channels=("",) * self.channels)

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
            assert prediction.density.shape == self.unseen
            assert prediction.density.sum(dtype=np.float64) == pytest.approx(prediction.count, rel=1e-3, abs=1e-6)

    @pytest.mark.parametrize("count", [5, 12])
    @pytest.mark.parametrize("axis", [1, 2], ids=["upside-down", "mirrored"])
    def test_flips_hardly_change_the_count(self, trained, draw, count, axis):
        plane = self.plane(draw, count)
        straight = trained.count(plane).count
        flipped = trained.count(Plane(np.flip(plane.data, axis), channels=plane.channels)).count
        assert straight > 0.2 * count, "it sees nothing, so this would show nothing"
        one_cell = 1.0  # of few cells, one more or less is no sign: processors differ in how a short training ends
        assert abs(flipped - straight) <= max(trained.method.flip_tolerance * straight, one_cell)

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
            predict(
                trained.method, TorchBackend(trained.network, torch.device(device), precision), trained.network, image
            ).count
            for device, precision in (("cpu", "float32"), ("cuda", precision))
        )
        assert gpu == pytest.approx(cpu, rel=1e-3 if precision == "float32" else 0.02)
