"""The files of one plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cytally.images.image import Plane
from cytally.models.model import Reading
from cytally.results import Prediction
from cytally.tasks.area import CountedPlane
from cytally.tasks.plane_files import find_file, write_plane

ODD = [[0.0, 0.0, 1.0], [-0.0004, 1e6 / 3, 0.25], [12.0005, 12.0015, 0.99951], [1e-9, 123456.5, 2 / 3]]


@pytest.mark.parametrize("points", [ODD, np.random.default_rng(0).uniform(-1, 2000, (50, 3)).tolist(), []])
def test_points_are_written_as_pandas_would(points: list[list[float]], tmp_path: Path) -> None:
    table = np.array(points, float).reshape(-1, 3)
    prediction = Prediction(float(len(points)), points=table)
    plane = Plane(np.zeros((1, 20, 30), np.uint8), name="a")
    write_plane(tmp_path, "a", CountedPlane(plane, prediction, Reading((0,), 1.0, 8.0), 600))
    written = find_file(tmp_path, "points", "a")
    assert written is not None
    plain = pd.DataFrame(table, columns=["y", "x", "score"]).to_csv(index=False, float_format="%.3f")
    assert written.read_text(encoding="utf-8") == plain
