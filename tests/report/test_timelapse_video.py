"""Videos: whole, playable, and small in memory."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from cytally.errors import OutputError
from cytally.report import timelapse_video, video_h264
from cytally.report.timelapse_video import VideoWriter, fitted, frames_per_second, frames_to_show


def frames(number: int, shape: tuple[int, int] = (41, 61)) -> list[np.ndarray]:
    """A white square that walks to the right over grey."""
    made = []
    for place in range(number):
        picture = np.full((*shape, 3), 60, np.uint8)
        picture[10:20, 5 * place : 5 * place + 10] = (255, 120, 0)
        made.append(picture)
    return made


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelapse_video, "ffmpeg", lambda: None)


@pytest.fixture
def encoder() -> str:
    found = video_h264.ffmpeg()
    if found is None:
        pytest.skip("imageio-ffmpeg is not installed")
    return found


def decoded(executable: str, path: Path, height: int, width: int) -> np.ndarray:
    command = [executable, "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def test_mp4_as_browsers_play_it(tmp_path: Path, encoder: str) -> None:
    with VideoWriter(tmp_path / "new" / "cells.1.mp4", rate=5) as video:
        for picture in frames(6):
            video.add(picture)
    assert video.path == tmp_path / "new" / "cells.1.mp4" and list(video.path.parent.iterdir()) == [video.path]
    told = subprocess.run([encoder, "-i", str(video.path)], capture_output=True, check=False).stderr.decode()
    assert "h264" in told and "yuv420p" in told and "62x42" in told and "5 fps" in told
    content = video.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays before it has been loaded as a whole
    shown = decoded(encoder, video.path, 42, 62)
    assert shown.shape[0] == 6
    assert np.abs(shown[3, :41, :61].astype(int) - frames(6)[3]).mean() < 6
    assert shown[3, 15, 20, 0] > 200 > 100 > shown[3, 15, 50, 0]


def test_gif_where_there_is_no_encoder(tmp_path: Path, no_encoder: None) -> None:
    with VideoWriter(tmp_path / "cells.mp4", rate=4) as video:
        for picture in frames(6):
            video.add(picture)
    assert video.path == tmp_path / "cells.gif"
    with Pillow.open(video.path) as gif:
        assert gif.n_frames == 6 and gif.size == (62, 42) and gif.info["duration"] == 250 and gif.info["loop"] == 0
        for number, expected in enumerate(frames(6)):
            gif.seek(number)
            shown = np.asarray(gif.convert("RGB"))[:41, :61]
            assert np.abs(shown.astype(int) - expected).max() <= 8


def test_gif_of_many_colours(tmp_path: Path, no_encoder: None) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    with VideoWriter(tmp_path / "noise.gif") as video:
        video.add(picture)
        video.add(picture[::-1])
    with Pillow.open(video.path) as gif:
        gif.seek(1)
        assert np.abs(np.asarray(gif.convert("RGB")).astype(int) - picture[::-1]).mean() < 40


def test_that_it_is_a_gif_is_logged_once(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise OSError("no such program")

    monkeypatch.setattr(video_h264.subprocess, "run", missing)
    video_h264.ffmpeg.cache_clear()
    with caplog.at_level(logging.INFO):
        assert video_h264.ffmpeg() is None and video_h264.ffmpeg() is None
    video_h264.ffmpeg.cache_clear()
    assert len(caplog.records) == 1 and "imageio-ffmpeg" in caplog.text


@pytest.mark.parametrize("gif", [True, False])
def test_what_was_interrupted_leaves_nothing(tmp_path: Path, gif: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if gif:
        monkeypatch.setattr(timelapse_video, "ffmpeg", lambda: None)
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "cells.mp4") as video:
        video.add(frames(1)[0])
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_an_older_video_stays_until_the_new_one_is_whole(tmp_path: Path, no_encoder: None) -> None:
    (tmp_path / "cells.gif").write_bytes(b"old")
    with VideoWriter(tmp_path / "cells.mp4") as video:
        video.add(frames(1)[0])
        assert (tmp_path / "cells.gif").read_bytes() == b"old"
    assert (tmp_path / "cells.gif").read_bytes().startswith(b"GIF89a")


def test_without_a_frame_nothing_is_written(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "cells.mp4"):
        pass
    assert not list(tmp_path.iterdir())


def test_an_encoder_that_fails_is_told(tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_h264, "CODEC", "no-such-codec")
    told = pytest.raises(OutputError, match=r"cells\.mp4: the video cannot be written")
    with told, VideoWriter(tmp_path / "cells.mp4") as video:
        video.add(frames(1)[0])
    assert not list(tmp_path.iterdir())


def test_frames_of_another_size_are_fitted(tmp_path: Path, no_encoder: None) -> None:
    with VideoWriter(tmp_path / "cells.mp4") as video:
        for shape in ((40, 60), (80, 30), (20, 200)):
            video.add(np.zeros((*shape, 3), np.uint8))
    with Pillow.open(video.path) as gif:
        assert gif.n_frames == 3 and gif.size == (60, 40)


def test_too_large_pictures_are_shrunk(tmp_path: Path, no_encoder: None) -> None:
    with VideoWriter(tmp_path / "cells.mp4") as video:
        video.add(np.zeros((1300, 2600, 3), np.uint8))
    with Pillow.open(video.path) as gif:
        assert gif.size == (640, 320)


def test_fitting_keeps_the_shape_of_things() -> None:
    sheet = fitted(np.full((100, 50, 3), 255, np.uint8), (20, 40))
    rows, columns = np.nonzero((sheet == 255).all(axis=-1))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 10) and columns.min() == 15


@pytest.mark.parametrize("number", [0, 1, 599, 601, 5000])
def test_videos_last_a_minute_at_most(number: int) -> None:
    shown = frames_to_show(number)
    assert len(shown) / frames_per_second(number) <= 60 and (number == 0 or shown[0] == 0)
