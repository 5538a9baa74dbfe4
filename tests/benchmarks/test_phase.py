"""Phase contrast: the rule of the data, the rows, a run from end to end on drawn fields, the section of the page."""

from __future__ import annotations

import doctest
import json
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tifffile

from cytally.datasets.folder import read_folder
from cytally.errors import CytallyError
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def phase_data(script) -> ModuleType:
    return script("phase_data")


@pytest.mark.parametrize("name", ["phase_data", "phase_measures"])
def test_examples_in_docstrings(script, name: str) -> None:
    failed, tried = doctest.testmod(script(name))
    assert failed == 0 and tried > 0


# The data


@pytest.fixture
def data(tmp_path: Path, phase_data: ModuleType) -> Path:
    """Both cell lines, drawn: phase contrast is the stain turned over."""
    folder = tmp_path / "data" / phase_data.FOLDER
    folder.mkdir(parents=True)
    for seed, (phase, stain) in enumerate(phase_data.FIELDS.values()):
        config = NucleiConfig(shape=(160, 224), count=(30, 30), diameter=(12, 14), bit_depth=16)
        image = draw_nuclei(config, np.random.default_rng(seed)).image
        tifffile.imwrite(folder / stain, image)
        tifffile.imwrite(folder / phase, image.max() - image)
    return folder.parent


def test_train_and_test_are_a_gap_apart(phase_data: ModuleType) -> None:
    shape = (513, 352)
    phase = np.arange(shape[0] * shape[1]).reshape(shape)
    labels = np.zeros(shape, np.uint16)
    labels[120:136, 155:200] = 9  # over a window's edge, the gap and both halves
    labels[5:9, 170:180] = 4  # in the gap alone
    field = phase_data.cut(phase, labels)
    assert [part.phase.shape for part in field.train] == [(128, 160)] * 3 + [(129, 160)]
    assert (np.concatenate([part.phase for part in field.train]) == phase[:, :160]).all()
    assert (field.test.phase == phase[:, 192:]).all()
    assert [part.labels.max() for part in field.train] == [1, 1, 0, 0] and field.test.labels.max() == 1
    assert (field.train[0].labels > 0).sum() == 8 * 5 and (field.test.labels > 0).sum() == 16 * 8
    shared = {*np.concatenate([part.phase.ravel() for part in field.train])} & {*field.test.phase.ravel()}
    assert not shared


def test_a_fingerprint_is_of_the_pixels(phase_data: ModuleType) -> None:
    labels = np.arange(6).reshape(2, 3)
    same = phase_data.fingerprint(labels)
    assert same == phase_data.fingerprint(labels.astype(np.uint16)) == phase_data.fingerprint(labels.T.copy().T)
    other = labels.copy()
    other[0, 0] = 7
    assert same != phase_data.fingerprint(other)


