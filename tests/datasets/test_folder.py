from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.datasets.folder import read_folder
from cytally.errors import CytallyError, DataError

SHARED = Path(__file__).parents[2] / "../shared/data"


def make(root: Path, tables: Mapping[str, str] | None = None, images: tuple[str, ...] = ("a.tif", "b.tif")) -> Path:
    """A data folder with images of 8 rows and 10 columns, and the tables given."""
    (root / "images").mkdir(parents=True)
    for name in images:
        tifffile.imwrite(root / "images" / name, np.zeros((8, 10), np.uint8))
    for name, text in (tables or {}).items():
        (root / name).write_text(text)
    return root


def label(root: Path, name: str, labels: np.ndarray) -> None:
    (root / "labels").mkdir(exist_ok=True)
    tifffile.imwrite(root / "labels" / name, labels)


def three_objects() -> np.ndarray:
    labels = np.zeros((8, 10), np.uint16)
    labels[0, 0], labels[2:4, 3:6], labels[7, 9] = 1, 2, 9
    return labels


def counts(root: Path) -> dict[str, float | None]:
    return {sample.name: sample.count for sample in read_folder(root).samples}


def test_points_speak_for_every_image(tmp_path):
    folder = read_folder(make(tmp_path, {"points.csv": "image,y,x\nb.tif,1,2\nb.tif,7.5,-0.5\n"}))
    a, b = folder.samples
    assert (a.name, a.path, a.count, a.labels) == ("a.tif", tmp_path / "images/a.tif", 0, None)
    assert a.points.shape == (0, 2)
    assert b.points.tolist() == [[1, 2], [7.5, -0.5]]
    assert b.count == folder.total_cells == 2
    assert folder.annotated == folder.samples
    assert folder.warnings == ()
    assert b.label_image() is None
    assert b.covariances is None


def test_points_speak_for_the_images_listed(tmp_path):
    root = make(
        tmp_path,
        {"points.csv": "image,y,x\nb.tif,1,2\n", "images.csv": "image\nb.tif\nc.tif\n"},
        ("a.tif", "b.tif", "c.tif"),
    )
    assert counts(root) == {"a.tif": None, "b.tif": 1, "c.tif": 0}
    assert read_folder(root).samples[0].points is None
    assert [sample.name for sample in read_folder(root).annotated] == ["b.tif", "c.tif"]


def test_points_of_an_unlisted_image_are_a_warning(tmp_path):
    root = make(tmp_path, {"points.csv": "image,y,x\nb.tif,1,2\n", "images.csv": "image\na.tif\n"})
    assert counts(root) == {"a.tif": 0, "b.tif": None}
    assert ["b.tif" in warning for warning in read_folder(root).warnings] == [True]


def test_a_listing_without_points_is_a_warning(tmp_path):
    root = make(tmp_path, {"counts.csv": "image,count\nb.tif,1\n", "images.csv": "image\na.tif\n"})
    assert counts(root) == {"a.tif": None, "b.tif": 1}
    assert "images.csv" in read_folder(root).warnings[0]


def test_counts_leave_unlisted_images_unlabelled(tmp_path):
    root = make(tmp_path, {"counts.csv": "image,count\nb.tif,12\n"})
    assert counts(root) == {"a.tif": None, "b.tif": 12}
    assert read_folder(root).samples[1].points is None


def test_labels_give_centroids_and_are_read_when_asked_for(tmp_path):
    root = make(tmp_path, images=("a.b.tif", "c.ome.tif", "d.tif"))
    label(root, "a.b.tif", three_objects())
    label(root, "c.tif", np.zeros((8, 10), np.uint32))
    folder = read_folder(root)
    assert counts(root) == {"a.b.tif": 3, "c.ome.tif": 0, "d.tif": None}
    assert folder.samples[0].points.tolist() == [[0, 0], [2.5, 4], [7, 9]]
    np.testing.assert_array_equal(folder.samples[0].label_image(), three_objects())
    # rows 2 and 3 of columns 3 to 5: (length² of 2 and 3) / 12
    np.testing.assert_allclose(folder.samples[0].covariances[1], [[4 / 12, 0], [0, 9 / 12]], atol=1e-12)
    assert folder.samples[1].covariances.shape == (0, 2, 2)
    assert folder.samples[2].covariances is None
    assert folder.warnings == ()


