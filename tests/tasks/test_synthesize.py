"""Drawn data folders: the same bytes twice, whole after any end, and refused where something is wrong."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile

import cytally
from cytally.datasets.folder import read_folder
from cytally.errors import ConfigError, DataError, OutputError, UsageError
from cytally.images.read import read
from cytally.synthesis.nuclei import DrawnImage
from cytally.synthesis.presets import preset_names
from cytally.tasks import drawn_folder
from cytally.tasks.synthesis_configuration import make_synthesis, read_synthesis
from cytally.tasks.synthesis_plan import make_plan
from cytally.tasks.synthesize import synthesize
from cytally.tasks.watch import Watch

FEW = {"law": "uniform", "least": 0, "most": 4}
SMALL: dict[str, Any] = {
    "preset": "cho-phase-contrast",
    "images": 6,
    "seed": 3,
    "settings": {"shape": [48, 40], "count": FEW, "radius": [3, 4]},
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop_at(number: int) -> Watch:
    """Ctrl-C once so many images are done."""

    def on_images(stage: str, done: float, total: int) -> None:
        if stage == "Drawing" and done == number:
            raise KeyboardInterrupt

    return Watch(on_images)


def nature(root: Path, counts: tuple[int, ...], level: int = 90) -> Path:
    """A data folder of grey images with these numbers of cells."""
    (root / "images").mkdir(parents=True)
    rows = ["image,count"]
    for number, count in enumerate(counts):
        pixels = np.full((20, 20), level + count, np.uint8)
        (root / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(pixels))
        rows.append(f"{number}.png,{count}")
    (root / "counts.csv").write_text("\n".join([*rows, ""]))
    return root


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawn images. Not to be changed."""
    return synthesize(SMALL, tmp_path_factory.mktemp("drawn") / "data")


def test_a_data_folder_that_tells_all(drawn: Path) -> None:
    found = read_folder(drawn)
    assert found.warnings == () and len(found.annotated) == 6
    counts = pd.read_csv(drawn / "counts.csv").set_index("image")["count"]
    points = pd.read_csv(drawn / "points.csv")
    for sample in found.samples:
        labels = tifffile.imread(drawn / "labels" / f"{sample.path.stem}.tif")
        assert labels.shape == (48, 40) and labels.dtype == np.uint16
        objects = set(np.unique(labels)) - {0}
        assert len(objects) == counts[sample.name] == (points["image"] == sample.name).sum() == sample.count
        assert imagecodecs.png_decode(sample.path.read_bytes()).shape == (48, 40)
    assert [sample.name for sample in found.samples] == [f"{number:05d}.png" for number in range(6)]
    assert (drawn / "points.csv").read_text().startswith("image,y,x\n")
    assert (drawn / "counts.csv").read_text().startswith("image,count\n00000.png,")


def test_the_folder_holds_what_is_drawn_in_memory(drawn: Path) -> None:
    images = cytally.synthesize(SMALL)
    assert len(images) == 6
    table = pd.read_csv(drawn / "points.csv")
    for number, image in enumerate(images):
        name = f"{number:05d}"
        assert (imagecodecs.png_decode((drawn / "images" / f"{name}.png").read_bytes()) == image.image).all()
        assert (tifffile.imread(drawn / "labels" / f"{name}.tif") == image.labels).all()
        written = table[table["image"] == f"{name}.png"][["y", "x"]].to_numpy()
        assert np.allclose(written, image.points, atol=6e-4)
    assert len({image.image.tobytes() for image in images}) == 6


def test_the_same_bytes_twice_and_others_with_another_seed(drawn: Path, tmp_path: Path) -> None:
    assert contents(synthesize(SMALL, tmp_path / "again")) == contents(drawn)
    other = contents(synthesize({**SMALL, "seed": 4}, tmp_path / "other"))
    assert other.keys() == contents(drawn).keys() and other["images/00000.png"] != contents(drawn)["images/00000.png"]


def test_run_json_tells_what_made_it(drawn: Path) -> None:
    run = json.loads((drawn / "run.json").read_text())
    assert run["task"] == "synthesize" and run["seed"] == 3 and run["preset"] == "cho-phase-contrast"
    assert run["configuration"]["images"] == 6 and run["drawn_as"]["radius"] == [3, 4]
    assert set(run["versions"]) == {"cytally", "numpy", "scipy"}
    assert str(drawn.parent) not in json.dumps(run)


