"""Triplets of evaluated images: which there are, in which order, and what the experts get with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile

from cytally.datasets.folder import Sample, read_folder
from cytally.datasets.load import single_plane
from cytally.errors import OutputError
from cytally.report.triplets import side_by_side, triplet_panels
from cytally.results import Prediction
from cytally.tasks.triplets import Triplets, collected_triplets, find_stain
from cytally.tasks.watch import Watch

SHAPE = (60, 80)


def image(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4000, SHAPE, dtype=np.uint16)


def labels(seed: int) -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint16)
    labels[10 + seed : 20 + seed, 10:30] = 1
    return labels


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four images with label images; b has a stain besides."""
    root = tmp_path / "data"
    for folder in ("images", "labels", "stain"):
        (root / folder).mkdir(parents=True)
    for seed, name in enumerate("abcd"):
        tifffile.imwrite(root / "images" / f"{name}.tif", image(seed))
        tifffile.imwrite(root / "labels" / f"{name}.tif", labels(seed))
    tifffile.imwrite(root / "stain" / "b.tif", image(9))
    return root


@pytest.fixture
def samples(data: Path) -> tuple[Sample, ...]:
    return read_folder(data).annotated


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def triplets(tmp_path: Path, notes: list[str]) -> Iterator[Triplets]:
    with collected_triplets(tmp_path / "out", Watch(on_note=notes.append)) as triplets:
        assert triplets is not None
        yield triplets


def add(triplets: Triplets, sample: Sample, found: np.ndarray | None = None) -> None:
    found = labels(0) if found is None else found
    triplets.add(sample, single_plane(sample), 0, Prediction(count=1.0, labels=found))


def picture(path: Path) -> np.ndarray:
    return np.asarray(imagecodecs.png_decode(path.read_bytes()))


def test_pictures_form_and_instructions(triplets: Triplets, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    for sample in samples:
        add(triplets, sample)
    assert not out.exists(), "nothing is written before the end"
    triplets.write(seed=1)
    assert sorted(path.name for path in out.iterdir()) == ["experts.csv", "triplets", "triplets.csv"]
    assert sorted(path.name for path in (out / "triplets").iterdir()) == [
        *(f"00{number}.png" for number in (1, 2, 3, 4)),
        "README.txt",
    ]
    form = pd.read_csv(out / "experts.csv")
    assert form["triplet"].tolist() == [1, 2, 3, 4] and sorted(form["image"]) == ["a.tif", "b.tif", "c.tif", "d.tif"]
    assert form["image"].tolist() == pd.read_csv(out / "triplets.csv")["image"].tolist()
    for number, name in zip(form["triplet"], form["image"], strict=True):
        seed = "abcd".index(name[0])
        third = {"stain": image(9)[None]} if seed == 1 else {"reference": labels(seed)}
        drawn = side_by_side(triplet_panels(image(seed)[None], 0, labels(0), **third))
        shown = picture(out / "triplets" / f"{number:03d}.png")
        assert (shown[-len(drawn) :] == drawn).all(), name
        assert (shown[: -len(drawn)] > 200).any(), "the number stands above"
    text = (out / "triplets" / "README.txt").read_text(encoding="utf-8")
    assert "1  unusable" in text and "5  perfect" in text and "experts.csv" in text


def test_the_seed_decides_the_order(triplets: Triplets, samples: tuple[Sample, ...], tmp_path: Path) -> None:
    for number in range(12):
        add(triplets, samples[number % 4])
        triplets.images[-1] = str(number)
    orders = []
    for seed in (1, 1, 2):
        triplets.write(seed)
        orders.append(pd.read_csv(tmp_path / "out" / "triplets.csv")["image"].tolist())
    assert orders[0] == orders[1] != orders[2] and sorted(orders[0]) == sorted(orders[2])
    assert orders[0] != [str(number) for number in range(12)]


def test_a_model_without_objects_has_no_triplets(
    triplets: Triplets, samples: tuple[Sample, ...], notes: list[str], tmp_path: Path
) -> None:
    triplets.add(samples[0], single_plane(samples[0]), 0, Prediction(count=3.0))
    triplets.write(0)
    assert not (tmp_path / "out").exists() and "there are no triplets" in notes[0]


def test_where_a_stain_lies(data: Path, samples: tuple[Sample, ...]) -> None:
    assert [find_stain(sample) for sample in samples] == [None, data / "stain" / "b.tif", None, None]
    for name in ("a.png", "b.ome.tif", "c.txt", "b.png"):
        (data / "stain" / name).write_bytes(b"")
    assert [find_stain(sample) for sample in samples[:3]] == [data / "stain" / "a.png", data / "stain" / "b.tif", None]


@pytest.mark.parametrize(
    ("stain", "says"),
    [
        (np.zeros((2, *SHAPE), np.uint8), "has 2 planes"),
        (np.zeros((60, 81), np.uint8), "60 × 81 pixels, and its image one of 60 × 80"),
        (None, "b.tif: "),
    ],
)
def test_a_stain_that_cannot_be_shown_is_told(
    triplets: Triplets,
    data: Path,
    samples: tuple[Sample, ...],
    notes: list[str],
    tmp_path: Path,
    stain: np.ndarray | None,
    says: str,
) -> None:
    path = data / "stain" / "b.tif"
    if stain is None:
        path.write_text("no image")
    else:
        tifffile.imwrite(path, stain, metadata={"axes": "TYX"[-stain.ndim :]})
    add(triplets, samples[1])
    triplets.write(0)
    assert len(notes) == 1 and says in notes[0] and str(path) in notes[0]
    drawn = side_by_side(triplet_panels(image(1)[None], 0, labels(0), reference=labels(1)))
    assert (picture(tmp_path / "out" / "triplets" / "001.png")[-len(drawn) :] == drawn).all()


def test_nothing_stays_where_nothing_is_written(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    with collected_triplets(None, Watch()) as none:
        assert none is None
    with collected_triplets(tmp_path / "deep" / "out", Watch()) as triplets:
        assert triplets is not None
        add(triplets, samples[0])
        assert sorted(tmp_path.iterdir()) != before
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk_is_told(triplets: Triplets, samples: tuple[Sample, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        add(triplets, samples[0])
    assert triplets.images == []