def test_the_richest_annotation_wins_and_disagreement_is_one_warning(tmp_path):
    tables = {
        "points.csv": "image,y,x\na.tif,1,2\nb.tif,1,2\n",
        "counts.csv": "image,count\na.tif,3\nb.tif,2\nc.tif,1\n",
    }
    root = make(tmp_path, tables, ("a.tif", "b.tif", "c.tif"))
    label(root, "a.tif", three_objects())
    folder = read_folder(root)
    assert counts(root) == {"a.tif": 3, "b.tif": 1, "c.tif": 0}
    assert len(folder.samples[0].points) == 3
    assert len(folder.warnings) == 1
    assert "3 of 3 images" in folder.warnings[0]
    assert "a.tif (counts 3, points 1, labels 3)" in folder.warnings[0]


def test_annotations_that_agree_are_no_warning(tmp_path):
    tables = {"points.csv": "image,y,x\na.tif,1,2\n", "counts.csv": "image,count\na.tif,1\nb.tif,0\n"}
    assert read_folder(make(tmp_path, tables)).warnings == ()


def test_repeated_points_are_counted_once(tmp_path):
    folder = read_folder(make(tmp_path, {"points.csv": "image,y,x\na.tif,1,2\na.tif,1,2\n"}))
    assert folder.total_cells == 1
    assert "1 row repeats a point" in folder.warnings[0]


def test_no_cells_and_one_image_can_be_told(tmp_path):
    folder = read_folder(make(tmp_path, {"points.csv": "image,y,x\n"}, ("a.tif",)))
    assert folder.total_cells == 0
    assert len(folder.annotated) == 1


def test_a_folder_without_annotation(tmp_path):
    root = make(tmp_path)
    with pytest.raises(DataError, match=r"no annotated image; add points\.csv"):
        read_folder(root)
    folder = read_folder(root, require_annotation=False)
    assert [sample.count for sample in folder.samples] == [None, None]
    assert folder.annotated == ()


def test_unlabelled_images_are_not_opened(tmp_path):
    root = make(tmp_path, {"counts.csv": "image,count\nb.tif,1\n"})
    (root / "images/a.tif").write_bytes(b"no image at all")
    assert counts(root) == {"a.tif": None, "b.tif": 1}
    (root / "counts.csv").write_text("image,count\na.tif,1\n")
    with pytest.raises(CytallyError, match=r"a\.tif"):
        read_folder(root)


def test_misnamed_label_images_are_told(tmp_path):
    root = make(tmp_path)
    label(root, "a_mask.tif", three_objects())
    label(root, ".hidden.tif", three_objects())
    with pytest.raises(DataError, match=r"1 of 1 files belong to no image, first a_mask\.tif"):
        read_folder(root)
    label(root, "a.tif", three_objects())
    assert "1 of 2 files" in read_folder(root).warnings[0]


def test_two_images_cannot_share_a_label_image(tmp_path):
    root = make(tmp_path, {"points.csv": "image,y,x\n"}, ("a.tif", "a.tiff"))
    assert counts(root) == {"a.tif": 0, "a.tiff": 0}
    label(root, "a.tif", three_objects())
    with pytest.raises(DataError, match=r"could belong to a\.tif or to a\.tiff"):
        read_folder(root)


def test_a_label_image_of_another_shape_is_refused(tmp_path):
    root = make(tmp_path)
    label(root, "b.tif", three_objects().T)
    with pytest.raises(DataError, match=r"labels/b\.tif: has the shape \(10, 8\).* b\.tif has \(8, 10\)"):
        read_folder(root)


def test_points_outside_their_image_are_refused(tmp_path):
    rows = "a.tif,7.5,9.5\na.tif,9,7\nb.tif,-0.6,0\na.tif,1,10\n"
    root = make(tmp_path, {"points.csv": "image,y,x\n" + rows})
    with pytest.raises(DataError, match=r"3 points lie outside.* a\.tif at y 9, x 7.* 8 rows and 10 columns"):
        read_folder(root)
    (root / "points.csv").write_text("image,y,x\na.tif,7.5,9.5\na.tif,-0.5,-0.5\n")
    assert read_folder(root).total_cells == 2


