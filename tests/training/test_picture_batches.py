"""Pictures for methods that see one size: taking turns, drawn and natural, labelled and not."""

from dataclasses import replace

import numpy as np
import pytest

from cytally.datasets.augment import AugmentationConfig
from cytally.datasets.example import Example
from cytally.errors import ImageError
from cytally.methods.twin_vae import TwinVAEConfig, TwinVAEMethod
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.picture_batches import PictureBatches, fit_picture

PLAIN = AugmentationConfig(turns=False, flips=False, blur=None)


def blank(name, cells=None, *, side=128, total=None, drawn=False) -> Example:
    """A picture whose pixels all have the value that its name is."""
    points = None if cells is None else np.full((cells, 2), 40.0)
    edge = side - 0.5
    image = np.full((1, side, side), float(name), np.float32)
    return Example(name, image, points, (-0.5, -0.5, edge, edge), total=total, drawn=drawn)


def batches(examples, ratio=1.0, augmentation=PLAIN, seed=0, **config) -> PictureBatches:
    settings = TrainingConfig(**{"batch_size": 2, **config})
    method = TwinVAEMethod(TwinVAEConfig(), 1)
    return PictureBatches(method, TrainingData(examples, (), None, ratio), settings, augmentation, seed)


def seen(made) -> list[tuple[bool, list[int]]]:
    """Of each batch its kind and the pictures in it."""
    return [(batch.drawn, [int(image[0, 0, 0]) for image in batch.images]) for batch in made]


NATURAL = [blank(str(number), cells=number) for number in range(4)]
DRAWN = [blank(str(number), cells=number, drawn=True) for number in range(10, 20)]


def test_natural_and_drawn_pictures_take_turns():
    kinds = [kind for kind, _ in seen(batches(NATURAL + DRAWN).epoch(0))]
    assert kinds == [True, False, True, False]


def test_an_epoch_shows_every_natural_picture_once():
    shown = [name for kind, names in seen(batches(NATURAL + DRAWN).epoch(3)) if not kind for name in names]
    assert sorted(shown) == [0, 1, 2, 3]


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, 0), (0.5, 2), (1.0, 4), (2.5, 10)])
def test_the_ratio_is_of_drawn_to_natural_pictures(ratio, expected):
    shown = [name for kind, names in seen(batches(NATURAL + DRAWN, ratio).epoch(0)) if kind for name in names]
    assert len(shown) == expected


def test_drawn_pictures_go_on_where_the_last_epoch_stopped():
    """Ten drawn ones at four an epoch: two and a half epochs show each once."""
    made = batches(NATURAL + DRAWN)
    shown = [name for epoch in range(5) for kind, names in seen(made.epoch(epoch)) if kind for name in names]
    assert sorted(shown[:10]) == sorted(shown[10:]) == list(range(10, 20))


def test_counts_of_unlabelled_pictures_are_not_known():
    (batch,) = batches([blank("5"), blank("7", total=3.0), blank("9", cells=0)], batch_size=3, ratio=0).epoch(0)
    facts = {
        int(i[0, 0, 0]): (float(c), bool(k)) for i, c, k in zip(batch.images, batch.counts, batch.known, strict=True)
    }
    assert facts == {5: (0.0, False), 7: (3.0, True), 9: (0.0, True)}


def test_a_crop_counts_the_cells_that_it_shows():
    """Cells along the left edge are lost or kept with their pixels."""
    image = np.zeros((1, 128, 128), np.float32)
    points = np.array([[y, 2.0] for y in range(4, 124, 12)])
    for y, x in points.astype(int):
        image[0, y, x] = 1
    example = Example("dots", image, points, (-0.5, -0.5, 127.5, 127.5))
    zoomed = AugmentationConfig(turns=False, flips=False, blur=None, scale=(128 / 115, 128 / 115))
    counts = set()
    for epoch in range(30):
        (batch,) = batches([example], augmentation=zoomed, ratio=0).epoch(epoch)
        visible = int((batch.images[0, 0].numpy() > 0.3).any(axis=1).sum() > 0)
        counts.add(int(batch.counts[0]))
        assert visible == (batch.counts[0] > 0)
    assert 0 in counts and max(counts) <= 10 and len(counts) > 1


