"""Learning from a teacher: what it says takes the annotation's place as far as its share goes."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from cytally.datasets.augment import AugmentationConfig
from cytally.methods.density import Density, DensityConfig
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.loop import Trainer
from cytally.training.map_batches import CountedBatch, MapBatches, MarkedBatch
from cytally.training.teacher import Teacher

CPU = torch.device("cpu")
METHOD = Density(DensityConfig(sigma=2.0, channels=(2, 4), normalisation="none"), 1)


class Brightness(nn.Module):
    """A network that says what it is shown, times 70."""

    def forward(self, x):
        return 70 * x


def batches(examples, teacher=None, mosaic=0.0, **settings):
    config = TrainingConfig(**{"batch_size": 2, "crop": 24, **settings})
    augmentation = AugmentationConfig(mosaic=mosaic)
    return MapBatches(METHOD, TrainingData(examples, examples), config, augmentation, 0, teacher)


def unlabelled(example):
    return dataclasses.replace(example, name="unlabelled", points=None)


@pytest.fixture
def teacher():
    return Teacher(METHOD, Brightness(), CPU)


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_targets_are_mixed_crop_by_crop(draw, teacher, share, mosaic):
    examples = [draw(count, shape=(40, 40)) for count in range(5)]
    plain = list(batches(examples, mosaic=mosaic).epoch(1))
    taught = list(batches(examples, teacher, teacher_share=share, mosaic=mosaic).epoch(1))
    for (images, targets, weights), with_teacher in zip(plain, taught, strict=True):
        assert torch.equal(images, with_teacher.images) and torch.equal(weights, with_teacher.weights)
        wanted = (1 - share) * targets + share * 70 * images
        assert torch.allclose(with_teacher.targets, wanted, atol=1e-3)
        assert (with_teacher.targets - targets).abs().max() > 1


def test_an_image_without_annotation_teaches_by_the_teacher_alone(draw, teacher):
    (batch,) = batches([unlabelled(draw(6, shape=(40, 40)))], teacher, teacher_share=0.1).epoch(0)
    assert isinstance(batch, MarkedBatch)
    assert torch.allclose(batch.targets, 70 * batch.images)


def test_an_image_of_known_count_goes_on_to_teach_its_count(draw, teacher):
    counted = dataclasses.replace(draw(6, shape=(40, 40)), points=None, total=6.0)
    (batch,) = batches([counted], teacher).epoch(0)
    assert isinstance(batch, CountedBatch) and batch.counts.tolist() == [6.0]


def test_epoch_and_place_alone_decide_what_is_taught(draw, teacher):
    examples = [draw(3, shape=(40, 40)), unlabelled(draw(5, shape=(40, 40))), draw(1, shape=(40, 40))]
    first, again = batches(examples, teacher), batches(examples, teacher)
    wanted = list(first.epoch(2))
    list(again.epoch(0))
    for one, other in zip(wanted[1:], again.epoch(2, first=1), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_network_learns_what_its_teacher_says_of_images_that_nobody_annotated(draw):
    """Less than a third of what an untrained one is off."""
    torch.manual_seed(3)
    big = Density(DensityConfig(sigma=2.0, channels=(4, 4), normalisation="none"), 1)
    network = big.network()
    with torch.no_grad():
        network.head.weight *= 30
    teacher = Teacher(big, network, CPU)
    examples = [unlabelled(draw(count, count, (40, 40))) for count in range(4, 8)]
    judge = [draw(5, 77, (40, 40))]
    settings = TrainingConfig(batch_size=4, crop=32, steps=120, learning_rate=1e-2, schedule="cosine")
    student = Density(DensityConfig(sigma=2.0, channels=(8, 8), stem_stride=2), 1)
    still = AugmentationConfig(blur=None)
    trainer = Trainer(student, TrainingData(examples, judge), settings, still, teacher=teacher)
    picture = torch.from_numpy(judge[0].image)[None]
    said = network.eval()(picture)
    untrained = (student.network().eval()(picture) - said).abs().mean()
    trainer.run()
    assert (trainer.network.eval()(picture) - said).abs().mean() < untrained / 3


def test_the_teacher_is_left_as_it_was(draw):
    network = METHOD.network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    examples = [draw(4, shape=(40, 40))]
    settings = TrainingConfig(batch_size=2, crop=24, steps=3)
    Trainer(
        METHOD, TrainingData(examples, examples), settings, AugmentationConfig(), teacher=Teacher(METHOD, network, CPU)
    ).run()
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert np.isfinite([float(value.sum()) for value in before.values()]).all()