@pytest.mark.parametrize("after", [0, 1, 4])
def test_resumed_after_an_interrupt_it_is_the_same(after: int, drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    with pytest.raises(KeyboardInterrupt):
        synthesize(SMALL, out, watch=stop_at(after))
    kept = sorted(path.name for path in (out / "images").iterdir()) if after else []
    assert kept == [f"{number:05d}.png" for number in range(after)]
    if after:
        found = read_folder(out)
        assert found.warnings == () and len(found.annotated) == after
    with pytest.raises(UsageError, match="--resume to go on"):
        synthesize(SMALL, out)
    seen: list[float] = []
    watch = Watch(lambda stage, done, total: seen.append(done))
    assert synthesize(SMALL, out, resume=True, watch=watch) == out
    assert seen == list(range(after, 7)), "what was finished is not drawn again"
    assert contents(out) == contents(drawn)


def test_nothing_is_kept_of_an_image_that_was_interrupted(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = drawn_folder.RowFile.append

    def interrupted(self: Any, rows: Any) -> None:
        if self.path.name == "counts.csv" and (tmp_path / "images" / "00003.png").exists():
            raise OSError(28, "No space left on device")
        append(self, rows)

    monkeypatch.setattr(drawn_folder.RowFile, "append", interrupted)
    with pytest.raises(OutputError, match="--resume"):
        synthesize(SMALL, tmp_path, resume=True)
    found = read_folder(tmp_path)
    assert found.warnings == () and len(found.annotated) == 3
    monkeypatch.undo()
    synthesize(SMALL, tmp_path, resume=True)
    assert contents(tmp_path) == contents(drawn)


@pytest.mark.parametrize("table", ["points.csv", "counts.csv"])
@pytest.mark.parametrize("cut", [0, 9, 20, 37])
def test_whatever_a_kill_left_it_goes_on(table: str, cut: int, drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    shutil.copytree(drawn, out)
    (out / table).write_bytes((out / table).read_bytes()[:cut])
    (out / "images" / ".77-00005.png").write_bytes(b"half")
    (out / "labels" / "00004.tif").unlink()
    synthesize(SMALL, out, resume=True)
    assert contents(out) == contents(drawn)


def test_a_set_grows_and_is_not_mixed(drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    synthesize({**SMALL, "images": 2}, out)
    synthesize(SMALL, out, resume=True)
    assert contents(out) == contents(drawn)
    before = contents(out)
    for change, says in (
        ({"images": 5}, "holds 6 images already, and 5"),
        ({"seed": 9}, "other seed"),
        ({"settings": {**SMALL["settings"], "noise": 7}}, "settings (noise)"),
        ({"background": 70}, "background"),
    ):
        with pytest.raises(UsageError) as caught:
            synthesize({**SMALL, **change}, out, resume=True)
        assert says in caught.value.line() and contents(out) == before


def test_overwriting_removes_only_what_was_drawn(drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    synthesize({**SMALL, "images": 8, "seed": 1}, out)
    (out / "notes.txt").write_text("mine")
    synthesize(SMALL, out, overwrite=True)
    assert contents(out) == {**contents(drawn), "notes.txt": b"mine"}
    mine = out / "images" / "mine.png"
    mine.write_bytes(b"x")
    for settings in ({"overwrite": True}, {"resume": True}):
        with pytest.raises(UsageError, match=r"mine\.png: was not drawn"):
            synthesize(SMALL, out, **settings)
    assert mine.exists()
    with pytest.raises(UsageError, match="did not write"):
        synthesize(SMALL, nature(tmp_path / "real", (1, 2)), overwrite=True)
    mine.unlink()
    with pytest.raises(UsageError, match="is read by this run"):
        synthesize({**SMALL, "like": out}, out, overwrite=True)


def test_counts_are_learned_from_a_folder(tmp_path: Path) -> None:
    config = {**SMALL, "images": 40, "settings": {"shape": [64, 64], "radius": [3, 4]}}
    folder = nature(tmp_path / "real", (0, 3, 3, 7))
    plan = make_plan(make_synthesis({**config, "like": folder}))
    assert plan.drawing.config.count.chances == (0.25, 0, 0, 0.5, 0, 0, 0, 0.25)
    out = synthesize({**config, "like": folder}, tmp_path / "out")
    often = Counter(pd.read_csv(out / "counts.csv")["count"])
    assert set(often) == {0, 3, 7} and 12 <= often[3] <= 28
    alone = synthesize({**config, "counts": {"from": folder}}, tmp_path / "alone")
    assert (alone / "counts.csv").read_bytes() == (out / "counts.csv").read_bytes()


def test_a_law_in_the_settings_wins_and_that_is_told(tmp_path: Path) -> None:
    folder, notes = nature(tmp_path / "real", (30,)), []
    images = synthesize({**SMALL, "like": folder}, watch=Watch(on_note=notes.append))
    assert max(image.count for image in images) <= 4 and "settings.count" in notes[0]
    with pytest.raises(ConfigError, match="twice"):
        synthesize({**SMALL, "counts": {"from": folder}})


def test_the_background_is_nature_a_file_or_a_level(tmp_path: Path) -> None:
    folder = nature(tmp_path / "real", (0, 10, 20), level=90)
    quiet = {"shape": [48, 40], "count": {"least": 0, "most": 0}, "luminance": [1, 1], "filter": [0, 0]}
    config = {**SMALL, "images": 1, "settings": quiet}
    for background, few, level in (("natural", 1, 90), ("natural", 3, 100), (folder / "images" / "1.png", 1, 100)):
        (image,) = synthesize({**config, "like": folder, "background": background, "few": few})
        assert abs(float(image.image.mean()) - level) < 0.5, (background, few)
    (image,) = synthesize({**config, "background": 140})
    assert abs(float(image.image.mean()) - 140) < 0.5
    with pytest.raises(ConfigError, match="draws its own background"):
        synthesize({"preset": "fluorescent-nuclei", "images": 1, "background": 3})


def test_tissue_has_no_law_of_counts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'histology-nuclei' has as many cells as its tissue"):
        synthesize({"preset": "histology-nuclei", "images": 1, "like": nature(tmp_path / "real", (1,))})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"preset": "cho-phase-kontrast"}, "cho-phase-contrast"),
        ({"preset": None}, "'preset' is missing"),
        ({"sed": 4}, "'sed' is no setting; did you mean 'seed'?"),
        ({"images": 0}, "'images'"),
        ({"images": 1.5}, "'images'"),
        ({"seed": -1}, "'seed'"),
        ({"settings": {"radiuss": [3, 4]}}, "radius"),
        ({"settings": {"radius": [9, 3]}}, "radius"),
        ({"settings": "none"}, "'settings'"),
        ({"background": 300}, "'background': write natural"),
        ({"background": [1, 2]}, "'background': write natural"),
        ({"background": True}, "'background': write natural"),
        ({"background": "natural"}, "like"),
        ({"background": "nowhere.png"}, "nowhere.png"),
        ({"counts": {"form": "x"}}, "counts"),
        ({"settings": {"shape": [32, 32], "count": {"law": "uniform", "least": 400, "most": 400}}}, "400"),
    ],
)
def test_what_is_wrong_is_one_line(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        synthesize({**SMALL, **change}, tmp_path / "out")
    line = caught.value.line()
    assert says in line and "\n" not in line and caught.value.cure
    assert not (tmp_path / "out").exists()


def test_folders_that_teach_nothing(tmp_path: Path) -> None:
    folder = nature(tmp_path / "real", (1,))
    (folder / "counts.csv").unlink()
    broken = nature(tmp_path / "broken", (1,))
    (broken / "images" / "0.png").write_bytes(b"no image")
    for like, says in ((folder, "no annotated image"), (tmp_path / "none", "not a folder"), (broken, "0.png")):
        with pytest.raises(DataError, match=says):
            synthesize({**SMALL, "like": like}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_has_an_example_that_is_drawn(preset: str, tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "examples" / f"{preset}.yaml"
    configuration = read_synthesis(path, (), {"images": 2})
    assert configuration.preset == preset
    found = read_folder(synthesize(configuration, tmp_path / "out"))
    assert found.warnings == () and len(found.annotated) == 2


def test_sixteen_bits_and_colours_are_kept(tmp_path: Path) -> None:
    rng, labels = np.random.default_rng(0), np.zeros((9, 12), np.uint16)
    for number, shape in enumerate([(9, 12), (9, 12, 3)]):
        image = rng.integers(0, 65535, shape, dtype=np.uint16)
        drawn_folder.DrawnFolder(tmp_path).add(DrawnImage(image, np.zeros((0, 2)), labels))
        (read_back,) = read(tmp_path / "images" / f"{number:05d}.tif")
        assert read_back.data.shape[1] == image[..., None].shape[2] and read_back.data.dtype == np.uint16
        assert (tifffile.imread(tmp_path / "images" / f"{number:05d}.tif") == image).all()
    assert read_folder(tmp_path).warnings == () and read_folder(tmp_path).total_cells == 0


def test_the_fullest_image_is_tried_first() -> None:
    plan = make_plan(make_synthesis(SMALL))
    cells = [len(plan.draw(number).points) for number in range(6)]
    assert cells[plan.fullest(6)] == max(cells)
    assert make_plan(make_synthesis({"preset": "histology-nuclei"})).fullest(6) == 0
