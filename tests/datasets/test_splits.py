from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.datasets.folder import Sample
from cytally.datasets.splits import Split, read_split, split, write_split
from cytally.errors import ConfigError, DataError


def samples_of(*counts: float | None) -> list[Sample]:
    return [Sample(f"{index:03}.png", Path(f"{index:03}.png"), count=count) for index, count in enumerate(counts)]


counted = st.lists(st.integers(0, 50), min_size=2, max_size=40)
seeds = st.integers(0, 2**32)


@given(counted, st.floats(0.01, 0.99), seeds, st.randoms(use_true_random=False))
def test_every_image_is_in_one_part_whatever_the_order(counts, share, seed, random):
    samples = samples_of(*counts)
    parts = split(samples, validation=share, seed=seed)
    assert sorted(parts.train + parts.validation) == [sample.name for sample in samples]
    assert parts.train
    assert parts.validation
    assert abs(len(parts.validation) - share * len(samples)) <= 1
    random.shuffle(samples)
    assert split(samples, validation=share, seed=seed) == parts


@given(st.integers(2, 40), st.data(), seeds)
def test_both_parts_cover_the_range(total, data, seed):
    number = data.draw(st.integers(1, total - 1))
    samples = samples_of(*range(total))
    parts = split(samples, validation=number, seed=seed)
    assert len(parts.validation) == number
    smaller, larger = sorted((parts.train, parts.validation), key=len)
    places = sorted(int(name[:3]) for name in smaller)
    strata = len(smaller)
    for stratum, place in enumerate(places):
        assert stratum * total // strata <= place < (stratum + 1) * total // strata
    assert len(larger) >= strata


def test_another_seed_draws_others_and_every_image_can_be_drawn():
    samples = samples_of(*[5] * 8)
    drawn = {split(samples, validation=2, seed=seed).validation for seed in range(200)}
    assert {name for pair in drawn for name in pair} == {sample.name for sample in samples}
    assert len(drawn) > 15


def test_unlabelled_images_are_left_out():
    parts = split(samples_of(3, None, 4), validation=0.5, seed=0)
    assert sorted(parts.train + parts.validation) == ["000.png", "002.png"]


@pytest.mark.parametrize(("counts", "message"), [((), "no annotated images"), ((3, None), "1 annotated image is")])
def test_too_few_images(counts, message):
    with pytest.raises(DataError, match=f"{message}.* at least two"):
        split(samples_of(*counts), validation=0.2, seed=0)


@pytest.mark.parametrize("validation", [float("nan"), 0, 3, -1, 0.0, 1.0, 1.5])
def test_shares_that_leave_no_two_parts(validation):
    with pytest.raises(ConfigError, match="validation is"):
        split(samples_of(1, 2, 3), validation=validation, seed=0)


def test_a_split_is_read_as_it_was_written(tmp_path):
    samples = samples_of(1, 2, 3, 4)
    parts = split(samples, validation=1, seed=0)
    write_split(tmp_path / "split.json", parts)
    assert read_split(tmp_path / "split.json", samples) == parts
    assert [path.name for path in tmp_path.iterdir()] == ["split.json"]


def test_a_split_of_images_that_are_gone_is_refused(tmp_path):
    path = tmp_path / "split.json"
    write_split(path, Split(train=("000.png", "001.png"), validation=("gone.png", "002.png")))
    with pytest.raises(DataError, match=r"names 2 images that are not there or not annotated, first gone\.png"):
        read_split(path, samples_of(1, 2, None))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no split"),
        ('{"train": ["000.png"]}', "is no split.*validation"),
        ('{"train": ["000.png"], "validation": [], "test": []}', "test"),
        ('{"train": ["000.png"], "validation": ["000.png"]}', r"names 000\.png twice"),
    ],
)
def test_a_file_that_is_no_split_is_refused(tmp_path, text, message):
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_split(path, samples_of(1, 2))


def test_a_missing_split_is_named(tmp_path):
    with pytest.raises(DataError, match=r"split\.json: cannot be read"):
        read_split(tmp_path / "split.json", [])
