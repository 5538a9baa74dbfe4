from pathlib import Path

import numpy as np
import pytest

from cytally.datasets.tables import read_counts, read_images, read_points, read_skip
from cytally.errors import DataError


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_points_by_image_in_the_order_of_the_file(tmp_path):
    path = written(tmp_path, "image,y,x\nb.png,1,2.5\na.png,-0.5,1e1\nb.png,0,7\n")
    points, warnings = read_points(path, ["a.png", "b.png", "c.png"])
    assert {name: rows.tolist() for name, rows in points.items()} == {
        "b.png": [[1, 2.5], [0, 7]],
        "a.png": [[-0.5, 10]],
    }
    assert points["a.png"].dtype == np.float64
    assert warnings == []


def test_a_table_as_a_spreadsheet_writes_it(tmp_path):
    path = written(tmp_path, b'\xef\xbb\xbf"image", x ,note, y\r\n"001.png", 2 ,"a, b",1\r\n\r\n,,,\r\n')
    points, _ = read_points(path, ["001.png"])
    assert points["001.png"].tolist() == [[1, 2]]


def test_a_table_with_a_header_alone_has_no_points(tmp_path):
    assert read_points(written(tmp_path, "image,y,x\n"), ["a.png"]) == ({}, [])


def test_repeated_points_are_kept_once_with_one_warning(tmp_path):
    path = written(tmp_path, "image,y,x\na.png,1,2\na.png,1.0,2\nb.png,1,2\na.png,1,3\nb.png,1,2\n")
    points, warnings = read_points(path, ["a.png", "b.png"])
    assert points["a.png"].tolist() == [[1, 2], [1, 3]]
    assert points["b.png"].tolist() == [[1, 2]]
    assert warnings == ["table.csv: 2 rows repeat a point, first in a.png at y 1, x 2; each point is kept once"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; begin it with the line 'image,y,x'"),
        ("\n\n", "is empty"),
        (b"\xff\xfei\0m\0a\0", "is not UTF-8 text"),
        ("image,y\na.png,1\n", "has the columns 'image,y' and lacks x"),
        ("image;y;x\na.png;1;2\n", "lacks image, y, x"),
        ("image,y,x\na.png,1,5,2,5\n", "more fields"),
        ("image,y,x\na.png,1,2\na.png,1,5,2,5\n", "more fields"),
        ('image,y,x\na.png,"1,2\n', "quotation mark"),
        ("image,y,x\na.png,1,2\n\na.png,one,2\n", "1 row whose y is no number, first 'one' for a.png in line 4"),
        (
            "image,y,x\na.png,1,\na.png,1,nan\na.png,1,inf\n",
            "3 rows whose x is no number, first '' for a.png in line 2",
        ),
        ("image,y,x\na.png,1\n", "whose x is no number"),
        ("image,y,x\nA.png,1,2\nA.png,3,4\na.png,1,1\n", "names 1 image that is not .* first 'A.png' in line 2"),
        ("image,y,x\na,1,2\nb,3,4\n", "names 2 images that are not"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_file(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(DataError, match=message) as caught:
        read_points(path, ["a.png"])
    assert caught.value.file == str(path)
    assert caught.value.cure
    assert "\n" not in str(caught.value)


def test_counts(tmp_path):
    path = written(tmp_path, "image,count\na.png,12\nb.png,0.0\na.png,12\n")
    assert read_counts(path, ["a.png", "b.png", "c.png"]) == {"a.png": 12, "b.png": 0}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.png,-1\n", "1 row whose count is negative, first '-1' for a.png in line 2"),
        ("a.png,1\nb.png,2.5\n", "1 row whose count is not whole, first '2.5' for b.png in line 3"),
        ("a.png,many\n", "no number"),
        ("a.png,3\na.png,4\n", "gives two counts for 1 image, first for a.png"),
        ("z.png,3\n", "'z.png'"),
    ],
)
def test_impossible_counts_are_refused(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        read_counts(written(tmp_path, "image,count\n" + rows), ["a.png", "b.png"])


def test_images(tmp_path):
    assert read_images(written(tmp_path, "image\na.png\na.png\nb.png\n"), ["a.png", "b.png", "c.png"]) == {
        "a.png",
        "b.png",
    }
    with pytest.raises(DataError, match=r"names 1 image that is not in the images folder, first 'd\.png'"):
        read_images(written(tmp_path, "image\nd.png\n"), ["a.png"])


def test_what_to_skip(tmp_path):
    rows = 'image,why\n a.png ,"few nuclei, many dots"\ngone.tif,\na.png,again\n'
    assert read_skip(written(tmp_path, rows)) == {"a.png", "gone.tif"}
    assert read_skip(written(tmp_path, "image\n")) == set()
    assert read_skip(written(tmp_path, "why,image\nleaks,b.png\n")) == {"b.png"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,why\na,b\n", "has the columns 'name,why' and lacks image"),
        ("", "is empty; begin it with the line 'image"),
    ],
)
def test_a_list_of_what_to_skip_that_cannot_be_read(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_skip(written(tmp_path, text))
