"""Counting by area, from the model to counts.csv and the report, over a resumed run as well."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from cytally.models.model import Model
from cytally.models.store import load, save
from cytally.tasks import count_input
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration


@pytest.fixture
def nuclei(make_model, tmp_path: Path) -> Model:  # type: ignore[no-untyped-def]
    """An untrained nucleus U-Net that finds something in noise."""
    configuration = make_configuration(
        {"method": "nucleus-unet", "options": {"filters": 2, "levels": 1, "nucleus_area": 7.0}}
    )
    torch.manual_seed(0)
    save(make_model(configuration, configuration.build(1).network()), tmp_path / "nuclei")
    return load(tmp_path / "nuclei")


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "counts.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_column_is_there_for_models_that_count_by_area_alone(
    images: Path, nuclei: Model, model: Model, tmp_path: Path
) -> None:
    summary = count([images], tmp_path / "by", nuclei)
    count([images], tmp_path / "without", model)
    header = "image,count,lower,upper,area_mm2,density_per_mm2,model,flags"
    assert (tmp_path / "without" / "counts.csv").read_text().splitlines()[0] == header
    assert (tmp_path / "by" / "counts.csv").read_text().splitlines()[0] == f"{header},count_by_area"
    found = [float(row["count_by_area"]) for row in rows(tmp_path / "by")]
    assert len(found) == 3 and max(found) > 0
    for number, name, row in zip(found, ("a.png", "b.png", "c.png"), summary.rows, strict=True):
        prediction = nuclei.count(images / name)
        assert number == pytest.approx(np.count_nonzero(prediction.labels) / 7, rel=1e-5)
        assert number == pytest.approx(prediction.count_by_area, rel=1e-5)
        assert number == pytest.approx(row.count_by_area, rel=1e-5)
    assert "Count by area" in (tmp_path / "by" / "report.html").read_text()
    assert "Count by area" not in (tmp_path / "without" / "report.html").read_text()


@pytest.mark.parametrize("after", [1, 2])
def test_resuming_keeps_it(after: int, images: Path, nuclei: Model, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    count([images], tmp_path / "whole", nuclei)
    out, done = tmp_path / "out", []
    add = count_input.PlaneFiles.add

    def stopping(self: count_input.PlaneFiles, *args: object, **named: object) -> None:
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(1)
        add(self, *args, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(count_input.PlaneFiles, "add", stopping)
        with pytest.raises(KeyboardInterrupt):
            count([images], out, nuclei)
    kept = len(rows(out))
    assert after - 1 <= kept <= after  # the last one may have been interrupted while its files were written
    opened: list[str] = []
    watch = Watch(on_images=lambda stage, number, total: opened.append(f"{stage} {number}"))
    count([images], out, nuclei, CountOptions(resume=True), watch)
    assert opened[0].endswith(f" {kept}"), "what was counted is not counted again"
    assert (out / "counts.csv").read_bytes() == (tmp_path / "whole" / "counts.csv").read_bytes()


def test_a_region_takes_its_part(images: Path, nuclei: Model, square: Path, tmp_path: Path) -> None:
    count([images / "a.png"], tmp_path / "all", nuclei)
    count([images / "a.png"], tmp_path / "part", nuclei, CountOptions(roi=square))
    whole, part = (float(rows(tmp_path / each)[0]["count_by_area"]) for each in ("all", "part"))
    assert 0 <= part <= whole
    labels = nuclei.count(images / "a.png").labels
    assert labels is not None
    names, sizes = np.unique(labels[labels > 0], return_counts=True)
    inside = np.array([np.count_nonzero(labels[4:12, 8:20] == name) for name in names])
    assert part == pytest.approx(sizes[2 * inside >= sizes].sum() / 7, rel=1e-5)
