"""Files that an image names as parts of itself."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.app.companions import check_companions
from cytally.errors import ImageError

XML = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{own}">
<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="64" SizeY="48" SizeC="1" SizeZ="1"
SizeT="2"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>
<TiffData FirstT="0" IFD="0" PlaneCount="1"><UUID FileName="{name}">{own}</UUID></TiffData>
<TiffData FirstT="1" IFD="0" PlaneCount="1"><UUID FileName="{other}">{others}</UUID></TiffData>
</Pixels></Image></OME>"""


def two_files(path: Path, other: str) -> Path:
    """A file of two planes, the second of which lies in another."""
    names = {"own": uuid.uuid4().urn, "others": uuid.uuid4().urn}
    text = XML.format(name=path.name, other=other, **names).encode()
    tifffile.imwrite(path, np.full((48, 64), 7, np.uint8), description=text, metadata=None)
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    tifffile.imwrite(folder / "secret.ome.tif", np.full((48, 64), 200, np.uint8), metadata={"axes": "YX"})
    return folder / "secret.ome.tif"


@pytest.mark.parametrize("other", ["/{outside}/secret.ome.tif", "../outside/secret.ome.tif", "..\\outside\\x.tif"])
def test_a_file_that_names_others_elsewhere_is_refused(tmp_path, secret, other):
    inside = tmp_path / "inside"
    inside.mkdir()
    path = two_files(inside / "a.ome.tif", other.format(outside=secret.parent))
    with pytest.raises(ImageError, match="planes in files outside of what the page may read"):
        check_companions(path, [inside])


def test_a_link_beside_it_that_leads_out_is_refused(tmp_path, secret):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "b.ome.tif").symlink_to(secret)
    path = two_files(inside / "a.ome.tif", "b.ome.tif")
    with pytest.raises(ImageError, match="outside"):
        check_companions(path, [inside])
    check_companions(path, [inside, secret.parent])


def test_a_file_beside_it_is_fine(tmp_path):
    tifffile.imwrite(tmp_path / "b.ome.tif", np.full((48, 64), 9, np.uint8), metadata={"axes": "YX"})
    check_companions(two_files(tmp_path / "a.ome.tif", "b.ome.tif"), [tmp_path])
    (tmp_path / "c.tif").write_bytes(b"II*\0 cut off")
    check_companions(tmp_path / "c.tif", [tmp_path])  # its reader says so


def test_nothing_outside_is_shown(client, project, send, secret, folder):
    for number, other in enumerate((str(secret), "../../../../outside/secret.ome.tif")):
        path = two_files(folder / f"{number}.ome.tif", other)
        answer = send(client, project, {path.name: path.read_bytes()}).json()
        assert not answer["added"] and "outside of what the page may read" in answer["refused"][0]["error"]
    answer = send(client, project, {"slide.vms": b"[Virtual Microscope Specimen]"}).json()
    assert "belong together" in answer["refused"][0]["error"] and "link the folder" in answer["refused"][0]["cure"]