def test_several_planes_are_refused(tmp_path):
    root = make(tmp_path, {"counts.csv": "image,count\na.tif,1\n"})
    tifffile.imwrite(root / "images/a.tif", np.zeros((3, 8, 10), np.uint8), imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(DataError, match=r"a\.tif: holds 3 planes"):
        read_folder(root)


def test_missing_folders(tmp_path):
    with pytest.raises(DataError, match="nothing-here: is not a folder"):
        read_folder(tmp_path / "nothing-here")
    with pytest.raises(DataError, match="has no folder 'images'"):
        read_folder(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(CytallyError, match="images: "):
        read_folder(tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared images are not here")
def test_real_folders():
    vgg = read_folder(SHARED / "vgg_cells")
    assert len(vgg.annotated) == 100
    assert vgg.total_cells == len((SHARED / "vgg_cells/points.csv").read_text().splitlines()) - 1
    assert vgg.warnings == ()


def volumes(root: Path, **shapes: tuple[int, ...]) -> Path:
    (root / "images").mkdir(parents=True)
    for name, shape in shapes.items():
        tifffile.imwrite(root / "images" / f"{name}.tif", np.ones(shape, np.uint16), photometric="minisblack")
    return root


def test_volumes_with_label_volumes(tmp_path):
    root = volumes(tmp_path, a=(3, 8, 10), b=(2, 8, 12), c=(1, 8, 8))
    truth = np.zeros((3, 8, 10), np.uint16)
    truth[0, 0, 0], truth[1:, 2:4, 3:6] = 5, 9
    label(root, "a.tif", truth)
    label(root, "b.tif", np.zeros((2, 8, 12), np.uint32))
    label(root, "c.tif", np.ones((8, 8), np.uint8))
    folder = read_folder(root, volumes=True)
    assert [sample.count for sample in folder.samples] == [2, 0, 1]
    assert [sample.shape for sample in folder.samples] == [(3, 8, 10), (2, 8, 12), (1, 8, 8)]
    assert all(sample.points is None and sample.covariances is None for sample in folder.samples)
    assert all(sample.label_slices is None and sample.markers is None for sample in folder.samples)
    labels, annotated = folder.samples[0].label_volume()
    np.testing.assert_array_equal(labels, truth)
    assert annotated == (0, 1, 2)
    assert folder.total_cells == 3
    assert folder.warnings == ()


def test_a_label_volume_of_another_shape_is_refused(tmp_path):
    root = volumes(tmp_path, a=(3, 8, 10), b=(5, 8, 10))
    label(root, "a.tif", np.zeros((4, 8, 10), np.uint16))
    label(root, "b.tif", np.ones((5, 8, 10), np.uint16))
    with pytest.raises(DataError, match=r"labels/a\.tif: has the shape \(4, 8, 10\).* a\.tif has \(3, 8, 10\)"):
        read_folder(root, volumes=True)
    broken = []
    folder = read_folder(root, volumes=True, on_broken=lambda path, error: broken.append(path))
    assert broken == [root / "images/a.tif"]
    assert [sample.name for sample in folder.samples] == ["b.tif"]


def test_pictures_and_time_lapses_among_volumes_are_refused(tmp_path):
    root = volumes(tmp_path, a=(8, 10))
    label(root, "a.tif", np.zeros((8, 10), np.uint16))
    with pytest.raises(CytallyError, match=r"a\.tif: is one picture, not a volume"):
        read_folder(root, volumes=True)
    tifffile.imwrite(
        root / "images/a.tif", np.ones((2, 3, 8, 10), np.uint16), photometric="minisblack", metadata={"axes": "TZYX"}
    )
    with pytest.raises(DataError, match=r"a\.tif: holds 2 volumes, and its annotation cannot say which"):
        read_folder(root, volumes=True)


def test_counts_and_points_of_volumes(tmp_path):
    root = volumes(tmp_path, a=(3, 8, 10), b=(3, 8, 10), c=(3, 8, 10))
    (root / "counts.csv").write_text("image,count\na.tif,4\nb.tif,7\n")
    (root / "points.csv").write_text("image,y,x\na.tif,1,2\n")
    label(root, "a.tif", np.ones((3, 8, 10), np.uint16))
    folder = read_folder(root, volumes=True)
    assert [sample.count for sample in folder.samples] == [1, 7, None]
    assert "points.csv: not used" in folder.warnings[0]
    assert "a.tif (counts 4, labels 1)" in folder.warnings[1]


def test_volumes_whose_axes_the_user_names(tmp_path):
    root = volumes(tmp_path)
    tifffile.imwrite(root / "images/a.tif", np.ones((3, 8, 10), np.uint16), metadata={"axes": "TYX"})
    label(root, "a.tif", np.ones((3, 8, 10), np.uint16))
    with pytest.raises(CytallyError, match="is a time-lapse"):
        read_folder(root, volumes=True)
    assert read_folder(root, volumes=True, axes="ZYX").samples[0].count == 1
