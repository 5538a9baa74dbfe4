"""The rows of the counting benchmark: who trains, who tests, and a run from end to end on drawn cells."""

from __future__ import annotations

import json
import math
import shlex
import shutil
from pathlib import Path
from types import ModuleType

import imagecodecs
import numpy as np
import pytest

from cytally.datasets.folder import Sample, read_folder
from cytally.training.configuration import make_configuration


@pytest.fixture
def counting(script) -> ModuleType:
    return script("counting")


def names(samples: list[Sample]) -> list[str]:
    return [sample.name for sample in samples]


def samples_named(listed: list[str]) -> list[Sample]:
    return [Sample(name, Path(name), count=1.0) for name in listed]


@pytest.mark.parametrize(("images", "last"), [(100, 64), (200, 100)])
def test_vgg_trains_on_the_first_images_and_tests_on_the_others(counting: ModuleType, images: int, last: int) -> None:
    listed = [f"{number:03d}.png" for number in range(1, images + 1)]
    pool, test = counting.ranges("vgg", samples_named(listed[::-1]))
    assert names(pool) == listed[:last]
    assert names(test) == listed[last:]


@pytest.mark.parametrize(("images", "pool_size"), [(30, 20), (44, 30)])
def test_every_third_image_of_mbm_tests(counting: ModuleType, images: int, pool_size: int) -> None:
    listed = [f"BM_{number:02d}.png" for number in range(images)]
    pool, test = counting.ranges("mbm", samples_named(listed))
    assert len(pool) == pool_size
    assert names(test)[:3] == ["BM_02.png", "BM_05.png", "BM_08.png"]
    assert sorted(names(pool) + names(test)) == listed, "each image is in one part"


def test_the_last_fifth_of_dsb_tests(counting: ModuleType) -> None:
    pool, test = counting.ranges("dsb", samples_named([f"{number}.png" for number in range(118)]))
    assert (len(pool), len(test)) == (94, 24)
    assert max(names(pool)) < min(names(test))


@pytest.fixture
def five(data_folder: Path) -> list[Sample]:
    """Images with 0, 2, 4, 6 and 8 cells."""
    return list(read_folder(data_folder).samples[:5])


def test_a_copy_with_points(counting: ModuleType, five: list[Sample], tmp_path: Path) -> None:
    counting.copy_folder(five, tmp_path / "copy", "points")
    copied = read_folder(tmp_path / "copy").samples
    for sample, copy in zip(five, copied, strict=True):
        assert copy.path.read_bytes() == sample.path.read_bytes()
        assert np.allclose(copy.points, sample.points)
    assert copied[0].count == 0, "an image without cells is no unlabelled image"


def test_a_copy_with_counts_alone(counting: ModuleType, five: list[Sample], tmp_path: Path) -> None:
    counting.copy_folder(five, tmp_path / "copy", "points")
    counting.copy_folder(five, tmp_path / "copy", "counts")  # what was there is gone
    copied = read_folder(tmp_path / "copy").samples
    assert [sample.count for sample in copied] == [0, 2, 4, 6, 8]
    assert all(sample.points is None for sample in copied)


def test_a_copy_with_points_and_counts_mixed(counting: ModuleType, five: list[Sample], tmp_path: Path) -> None:
    counting.copy_folder(five, tmp_path / "copy", "mixed")
    copied = read_folder(tmp_path / "copy").samples
    assert [sample.count for sample in copied] == [0, 2, 4, 6, 8], "the first has no cell, and is spoken for"
    assert [sample.points is None for sample in copied] == [False, True, False, True, False]


def test_a_copy_keeps_label_images(counting: ModuleType, tmp_path: Path) -> None:
    root = tmp_path / "labelled"
    label = np.zeros((20, 20), np.uint16)
    label[2:5, 2:5], label[10:14, 10:14] = 1, 2
    for kind, pixels, ending in (("images", label.astype(np.uint8) * 90, "png"), ("labels", label, "tif")):
        (root / kind).mkdir(parents=True)
        for name in "ab":
            imagecodecs.imwrite(str(root / kind / f"{name}.{ending}"), pixels)
    counting.copy_folder(list(read_folder(root).samples), tmp_path / "copy", "points")
    copied = read_folder(tmp_path / "copy").samples
    assert [sample.count for sample in copied] == [2, 2]
    assert all(sample.covariances is not None for sample in copied)


