"""Which images of a data folder are learnt from: outlines, what skip.csv lists, and labels that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import cytally
from cytally.errors import DataError
from cytally.methods.density import Density
from cytally.methods.nucleus_unet import NucleusUNetMethod
from cytally.tasks.training_data import read_sources
from cytally.tasks.watch import Watch


def labels_of(number: int) -> np.ndarray:
    labels = np.zeros((24, 32), np.uint16)
    for each in range(number):
        labels[4 + 8 * (each // 4) : 8 + 8 * (each // 4), 1 + 8 * (each % 4) : 6 + 8 * (each % 4)] = each + 1
    return labels


@pytest.fixture
def outlined(tmp_path: Path) -> Path:
    """Four images with label images of 2, 3, 4 and 0 objects."""
    root = tmp_path / "outlined"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    for name, number in zip("abcd", (2, 3, 4, 0), strict=True):
        labels = labels_of(number)
        noise = np.random.default_rng(number).integers(0, 40, labels.shape)
        tifffile.imwrite(root / "images" / f"{name}.tif", (60 + noise + 90 * (labels > 0)).astype(np.uint8))
        tifffile.imwrite(root / "labels" / f"{name}.tif", labels)
    return root


def learnt(root: Path, method: type = NucleusUNetMethod) -> tuple[list[str], list[str]]:
    """Names of the images that are used, and the notes."""
    notes: list[str] = []
    (folder,) = read_sources(root, Watch(on_note=notes.append), method)
    return [sample.name for sample in folder.samples], notes


def test_images_with_outlines_are_used_the_empty_one_too(outlined: Path) -> None:
    assert learnt(outlined) == (["a.tif", "b.tif", "c.tif", "d.tif"], [])


def test_images_that_have_only_points_or_a_count_are_left_out_with_a_note(outlined: Path) -> None:
    for name, table in (("c", "points.csv"), ("d", "counts.csv")):
        (outlined / "labels" / f"{name}.tif").unlink()
        text = "image,y,x\nc.tif,3,4\n" if table == "points.csv" else "image,count\nd.tif,5\n"
        (outlined / table).write_text(text)
    (outlined / "images.csv").write_text("image\nc.tif\n")
    names, notes = learnt(outlined)
    assert names == ["a.tif", "b.tif"]
    assert notes == ["Not used, since this method needs objects outlined in a label image: 2 annotated images."]
    assert learnt(outlined, Density)[0] == ["a.tif", "b.tif", "c.tif", "d.tif"]


def test_a_label_image_that_one_object_covers_is_named_and_left_out(outlined: Path) -> None:
    labels = np.ones((24, 32), np.uint16)
    labels[:1] = 0
    tifffile.imwrite(outlined / "labels" / "b.tif", labels)
    names, notes = learnt(outlined)
    assert names == ["a.tif", "c.tif", "d.tif"]
    assert len(notes) == 1, "it has a label image, so nobody needs to hear that it has none"
    assert str(outlined / "labels" / "b.tif") in notes[0] and "one object covers" in notes[0]


def test_nothing_left_to_learn_from_is_refused(outlined: Path) -> None:
    for name in "abcd":
        tifffile.imwrite(outlined / "labels" / f"{name}.tif", np.full((24, 32), 5, np.uint16))
    with pytest.raises(DataError, match=r"no image has a label image that can be learnt from; add labels/"):
        learnt(outlined)
    for name in "abcd":
        tifffile.imwrite(outlined / "labels" / f"{name}.tif", np.zeros((24, 32), np.uint16))
    with pytest.raises(DataError, match=r"no label image shows an object"):
        learnt(outlined)


def test_a_folder_of_points_is_refused_in_one_line(data: Path) -> None:
    with pytest.raises(DataError) as caught:
        learnt(data)
    line = caught.value.line()
    assert str(data) in line and "label image" in line and "cytally label" in line and "\n" not in line


def test_what_skip_csv_lists_is_not_used_by_any_method(outlined: Path) -> None:
    (outlined / "skip.csv").write_text('image,why\nb.tif,"few nuclei, and dim"\ngone.tif,\n')
    for method in (NucleusUNetMethod, Density):
        names, notes = learnt(outlined, method)
        assert names == ["a.tif", "c.tif", "d.tif"]
        assert notes == ["Not used, as skip.csv asks: 1 of 4 images, the first b.tif."]


def test_a_skip_csv_that_asks_for_nothing_is_silent_and_one_that_takes_all_is_refused(outlined: Path) -> None:
    (outlined / "skip.csv").write_text("image,why\n")
    assert learnt(outlined) == (["a.tif", "b.tif", "c.tif", "d.tif"], [])
    (outlined / "skip.csv").write_text("image,why\n" + "".join(f"{name}.tif,x\n" for name in "abcd"))
    with pytest.raises(DataError, match=r"skip\.csv: lists every image of the folder; remove rows"):
        learnt(outlined)
    (outlined / "skip.csv").write_text("name\na.tif\n")
    with pytest.raises(DataError, match=r"skip\.csv: has the columns 'name' and lacks image"):
        learnt(outlined)


def config(**options: object) -> dict[str, object]:
    return {
        "method": "nucleus-unet",
        "options": {"filters": 2, "levels": 1, **options},
        "training": {"crop": 16, "epochs": 2, "validation": 1},
    }


def test_a_training_uses_what_is_left_and_keeps_the_area(outlined: Path, tmp_path: Path) -> None:
    (outlined / "skip.csv").write_text("image,why\nc.tif,x\n")
    model = cytally.train(config(), outlined, tmp_path / "model")
    data = model.card.training_data
    assert (data["images"], data["cells"]) == (3, 5)
    assert model.card.configuration.options.nucleus_area == 20
    assert model.card.validation["loss"] > 0
    prediction = cytally.load(tmp_path / "model").count(outlined / "images" / "c.tif")
    assert prediction.count == len(prediction.points) and prediction.count_by_area is not None


def test_drawn_images_teach_outlines_too(outlined: Path) -> None:
    drawn = {"preset": "bacteria", "images": 2, "ratio": 1, "counts": "preset"}
    model = cytally.train({**config(), "drawn": drawn}, outlined)
    assert model.card.training_data["drawn"] == 2