def test_an_image_with_a_count_alone_is_never_cut():
    example = blank("5", total=4.0)
    example.image[0, 0, 0], example.image[0, 127, 127] = 50, 60
    cropping = AugmentationConfig(blur=None, scale=(1.2, 1.2), rotation=20)
    for epoch in range(8):
        (batch,) = batches([example], augmentation=cropping, ratio=0).epoch(epoch)
        assert {50.0, 60.0} <= set(batch.images.unique().tolist())
        assert float(batch.counts[0]) == 4


def test_each_kind_numbers_its_own_batches():
    """So that whatever is done in every so-many-th batch is done to both kinds, at any ratio."""
    made = batches(NATURAL + DRAWN, ratio=3.0)
    numbers: dict[bool, list[int]] = {False: [], True: []}
    for epoch in range(3):
        for batch in made.epoch(epoch):
            numbers[batch.drawn].append(batch.number)
    assert numbers == {False: list(range(6)), True: list(range(18))}


def test_a_resumed_epoch_goes_on_with_the_same_pictures():
    varied = AugmentationConfig(noise=0.1, rotation=5)
    whole = list(batches(NATURAL + DRAWN, augmentation=varied).epoch(2))
    rest = list(batches(NATURAL + DRAWN, augmentation=varied).epoch(2, first=2))
    assert [each.drawn for each in whole[2:]] == [each.drawn for each in rest]
    assert all((one.images == other.images).all() for one, other in zip(whole[2:], rest, strict=True))


def test_the_labelled_few_are_shown_more_often_where_asked():
    examples = [blank("1", cells=3), *(blank(str(number)) for number in range(2, 12))]
    few = [name for epoch in range(10) for _, names in seen(batches(examples, 0).epoch(epoch)) for name in names]
    many = [
        name
        for epoch in range(10)
        for _, names in seen(batches(examples, 0, labelled_share=0.5).epoch(epoch))
        for name in names
    ]
    assert len(few) == len(many) == 110
    assert (few.count(1), many.count(1)) == (10, 55)
    assert set(many) == set(range(1, 12))


def test_without_natural_pictures_the_drawn_ones_make_the_epoch():
    made = batches(DRAWN)
    assert len(made) == 5
    assert sorted(name for _, names in seen(made.epoch(0)) for name in names) == list(range(10, 20))


def test_small_examples_are_enlarged_with_their_cells():
    example = Example("a", np.ones((1, 64, 96), np.float32), np.array([[0.0, 95.0]]), (-0.5, -0.5, 63.5, 95.5))
    fitted = fit_picture(example, TwinVAEMethod(TwinVAEConfig(), 1))
    assert fitted.image.shape == (1, 128, 192)
    assert fitted.points.tolist() == [[0.5, 190.5]]
    assert fitted.count == 1
    resized = fit_picture(example, TwinVAEMethod(TwinVAEConfig(larger="resize"), 1))
    assert resized.image.shape == (1, 128, 128)
    with pytest.raises(ImageError, match="is 20 × 40 pixels"):
        fit_picture(replace(example, image=np.zeros((1, 20, 40), np.float32)), TwinVAEMethod(TwinVAEConfig(), 1))


@pytest.mark.parametrize("kind", ["drawn", "natural"])
def test_one_kind_alone_is_what_it_would_be_beside_the_other(kind):
    """A slow reference: the whole epoch, from which the other kind is taken away."""
    made = batches(NATURAL + DRAWN, ratio=2.5, augmentation=AugmentationConfig(noise=0.1))
    for epoch in (0, 3):
        wanted = [batch for batch in made.epoch(epoch) if batch.drawn == (kind == "drawn")]
        found = list(made.epoch(epoch, alone=kind))
        assert len(wanted) == {"drawn": 5, "natural": 2}[kind]
        for one, other in zip(wanted, found, strict=True):
            assert (one.drawn, one.number) == (other.drawn, other.number)
            assert (one.images == other.images).all() and (one.counts == other.counts).all()


def test_one_kind_alone_goes_on_by_its_own_place():
    made = batches(NATURAL + DRAWN, ratio=2.5)
    whole, rest = seen(made.epoch(1, alone="drawn")), seen(made.epoch(1, 3, "drawn"))
    assert len(whole) == 5 and rest == whole[3:]
    assert seen(made.epoch(1, 5, "drawn")) == []


def test_of_a_kind_that_there_is_none_of_nothing_is_shown():
    assert seen(batches(NATURAL, ratio=0).epoch(0, alone="drawn")) == []
    assert len(seen(batches(NATURAL, ratio=0).epoch(0, alone="natural"))) == 2
