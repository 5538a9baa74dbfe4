import hashlib
from dataclasses import replace

import numpy as np
import pytest

from cytally.datasets.fingerprint import fingerprint, seen
from cytally.datasets.folder import Sample
from cytally.errors import DataError


@pytest.fixture
def samples(tmp_path):
    for name in ("a.png", "b.png", "labels.tif"):
        (tmp_path / name).write_bytes(name.encode())
    points = np.array([[1.0, 2.0], [0.0, 5.0]])
    return [Sample("a.png", tmp_path / "a.png", points, None, 2.0), Sample("b.png", tmp_path / "b.png")]


def test_image_digests_are_those_of_the_files(samples):
    taken = fingerprint(samples)
    assert taken["images"] == {name: hashlib.sha256(name.encode()).hexdigest()[:16] for name in ("a.png", "b.png")}
    assert len(taken["combined"]) == 16


def test_order_and_place_do_not_matter(samples, tmp_path):
    taken = fingerprint(samples)
    assert fingerprint(samples[::-1]) == taken
    assert fingerprint([replace(samples[0], points=samples[0].points[::-1]), samples[1]]) == taken
    moved = tmp_path / "elsewhere.png"
    samples[1].path.rename(moved)
    assert fingerprint([samples[0], replace(samples[1], path=moved)]) == taken


def test_annotation_content_and_names_do_matter(samples, tmp_path):
    first, second = samples
    changed = [
        [first],
        [replace(first, points=first.points + 1), second],
        [replace(first, count=3.0), second],
        [replace(first, labels=tmp_path / "labels.tif"), second],
        [first, replace(second, count=0.0)],
        [first, replace(second, points=np.empty((0, 2)))],
        [first, replace(second, name="c.png")],
        [first, replace(second, path=first.path)],
    ]
    combined = [fingerprint(change)["combined"] for change in [samples, *changed]]
    assert len(set(combined)) == len(combined)


def test_images_trained_on_are_known_again_under_another_name(samples):
    trained_on = fingerprint(samples[:1])
    again = replace(samples[0], name="renamed.png")
    assert seen([again, samples[1]], trained_on["images"].values()) == ["renamed.png"]
    assert seen(samples[1:], trained_on["images"].values()) == []


def test_a_zarr_folder_is_one_image(samples, tmp_path):
    (tmp_path / "c.zarr/0").mkdir(parents=True)
    (tmp_path / "c.zarr/0/c").write_bytes(b"pixels")
    image = Sample("c.zarr", tmp_path / "c.zarr")
    before = fingerprint([image])
    assert seen([image], before["images"].values()) == ["c.zarr"]
    (tmp_path / "c.zarr/0/c").rename(tmp_path / "c.zarr/0/d")
    assert seen([image], before["images"].values()) == []


def test_a_file_that_has_gone_is_named(samples):
    samples[0].path.unlink()
    with pytest.raises(DataError, match=r"a\.png: cannot be read"):
        fingerprint(samples)
