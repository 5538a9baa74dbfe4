import dataclasses
import threading

import numpy as np
import pytest
import torch

from cytally.datasets.augment import AugmentationConfig
from cytally.methods.density import Density, DensityConfig
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.map_batches import CountedBatch, MapBatches, MarkedBatch

STILL = AugmentationConfig(turns=False, flips=False, blur=None)


def make(draw, number=5, weights=None, seed=0, method=None, **config) -> MapBatches:
    examples = [draw(count, shape=(40, 40)) for count in range(number)]
    settings = TrainingConfig(**{"batch_size": 2, "crop": 24, **config})
    method = method or Density(DensityConfig(sigma=2.0), 1)
    return MapBatches(method, TrainingData(examples, examples, weights), settings, AugmentationConfig(), seed)


def same(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_an_epoch_shows_every_image_once_and_the_last_batch_may_be_smaller(draw):
    batches = make(draw, crop=None, batch_size=2)
    found = list(batches.epoch(0))
    assert len(found) == len(batches) == 3
    assert [images.shape for images, _, _ in found] == [(2, 1, 40, 40), (2, 1, 40, 40), (1, 1, 40, 40)]
    counts = sorted(round(float(one.sum()) / 100) for _, targets, _ in found for one in targets)
    assert counts == [0, 1, 2, 3, 4]
    assert all(weights.eq(1).all() for _, _, weights in found)


def test_targets_are_drawn_for_the_crop_that_is_shown(draw):
    batches = make(draw, number=4, crop=24, crops_per_image=8)
    images, targets, _ = (torch.cat(parts) for parts in zip(*batches.epoch(0), strict=True))
    assert images.shape == targets.shape == (32, 1, 24, 24)
    bright, dense = images.flatten(1).sum(1), targets.flatten(1).sum(1)
    assert np.corrcoef(bright, dense)[0, 1] > 0.9


def test_seed_and_epoch_alone_decide_and_not_what_was_shown_before(draw):
    first, again = make(draw), make(draw)
    wanted = list(first.epoch(3))
    list(again.epoch(0))
    assert all(same(a, b) for a, b in zip(wanted, again.epoch(3), strict=True))
    assert not all(same(a, b) for a, b in zip(wanted, again.epoch(4), strict=True))
    assert not all(same(a, b) for a, b in zip(wanted, make(draw, seed=1).epoch(3), strict=True))


def test_making_ahead_changes_nothing(draw):
    batches = make(draw)
    order = batches._order(1)
    by_hand = [batches._batch(1, order, list(range(start, min(start + 2, 5)))) for start in (0, 2, 4)]
    assert all(same(a, b) for a, b in zip(by_hand, batches.epoch(1), strict=True))


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_an_epoch_can_be_taken_up_in_its_middle(draw, first):
    batches = make(draw)
    whole, rest = list(batches.epoch(2)), list(batches.epoch(2, first=first))
    assert len(rest) == 3 - first
    assert all(same(a, b) for a, b in zip(whole[first:], rest, strict=True))


def test_weights_give_each_image_its_share(draw):
    batches = make(draw, number=3, weights=[1, 0, 3], crops_per_image=400)
    shares = np.bincount(batches._order(0), minlength=3) / 1200
    assert shares == pytest.approx([0.25, 0, 0.75], abs=0.05)
    assert batches._order(0) != batches._order(1)


def test_cut_edges_have_no_weight(draw):
    batches = make(draw, crop=24, context=4, crops_per_image=6)
    weights = torch.cat([weights for _, _, weights in batches.epoch(0)])
    assert weights.shape == (30, 1, 24, 24)
    assert (weights[:, 0, 4:-4, 4:-4] == 1).all()
    assert (weights == 0).any()


def worker_threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def test_leaving_in_the_middle_leaves_no_thread(draw):
    before = worker_threads()
    for _ in make(draw).epoch(0):
        break
    assert worker_threads() <= before


def test_an_error_on_either_side_is_passed_on_and_leaves_no_thread(draw):
    class Broken(Density):
        def targets(self, example):
            raise KeyError("broken")

    before = worker_threads()
    with pytest.raises(KeyError, match="broken"):
        list(make(draw, method=Broken(DensityConfig(sigma=2.0), 1)).epoch(0))
    with pytest.raises(ZeroDivisionError):
        for _ in make(draw).epoch(0):
            raise ZeroDivisionError
    assert worker_threads() <= before


def only_counted(example):
    return dataclasses.replace(example, points=None, total=float(len(example.points)))


def test_counted_images_come_whole_in_batches_of_their_own(draw):
    examples = [draw(0), draw(1), draw(2), only_counted(draw(5, 0, (30, 41))), only_counted(draw(7, 0, (33, 26)))]
    settings = TrainingConfig(batch_size=2, crop=32)
    batches = MapBatches(Density(DensityConfig(sigma=2.0), 1), TrainingData(examples, examples), settings, STILL, 0)
    found = list(batches.epoch(0))
    assert len(found) == len(batches) == 4, "two of crops, and as 41 × 30 is above a crop, one image to a step"
    marked = [batch for batch in found if isinstance(batch, MarkedBatch)]
    counted = [batch for batch in found if isinstance(batch, CountedBatch)]
    assert sorted(len(batch.images) for batch in marked) == [1, 2]
    assert {batch.counts.item(): batch.images.shape[2:] for batch in counted} == {5: (30, 41), 7: (33, 26)}
    assert all(torch.equal(batch.weights, torch.ones_like(batch.weights)) for batch in counted)
    kinds = {tuple(isinstance(batch, CountedBatch) for batch in batches.epoch(epoch)) for epoch in range(6)}
    assert len(kinds) > 1, "they take turns by chance"


def test_counted_images_of_several_sizes_are_filled_up(draw):
    examples = [only_counted(draw(3, 0, shape)) for shape in ((20, 31), (24, 22))]
    settings = TrainingConfig(batch_size=2, crop=32)
    batches = MapBatches(Density(DensityConfig(sigma=2.0), 1), TrainingData(examples, examples), settings, STILL, 0)
    [batch] = batches.epoch(0)
    assert isinstance(batch, CountedBatch) and batch.images.shape == (2, 1, 24, 31)
    assert sorted(batch.weights.sum(dim=(1, 2, 3)).tolist()) == [24 * 22, 20 * 31]
    assert not batch.images[batch.weights == 0].any()


def test_counted_images_are_turned_and_mirrored(draw):
    example = only_counted(draw(3, 0, (20, 20)))
    settings = TrainingConfig(batch_size=1, crop=32)
    batches = MapBatches(
        Density(DensityConfig(sigma=2.0), 1),
        TrainingData([example], [example]),
        settings,
        AugmentationConfig(blur=None),
        0,
    )
    views = {next(batches.epoch(epoch)).images.numpy().tobytes() for epoch in range(60)}
    assert len(views) == 8


def test_a_mosaic_is_made_of_four_crops_and_leaves_the_seams_out(draw):
    examples = [draw(count, shape=(40, 40)) for count in (0, 9)]
    settings = TrainingConfig(batch_size=1, crop=24, context=3, crops_per_image=20)
    method = Density(DensityConfig(sigma=2.0), 1)
    mosaics = MapBatches(
        method, TrainingData(examples, examples), settings, AugmentationConfig(blur=None, mosaic=1.0), 0
    )
    halves, shown = set(), []
    for images, targets, weights in mosaics.epoch(0):
        assert images.shape == targets.shape == weights.shape == (1, 1, 24, 24)
        assert weights[0, 0, 3:9, 3:9].all()
        # along either seam some quarter at least ends inside its image, and is left out there
        assert not weights[..., 9:15, 9:15].all()
        shown.append(weights[0, 0].numpy())
        quarters = [targets[..., y : y + 12, x : x + 12].sum() > 50 for y in (0, 12) for x in (0, 12)]
        halves.add(sum(map(bool, quarters)))
    assert len(halves) > 2, "sparse and dense quarters meet"
    for seam in (11, 12):
        assert np.mean([weights[seam].any() for weights in shown]) < 0.5
        assert np.mean([weights[:, seam].any() for weights in shown]) < 0.5


def test_mosaics_keep_the_shares_of_the_folders(draw):
    flat = [dataclasses.replace(draw(0, shape=(40, 40)), image=np.full((1, 40, 40), v, np.float32)) for v in range(10)]
    settings = TrainingConfig(batch_size=1, crop=24, crops_per_image=30)
    data = TrainingData(flat, flat, [9, *[1 / 9] * 9])
    batches = MapBatches(
        Density(DensityConfig(sigma=2.0), 1), data, settings, AugmentationConfig(blur=None, mosaic=1.0), 0
    )
    first = np.mean([float((images == 0).float().mean()) for images, _, _ in batches.epoch(0)])
    assert first > 0.4, "one of four is the first image nine times in ten, and so is one of the three partners"


def test_a_counted_image_is_shown_once_an_epoch(draw):
    examples = [draw(1), only_counted(draw(5))]
    settings = TrainingConfig(batch_size=2, crop=64, crops_per_image=6)
    batches = MapBatches(Density(DensityConfig(sigma=2.0), 1), TrainingData(examples, examples), settings, STILL, 0)
    kinds = [type(batch) for batch in batches.epoch(0)]
    assert kinds.count(CountedBatch) == 1 and kinds.count(MarkedBatch) == 3


def test_a_share_of_crops_are_mosaics(draw):
    """Where images differ in brightness, a mosaic shows several levels."""
    flat = [
        dataclasses.replace(draw(0, shape=(40, 40)), image=np.full((1, 40, 40), level, np.float32))
        for level in range(9)
    ]
    settings = TrainingConfig(batch_size=1, crop=24, crops_per_image=20)
    batches = MapBatches(
        Density(DensityConfig(sigma=2.0), 1),
        TrainingData(flat, flat),
        settings,
        AugmentationConfig(blur=None, mosaic=0.5),
        0,
    )
    mixed = [len(images.unique()) > 1 for images, _, _ in batches.epoch(0)]
    assert 0.35 < np.mean(mixed) < 0.6
