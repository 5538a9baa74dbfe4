"""Uploads that are too large, cut off, oddly named, or made to harm."""

from __future__ import annotations

import io
import struct
import zlib
from collections import namedtuple

import numpy as np
import pytest
import tifffile

from cytally.app import uploads
from cytally.app.unpacked import check_unpacked
from cytally.errors import ImageError

SIDE = 60_000


def body_of(files: list[tuple[bytes, bytes]]) -> bytes:
    """A multipart body as no client library would write it: names go in as they are."""
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\n%b\r\n' % file for file in files
    )
    return b"".join(parts) + b"--x--\r\n"


def post(client, project, body, **headers):
    return client.post(
        f"{project}/images", content=body, headers={"Content-Type": "multipart/form-data; boundary=x", **headers}
    )


def nothing_is_left(folder) -> bool:
    kept = [path for path in folder.glob("projects/*/images/*") if path.is_file()]
    return not kept and not list((folder / "uploads").iterdir())


def test_what_is_broken_about_an_upload_is_told_to_its_sender_alone(client, project, caplog):
    answer = post(client, project, b"no multipart at all")
    assert answer.status_code == 400 and "broken" in answer.json()["error"]
    assert caplog.records == []


def png_bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(SIDE + 1)
    packed = b"".join(packer.compress(row) for _ in range(64)) + packer.flush()  # the rest of it is not needed here
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def jpeg_bomb() -> bytes:
    frame = struct.pack(">BHHB", 8, SIDE, SIDE, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + b"\xff\xda\xff\xd9"


def tiff_bomb() -> bytes:
    """Its tags say 60,000 x 60,000 pixels in one strip."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((64, 64), np.uint8), compression="zlib", metadata=None)
    file.seek(0)
    with tifffile.TiffFile(file) as written:
        tags = [written.pages[0].tags[name] for name in ("ImageWidth", "ImageLength", "RowsPerStrip")]
    data = bytearray(file.getvalue())
    for tag in tags:
        size = 2 if int(tag.dtype) == 3 else 4
        data[tag.valueoffset : tag.valueoffset + size] = SIDE.to_bytes(size, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "make"),
    [("bomb.png", png_bomb), ("bomb.jpg", jpeg_bomb), ("bomb.tif", tiff_bomb)],
)
def test_a_small_file_that_unpacks_to_gigabytes_is_refused_by_its_header(
    client, project, send, noise, folder, name, make, monkeypatch
):
    import imagecodecs

    for decoder in ("png_decode", "jpeg_decode", "zlib_decode"):
        monkeypatch.setattr(imagecodecs, decoder, lambda *given, **more: pytest.fail("it was decoded"))
    bomb = make()
    assert len(bomb) < 100_000
    (refused,) = send(client, project, {name: bomb}).json()["refused"]
    assert refused["error"].startswith(f"{name}: would unpack to 3.6 GB") and refused["cure"]
    assert nothing_is_left(folder)


def test_an_image_that_is_as_large_as_its_file_is_no_bomb(tmp_path, monkeypatch):
    from cytally.app import unpacked

    monkeypatch.setattr(unpacked, "MOST_UNPACKED", 1000)
    values = np.random.default_rng(0).integers(0, 255, (3, 50, 50), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "noise.tif", values, photometric="minisblack")
    check_unpacked(tmp_path / "noise.tif")
    tifffile.imwrite(
        tmp_path / "flat.tif", np.zeros((3, 500, 500), np.uint8), compression="zlib", photometric="minisblack"
    )
    with pytest.raises(ImageError, match="would unpack to"):
        check_unpacked(tmp_path / "flat.tif")


def test_a_request_has_a_limit_of_its_own(open_client, noise, folder, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_LIMITS", 2)
    client = open_client(upload_limit=5000)
    project = f"/api/projects/{client.post('/api/projects', json={'name': 'p'}).json()['id']}"
    whole = body_of([(b"%d.png" % number, noise()) for number in range(6)])
    assert len(whole) > 10_000
    for body in (whole, iter([whole[:9000], whole[9000:]])):  # its length announced, and not
        answer = post(client, project, body)
        assert answer.status_code == 413 and "at once" in answer.json()["error"] and answer.json()["cure"]
    assert nothing_is_left(folder)


@pytest.mark.parametrize("at_first", [True, False])
def test_a_disk_that_is_too_full_is_told(client, project, send, noise, folder, monkeypatch, at_first):
    usage = namedtuple("usage", "total used free")
    free = iter([usage(10**12, 0, 0 if at_first else 10**11)])
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda path: next(free, usage(10**12, 10**12, 0)))
    answer = send(client, project, {"a.png": noise()})
    assert answer.status_code == 413 and "disk" in answer.json()["error"] and "room" in answer.json()["cure"]
    assert nothing_is_left(folder)


def test_a_disk_that_fills_up_meanwhile_is_told(client, project, send, noise, folder, monkeypatch):
    def full(receiver, data, start, end):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads.Receiver, "_write", full)
    answer = send(client, project, {"a.png": noise()})
    assert answer.status_code == 413 and "No space left" in answer.json()["error"] and nothing_is_left(folder)


NAMES = {
    "../../up.png": "up.png",
    "/etc/absolute.png": "absolute.png",
    "C:\\\\Windows\\\\drive.png": "drive.png",
    "nul\0l.png": "nul_l.png",
    ".hidden": None,
    ".hidden.png": "hidden.png",
    "l" * 296 + ".png": "l" * 146 + ".png",
    "µ細胞🔬.png": "µ細胞🔬.png",
    "CON.png": "_CON.png",
    "lpt1.tar.png": "_lpt1.tar.png",
    "Same.png": "Same.png",
    "SAME.PNG": "SAME-2.PNG",
    "same.png": "same-3.png",
}


def test_names_do_no_harm(client, project, noise, folder):
    answer = post(client, project, body_of([(name.encode(), noise(seed)) for seed, name in enumerate(NAMES)]))
    assert answer.status_code == 200, answer.text
    assert [each["name"] for each in answer.json()["added"]] == [kept for kept in NAMES.values() if kept]
    assert [each["name"] for each in answer.json()["refused"]] == ["hidden"]
    kept = {path.name for path in folder.glob("projects/*/images/*")}
    assert kept == set(filter(None, NAMES.values())) and list(folder.parent.iterdir()) == [folder]
    assert not list((folder / "uploads").iterdir())


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.ome.tif", "a.czi", "a.nd2", "a.svs", "a.lif"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5])
def test_empty_and_truncated_files_are_refused(client, project, send, noise, folder, name, share):
    if name.endswith((".tif", ".svs")):
        file = io.BytesIO()
        tifffile.imwrite(file, np.zeros((64, 64), np.uint8))
        whole = file.getvalue()
    else:
        whole = noise()
    (refused,) = send(client, project, {name: whole[: int(share * len(whole))]}).json()["refused"]
    assert refused["name"] == name and refused["cure"] and str(folder) not in str(refused)
    assert nothing_is_left(folder)