ROWS = {
    "vgg-64": "--set vgg --train 64",
    "vgg-10-pretrained": "--set vgg --train 10 --pretrain 7.5 --minutes 20",
    "vgg-64-counts": "--set vgg --train 64 --annotation counts --draws 2",
    "vgg-64-pretrained-counts": "--set vgg --train 64 --annotation counts --pretrain 10",
    "vgg-32-group-norm": "--set vgg --train 32 --variant group-norm --with training.steps=600",
    "vgg-32-short": "--set vgg --train 32 --row vgg-32-short --with training.steps=600",
    "mbm-15": "--set mbm --train 15 --configuration density-melanocyte.yaml",
    "dsb-64-anisotropic": "--set dsb --train 64 --variant anisotropic --with 'options.channels=[4, 8]' --minutes 0.5",
}


@pytest.mark.parametrize("row", ROWS)
def test_the_command_of_a_row_gives_the_row_again(counting: ModuleType, row: str) -> None:
    options = counting.parse(["--data", "elsewhere", "--work", "w", *shlex.split(ROWS[row])])
    line = counting.command(options)
    assert counting.row_name(options) == row
    again = counting.parse(shlex.split(line)[2:])  # without "python benchmarks/counting.py"
    assert vars(again) == vars(options) | {"data": Path("../shared/data"), "work": Path("benchmark-work")}
    assert counting.command(counting.from_command(line)) == line
    assert counting.same_row(options, again)


def test_what_makes_another_row(counting: ModuleType) -> None:
    def options(line: str):
        return counting.parse(["--data", "d", *line.split()])

    one = options("--set vgg --train 32 --minutes 5")
    assert counting.same_row(one, options("--set vgg --train 32 --minutes 5 --draws 9"))
    for other in (
        "--set vgg --train 32",
        "--set vgg --train 33 --minutes 5",
        "--set vgg --train 32 --minutes 5 --row a",
    ):
        assert not counting.same_row(one, options(other))


@pytest.mark.parametrize("wrong", ["--train 1", "--train 4 --draws 0", "--train 4 --variant magic"])
def test_a_row_that_makes_no_sense_is_refused(counting: ModuleType, wrong: str) -> None:
    with pytest.raises(SystemExit):
        counting.parse(["--data", "d", "--set", "vgg", *wrong.split()])


def test_settings_of_every_variant_exist(script) -> None:
    rows, variants = script("rows"), script("variants").VARIANTS
    examples = Path(__file__).parents[2] / "examples"
    plain = script("counting").read_configuration(examples / "density.yaml", [])
    for name, variant in variants.items():
        assert "\n" not in variant.about
        changed = script("counting").read_configuration(examples / "density.yaml", variant.settings)
        keys = {setting.partition("=")[0] for setting in variant.settings}
        assert set(rows.other_settings(plain.model_dump(mode="json"), changed)) <= keys, name


def test_other_settings_names_what_has_changed(script) -> None:
    rows = script("rows")
    before = make_configuration({"method": "density", "seed": 1, "training": {"validation": 3}})
    after = make_configuration({"method": "density", "options": {"sigma": 2}, "training": {"validation": 9, "clip": 1}})
    assert rows.other_settings(before.model_dump(mode="json"), after) == ["options.sigma", "training.clip"]
    assert rows.other_settings({}, after) == []


def test_mean_and_deviation_by_hand(counting: ModuleType) -> None:
    draws = [{"test": {"mae": mae, "bias": -mae}} for mae in (2.0, 4.0, 9.0)]
    told = counting.summary(draws)
    assert told["mean"] == {"mae": 5.0, "bias": -5.0}
    # squared distances from 5 are 9, 1 and 16; a sample's variance is 26 / 2
    assert told["sd"]["mae"] == pytest.approx(math.sqrt(13))
    assert counting.summary(draws[:1])["sd"] == {"mae": None, "bias": None}