def test_labels_that_were_not_frozen_are_refused(phase_data: ModuleType, data: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.json"
    with pytest.raises(CytallyError, match="--freeze"):
        phase_data.frozen_field(data, "neurons", reference)
    frozen = phase_data.freeze(data, {"commit": "c0ffee"}, reference)
    assert frozen == json.loads(reference.read_text()) == phase_data.freeze(data, {"commit": "c0ffee"}, reference)
    field = phase_data.frozen_field(data, "neurons", reference)
    facts = frozen["fields"]["neurons"]
    assert facts["shape"] == [160, 224] and facts["test"] == field.test.labels.max() > 0
    assert facts["train"] == [part.labels.max() for part in field.train]

    stain = data / phase_data.FOLDER / phase_data.FIELDS["neurons"][1]
    image = tifffile.imread(stain)
    image[20:30, 20:30] = image.max()
    tifffile.imwrite(stain, image)
    with pytest.raises(CytallyError, match=r"not those that were frozen: .* SHA-256 .* in place of"):
        phase_data.frozen_field(data, "neurons", reference)
    phase_data.frozen_field(data, "keratinocytes", reference)
    before = reference.read_bytes()
    with pytest.raises(CytallyError, match="frozen already"):
        phase_data.freeze(data, {}, reference)
    assert reference.read_bytes() == before


def test_a_stain_that_cannot_be_labelled_is_no_reference(phase_data: ModuleType, data: Path) -> None:
    stain = data / phase_data.FOLDER / phase_data.FIELDS["neurons"][1]
    tifffile.imwrite(stain, np.full((160, 224), 9, np.uint16))
    with pytest.raises(CytallyError, match="cannot be a reference"):
        phase_data.read_line(data, "neurons")


def test_windows_as_a_data_folder(phase_data: ModuleType, data: Path, tmp_path: Path) -> None:
    fields = {line: phase_data.cut(*phase_data.read_line(data, line)) for line in phase_data.FIELDS}
    told = phase_data.write_windows(fields, tmp_path / "train")
    folder = read_folder(tmp_path / "train")
    assert told["windows"] == len(folder.samples) == 8 and told["nuclei"] == folder.total_cells
    assert folder.samples[0].name == "keratinocytes_0.tif"
    found = folder.samples[5].label_image()
    assert (found == fields["neurons"].train[1].labels).all()
    emptied = phase_data.write_windows(fields, tmp_path / "train", lambda labels, window: labels * (window > 0))
    assert told["nuclei"] - emptied["nuclei"] == fields["keratinocytes"].train[0].labels.max()


@pytest.mark.skipif(not (SHARED / "phase_nuclei").is_dir(), reason="needs ../shared/data")
def test_the_reference_of_the_real_fields_is_the_frozen_one(phase_data: ModuleType) -> None:
    if not phase_data.REFERENCE.is_file():
        pytest.skip("nothing is frozen yet")
    field = phase_data.frozen_field(SHARED, "keratinocytes")
    assert [part.phase.shape for part in field.train] == [(128, 160)] * 4 and field.test.phase.shape == (512, 160)


# The rows

ROWS = {
    "keratinocytes": "--train keratinocytes",
    "mixed": "--train mixed",
    "keratinocytes-thesis": "--readout thesis",
    "keratinocytes-missing-0.3": "--spoil missing --share 0.3",
    "keratinocytes-alpha-0.25": "--with options.alpha=0.25",
}


@pytest.mark.parametrize("row", ROWS)
def test_the_command_of_a_row_gives_the_row_again(script, row: str) -> None:
    rows = script("phase_rows")
    options = rows.parse(["--data", "elsewhere", "--seed", "4", *shlex.split(ROWS[row])])
    line = rows.command(options)
    assert rows.row_name(options) == row
    assert rows.command(rows.from_command(line)) == line and "--seed" not in line
    assert rows.same_row(options, rows.from_command(rows.command(options, 4)))
    other = rows.parse(["--data", "d", *shlex.split(ROWS[row]), "--with", "training.steps=77"])
    assert not rows.same_row(options, other)


@pytest.mark.parametrize("wrong", ["--train chicken", "--spoil missing", "--share 0.3", "--spoil leaking --share 2"])
def test_a_row_that_makes_no_sense_is_refused(script, wrong: str) -> None:
    with pytest.raises(SystemExit):
        script("phase_rows").parse(["--data", "d", *wrong.split()])


def test_every_row_has_settings_that_exist(script, capsys: pytest.CaptureFixture[str]) -> None:
    phase, rows = script("phase"), script("phase_rows")
    every = rows.all_rows()
    names = [rows.row_name(row) for row in every]
    assert len(set(names)) == len(names) == 4 + 2 + 6
    usual = phase.configuration_of(rows.wanted()).options
    for row in every:
        configuration = phase.configuration_of(row)
        assert configuration.method == "nucleus-unet" and configuration.options.filters == 16
        assert configuration.training.validation == (2 if row.train == "mixed" else 1)
        if not row.settings and row.readout == "own":
            assert configuration.options == usual
    thesis = phase.configuration_of(rows.main_rows()["thesis"]).options
    assert (thesis.gap, thesis.split, thesis.least_area) == (0, "none", 0)
    alphas = [phase.configuration_of(row).options.alpha for row in rows.alpha_rows().values()]
    assert alphas == [0.25, 0.5, 0.75]
    phase.main(["--all-rows"])
    assert capsys.readouterr().out.splitlines() == [rows.command(row) for row in every]


# A run from end to end


@pytest.fixture
def run(script, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``run("--train mixed") -> the result file's contents``, of tiny networks on the drawn fields."""
    phase, rows = script("phase"), script("phase_rows")
    monkeypatch.setattr(phase, "RESULTS", tmp_path / "results" / "phase")
    reference = tmp_path / "reference.json"
    for name in ("freeze", "frozen_field"):
        usual = getattr(phase, name)
        monkeypatch.setattr(phase, name, lambda *given, usual=usual: usual(*given, reference))
    tiny = ("options.filters=2", "options.levels=2", "training.steps=2", "training.crop=32", "training.batch_size=2")
    settings = phase.row_settings
    monkeypatch.setattr(phase, "row_settings", lambda options: [*settings(options), *tiny])

    def go(line: str) -> dict[str, Any]:
        words = ["--data", str(data), "--work", str(tmp_path / "work"), *shlex.split(line)]
        phase.main(words)
        path = tmp_path / "results" / "phase" / f"{rows.row_name(rows.parse(words))}.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    return go


def test_a_row_from_end_to_end(run, script, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CytallyError, match="--freeze"):
        run("")
    run("--freeze")
    (first,) = run("--train mixed")["runs"]
    assert (first["trained_on"], first["validated_on"], first["steps"]) == (6, 2, 2)
    for line in script("phase_data").FIELDS:
        for block in (first[line], first[f"{line} by components"]):
            assert block["nuclei"] > 0 and block["count_error"] == block["count"] / block["nuclei"] - 1
            assert 0 <= block["f1_50"] <= 1 and 0 <= block["object_dice"] <= 1
    path = tmp_path / "results" / "phase" / "mixed.json"
    assert str(tmp_path) not in path.read_text(), "nothing of this machine's folders"
    before = path.read_bytes()
    run("--train mixed")
    assert path.read_bytes() == before and "is there already" in capsys.readouterr().out
    both = run("--train mixed --seed 1")["runs"]
    assert both[0] == first and [each["seed"] for each in both] == [0, 1]

    with pytest.raises(CytallyError, match="has not been run here"):
        run(f"--picture {tmp_path / 'half.png'}")
    run(f"--train mixed --picture {tmp_path / 'half.png'}")
    assert (tmp_path / "half.png").read_bytes().startswith(b"\x89PNG")


def test_spoiled_labels_train_and_true_ones_test(run) -> None:
    run("--freeze")
    plain, spoiled = (run(line)["runs"][0] for line in ("", "--spoil missing --share 0.5"))
    assert spoiled["images"]["nuclei"] == pytest.approx(plain["images"]["nuclei"] / 2, abs=4)
    assert spoiled["keratinocytes"]["nuclei"] == plain["keratinocytes"]["nuclei"]


def test_runs_of_other_settings_are_not_mixed_in(run, tmp_path: Path) -> None:
    run("--freeze")
    result = run("")
    path = tmp_path / "results" / "phase" / "keratinocytes.json"
    result["configuration"]["training"]["learning_rate"] = 7
    path.write_text(json.dumps(result))
    with pytest.raises(SystemExit, match=r"training\.learning_rate"):
        run("--seed 1")
    path.write_text(json.dumps(result | {"command": result["command"] + " --readout thesis"}))
    with pytest.raises(SystemExit, match="another command"):
        run("--seed 1")


# The section of the page


@pytest.fixture
def page(script) -> ModuleType:
    return script("phase_page")


@pytest.fixture
def make(script, tmp_path: Path):
    """``make(row, f1_50=[0.8, 0.9])`` writes a result file as phase.py would, a run for each value."""
    rows, keys = script("phase_rows"), script("phase_page").FIGURES
    usual = {**dict.fromkeys([*keys, "pixel_precision", "pixel_recall"], 0.5), "count_error": -0.05}

    def write(options: Any, **figures: list[float]) -> None:
        number = max([len(each) for each in figures.values()], default=1)
        runs = []
        for seed in range(number):
            block = usual | {key: values[seed] for key, values in figures.items()}
            lines = dict.fromkeys(rows.lines_of(options), block)
            components = {f"{line} by components": block | {"f1_50": 0.125} for line in lines}
            facts = {"seed": seed, "minutes": 9.0, "commit": "c0ffee", "images": {"nuclei": 77}}
            facts |= {"machine": {"gpu": None, "threads": 1}, "made_by": {"created": "2026-01-02T03:04:05+00:00"}}
            runs.append(facts | lines | components)
        folder = tmp_path / "results" / "phase"
        folder.mkdir(parents=True, exist_ok=True)
        values = {"command": rows.command(options), "runs": runs}
        (folder / f"{rows.row_name(options)}.json").write_text(json.dumps(values))

    return write


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table, by their column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_nothing_is_measured_yet(page: ModuleType, tmp_path: Path, script) -> None:
    texts = page.phase_texts(tmp_path / "results")
    assert set(texts) == set(page.PLACES)
    assert not any("![" in text for text in texts.values())
    rows = table(texts["phase figures"])
    assert [row["F1 at IoU 0.5"] for row in rows] == ["not measured"] * 3 + ["0.756", "–", "0.82"]
    assert rows[4]["Lenient: object Dice"] == "0.964, 0.950, 0.869"
    commands = texts["phase commands"].splitlines()[1:-1]
    assert commands[::2] == ["# not measured"] * len(script("phase_rows").all_rows())
    assert script("phase_pictures").draw_phase(tmp_path / "results", tmp_path / "images") == []


@pytest.mark.parametrize(
    ("f1", "count", "words"),
    [
        ([0.80, 0.84], [0.04, 0.1], "F1 yes, count yes"),
        ([0.81], [-0.09], "F1 no, count no"),
        ([0.9], [0.5], "F1 yes, count no"),
    ],
)
def test_aims_by_hand(page: ModuleType, make, tmp_path: Path, f1: list[float], count: list[float], words: str) -> None:
    make(page.main_rows()["ours"], f1_50=f1, count_error=count)
    ours, components, thesis, *_ = table(page.phase_texts(tmp_path / "results")["phase figures"])
    assert ours["Reached"] == words and thesis["Reached"] == "not measured"
    assert components["F1 at IoU 0.5"] == ("0.125 ± 0.000" if len(f1) > 1 else "0.125")
    assert ours["Made by"] == f"CPU, 1 thread, 9.0 min, {len(f1)} seed{'s' * (len(f1) > 1)}"


def test_pure_and_mixed_models_on_each_line(page: ModuleType, make, tmp_path: Path) -> None:
    for value, row in zip((0.6, 0.7, 0.8), page.line_rows().values(), strict=True):
        make(row, f1_50=[value])
    rows = table(page.phase_texts(tmp_path / "results")["phase lines"])
    found = [(row["Tested on"], row["Trained on"], row["F1 at IoU 0.5"]) for row in rows]
    assert found == [
        ("keratinocytes", "alone", "0.600"),
        ("keratinocytes", "both", "0.800"),
        ("neurons", "alone", "0.700"),
        ("neurons", "both", "0.800"),
    ]


def test_all_rows_and_their_pictures(page: ModuleType, make, tmp_path: Path, script) -> None:
    for place, row in enumerate(script("phase_rows").all_rows()):
        make(row, f1_50=[place / 100, place / 50])
    texts = page.phase_texts(tmp_path / "results")
    assert not any("not measured" in text for text in texts.values())
    noise = table(texts["phase noise"])
    assert [row["Share"] for row in noise] == ["0 %", "10 %", "30 %", "50 %"] * 2
    assert noise[0]["Nuclei left in training labels"] == "77"
    written = script("phase_pictures").draw_phase(tmp_path / "results", tmp_path / "images")
    assert {path.name for path in written} == {"phase-alpha.png", "phase-noise.png"}
    assert all(path.name in "".join(texts.values()) for path in written)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
