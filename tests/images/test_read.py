"""Refusals that hold for every format: one line that names the file and the cure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.errors import ImageError, UsageError
from cytally.images import Image, read


def refusal(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read(path)
    assert caught.value.file == str(path)
    assert "\n" not in caught.value.line()
    return f"{caught.value.message}; {caught.value.cure}"


@pytest.mark.parametrize(
    ("name", "kind"), [("a.png", "PNG, JPEG or BMP"), ("a.tif", "TIFF"), ("a.zarr", "an OME-Zarr folder")]
)
def test_a_text_file_is_no_image(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_text("image,y,x\n")
    assert refusal(tmp_path / name) == f"is not {kind}, whatever its ending says; export the image again"


def test_missing_empty_folder_and_unsupported(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.tif") == "does not exist; check the path"
    (tmp_path / "zero.png").touch()
    assert refusal(tmp_path / "zero.png") == "is empty (0 bytes); copy or export it again"
    assert refusal(tmp_path) == "is a folder and no OME-Zarr; name the images in it"
    (tmp_path / "a.docx").write_text("x")
    message = refusal(tmp_path / "a.docx")
    assert message.startswith("has an ending (.docx) that is not supported; save it in one of the supported formats: ")
    assert {".png", ".jpg", ".tif", ".zarr", ".nd2", ".czi", ".lif"} <= set(message.split())
    (tmp_path / "noending").write_text("x")
    assert refusal(tmp_path / "noending").startswith("has an ending (none) that is not supported; ")


def test_a_file_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((9, 9), np.uint8))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path) == "could not be opened (Permission denied); check its permissions"


@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (1000, 7), (7, 8)])
def test_too_narrow(tmp_path: Path, shape: tuple[int, int]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros(shape, np.uint8))
    assert refusal(tmp_path / "a.tif").startswith(
        f"is {shape[0]} x {shape[1]} pixels (Y x X), and needs at least 8 x 8; "
    )


def test_just_wide_enough(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint8))
    assert read(tmp_path / "a.tif")[0].data.shape == (1, 1, 1, 8, 8)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_not_finite(tmp_path: Path, dtype: type) -> None:
    pixels = np.ones((9, 9), dtype)
    pixels[1, 2] = np.nan
    tifffile.imwrite(tmp_path / "one.tif", pixels)
    assert refusal(tmp_path / "one.tif") == "has 1 pixel that is NaN or infinite; replace them and save it again"
    pixels[3, 3:5] = np.inf, -np.inf
    tifffile.imwrite(tmp_path / "three.tif", pixels)
    assert refusal(tmp_path / "three.tif") == "has 3 pixels that are NaN or infinite; replace them and save it again"


def test_complex(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((9, 9), np.complex64))
    assert refusal(tmp_path / "a.tif") == "holds complex numbers; save their magnitude as 32-bit float"


@pytest.mark.parametrize("pixel_size", [0, -1, float("nan"), float("inf")])
def test_pixel_size_must_be_positive(tmp_path: Path, pixel_size: float) -> None:
    with pytest.raises(UsageError, match=r"the pixel size is .*; give it in micrometres"):
        read(tmp_path / "a.tif", pixel_size=pixel_size)


def test_paths_may_be_strings(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((9, 9), np.uint8))
    (image,) = read(str(tmp_path / "a.tif"))
    assert isinstance(image, Image)
    assert image.source == tmp_path / "a.tif"


def test_importing_is_light() -> None:
    """The command line starts fast only if reading pulls in neither torch nor the libraries of formats."""
    code = (
        "import sys, cytally.images; print(*{'torch', 'zarr', 'bioio', 'imagecodecs', 'tifffile'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