@pytest.fixture
def data(tmp_path: Path, draw) -> Path:
    """A folder with some images of VGG cells, drawn here: 001-004 train, 065 and 066 test."""
    root = tmp_path / "data"
    (root / "vgg_cells" / "images").mkdir(parents=True)
    lines = ["image,y,x"]
    for place, number in enumerate((1, 2, 3, 4, 65, 66)):
        example = draw(3 + place, seed=number, shape=(48, 48))
        pixels = np.clip(40 + 150 * example.image[0], 0, 255).astype(np.uint8)
        imagecodecs.imwrite(str(root / "vgg_cells" / "images" / f"{number:03d}.png"), pixels)
        lines += [f"{number:03d}.png,{y:.2f},{x:.2f}" for y, x in example.points]
    (root / "vgg_cells" / "points.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def run(counting: ModuleType, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``run("--draws 2") -> the result file's contents``."""
    monkeypatch.setattr(counting, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(counting, "DRAWN", 4)
    tiny = "training.steps=2", "training.crop=48", "options.channels=[4,8]", "counting.flips=false"
    settings = [word for setting in tiny for word in ("--with", setting)]
    small = ["--data", str(data), "--set", "vgg", "--train", "2", "--work", str(tmp_path / "work"), *settings]

    def go(line: str, row: str = "vgg-2") -> dict:
        counting.main([*small, *line.split()])
        return json.loads((tmp_path / "results" / f"{row}.json").read_text())

    return go


def test_a_row_from_end_to_end(run, tmp_path: Path) -> None:
    result = run("--draws 2")
    assert [draw["seed"] for draw in result["draws"]] == [0, 1]
    for draw in result["draws"]:
        assert (draw["trained_on"], draw["validated_on"], draw["steps"]) == (2, 2, 2)
        assert draw["test"]["mae"] >= abs(draw["test"]["bias"])
        assert set(draw["test_with_flips"]) == set(draw["test"])
    errors = [draw["test"]["mae"] for draw in result["draws"]]
    assert result["mean"]["mae"] == pytest.approx(sum(errors) / 2)
    assert result["sd"]["mae"] == pytest.approx(abs(errors[0] - errors[1]) / math.sqrt(2))
    assert (result["tested_on"], result["test_images"]) == (2, ["065.png", "066.png"])
    assert str(tmp_path) not in json.dumps(result), "nothing of this machine's folders"
    for seed in (0, 1):
        split = json.loads((tmp_path / "work" / "vgg-2" / f"model-{seed}" / "split.json").read_text())
        assert sorted(split["train"] + split["validation"]) == ["001.png", "002.png", "003.png", "004.png"]


def test_a_missing_draw_is_made_and_the_others_are_kept(run, tmp_path: Path) -> None:
    first = run("--draws 1")
    weights = tmp_path / "work" / "vgg-2" / "model-0" / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    both = run("--draws 2")
    assert both["draws"][0] == first["draws"][0] and len(both["draws"]) == 2
    assert weights.stat().st_mtime_ns == before
    assert both["command"].count("--draws 2") == 1
    path = tmp_path / "results" / "vgg-2.json"
    path.write_text(json.dumps(both | {"draws": both["draws"][:1]}))  # as after a kill
    shutil.rmtree(tmp_path / "work" / "vgg-2" / "model-1")
    assert run("--draws 2")["draws"][1]["test"] == both["draws"][1]["test"], "the same seed gives the same draw"
    run("--draws 1")
    assert len(json.loads(path.read_text())["draws"]) == 2, "fewer take none away"


def test_draws_of_another_row_are_not_mixed_in(run, tmp_path: Path) -> None:
    result = run("--draws 1")
    with pytest.raises(SystemExit, match="another command"):
        run("--draws 2 --with seed=3")
    path = tmp_path / "results" / "vgg-2.json"
    result["configuration"]["training"]["learning_rate"] = 7
    path.write_text(json.dumps(result))
    with pytest.raises(SystemExit, match=r"training\.learning_rate"):
        run("--draws 2")


def test_counts_alone_after_drawn_cells(run, tmp_path: Path) -> None:
    result = run("--draws 1 --annotation counts --pretrain 1", "vgg-2-pretrained-counts")
    assert (result["annotation"], result["pretrain_minutes"]) == ("counts", 1)
    assert result["configuration"]["input"]["channels"] == "one"
    work = tmp_path / "work" / "vgg-2-pretrained-counts"
    assert len(read_folder(tmp_path / "work" / "drawn").samples) == 4
    card = json.loads((work / "model-0" / "model.json").read_text())
    assert card["provenance"]["start"]["name"] == "density"
    assert not (work / "train" / "points.csv").exists() and (work / "test" / "points.csv").exists()


def test_missing_data_and_too_few_images_are_told(run, counting: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="vgg_cells"):
        counting.main(["--data", str(tmp_path), "--set", "vgg", "--train", "2"])
    with pytest.raises(SystemExit, match="has 4 images to train on, not 5"):
        run("--train 5")
